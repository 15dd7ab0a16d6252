//! Sizes in bytes, as people write them: `67108864` or `"64 MiB"`.

/// The units that a size can have, with their number of bytes.
const UNITS: [(&str, u64); 5] = [("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// The bytes that a text stands for; `None` if it is no size.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(unit.1)
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
    fn what_is_no_size_is_refused() {
        for text in ["", "MiB", "-1", "1.5 MiB", "3 MB", "99999999999999 GiB"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
