//! Identifiers and counters, each its own type so that none is taken for another.

use std::fmt;
use std::num::NonZeroU32;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// One account: the unit of consistency, with one modseq (`docs/ARCHITECTURE.md`). Never reused.
    AccountId(u64)
}
id! {
    /// One mailbox of an account. It stays the same through RENAME and is never reused.
    MailboxId(u32)
}
id! {
    /// One message's unchanging content within an account; a COPY shares it. Never reused.
    EmailId(u64)
}
id! {
    /// A thread of e-mails within an account (RFC 8474 §5.2). Never reused.
    ThreadId(u64)
}
id! {
    /// One stored blob, unique in the whole store. Never reused.
    BlobId(u64)
}
id! {
    /// A mod-sequence (RFC 7162 §3.1). Here it is the account's: every commit takes the next one.
    ModSeq(u64)
}
id! {
    /// A message sequence number (RFC 9051 §2.3.1.2), from 1. It means something only to one session.
    SeqNo(u32)
}

impl ModSeq {
    /// "Nothing yet": lower than any mod-sequence of a message.
    pub const ZERO: Self = Self(0);

    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A unique identifier of a message within a mailbox (RFC 9051 §2.3.1.1), from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(NonZeroU32);

impl Uid {
    /// The first UID of a new mailbox.
    pub const FIRST: Self = Self(NonZeroU32::MIN);
    /// The last UID there can be.
    pub const MAX: Self = Self(NonZeroU32::MAX);

    /// The UID of that number; `None` for 0, which no message has.
    #[must_use]
    pub const fn new(n: u32) -> Option<Self> {
        match NonZeroU32::new(n) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A mailbox's unique identifier validity value (RFC 9051 §2.3.1.1). Never 0 and never repeated for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UidValidity(NonZeroU32);

impl UidValidity {
    /// The value of that number; `None` for 0.
    #[must_use]
    pub const fn new(n: u32) -> Option<Self> {
        match NonZeroU32::new(n) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for UidValidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
