//! INTERNALDATE: a moment together with the zone it was written in.

use std::fmt;

/// A message's internal date (RFC 9051 §2.3.3), kept with its zone offset.
///
/// Date searches use the date as written, "disregarding time and timezone" (RFC 9051 §6.4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InternalDate {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// The zone's offset from UTC, in minutes, east positive.
    pub zone_minutes: i16,
}

/// Why a text is not a `date-time` (RFC 9051 §9).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a date-time such as \"17-Jul-1996 02:44:25 -0700\"")]
pub struct InvalidDate(pub String);

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl InternalDate {
    /// That moment, in UTC.
    #[must_use]
    pub const fn utc(seconds: i64) -> Self {
        Self { seconds, zone_minutes: 0 }
    }

    /// Days from 1970-01-01 to the date as written in its own zone.
    #[must_use]
    pub const fn day(self) -> i64 {
        (self.seconds + self.zone_minutes as i64 * 60).div_euclid(86_400)
    }

    /// Year, month (1 to 12) and day of the date as written.
    #[must_use]
    pub const fn ymd(self) -> (i64, u32, u32) {
        civil_from_days(self.day())
    }

    /// Days from 1970-01-01 to a date; `None` if there is no such date.
    #[must_use]
    pub fn days_of(year: i64, month: u32, day: u32) -> Option<i64> {
        if !(1..=12).contains(&month) || day == 0 || !(0..=9999).contains(&year) {
            return None;
        }
        let days = days_from_civil(year, month, day);
        (civil_from_days(days) == (year, month, day)).then_some(days)
    }

    /// The number (1 to 12) of an English month name of three letters, in any case.
    #[must_use]
    pub fn month_of(name: &str) -> Option<u32> {
        (1u32..).zip(MONTHS).find(|(_, m)| m.eq_ignore_ascii_case(name)).map(|(n, _)| n)
    }

    /// Reads a `date-time` without its quotes: `date-day-fixed "-" date-month "-" date-year SP time SP zone`.
    ///
    /// # Errors
    /// [`InvalidDate`] when the text has another form or names a moment that does not exist.
    pub fn parse(text: &str) -> Result<Self, InvalidDate> {
        Self::parse_fields(text).ok_or_else(|| InvalidDate(text.to_owned()))
    }

    fn parse_fields(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 26 || !text.is_ascii() {
            return None;
        }
        let separators = [(2, b'-'), (6, b'-'), (11, b' '), (14, b':'), (17, b':'), (20, b' ')];
        if separators.iter().any(|&(at, byte)| bytes.get(at) != Some(&byte)) {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        // RFC 9051 §9: date-day-fixed = (SP DIGIT) / 2DIGIT
        let day = if bytes.first() == Some(&b' ') { number(1, 2)? } else { number(0, 2)? };
        let month = Self::month_of(text.get(3..6)?)?;
        let (hour, minute, second) = (number(12, 14)?, number(15, 17)?, number(18, 20)?);
        let (zone_hour, zone_minute) = (number(22, 24)?, number(24, 26)?);
        if hour > 23 || minute > 59 || second > 60 || zone_hour > 23 || zone_minute > 59 {
            return None;
        }
        let zone = match bytes.get(21)? {
            b'+' => zone_hour * 60 + zone_minute,
            b'-' => -(zone_hour * 60 + zone_minute),
            _ => return None,
        };
        let days = Self::days_of(number(7, 11)?, month, u32::try_from(day).ok()?)?;
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - zone * 60;
        Some(Self { seconds, zone_minutes: i16::try_from(zone).ok()? })
    }
}

impl fmt::Display for InternalDate {
    /// The `date-time` of RFC 9051 §9, without quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        let time = (self.seconds + i64::from(self.zone_minutes) * 60).rem_euclid(86_400);
        let month = MONTHS.get(month as usize - 1).copied().unwrap_or("Jan");
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        let sign = if self.zone_minutes < 0 { '-' } else { '+' };
        let zone = self.zone_minutes.unsigned_abs();
        write!(
            f,
            "{day:2}-{month}-{year:04} {hour:02}:{minute:02}:{second:02} {sign}{:02}{:02}",
            zone / 60,
            zone % 60
        )
    }
}

// Both conversions count in eras of 400 years that begin on 1 March, so that the leap day is a year's last.
const fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month as i64 + 9) % 12) + 2) / 5 + day as i64 - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

const fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_back() {
        for text in ["17-Jul-1996 02:44:25 -0700", " 1-Jan-1970 00:00:00 +0000", "29-Feb-2024 23:59:59 +1345"]
        {
            assert_eq!(InternalDate::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(InternalDate::parse("17-Jul-1996 02:44:25 -0700").unwrap().seconds, 837_596_665);
    }

    #[test]
    fn a_moment_that_does_not_exist_is_refused() {
        for text in
            ["30-Feb-2024 00:00:00 +0000", "1-Jan-2024 00:00:00 +0000", "01-Jan-2024 24:00:00 +0000", ""]
        {
            assert!(InternalDate::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_day_is_the_one_written() {
        let late = InternalDate::parse("01-Jan-2024 23:30:00 -0500").unwrap();
        assert_eq!(late.ymd(), (2024, 1, 1));
    }

    #[test]
    fn days_and_dates_agree_over_eight_centuries() {
        for days in -150_000..150_000 {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }
}
