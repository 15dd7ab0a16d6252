//! Mailbox names: hierarchies in NFC, and the roles they can have.

use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// What separates the levels of a mailbox name.
pub const SEPARATOR: char = '/';
/// The longest mailbox name, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 1000;
/// The most levels a mailbox name has.
pub const DEPTH_MAX: usize = 32;

/// A mailbox's full name: levels separated by [`SEPARATOR`], in Unicode NFC, compared with case.
///
/// Only `INBOX` is the same in any case, also as the first level of a longer name (RFC 9051 §5.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxName(String);

/// Why a text is no mailbox name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// It is empty, or one of its levels is.
    #[error("a mailbox name and each of its levels have at least one character")]
    EmptyLevel,
    /// It is longer than [`NAME_BYTES_MAX`].
    #[error("a mailbox name has at most {NAME_BYTES_MAX} bytes")]
    TooLong,
    /// It has more than [`DEPTH_MAX`] levels.
    #[error("a mailbox name has at most {DEPTH_MAX} levels")]
    TooDeep,
    /// It holds a character that names may not have.
    #[error("a mailbox name may not contain {0:?}")]
    Character(char),
}

impl MailboxName {
    /// The name of that text, brought to NFC, with `INBOX` spelt in capitals where it is the first level.
    ///
    /// # Errors
    /// [`InvalidName`] for empty levels, control characters, line separators, `%` and `*` (which LIST takes for
    /// wildcards), and names beyond the limits.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        if text.len() > NAME_BYTES_MAX {
            return Err(InvalidName::TooLong);
        }
        let name: String = text.nfc().collect();
        if name.len() > NAME_BYTES_MAX {
            return Err(InvalidName::TooLong);
        }
        // RFC 5198 §2, and U+2028 and U+2029 by RFC 9051 §5.1
        let bad = |c: &char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '%' | '*');
        if let Some(c) = name.chars().find(bad) {
            return Err(InvalidName::Character(c));
        }
        if name.split(SEPARATOR).any(str::is_empty) {
            return Err(InvalidName::EmptyLevel);
        }
        if name.split(SEPARATOR).count() > DEPTH_MAX {
            return Err(InvalidName::TooDeep);
        }
        Ok(Self(with_inbox_in_capitals(name)))
    }

    /// `INBOX`
    #[must_use]
    pub fn inbox() -> Self {
        Self("INBOX".to_owned())
    }

    /// Whether this is `INBOX` itself.
    #[must_use]
    pub fn is_inbox(&self) -> bool {
        self.0 == "INBOX"
    }

    /// The full name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name one level up; `None` at the top.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once(SEPARATOR).map(|(parent, _)| Self(parent.to_owned()))
    }

    /// How many levels it has.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.0.split(SEPARATOR).count()
    }

    /// Whether this name lies below `other`, at any depth.
    #[must_use]
    pub fn is_below(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with(SEPARATOR))
    }

    /// This name with the ancestor (or itself) `from` replaced by `to`, as RENAME moves a hierarchy.
    ///
    /// # Errors
    /// [`InvalidName`] when the new name would be beyond the limits.
    pub fn moved(&self, from: &Self, to: &Self) -> Result<Self, InvalidName> {
        match self.0.strip_prefix(&from.0) {
            Some(rest) if rest.is_empty() || rest.starts_with(SEPARATOR) => {
                Self::new(&format!("{}{rest}", to.0))
            }
            _ => Ok(self.clone()),
        }
    }
}

fn with_inbox_in_capitals(name: String) -> String {
    match name.get(..5) {
        Some(first)
            if first.eq_ignore_ascii_case("INBOX") && matches!(name.as_bytes().get(5), None | Some(b'/')) =>
        {
            format!("INBOX{}", name.get(5..).unwrap_or_default())
        }
        _ => name,
    }
}

impl fmt::Display for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The role of a mailbox (RFC 6154 §2, RFC 8457 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpecialUse {
    /// `\All`: every message of the account. Not offered for CREATE.
    All,
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Flagged`: every flagged message. Not offered for CREATE.
    Flagged,
    /// `\Important`
    Important,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

impl SpecialUse {
    /// Every role, in the order of its stored number.
    pub const ALL: [Self; 8] = [
        Self::All,
        Self::Archive,
        Self::Drafts,
        Self::Flagged,
        Self::Important,
        Self::Junk,
        Self::Sent,
        Self::Trash,
    ];

    /// The mailbox attribute that stands for it.
    #[must_use]
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::All => "\\All",
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Flagged => "\\Flagged",
            Self::Important => "\\Important",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }

    /// The role of that attribute, in any case.
    #[must_use]
    pub fn from_attribute(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|u| u.attribute().eq_ignore_ascii_case(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> MailboxName {
        MailboxName::new(text).unwrap()
    }

    #[test]
    fn inbox_is_the_same_in_any_case_also_as_a_parent() {
        assert_eq!(name("inbox"), MailboxName::inbox());
        assert_eq!(name("iNbOx/Work").as_str(), "INBOX/Work");
        assert_eq!(name("Inboxes").as_str(), "Inboxes");
        assert_eq!(name("a/inbox").as_str(), "a/inbox");
    }

    #[test]
    fn a_name_is_kept_in_nfc() {
        assert_eq!(name("Entwu\u{308}rfe"), name("Entw\u{fc}rfe"));
    }

    #[test]
    fn bad_names_say_what_is_wrong() {
        assert_eq!(MailboxName::new(""), Err(InvalidName::EmptyLevel));
        assert_eq!(MailboxName::new("a//b"), Err(InvalidName::EmptyLevel));
        assert_eq!(MailboxName::new("/a"), Err(InvalidName::EmptyLevel));
        assert_eq!(MailboxName::new("a\tb"), Err(InvalidName::Character('\t')));
        assert_eq!(MailboxName::new("a*"), Err(InvalidName::Character('*')));
        assert_eq!(MailboxName::new(&"x".repeat(1001)), Err(InvalidName::TooLong));
        assert_eq!(MailboxName::new(&vec!["x"; 33].join("/")), Err(InvalidName::TooDeep));
    }

    #[test]
    fn a_hierarchy_moves_with_its_parent() {
        let (from, to) = (name("a"), name("b/c"));
        assert_eq!(name("a/x/y").moved(&from, &to), Ok(name("b/c/x/y")));
        assert_eq!(name("ab").moved(&from, &to), Ok(name("ab")));
        assert!(name("a/x").is_below(&from) && !name("ab").is_below(&from) && !from.is_below(&from));
    }
}
