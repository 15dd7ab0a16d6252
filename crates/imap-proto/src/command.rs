//! The commands that a client can send, as types: what was sent, not what it means.
//!
//! One file per verb family below `command/`; this one knows the verbs and that nothing may follow a command.
//! RFC 3501 §6 and §9.

mod append;
mod authenticate;
mod comparator;
mod create;
mod fetch;
mod id;
mod list;
mod quota;
mod search;
mod select;
mod sort;
mod status;
mod store;
mod thread;
mod uidbatches;
mod uses;

use std::fmt;

use model::MailboxName;

pub use append::{AppendHead, MessageForm, MessageHead, ReplaceHead};
pub use authenticate::{Authenticate, Login};
pub use comparator::ComparatorOrder;
pub use create::Create;
pub use fetch::{BinaryItem, Fetch, FetchItem, Partial, Section, SectionItem, SectionText};
pub use id::Id;
pub use list::{List, ListReturn, ListSelection, Lsub};
pub use quota::{QuotaResource, SetQuota};
pub use search::{Charset, Search, SearchKey, SearchReturn};
pub use select::{Qresync, Select, SeqMatch};
pub use sort::{Sort, SortCriterion, SortKey};
pub use status::{Status, StatusItem};
pub use store::{Store, StoreOp};
pub use thread::{Thread, ThreadAlgorithm};
pub use uidbatches::UidBatches;

use crate::dialect::Dialect;
use crate::error::{Error, Violation};
use crate::lex::Cursor;
use crate::limits::Limits;
use crate::sequence::MessageSet;

/// The tag that a client gives a command and the server repeats in its answer (RFC 3501 §2.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag(String);

impl Tag {
    /// A tag of that spelling, which the lexer has checked.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Its spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A command with its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The client's tag.
    pub tag: Tag,
    /// What it asks for.
    pub command: Command,
}

/// A command. APPEND and REPLACE are not among them: a message does not fit a value, see
/// [`crate::frame::Step::Append`] and [`crate::frame::Step::Replace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// CAPABILITY (RFC 3501 §6.1.1)
    Capability,
    /// NOOP (RFC 3501 §6.1.2)
    Noop,
    /// LOGOUT (RFC 3501 §6.1.3)
    Logout,
    /// ID (RFC 2971 §3.1)
    Id(Id),
    /// STARTTLS (RFC 3501 §6.2.1)
    StartTls,
    /// AUTHENTICATE (RFC 3501 §6.2.2, RFC 4959)
    Authenticate(Authenticate),
    /// LOGIN (RFC 3501 §6.2.3)
    Login(Login),
    /// ENABLE (RFC 5161 §3.1)
    Enable(Enable),
    /// COMPRESS DEFLATE (RFC 4978 §3)
    Compress,
    /// UNAUTHENTICATE (RFC 8437 §3)
    Unauthenticate,
    /// SELECT (RFC 3501 §6.3.1, RFC 7162 §3.1.8 and §3.2.5)
    Select(Select),
    /// EXAMINE (RFC 3501 §6.3.2): SELECT without the right to change anything.
    Examine(Select),
    /// CREATE (RFC 3501 §6.3.3, RFC 6154 §3)
    Create(Create),
    /// DELETE (RFC 3501 §6.3.4)
    Delete(MailboxName),
    /// RENAME (RFC 3501 §6.3.5)
    Rename(Rename),
    /// SUBSCRIBE (RFC 3501 §6.3.6)
    Subscribe(MailboxName),
    /// UNSUBSCRIBE (RFC 3501 §6.3.7)
    Unsubscribe(MailboxName),
    /// LIST (RFC 3501 §6.3.8, RFC 5258 §3)
    List(List),
    /// LSUB (RFC 3501 §6.3.9)
    Lsub(Lsub),
    /// NAMESPACE (RFC 2342 §5)
    Namespace,
    /// STATUS (RFC 3501 §6.3.10)
    Status(Status),
    /// GETQUOTA of a quota root (RFC 9208 §4.1.1)
    GetQuota(String),
    /// GETQUOTAROOT (RFC 9208 §4.1.2)
    GetQuotaRoot(MailboxName),
    /// SETQUOTA (RFC 9208 §4.1.3)
    SetQuota(SetQuota),
    /// IDLE (RFC 2177 §3)
    Idle,
    /// CHECK (RFC 3501 §6.4.1)
    Check,
    /// CLOSE (RFC 3501 §6.4.2)
    Close,
    /// UNSELECT (RFC 3691 §2)
    Unselect,
    /// EXPUNGE (RFC 3501 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1)
    Expunge(Expunge),
    /// SEARCH and UID SEARCH (RFC 3501 §6.4.4, §6.4.8)
    Search(Search),
    /// SORT and UID SORT (RFC 5256 §3)
    Sort(Sort),
    /// THREAD and UID THREAD (RFC 5256 §3)
    Thread(Thread),
    /// FETCH and UID FETCH (RFC 3501 §6.4.5, §6.4.8)
    Fetch(Fetch),
    /// STORE and UID STORE (RFC 3501 §6.4.6, §6.4.8)
    Store(Store),
    /// COPY and UID COPY (RFC 3501 §6.4.7, §6.4.8)
    Copy(Copy),
    /// MOVE and UID MOVE (RFC 6851 §3.1, §3.2)
    Move(Copy),
    /// UIDBATCHES (RFC 10022)
    UidBatches(UidBatches),
    /// COMPARATOR (RFC 5255 §4.7)
    Comparator(Vec<ComparatorOrder>),
}

/// ENABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enable {
    /// The names of capabilities, in capitals, in the order in which they were sent.
    pub capabilities: Vec<String>,
}

/// RENAME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The mailbox.
    pub from: MailboxName,
    /// Its new name.
    pub to: MailboxName,
}

/// EXPUNGE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expunge {
    /// Only these; `None` for plain EXPUNGE.
    pub uids: Option<MessageSet>,
}

/// COPY or MOVE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Whether `set` holds UIDs, not message numbers.
    pub uid: bool,
    /// The messages.
    pub set: MessageSet,
    /// Where they go.
    pub mailbox: MailboxName,
}

impl Command {
    /// The verb's stem, which names its files, its span and its metric: `fetch` for FETCH and UID FETCH.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Capability => "capability",
            Self::Noop => "noop",
            Self::Logout => "logout",
            Self::Id(_) => "id",
            Self::StartTls => "starttls",
            Self::Authenticate(_) => "authenticate",
            Self::Login(_) => "login",
            Self::Enable(_) => "enable",
            Self::Compress => "compress",
            Self::Unauthenticate => "unauthenticate",
            Self::Select(_) => "select",
            Self::Examine(_) => "examine",
            Self::Create(_) => "create",
            Self::Delete(_) => "delete",
            Self::Rename(_) => "rename",
            Self::Subscribe(_) => "subscribe",
            Self::Unsubscribe(_) => "unsubscribe",
            Self::List(_) => "list",
            Self::Lsub(_) => "lsub",
            Self::Namespace => "namespace",
            Self::Status(_) => "status",
            Self::GetQuota(_) => "getquota",
            Self::GetQuotaRoot(_) => "getquotaroot",
            Self::SetQuota(_) => "setquota",
            Self::Idle => "idle",
            Self::Check => "check",
            Self::Close => "close",
            Self::Unselect => "unselect",
            Self::Expunge(_) => "expunge",
            Self::Search(_) => "search",
            Self::Sort(_) => "sort",
            Self::Thread(_) => "thread",
            Self::Fetch(_) => "fetch",
            Self::Store(_) => "store",
            Self::Copy(_) => "copy",
            Self::Move(_) => "move",
            Self::UidBatches(_) => "uidbatches",
            Self::Comparator(_) => "comparator",
        }
    }
}

/// Reads the command that stands in `bytes`, without its line end.
///
/// # Errors
/// The tag, if there is one to answer with, and what is wrong.
pub(crate) fn parse(bytes: &[u8], limits: &Limits, dialect: Dialect) -> Result<Tagged, (Option<Tag>, Error)> {
    let mut cursor = Cursor::new(bytes, limits, dialect);
    let tag = cursor.tag().map_err(|error| (None, error))?;
    match cursor.space().and_then(|()| Command::parse(&mut cursor)) {
        Ok(command) => Ok(Tagged { tag, command }),
        Err(error) => Err((Some(tag), error)),
    }
}

/// What speaks in message numbers, unless UID stands before it (RFC 9586 §3).
const BY_NUMBER: [&str; 8] = ["FETCH", "STORE", "SEARCH", "SORT", "THREAD", "COPY", "MOVE", "REPLACE"];

