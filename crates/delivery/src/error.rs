//! Why mail does not reach somebody: facts, which each protocol has its codes for.

use mailstore::{Error, Refusal};

/// Why there is no delivery to one recipient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The domain is none of ours.
    #[error("mail for that domain is not kept here")]
    UnknownDomain,
    /// Nobody has that address.
    #[error("there is no such user here")]
    UnknownUser,
    /// An alias leads to nobody, or through too many others.
    #[error("the alias cannot be followed to its users")]
    AliasTrouble,
    /// The message is larger than the server takes.
    #[error("a message can have {limit} bytes at most")]
    TooBig {
        /// In bytes.
        limit: u64,
    },
    /// The message has a NUL, which no IMAP client could be sent (RFC 9051 §9, CHAR8).
    #[error("the message contains NUL bytes")]
    Nul,
    /// The message has been here before, or has passed more servers than it should.
    #[error("the message is going round in a loop")]
    Loop,
    /// There is more mail already, of the user or of the whole domain, than may be kept.
    #[error("the mailbox is full")]
    OverQuota {
        /// Whether the sender is not to try again.
        for_good: bool,
    },
    /// The mailbox can take no more messages.
    #[error("the mailbox can take no more messages")]
    MailboxFull,
    /// The server is short of disk space.
    #[error("the server is short of disk space")]
    NoSpace,
    /// We failed; the log says how.
    #[error("the server could not store the message")]
    Failed,
}

impl Undelivered {
    /// The same where being over quota is for good, if that was chosen.
    pub(crate) const fn with_quota(self, for_good: bool) -> Self {
        match self {
            Self::OverQuota { .. } => Self::OverQuota { for_good },
            other => other,
        }
    }

    /// Whether a later try may succeed.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::AliasTrouble | Self::NoSpace | Self::Failed | Self::OverQuota { for_good: false } => true,
            Self::UnknownDomain
            | Self::UnknownUser
            | Self::TooBig { .. }
            | Self::Nul
            | Self::Loop
            | Self::OverQuota { for_good: true }
            | Self::MailboxFull => false,
        }
    }
}

impl From<Error> for Undelivered {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Failed(fault) => {
                tracing::error!(%fault, "a delivery failed");
                Self::Failed
            }
        }
    }
}

impl From<Refusal> for Undelivered {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AccountMissing => Self::UnknownUser,
            Refusal::MessageTooBig { limit } => Self::TooBig { limit },
            Refusal::StrayNul(_) => Self::Nul,
            Refusal::OverQuota(_) => Self::OverQuota { for_good: false },
            Refusal::UidsExhausted => Self::MailboxFull,
            Refusal::DiskReserve { .. } => Self::NoSpace,
            // The mailbox was deleted or renamed meanwhile: at the next try the mail goes to INBOX.
            Refusal::MailboxMissing { .. } | Refusal::MailboxGone => Self::Failed,
            // None of these is an answer to a delivery.
            Refusal::MailboxExists
            | Refusal::HasChildren
            | Refusal::InboxCannotBeDeleted
            | Refusal::NameBelowItself
            | Refusal::NeedRight(_)
            | Refusal::InvalidName(_)
            | Refusal::NameLimit { .. }
            | Refusal::KeywordLimit { .. }
            | Refusal::MailboxLimit { .. }
            | Refusal::MessagesGone
            | Refusal::SpecialUseTaken(_)
            | Refusal::SpecialUseUnsupported(_)
            | Refusal::AliasLimit { .. }
            | Refusal::UserExists => {
                tracing::error!(%refusal, "a delivery was refused for a reason that it cannot have");
                Self::Failed
            }
        }
    }
}
