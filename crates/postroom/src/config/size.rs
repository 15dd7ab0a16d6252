//! Sizes in bytes, as people write them: `67108864` or `"64 MiB"`.

/// The units that a size can have, with their number of bytes.
const UNITS: [(&str, u64); 6] =
    [("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// The bytes that a text stands for; `None` if it is no size.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(unit.1)
}

/// A size for people: in the largest unit that it has a whole one of, with one digit behind the point.
pub(crate) fn write(bytes: u64) -> String {
    let unit = UNITS.iter().rev().find(|(_, of)| bytes >= *of);
    match unit.copied().unwrap_or(("B", 1)) {
        (unit, 1) => format!("{bytes} {}", if unit.is_empty() { "B" } else { unit }),
        (unit, of) if bytes.is_multiple_of(of) => format!("{} {unit}", bytes / of),
        (unit, of) => format!("{:.1} {unit}", bytes as f64 / of as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        assert_eq!(parse("64 MiB"), Some(64 << 20));
        assert_eq!(parse("1gib"), Some(1 << 30));
        assert_eq!(parse("12"), Some(12));
        assert_eq!(parse("10 B"), Some(10));
    }

    #[test]
    fn sizes_are_written_as_people_read_them() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (5 << 30, "5 GiB"), (1536, "1.5 KiB"), (1 << 42, "4 TiB")]
        {
            assert_eq!(write(bytes), text);
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "MiB", "-1", "1.5 MiB", "3 MB", "99999999999999 GiB"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
