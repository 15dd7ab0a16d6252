//! The name that somebody logs in with, in the one form that it is stored and compared in.
//!
//! The part before the `@` by PRECIS' UsernameCaseMapped (RFC 8265 §3.3), the domain as A-labels (RFC 5891).
//! Every name that comes from outside, also in the configuration, is read here and nowhere else.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

use crate::precis::{self, Class};

/// The longest login name: the longest address (RFC 5321 §4.5.3.1.3).
pub const LOGIN_BYTES_MAX: usize = 254;
/// The longest part before the `@` (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// How often the rules are applied until they change nothing more (RFC 8264 §7); what changes still is refused.
const ENFORCED_TIMES_MAX: usize = 4;

/// A full address, `local@domain`. Two spellings of one name are equal; no white space is trimmed.
#[derive(Clone, Debug)]
pub struct LoginName {
    full: String,
    at: usize,
    spelling: String,
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
    /// Letters of both writing directions in an order that reads differently than it is stored (RFC 5893 §2).
    #[error("the name mixes writing directions")]
    Direction,
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
        let too_long = InvalidLogin::TooLong { max: LOGIN_BYTES_MAX };
        // Before any work on it.
        if input.len() > LOGIN_BYTES_MAX {
            return Err(too_long);
        }
        let (spelling, domain) = input.rsplit_once('@').unwrap_or((input, default_domain));
        let local = enforced(spelling)?;
        let domain = a_labels(domain)?;
        let full = format!("{local}@{domain}");
        if full.len() > LOGIN_BYTES_MAX {
            return Err(too_long);
        }
        Ok(Self { full, at: local.len(), spelling: spelling.to_owned() })
    }

    /// The full address, in its one form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// What is before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.full.get(..self.at).unwrap_or_default()
    }

    /// What is before the `@` as it was written: not to compare, but to show and to pass on (RFC 5321 §2.4).
    #[must_use]
    pub fn spelling(&self) -> &str {
        &self.spelling
    }

    /// What is after the `@`, as A-labels.
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

impl PartialEq for LoginName {
    fn eq(&self, other: &Self) -> bool {
        self.full == other.full
    }
}

impl Eq for LoginName {}

impl Hash for LoginName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.full.hash(state);
    }
}

/// A domain in the form that domains are compared in: A-labels in lower case.
///
/// # Errors
/// It is no domain name.
pub fn a_labels(domain: &str) -> Result<String, InvalidLogin> {
    let ascii = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    ascii.map(Cow::into_owned).map_err(|_| InvalidLogin::Domain)
}

/// The part before the `@` in its one form.
fn enforced(local: &str) -> Result<String, InvalidLogin> {
    if local.is_empty() {
        return Err(InvalidLogin::Empty);
    }
    // Preparation (RFC 8265 §3.3.1), so that what is told is a character that was typed.
    let mut form = precis::usual_width(local);
    if let Some(found) = precis::disallowed(&form, Class::Identifier) {
        return Err(InvalidLogin::Character { found });
    }
    for _ in 0..ENFORCED_TIMES_MAX {
        // RFC 8265 §3.3.2: width, case, NFC.
        let next: String = precis::usual_width(&form).to_lowercase().nfc().collect();
        if next == form {
            return check_local(form);
        }
        form = next;
    }
    Err(InvalidLogin::Direction)
}

/// What PRECIS allows and an address of ours does not: it would need quotes (RFC 5322 §3.4.1), or is taken for
/// something else by LIST and by other mail systems.
fn check_local(local: String) -> Result<String, InvalidLogin> {
    if local.len() > LOCAL_BYTES_MAX {
        return Err(InvalidLogin::TooLong { max: LOCAL_BYTES_MAX });
    }
    if let Some(found) = precis::disallowed(&local, Class::Identifier) {
        return Err(InvalidLogin::Character { found });
    }
    if !precis::follows_bidi_rule(&local) {
        return Err(InvalidLogin::Direction);
    }
    match local.chars().find(|c| "@\"(),:;<>[\\]/%*".contains(*c)) {
        Some(found) => Err(InvalidLogin::Character { found }),
        None => Ok(local),
    }
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
    fn the_spelling_is_kept_but_makes_no_difference() {
        let name = LoginName::parse("Ada.Lovelace@Example.ORG", "example.org").unwrap();
        assert_eq!((name.spelling(), name.local()), ("Ada.Lovelace", "ada.lovelace"));
        assert_eq!(name, LoginName::parse("ADA.lovelace", "example.org").unwrap());
    }

    #[test]
    fn domains_are_a_labels() {
        for domain in
            ["b\u{fc}cher.example", "B\u{dc}CHER.example", "bu\u{308}cher.example", "xn--bcher-kva.example"]
        {
            assert_eq!(parsed(&format!("ada@{domain}")).unwrap(), "ada@xn--bcher-kva.example");
        }
        assert_eq!(parsed("ada@xn--a"), Err(InvalidLogin::Domain));
        assert_eq!(parsed(&format!("ada@{}.org", "a".repeat(64))), Err(InvalidLogin::Domain));
    }

    #[test]
    fn names_follow_the_username_profile() {
        assert_eq!(parsed("\u{ff21}da").unwrap(), "ada@example.org", "full width (RFC 8265 §3.3.2)");
        assert_eq!(parsed("\u{5d0}\u{5d1}").unwrap(), "\u{5d0}\u{5d1}@example.org");
        assert_eq!(parsed("a\u{5d0}"), Err(InvalidLogin::Direction));
        // RFC 8264 §4.2: letters, digits and printable ASCII only.
        for bad in ['\u{2163}', '\u{fb01}', '\u{1f600}', '\u{200d}'] {
            assert_eq!(parsed(&format!("x{bad}")), Err(InvalidLogin::Character { found: bad }));
        }
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
