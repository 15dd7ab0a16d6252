//! COMPARATOR: how texts are to be compared. RFC 5255 §4.7.

use crate::error::{Error, Violation};
use crate::lex::Cursor;

/// The longest name, in bytes (RFC 4790 §3.1).
const NAME_BYTES_MAX: usize = 254;

/// A comparator that is wanted: its name, or a pattern of names, and a direction (RFC 4790 §3.2, §3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparatorOrder {
    /// Whether what sorts is to sort the other way round.
    pub reverse: bool,
    /// `*` stands for any characters, also for none. `default` is the server's own.
    pub pattern: String,
}

impl ComparatorOrder {
    /// Those that are asked for, the most welcome first; none where the client asks which one is used.
    pub(super) fn parse_all(cursor: &mut Cursor<'_>) -> Result<Vec<Self>, Error> {
        let mut orders = Vec::new();
        while cursor.skip(b" ") {
            cursor.at_most("comparators", orders.len() + 1, cursor.limits().enable_names)?;
            orders.push(Self::parse(cursor)?);
        }
        Ok(orders)
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let written = cursor.astring("the name of a comparator")?;
        let (reverse, name) = match &*written {
            [b'-', name @ ..] => (true, name),
            [b'+', name @ ..] => (false, name),
            name => (false, name),
        };
        let is_pattern = !name.is_empty()
            && name.len() <= NAME_BYTES_MAX
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-;=.*".contains(byte))
            && !name.windows(2).any(|pair| pair == b"**");
        let pattern = str::from_utf8(name).ok().filter(|_| is_pattern);
        Ok(Self { reverse, pattern: pattern.ok_or(Violation::ComparatorName)?.to_owned() })
    }

    /// Whether the pattern is this comparator's, in any case of letters.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
        let Some((begin, rest)) = pattern.split_once('*') else { return pattern == name };
        let Some(mut left) = name.strip_prefix(begin) else { return false };
        let mut pieces = rest.split('*');
        let Some(end) = pieces.next_back() else { return false };
        for piece in pieces {
            match left.split_once(piece) {
                Some((_, behind)) => left = behind,
                None => return false,
            }
        }
        left.ends_with(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_names() {
        let matches = |pattern: &str, name| {
            ComparatorOrder { reverse: false, pattern: pattern.to_owned() }.matches(name)
        };
        for pattern in ["i;octet", "I;OCTET", "*", "i;*", "*octet", "i*t", "*;*", "i*;*oct*t", "i;octet*"] {
            assert!(matches(pattern, "i;octet"), "{pattern}");
        }
        for pattern in ["octet", "i;octe", "i;octett", "x*", "*x", "i*x*t", "i;octet*t", "t*"] {
            assert!(!matches(pattern, "i;octet"), "{pattern}");
        }
        assert!(!matches("ab*ba", "aba"), "the ends do not overlap");
    }
}
