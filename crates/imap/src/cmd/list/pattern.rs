//! LIST's wildcards: `*` takes anything, `%` anything within one level.
//!
//! RFC 3501 §6.3.8. The time is bounded by the product of both lengths, whatever the pattern.

use model::{MailboxName, NAME_BYTES_MAX, SEPARATOR};

/// A pattern in canonical form: no wildcard stands beside another.
#[derive(Clone, Debug)]
pub(super) struct Pattern(String);

impl Pattern {
    /// The pattern that a reference and a mailbox pattern make together: the one is put before the other, and a
    /// pattern that begins with the separator stands for itself (RFC 3501 §6.3.8).
    pub(super) fn new(reference: &str, pattern: &str) -> Self {
        let whole = match pattern.strip_prefix(SEPARATOR) {
            Some(absolute) if !reference.is_empty() => absolute.to_owned(),
            _ => format!("{reference}{pattern}"),
        };
        // INBOX is matched in any case, also as the first level of a longer name (RFC 3501 §5.1).
        let first_end = whole.find(SEPARATOR).unwrap_or(whole.len());
        let canonical = match whole.split_at_checked(first_end) {
            Some((first, rest)) if first.eq_ignore_ascii_case("INBOX") => format!("INBOX{rest}"),
            _ => whole,
        };
        Self(without_repetition(&canonical))
    }

    pub(super) fn matches(&self, name: &MailboxName) -> bool {
        // At least half of a longer pattern stands for itself, and that is more than any name has.
        if self.0.len() > 2 * NAME_BYTES_MAX + 1 {
            return false;
        }
        let matched = wildcard(self.0.as_bytes(), name.as_str().as_bytes());
        // "inb%" means INBOX as well.
        matched || (name.is_inbox() && wildcard(self.0.to_ascii_uppercase().as_bytes(), b"INBOX"))
    }

    /// Whether the pattern ends with `%`, so that it may name a level above what was asked for (RFC 3501 §6.3.9).
    pub(super) fn ends_with_percent(&self) -> bool {
        self.0.ends_with('%')
    }
}

/// The pattern with one wildcard for each row of them: the wider one.
fn without_repetition(pattern: &str) -> String {
    let mut short = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match (short.chars().next_back(), c) {
            (Some('*'), '*' | '%') | (Some('%'), '%') => {}
            (Some('%'), '*') => {
                short.pop();
                short.push('*');
            }
            _ => short.push(c),
        }
    }
    short
}

/// Which prefixes of `name` the pattern so far matches, kept as one flag per length.
fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    let separator = SEPARATOR as u8;
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for &byte in pattern {
        if byte == b'*' || byte == b'%' {
            let mut open = false;
            for (at, here) in reached.iter_mut().enumerate() {
                let crosses = at.checked_sub(1).and_then(|before| name.get(before)) == Some(&separator);
                open = *here || (open && !(byte == b'%' && crosses));
                *here = open;
            }
        } else {
            for at in (0..name.len()).rev() {
                reached[at + 1] = reached[at] && name[at] == byte;
            }
            reached[0] = false;
        }
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::new("", pattern).matches(&MailboxName::new(name).unwrap())
    }

    #[test]
    fn percent_stays_within_a_level_and_star_does_not() {
        assert!(matches("%", "a") && !matches("%", "a/b") && matches("%/%", "a/b"));
        assert!(matches("*", "a/b/c") && matches("a*c", "a/b/c") && matches("a/%c", "a/bc"));
        assert!(!matches("a%c", "a/c") && matches("*%", "a/b") && !matches("a", "ab"));
        assert!(!matches("", "a") && matches("a*", "a") && !matches("a/*", "a"));
    }

    #[test]
    fn inbox_is_found_in_any_case() {
        assert!(matches("inbox", "INBOX") && matches("inb%", "INBOX") && matches("InBox/x", "inbox/x"));
        assert!(!matches("A", "a"));
    }

    #[test]
    fn a_reference_stands_before_the_pattern() {
        let pattern = |reference: &str, pattern: &str| Pattern::new(reference, pattern).0;
        assert_eq!(pattern("a/", "%"), "a/%");
        assert_eq!(pattern("a", "b"), "ab");
        assert_eq!(pattern("a/", "/b"), "b");
    }

    proptest! {
        #[test]
        fn matching_agrees_with_a_plain_recursion(pattern in "[ab/%*]{0,7}", name in "[ab](/?[ab]){0,5}") {
            fn plain(pattern: &[u8], name: &[u8]) -> bool {
                match pattern.split_first() {
                    None => name.is_empty(),
                    Some((b'*', rest)) => (0..=name.len()).any(|n| plain(rest, &name[n..])),
                    Some((b'%', rest)) => {
                        let level = name.iter().position(|&b| b == b'/').unwrap_or(name.len());
                        (0..=level).any(|n| plain(rest, &name[n..]))
                    }
                    Some((byte, rest)) => name.first() == Some(byte) && plain(rest, &name[1..]),
                }
            }
            let expected = plain(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(wildcard(pattern.as_bytes(), name.as_bytes()), expected);
            prop_assert_eq!(wildcard(without_repetition(&pattern).as_bytes(), name.as_bytes()), expected);
        }
    }
}
