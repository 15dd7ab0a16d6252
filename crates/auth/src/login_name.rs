//! The name that somebody logs in with, in the one form that it is stored and compared in.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// The longest login name: the longest address (RFC 5321 §4.5.3.1.3).
pub const LOGIN_BYTES_MAX: usize = 254;
/// The longest part before the `@` (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// The longest label of a domain (RFC 1035 §2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// A full address, `local@domain`: lower case, NFC, nothing else changed. Two spellings of one name
/// are equal; no white space is trimmed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginName {
    full: String,
    at: usize,
}

/// Why something is no login name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLogin {
    /// Nothing, or nothing before the `@`.
    #[error("the name before the @ is empty")]
    Empty,
    /// Too long, in bytes.
    #[error("the name is longer than {max} bytes")]
    TooLong {
        /// The limit of the part that is too long.
        max: usize,
    },
    /// A character that no address of ours has.
    #[error("the name contains {found:?}, which no login name can have")]
    Character {
        /// It.
        found: char,
    },
    /// Something after the `@` that is no domain.
    #[error("what follows the @ is not a domain name")]
    Domain,
}

impl LoginName {
    /// Reads a full address, or a bare name in `default_domain`.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(input: &str, default_domain: &str) -> Result<Self, InvalidLogin> {
        // Before any work on it: NFC can make a text longer, but not shorter than this allows.
        if input.len() > LOGIN_BYTES_MAX {
            return Err(InvalidLogin::TooLong { max: LOGIN_BYTES_MAX });
        }
        let (local, domain) = input.rsplit_once('@').unwrap_or((input, default_domain));
        let (local, domain) = (folded(local), folded(domain));
        check_local(&local)?;
        check_domain(&domain)?;
        let full = format!("{local}@{domain}");
        if full.len() > LOGIN_BYTES_MAX {
            return Err(InvalidLogin::TooLong { max: LOGIN_BYTES_MAX });
        }
        Ok(Self { full, at: local.len() })
    }

    /// The full address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// What is before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.full.get(..self.at).unwrap_or_default()
    }

    /// What is after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.full.get(self.at + 1..).unwrap_or_default()
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

/// Lower case, then NFC (as RFC 8265 §3.3 does); once more, since composing may bring a capital back.
fn folded(text: &str) -> String {
    let once: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
    once.chars().flat_map(char::to_lowercase).nfc().collect()
}

fn check_local(local: &str) -> Result<(), InvalidLogin> {
    if local.is_empty() {
        return Err(InvalidLogin::Empty);
    }
    if local.len() > LOCAL_BYTES_MAX {
        return Err(InvalidLogin::TooLong { max: LOCAL_BYTES_MAX });
    }
    let bad = |c: &char| c.is_control() || c.is_whitespace() || "@\"(),:;<>[\\]/%*".contains(*c);
    match local.chars().find(bad) {
        Some(found) => Err(InvalidLogin::Character { found }),
        None => Ok(()),
    }
}

fn check_domain(domain: &str) -> Result<(), InvalidLogin> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && c.is_alphanumeric());
    let label_is_good = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_BYTES_MAX
            && label.chars().all(good)
            && !label.starts_with('-')
    };
    if domain.split('.').all(label_is_good) { Ok(()) } else { Err(InvalidLogin::Domain) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(input: &str) -> Result<String, InvalidLogin> {
        LoginName::parse(input, "example.org").map(|name| name.to_string())
    }

    #[test]
    fn a_bare_name_is_in_the_default_domain() {
        let name = LoginName::parse("Ada", "example.org").unwrap();
        assert_eq!((name.as_str(), name.local(), name.domain()), ("ada@example.org", "ada", "example.org"));
    }

    #[test]
    fn case_and_composition_make_no_difference() {
        assert_eq!(parsed("J\u{d6}RG@Example.COM").unwrap(), "j\u{f6}rg@example.com");
        assert_eq!(parsed("jo\u{308}rg@example.com").unwrap(), "j\u{f6}rg@example.com");
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        assert_eq!(parsed(""), Err(InvalidLogin::Empty));
        assert_eq!(parsed("@example.org"), Err(InvalidLogin::Empty));
        assert_eq!(parsed("ada@"), Err(InvalidLogin::Domain));
        assert_eq!(parsed("ada@ex ample.org"), Err(InvalidLogin::Domain));
        assert_eq!(parsed(" ada"), Err(InvalidLogin::Character { found: ' ' }));
        assert_eq!(parsed("a\0da"), Err(InvalidLogin::Character { found: '\0' }));
        assert_eq!(parsed("a@b@example.org"), Err(InvalidLogin::Character { found: '@' }));
        assert_eq!(parsed(&"a".repeat(65)), Err(InvalidLogin::TooLong { max: LOCAL_BYTES_MAX }));
        assert_eq!(parsed(&"a".repeat(300)), Err(InvalidLogin::TooLong { max: LOGIN_BYTES_MAX }));
    }

    proptest! {
        #[test]
        fn a_name_once_read_reads_as_itself(input in "\\PC{1,20}(@[A-Za-z\u{e4}\u{130}]{1,8}\\.[a-z]{2})?") {
            if let Ok(name) = LoginName::parse(&input, "example.org") {
                prop_assert_eq!(LoginName::parse(name.as_str(), "other.example").unwrap(), name);
            }
        }
    }
}
