//! The Date field (RFC 5322 §3.3, with the obsolete zones of §4.3).

use model::InternalDate;

use crate::token::{Grammar, TokenKind, Tokens};

/// Reads a `date-time`: the moment, with the zone and thereby the calendar day as written.
///
/// The day of the week is not checked. A time that is missing or that there is not is midnight (RFC 5256 §2.2); a
/// missing or unknown zone is UTC, as RFC 5322 §4.3 asks for unknown ones.
pub(crate) fn parse(value: &[u8]) -> Option<InternalDate> {
    let words = words(value)?;
    let mut words = words.iter().map(String::as_str).peekable();
    words.next_if(|word| !word.starts_with(|c: char| c.is_ascii_digit()));
    let day: u32 = words.next()?.parse().ok()?;
    let month = InternalDate::month_of(words.next()?.get(..3)?)?;
    let year = year(words.next()?)?;
    let days = InternalDate::days_of(year, month, day)?;
    let time = words.next_if(|word| word.contains(':')).and_then(time).unwrap_or(0);
    let zone_minutes = words.next().and_then(zone).unwrap_or(0);
    Some(InternalDate { seconds: days * 86_400 + time - i64::from(zone_minutes) * 60, zone_minutes })
}

/// The words of the value: comments, commas and the dashes of `17-Jul-1996` separate them.
fn words(value: &[u8]) -> Option<Vec<String>> {
    /// More words than a date has.
    const WORDS_MAX: usize = 8;
    let mut words: Vec<String> = Vec::new();
    let mut joins = false;
    for token in Tokens::new(value, Grammar::Mail) {
        match token.kind {
            TokenKind::Atom(text) => {
                let text = String::from_utf8(text).ok()?;
                // White space may stand around the colons of the time.
                match words.last_mut().filter(|_| joins) {
                    Some(last) => last.push_str(&text),
                    None if text.starts_with(['+', '-']) => words.push(text),
                    None => words.extend(text.split('-').filter(|w| !w.is_empty()).map(str::to_owned)),
                }
                joins = false;
            }
            TokenKind::Special(b':') => {
                words.last_mut()?.push(':');
                joins = true;
            }
            _ => joins = false,
        }
        if words.len() >= WORDS_MAX {
            break;
        }
    }
    Some(words)
}

/// RFC 5322 §4.3: two digits mean 1950 to 2049, three are years since 1900.
fn year(word: &str) -> Option<i64> {
    let year: i64 = word.parse().ok()?;
    Some(match (word.len(), year) {
        (1 | 2, 0..50) => year + 2000,
        (1..=3, _) => year + 1900,
        _ => year,
    })
}

/// Seconds since midnight.
fn time(word: &str) -> Option<i64> {
    let mut parts = word.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().map_or(Some(0), |second| second)?;
    let exists = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    exists.then(|| hour * 3600 + minute * 60 + second)
}

/// Minutes east of UTC.
fn zone(word: &str) -> Option<i16> {
    let sign = match word.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return named_zone(word),
    };
    let digits = word.get(1..).filter(|d| d.len() == 4 && d.bytes().all(|b| b.is_ascii_digit()))?;
    let number: i16 = digits.parse().ok()?;
    let (hours, minutes) = (number / 100, number % 100);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// RFC 5322 §4.3: the names that have a meaning; all others, the military letters too, count as UTC.
fn named_zone(word: &str) -> Option<i16> {
    let hours = match word.to_ascii_uppercase().as_str() {
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return None,
    };
    Some(hours * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_all_their_forms() {
        for (value, expected) in [
            ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)", "17-Jul-1996 02:23:25 -0700"),
            ("21 Nov 97 09:55:06 GMT", "21-Nov-1997 09:55:06 +0000"),
            ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "21-Nov-1997 09:55:06 -0600"),
            (
                "Thu,\r\n 13\r\n Feb\r\n 1969 23:32\r\n -0330 (Newfoundland Time)",
                "13-Feb-1969 23:32:00 -0330",
            ),
            ("1 January 2024 10:00 EST", " 1-Jan-2024 10:00:00 -0500"),
            ("17-Jul-1996 02:44:25 -0700", "17-Jul-1996 02:44:25 -0700"),
            ("Mon, 1 Jan 2024", " 1-Jan-2024 00:00:00 +0000"),
            ("Mon, 1 Jan 2024 10:00:00 +9999", " 1-Jan-2024 10:00:00 +0000"),
            ("1 Jan 2024 9000000000000000000:00:00 +0000", " 1-Jan-2024 00:00:00 +0000"),
            ("Mon, 1 Jan 2024 25:00:00 +0100", " 1-Jan-2024 00:00:00 +0100"),
        ] {
            assert_eq!(parse(value.as_bytes()).unwrap().to_string(), expected, "{value}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for value in ["", "yesterday", "30 Feb 2024 10:00:00 +0000", "1 Jan", "1 Jän 2024"] {
            assert_eq!(parse(value.as_bytes()), None, "{value}");
        }
    }
}
