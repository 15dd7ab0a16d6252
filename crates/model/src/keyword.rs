//! Keywords: the flags that users and clients name themselves, and those that the registry names.
//!
//! RFC 9051 §2.3.2, RFC 5788 (the registry).

use std::fmt;

/// The longest keyword, in bytes.
const KEYWORD_BYTES_MAX: usize = 255;

/// A keyword's name (RFC 9051 §2.3.2): an atom, compared without case. Its spelling is kept, but a registered one is
/// spelt as it is in the registry.
#[derive(Clone, Debug)]
pub struct Keyword(String);

/// Why a text is no keyword.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyword {
    /// It is empty.
    #[error("a keyword is not empty")]
    Empty,
    /// It is longer than 255 bytes.
    #[error("a keyword has at most {KEYWORD_BYTES_MAX} bytes")]
    TooLong,
    /// It holds a character that an atom may not have (RFC 9051 §9, `flag-keyword`).
    #[error("a keyword may not contain {0:?}")]
    Character(char),
}

impl Keyword {
    /// `$MDNSent`: a disposition notification was sent, or is not wanted (RFC 3503 §3.1).
    pub const MDN_SENT: &'static str = "$MDNSent";
    /// `$Forwarded`: the message was forwarded (RFC 9051 §2.3.2).
    pub const FORWARDED: &'static str = "$Forwarded";
    /// `$SubmitPending`: the message is on its way to the submission server (RFC 5550 §5.10).
    pub const SUBMIT_PENDING: &'static str = "$SubmitPending";
    /// `$Submitted`: the submission server has taken the message (RFC 5550 §5.10).
    pub const SUBMITTED: &'static str = "$Submitted";
    /// `$Junk`: the user holds the message for unwanted (RFC 9051 §2.3.2).
    pub const JUNK: &'static str = "$Junk";
    /// `$NotJunk`: the user says that it is wanted (RFC 9051 §2.3.2).
    pub const NOT_JUNK: &'static str = "$NotJunk";
    /// `$Phishing`: the message is likely to deceive (RFC 9051 §2.3.2).
    pub const PHISHING: &'static str = "$Phishing";
    /// `$Important`: the message is likely to matter to the user (RFC 8457 §3).
    pub const IMPORTANT: &'static str = "$Important";

    /// The registered keywords that clients and servers share (RFC 5788).
    pub const REGISTERED: [&'static str; 8] = [
        Self::MDN_SENT,
        Self::FORWARDED,
        Self::SUBMIT_PENDING,
        Self::SUBMITTED,
        Self::JUNK,
        Self::NOT_JUNK,
        Self::PHISHING,
        Self::IMPORTANT,
    ];

    /// A keyword of that name.
    ///
    /// # Errors
    /// [`InvalidKeyword`] when it is not an atom (RFC 9051 §9, `flag-keyword`) or too long.
    pub fn new(name: &str) -> Result<Self, InvalidKeyword> {
        if name.is_empty() {
            return Err(InvalidKeyword::Empty);
        }
        if name.len() > KEYWORD_BYTES_MAX {
            return Err(InvalidKeyword::TooLong);
        }
        // `]` is allowed in an atom, but a FLAGS response code would end at it.
        let bad = |c: &char| !c.is_ascii_graphic() || r#"(){%*"\]"#.contains(*c);
        match name.chars().find(bad) {
            Some(c) => Err(InvalidKeyword::Character(c)),
            None => {
                let registered = Self::REGISTERED.into_iter().find(|r| r.eq_ignore_ascii_case(name));
                Ok(Self(registered.unwrap_or(name).to_owned()))
            }
        }
    }

    /// Its spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Keyword {}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_compare_without_case_and_keep_their_spelling() {
        let keyword = Keyword::new("NotJunk").unwrap();
        assert_eq!(keyword, Keyword::new("NOTJUNK").unwrap());
        assert_eq!(keyword.as_str(), "NotJunk");
        assert_eq!(Keyword::new("a b"), Err(InvalidKeyword::Character(' ')));
        assert_eq!(Keyword::new("a]"), Err(InvalidKeyword::Character(']')));
    }

    #[test]
    fn a_registered_keyword_is_spelt_as_in_the_registry() {
        assert_eq!(Keyword::new("$MDNSENT").unwrap().as_str(), Keyword::MDN_SENT);
        assert!(Keyword::REGISTERED.iter().all(|name| Keyword::new(name).unwrap().as_str() == *name));
    }
}
