//! What can be wrong with a command, by blame, and how it is answered.

use model::{InvalidKeyword, InvalidName};

use crate::response::{Code, Status};

/// Why a command is not carried out, found out before anything was looked up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The client broke the protocol: BAD.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// The client asked for something that cannot be: NO.
    #[error(transparent)]
    Refusal(#[from] Refusal),
}

/// The client broke the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Something else stands where the grammar wants this.
    #[error("expected {what} at column {column}")]
    Expected {
        /// What is wanted, with its article.
        what: &'static str,
        /// Where, in bytes from 1.
        column: usize,
    },
    /// The command is complete, and something follows.
    #[error("unexpected text at column {column}, where the command ends")]
    Trailing {
        /// Where, in bytes from 1.
        column: usize,
    },
    /// There is no such command.
    #[error("unknown command")]
    UnknownCommand,
    /// More of something than one command may hold.
    #[error("more than {max} {what}")]
    TooMany {
        /// Of what, in the plural.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// A line is too long.
    #[error("line longer than {max} bytes")]
    LineTooLong {
        /// The limit.
        max: usize,
    },
    /// A literal is too long.
    #[error("literal longer than {max} bytes")]
    LiteralTooLong {
        /// The limit.
        max: usize,
    },
    /// A literal's size is no number that anyone could count to.
    #[error("literal of impossible size")]
    LiteralSize,
    /// REPLACE with a second message (RFC 8508 §4.7), or APPEND where MULTIAPPEND is not offered.
    #[error("one message, no more")]
    SecondMessage,
    /// SEARCH with PARTIAL and ALL at once (RFC 9394 §3.1).
    #[error("PARTIAL and ALL do not go together")]
    PartialAndAll,
    /// FETCH with PARTIAL is of UID FETCH alone (RFC 9394 §3.3).
    #[error("PARTIAL needs UID FETCH")]
    PartialByNumber,
    /// SEARCH with CHARSET although UTF8=ACCEPT is enabled (RFC 6855 §3).
    #[error("no CHARSET with UTF8=ACCEPT")]
    CharsetWithUtf8,
    /// A message number although UIDONLY is enabled (RFC 9586 §3).
    #[error("message numbers are switched off; use UIDs")]
    UidRequired,
    /// RELEVANCY without FUZZY (RFC 6203 §4, §6).
    #[error("RELEVANCY needs FUZZY")]
    RelevancyAlone,
    /// COMPARATOR with what cannot be a name or a pattern (RFC 4790 §3.2).
    #[error("no comparator can have that name")]
    ComparatorName,
    /// UIDBATCHES of batches without messages (RFC 10022).
    #[error("a batch has at least one message")]
    BatchSize,
    /// UIDBATCHES of a range whose ends are in the wrong order (RFC 10022).
    #[error("the first batch comes before the last")]
    BatchOrder,
    /// A part of the protocol that is not offered.
    #[error("{capability} is not offered")]
    NotOffered {
        /// The capability it belongs to.
        capability: &'static str,
    },
    /// FETCH with VANISHED lacks what it needs (RFC 7162 §3.2.6).
    #[error("VANISHED needs UID FETCH and CHANGEDSINCE")]
    VanishedAlone,
}

/// The client asked for something that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A mailbox name that is not modified UTF-7 (RFC 3501 §5.1.3).
    #[error("the mailbox name is not modified UTF-7")]
    MailboxEncoding,
    /// A mailbox name that is not UTF-8, which has been enabled (RFC 6855 §3).
    #[error("the mailbox name is not UTF-8")]
    MailboxUtf8,
    /// A mailbox name that no mailbox can have.
    #[error(transparent)]
    Mailbox(#[from] InvalidName),
    /// A keyword that no message can have.
    #[error(transparent)]
    Keyword(#[from] InvalidKeyword),
    /// CREATE with a role that there is none of (RFC 6154 §3).
    #[error("unknown special-use attribute: {attribute:?}")]
    SpecialUse {
        /// The attribute.
        attribute: String,
    },
}

impl Violation {
    /// Whether the stream cannot be read any further, so that the connection has to be closed.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::LiteralSize)
    }
}

impl Error {
    /// Whether the stream cannot be read any further, so that the connection has to be closed.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Violation(violation) if violation.is_fatal())
    }

    /// How the tagged answer begins.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            // RFC 5530 §3 (LIMIT): the grammar allows it; the server does not.
            Self::Violation(Violation::TooMany { .. }) | Self::Refusal(_) => Status::No,
            Self::Violation(_) => Status::Bad,
        }
    }

    /// The response code of the answer.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Violation(Violation::UidRequired) => Some(Code::UidRequired),
            Self::Violation(Violation::BatchSize | Violation::BatchOrder) => Some(Code::ClientBug),
            Self::Violation(Violation::TooMany { .. } | Violation::LineTooLong { .. }) => Some(Code::Limit),
            // RFC 7888 §5, RFC 4469 §4.2
            Self::Violation(Violation::LiteralTooLong { .. } | Violation::LiteralSize) => Some(Code::TooBig),
            Self::Violation(_) => None,
            Self::Refusal(refusal) => Some(refusal.code()),
        }
    }
}

impl Refusal {
    /// The response code of the answer.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::SpecialUse { .. } => Code::UseAttr,
            Self::MailboxEncoding | Self::MailboxUtf8 | Self::Mailbox(_) | Self::Keyword(_) => Code::Cannot,
        }
    }
}
