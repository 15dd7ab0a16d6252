//! SEARCH: what it asks for and how it wants to be answered. RFC 3501 §6.4.4, RFC 9051 §6.4.4, RFC 7162 §3.1.5.
//!
//! Strings stay as they were sent; comparing them is for the one that has the messages.

mod key;
mod returns;

#[cfg(test)]
pub(super) use key::PLAIN;
pub use key::SearchKey;
pub use returns::SearchReturn;

use crate::error::{Error, Violation};
use crate::lex::Cursor;

/// SEARCH or UID SEARCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Whether the answer holds UIDs, not message numbers.
    pub uid: bool,
    /// How the answer is wanted; `None` for a plain SEARCH response (RFC 4731 §3.1).
    pub returns: Option<SearchReturn>,
    /// What the strings of the keys are written in.
    pub charset: Charset,
    /// The keys, all of which have to hold; at least one.
    pub keys: Vec<SearchKey>,
}

/// A character set that the strings of a SEARCH are written in (RFC 3501 §6.4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charset {
    /// US-ASCII, also when none was named.
    UsAscii,
    /// UTF-8
    Utf8,
    /// Another one, by the name that was sent; whether it is known is not said here.
    Named(String),
}

/// The longest name of a character set that is read, in bytes; those of the registry are shorter.
const CHARSET_BYTES_MAX: usize = 40;

impl Search {
    pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Result<Self, Error> {
        cursor.space()?;
        let returns = SearchReturn::parse_optional(cursor)?;
        let mut charset = Charset::UsAscii;
        if cursor.keyword("CHARSET") {
            if cursor.dialect().utf8_accept {
                return Err(Violation::CharsetWithUtf8.into());
            }
            cursor.space()?;
            charset = Charset::parse(cursor)?;
            cursor.space()?;
        }
        Self { uid, returns, charset, keys: key::parse(cursor)? }.checked()
    }

    /// `search-criteria` of SORT and THREAD, in which the character set is not optional (RFC 5256 §5). RFC 6855 §3
    /// forbids it to SEARCH alone.
    pub(super) fn parse_criteria(
        cursor: &mut Cursor<'_>,
        uid: bool,
        returns: Option<SearchReturn>,
    ) -> Result<Self, Error> {
        let charset = Charset::parse(cursor)?;
        cursor.space()?;
        Self { uid, returns, charset, keys: key::parse(cursor)? }.checked()
    }

    /// RFC 6203 §4: no RELEVANCY without FUZZY.
    fn checked(self) -> Result<Self, Error> {
        match self.returns.is_some_and(|returns| returns.relevancy) && !self.has_fuzzy() {
            true => Err(Violation::RelevancyAlone.into()),
            false => Ok(self),
        }
    }

    /// Whether a FUZZY key stands anywhere, so that messages fit more or less (RFC 6203 §4).
    #[must_use]
    pub fn has_fuzzy(&self) -> bool {
        self.has_key(&mut |key| matches!(key, SearchKey::Fuzzy(_)))
    }

    /// Whether a MODSEQ key stands anywhere, so that the answer tells the highest mod-sequence (RFC 7162 §3.1.5).
    #[must_use]
    pub fn has_modseq(&self) -> bool {
        self.has_key(&mut |key| matches!(key, SearchKey::ModSeq(_)))
    }

    /// Whether `is` holds for any key, also for one within another.
    pub(super) fn has_key(&self, is: &mut impl FnMut(&SearchKey) -> bool) -> bool {
        self.keys.iter().any(|key| key.any(is))
    }
}

impl Charset {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let name = cursor.astring("a character set")?;
        if name.len() > CHARSET_BYTES_MAX {
            let what = "bytes of the name of a character set";
            return Err(Violation::TooMany { what, max: CHARSET_BYTES_MAX }.into());
        }
        Ok(if name.eq_ignore_ascii_case(b"UTF-8") {
            Self::Utf8
        } else if name.eq_ignore_ascii_case(b"US-ASCII") {
            Self::UsAscii
        } else {
            Self::Named(String::from_utf8_lossy(&name).into_owned())
        })
    }
}