impl Command {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let verb = cursor.atom("a command")?.to_ascii_uppercase();
        let command = if verb == "UID" {
            cursor.space()?;
            let verb = cursor.atom("a command after UID")?.to_ascii_uppercase();
            Self::of_messages(&verb, cursor, true)?
        } else {
            match Self::without_arguments(&verb) {
                Some(command) => command,
                None => Self::with_arguments(&verb, cursor)?,
            }
        };
        cursor.end()?;
        Ok(command)
    }

    fn without_arguments(verb: &str) -> Option<Self> {
        Some(match verb {
            "CAPABILITY" => Self::Capability,
            "NOOP" => Self::Noop,
            "LOGOUT" => Self::Logout,
            "STARTTLS" => Self::StartTls,
            "NAMESPACE" => Self::Namespace,
            "IDLE" => Self::Idle,
            "CHECK" => Self::Check,
            "CLOSE" => Self::Close,
            "UNAUTHENTICATE" => Self::Unauthenticate,
            "UNSELECT" => Self::Unselect,
            "EXPUNGE" => Self::Expunge(Expunge { uids: None }),
            _ => return None,
        })
    }

    fn with_arguments(verb: &str, cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        Ok(match verb {
            "ID" => Self::Id(Id::parse(cursor)?),
            "AUTHENTICATE" => Self::Authenticate(Authenticate::parse(cursor)?),
            "LOGIN" => Self::Login(Login::parse(cursor)?),
            "ENABLE" => Self::Enable(Enable::parse(cursor)?),
            "SELECT" => Self::Select(Select::parse(cursor)?),
            "EXAMINE" => Self::Examine(Select::parse(cursor)?),
            "CREATE" => Self::Create(Create::parse(cursor)?),
            "DELETE" => Self::Delete(only_mailbox(cursor)?),
            "RENAME" => Self::Rename(Rename::parse(cursor)?),
            "SUBSCRIBE" => Self::Subscribe(only_mailbox(cursor)?),
            "UNSUBSCRIBE" => Self::Unsubscribe(only_mailbox(cursor)?),
            "LIST" => Self::List(List::parse(cursor)?),
            "LSUB" => Self::Lsub(Lsub::parse(cursor)?),
            "COMPRESS" => compress(cursor)?,
            "COMPARATOR" => Self::Comparator(ComparatorOrder::parse_all(cursor)?),
            "GETQUOTA" => Self::GetQuota(quota::root(cursor)?),
            "GETQUOTAROOT" => Self::GetQuotaRoot(only_mailbox(cursor)?),
            "SETQUOTA" => Self::SetQuota(SetQuota::parse(cursor)?),
            "UIDBATCHES" => Self::UidBatches(UidBatches::parse(cursor)?),
            "STATUS" => Self::Status(Status::parse(cursor)?),
            // The framer takes every APPEND whose message is announced; this one has none.
            "APPEND" => {
                AppendHead::parse(cursor, false)?;
                return Err(cursor.expected("a literal with the message"));
            }
            _ => Self::of_messages(verb, cursor, false)?,
        })
    }

    /// The commands that stand alone or behind UID (RFC 3501 §6.4.8).
    fn of_messages(verb: &str, cursor: &mut Cursor<'_>, uid: bool) -> Result<Self, Error> {
        if !uid && BY_NUMBER.contains(&verb) && cursor.dialect().uid_only {
            return Err(Violation::UidRequired.into());
        }
        Ok(match verb {
            "FETCH" => Self::Fetch(Fetch::parse(cursor, uid)?),
            "STORE" => Self::Store(Store::parse(cursor, uid)?),
            "SEARCH" => Self::Search(Search::parse(cursor, uid)?),
            "SORT" => Self::Sort(Sort::parse(cursor, uid)?),
            "THREAD" => Self::Thread(Thread::parse(cursor, uid)?),
            "COPY" => Self::Copy(Copy::parse(cursor, uid)?),
            "MOVE" => Self::Move(Copy::parse(cursor, uid)?),
            // As with APPEND.
            "REPLACE" => {
                ReplaceHead::parse(cursor, uid, false)?;
                return Err(cursor.expected("a literal with the message"));
            }
            // RFC 4315 §2.1
            "EXPUNGE" if uid => {
                cursor.space()?;
                Self::Expunge(Expunge { uids: Some(cursor.message_set()?) })
            }
            _ => return Err(Violation::UnknownCommand.into()),
        })
    }
}

/// The algorithm of COMPRESS: there is one (RFC 4978 §5).
fn compress(cursor: &mut Cursor<'_>) -> Result<Command, Error> {
    cursor.space()?;
    if cursor.keyword("DEFLATE") { Ok(Command::Compress) } else { Err(cursor.expected("DEFLATE")) }
}

fn only_mailbox(cursor: &mut Cursor<'_>) -> Result<MailboxName, Error> {
    cursor.space()?;
    cursor.mailbox()
}

impl Enable {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let mut capabilities = Vec::new();
        // RFC 5161 §3.1: at least one.
        cursor.space()?;
        loop {
            cursor.at_most("names of capabilities", capabilities.len() + 1, cursor.limits().enable_names)?;
            capabilities.push(cursor.atom("the name of a capability")?.to_ascii_uppercase());
            if !cursor.skip(b" ") {
                return Ok(Self { capabilities });
            }
        }
    }
}

impl Rename {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        Ok(Self { from: only_mailbox(cursor)?, to: only_mailbox(cursor)? })
    }
}

impl Copy {
    fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Result<Self, Error> {
        cursor.space()?;
        let set = cursor.message_set()?;
        Ok(Self { uid, set, mailbox: only_mailbox(cursor)? })
    }
}

#[cfg(test)]
mod tests;
