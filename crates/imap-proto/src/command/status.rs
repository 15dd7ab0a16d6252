//! STATUS and the items it asks for, which LIST can ask for as well.
//!
//! RFC 3501 §6.3.10, RFC 5819, RFC 7162 §3.1.7, RFC 7889 §3.1, RFC 8438, RFC 8474 §4.3, RFC 9208 §4.1.4 (DELETED).

use model::MailboxName;

use crate::error::Error;
use crate::lex::Cursor;

/// STATUS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The mailbox.
    pub mailbox: MailboxName,
    /// What is asked for, each once, in the order of the first mention.
    pub items: Vec<StatusItem>,
}

/// What STATUS can tell of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusItem {
    /// How many messages.
    Messages,
    /// How many of them are `\Recent`.
    Recent,
    /// The next UID.
    UidNext,
    /// The UIDVALIDITY.
    UidValidity,
    /// How many are not `\Seen`.
    Unseen,
    /// The highest mod-sequence (RFC 7162 §3.1.7).
    HighestModSeq,
    /// The bytes of all messages, or more (RFC 8438 §3, RFC 9051 §6.3.11).
    Size,
    /// How many messages are `\Deleted` (RFC 9051 §6.3.11).
    Deleted,
    /// The bytes that an EXPUNGE would give back (RFC 9208 §4.1.4).
    DeletedStorage,
    /// The largest message that may be appended (RFC 7889 §3.1).
    AppendLimit,
    /// The mailbox's object id (RFC 8474 §4.3).
    MailboxId,
}

impl StatusItem {
    /// Every item.
    pub const ALL: [Self; 11] = [
        Self::Messages,
        Self::Recent,
        Self::UidNext,
        Self::UidValidity,
        Self::Unseen,
        Self::HighestModSeq,
        Self::Size,
        Self::Deleted,
        Self::DeletedStorage,
        Self::AppendLimit,
        Self::MailboxId,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messages => "MESSAGES",
            Self::Recent => "RECENT",
            Self::UidNext => "UIDNEXT",
            Self::UidValidity => "UIDVALIDITY",
            Self::Unseen => "UNSEEN",
            Self::HighestModSeq => "HIGHESTMODSEQ",
            Self::Size => "SIZE",
            Self::Deleted => "DELETED",
            Self::DeletedStorage => "DELETED-STORAGE",
            Self::AppendLimit => "APPENDLIMIT",
            Self::MailboxId => "MAILBOXID",
        }
    }

    /// Reads a parenthesised list of items.
    pub(super) fn parse_list(cursor: &mut Cursor<'_>) -> Result<Vec<Self>, Error> {
        let mut items = Vec::new();
        cursor.list("a STATUS item", |cursor| {
            let Some(item) = Self::ALL.into_iter().find(|item| cursor.keyword(item.name())) else {
                return Err(cursor.expected("a STATUS item"));
            };
            if !items.contains(&item) {
                items.push(item);
            }
            Ok(())
        })?;
        Ok(items)
    }
}

impl Status {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        cursor.space()?;
        Ok(Self { mailbox, items: StatusItem::parse_list(cursor)? })
    }
}
