//! THREAD: a SEARCH whose result is wanted as conversations. RFC 5256 §3; REFS is of draft-ietf-morg-inthread.

use super::search::Search;
use crate::error::Error;
use crate::lex::Cursor;

/// THREAD or UID THREAD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// How messages come together.
    pub algorithm: ThreadAlgorithm,
    /// The messages. It has no options to return.
    pub search: Search,
}

/// What makes a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadAlgorithm {
    /// ORDEREDSUBJECT: the same base subject.
    OrderedSubject,
    /// REFERENCES: what messages refer to, and then the same base subject.
    References,
    /// REFS: what messages refer to.
    Refs,
}

impl ThreadAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OrderedSubject, Self::References, Self::Refs];

    /// Its capability, which ends with its name.
    #[must_use]
    pub const fn capability(self) -> &'static str {
        match self {
            Self::OrderedSubject => "THREAD=ORDEREDSUBJECT",
            Self::References => "THREAD=REFERENCES",
            Self::Refs => "THREAD=REFS",
        }
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.capability().strip_prefix("THREAD=").unwrap_or_default()
    }
}

impl Thread {
    pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Result<Self, Error> {
        cursor.space()?;
        let found = ThreadAlgorithm::ALL.into_iter().find(|algorithm| cursor.keyword(algorithm.name()));
        let algorithm = found.ok_or_else(|| cursor.expected("a threading algorithm"))?;
        cursor.space()?;
        Ok(Self { algorithm, search: Search::parse_criteria(cursor, uid, None)? })
    }
}
