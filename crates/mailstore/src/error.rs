//! What the store answers when it does not do what it was asked, by whose fault it is.

use crate::codec::Damaged;
use crate::quota::Exceeded;
use model::{InvalidName, Rights, SpecialUse};
use std::error::Error as StdError;

/// Why an operation was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller asked for what cannot be had; it is told.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// We, or something that we need, failed; it is logged.
    #[error(transparent)]
    Failed(#[from] Fault),
}

/// A refusal, as a fact with its figures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such account.
    #[error("there is no such account")]
    AccountMissing,
    /// There is no such mailbox, or none that this user may know of.
    #[error("there is no such mailbox")]
    MailboxMissing {
        /// Whether CREATE would make it (`[TRYCREATE]`).
        can_create: bool,
    },
    /// A mailbox of that name exists.
    #[error("the mailbox exists already")]
    MailboxExists,
    /// The mailbox was deleted after it had been opened.
    #[error("the mailbox has been deleted")]
    MailboxGone,
    /// The name is only a level above mailboxes, and no mailbox itself.
    #[error("this is no mailbox itself, but has mailboxes below it")]
    HasChildren,
    /// INBOX is always there.
    #[error("INBOX cannot be deleted")]
    InboxCannotBeDeleted,
    /// A mailbox cannot be moved into its own hierarchy.
    #[error("a mailbox cannot be renamed to a name below itself")]
    NameBelowItself,
    /// The user lacks a right on the mailbox.
    #[error("permission denied")]
    NeedRight(Rights),
    /// The name cannot be a mailbox's.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// The name is longer, or deeper, than the operator wants.
    #[error("a mailbox name has at most {limit} {of}")]
    NameLimit {
        /// How many there can be.
        limit: usize,
        /// Of what.
        of: &'static str,
    },
    /// The account has as many keywords as there can be.
    #[error("an account can have {limit} keywords at most")]
    KeywordLimit {
        /// How many there can be.
        limit: usize,
    },
    /// The account has as many mailboxes as there can be.
    #[error("an account can have {limit} mailboxes at most")]
    MailboxLimit {
        /// How many there can be.
        limit: usize,
    },
    /// The message is larger than the server takes.
    #[error("a message can have {limit} bytes at most")]
    MessageTooBig {
        /// In bytes.
        limit: u64,
    },
    /// The message came in binary, with NUL where no transfer encoding can help.
    #[error(transparent)]
    StrayNul(#[from] message::StrayNul),
    /// Some of the messages are expunged, so none was copied (RFC 9051 §6.4.7: all or nothing).
    #[error("some of the messages no longer exist")]
    MessagesGone,
    /// The mailbox has given out its last UID.
    #[error("the mailbox has no UID left")]
    UidsExhausted,
    /// Another mailbox has that role already.
    #[error("another mailbox has the role {} already", .0.attribute())]
    SpecialUseTaken(SpecialUse),
    /// The role is not given to mailboxes (RFC 6154 §3: `[USEATTR]`).
    #[error("no mailbox can have the role {}", .0.attribute())]
    SpecialUseUnsupported(SpecialUse),
    /// A user of that login exists.
    #[error("the user exists already")]
    UserExists,
    /// There would be more mail than may be kept (RFC 9208 §4.3.1).
    #[error("{0}")]
    OverQuota(Exceeded),
    /// The alias leads to as many addresses as it can.
    #[error("an alias can lead to {limit} addresses at most; make a group of groups")]
    AliasLimit {
        /// How many there can be.
        limit: usize,
    },
    /// So little space is left on the disk that only what gives space back is done.
    #[error("the server is short of disk space ({free} of the reserve of {reserve} bytes are free)")]
    DiskReserve {
        /// Free bytes.
        free: u64,
        /// The reserve, in bytes.
        reserve: u64,
    },
}

/// Something failed that is not the caller's fault. The text is for the log, never for a client.
#[derive(Debug, thiserror::Error)]
#[error("{op}: {source}")]
pub struct Fault {
    /// What was being done.
    pub op: &'static str,
    /// Why it failed.
    #[source]
    pub source: Box<dyn StdError + Send + Sync>,
}

impl Fault {
    /// Whether what was stored is not what was written.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        let of_blob = |error: &storage::Error| matches!(error, storage::Error::Damaged { .. });
        self.source.is::<Damaged>() || self.source.downcast_ref().is_some_and(of_blob)
    }

    /// Whether it is only that the read may not wait for a disk.
    pub(crate) fn would_wait(&self) -> bool {
        let waits = |error: &storage::Error| matches!(error, storage::Error::WouldWait);
        self.source.downcast_ref().is_some_and(waits)
    }

    pub(crate) fn new(op: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { op, source: source.into() }
    }
}

/// The store has failed and takes no more changes; the process must end and start anew.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the store has failed and takes no changes until the server is started again")]
pub struct Stopped;

/// Names the operation that a fault happened in.
pub(crate) trait During<T> {
    fn during(self, op: &'static str) -> Result<T, Fault>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> During<T> for Result<T, E> {
    fn during(self, op: &'static str) -> Result<T, Fault> {
        self.map_err(|source| Fault::new(op, source))
    }
}

impl From<Damaged> for Fault {
    fn from(damaged: Damaged) -> Self {
        Self::new("decode", damaged)
    }
}

impl From<textindex::Damaged> for Fault {
    fn from(damaged: textindex::Damaged) -> Self {
        Self::new("text index", damaged)
    }
}

impl From<storage::Error> for Fault {
    fn from(error: storage::Error) -> Self {
        Self::new("storage", error)
    }
}
