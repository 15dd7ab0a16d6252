//! Dates of messages where the file system does not tell: the From_ line of an mbox (RFC 4155) and the Date field.

use model::InternalDate;

/// The Date field of a message, if it has one that can be read.
pub(super) fn of_header(message: &[u8]) -> Option<InternalDate> {
    let header_end = message.windows(4).position(|w| w == b"\r\n\r\n").map_or(message.len(), |at| at + 4);
    message::Digest::of(message.get(..header_end)?).sent
}

/// The date of a line `From sender Thu Nov 24 18:22:48 1986`, which is UTC unless it has a zone.
pub(super) fn of_from_line(line: &[u8]) -> Option<InternalDate> {
    /// No such line is longer.
    const LINE_BYTES_MAX: usize = 1024;
    let line = line.strip_prefix(b"From ").filter(|line| line.len() < LINE_BYTES_MAX)?;
    let text = std::str::from_utf8(line.trim_ascii_end()).ok()?;
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let time_at = words.iter().rposition(|word| time(word).is_some())?;
    let (seconds, day) = (time(words.get(time_at)?)?, words.get(time_at.checked_sub(1)?)?.parse().ok()?);
    let month = InternalDate::month_of(words.get(time_at.checked_sub(2)?)?)?;
    let after = words.get(time_at + 1..)?;
    let year = after.iter().find(|word| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()))?;
    let zone_minutes = after.iter().find_map(|word| zone(word)).unwrap_or(0);
    let days = InternalDate::days_of(year.parse().ok()?, month, day)?;
    Some(InternalDate { seconds: days * 86_400 + seconds - i64::from(zone_minutes) * 60, zone_minutes })
}

/// `18:22` or `18:22:48`, in seconds since midnight.
fn time(word: &str) -> Option<i64> {
    let mut parts = word.split(':').map(|part| {
        let two = part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
        if two { part.parse::<i64>().ok() } else { None }
    });
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let exists = hour < 24 && minute < 60 && second <= 60 && parts.next().is_none();
    exists.then_some(hour * 3600 + minute * 60 + second)
}

/// `+0130`, in minutes.
fn zone(word: &str) -> Option<i16> {
    let sign = match word.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = word.get(1..).filter(|d| d.len() == 4 && d.bytes().all(|b| b.is_ascii_digit()))?;
    let number: i16 = digits.parse().ok()?;
    (number / 100 < 24 && number % 100 < 60).then_some(sign * (number / 100 * 60 + number % 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_lines_are_read_in_all_their_forms() {
        for (line, expected) in [
            ("From ada@example.org Thu Nov 24 18:22:48 1986", "24-Nov-1986 18:22:48 +0000"),
            ("From - Mon Jan  1 08:05:00 2024\r\n", " 1-Jan-2024 08:05:00 +0000"),
            ("From x Fri Jul  8 12:08 1988 +0130\n", " 8-Jul-1988 12:08:00 +0130"),
            ("From x Fri Jul  8 12:08:34 PDT 1988", " 8-Jul-1988 12:08:34 +0000"),
        ] {
            assert_eq!(of_from_line(line.as_bytes()).unwrap().to_string(), expected, "{line}");
        }
    }

    #[test]
    fn a_sentence_that_begins_with_from_is_no_from_line() {
        for line in
            ["From here on it rains", "From 10:00 to 11:00", "From ada Thu Feb 30 10:00:00 2024", "From ", ""]
        {
            assert_eq!(of_from_line(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn the_date_field_is_read_with_its_zone() {
        let message = b"Subject: x\r\nDate: Wed, 17 Jul 1996 02:23:25 -0700\r\n\r\nDate: none\r\n";
        assert_eq!(of_header(message).unwrap().to_string(), "17-Jul-1996 02:23:25 -0700");
        assert_eq!(of_header(b"Subject: x\r\n\r\nbody"), None);
    }
}
