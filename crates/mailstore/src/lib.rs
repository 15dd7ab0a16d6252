//! Accounts, mailboxes, messages and the change log: the only crate that knows keys, and none that knows a protocol.
//!
//! One account is one unit of consistency with one increasing modseq. A change is an intent, resolved in order
//! ([`txn`]), made durable in a group with others ([`committer`]), and only then published ([`account`]). Whoever wants
//! to know what happened reads the log ([`change`]). `docs/ARCHITECTURE.md` tells the whole; [`schema`] lists the keys.

mod access;
mod account;
mod aliases;
mod background;
mod cache;
mod change;
mod check;
mod checkpoint;
mod chunk;
mod codec;
mod committer;
mod compact;
mod content;
mod delivered;
mod email;
mod error;
mod image;
mod index;
mod intake;
mod keywords;
mod mailbox;
mod maintenance;
mod manifest;
mod migrate;
mod numbered;
mod quota;
mod rebuild;
#[doc(hidden)]
pub mod rehearsal;
mod ring;
mod schema;
mod shared;
mod state;
mod store;
#[doc(hidden)]
pub mod stored;
mod sweep;
mod thread;
mod txn;
mod unreferred;
mod users;
mod watch;

pub use access::{Access, EMAILS_PER_READ_MAX, Listed, Tree};
pub use aliases::{ALIAS_TARGETS_MAX, Alias};
pub use change::{Change, FLAGS_BY_RESULT_MAX, NewMessage, Op, Record};
pub use check::{Problem, Report};
pub use codec::Damaged;
pub use content::{Content, ReadEmail};
pub use email::Email;
pub use error::{Error, Fault, Refusal, Stopped};
pub use image::{Image, Message, Pick};
pub use index::{AttachmentText, IndexSize, Likeness, LikenessAnswer, TextAnswer, TextIn};
pub use intake::{Arrival, Copy, Intake};
pub use keywords::Keywords;
pub use mailbox::{Appended, Beside, Changes, Copied, Expunged, Mailbox, Since, Snapshot, Status, Stored};
pub use quota::{Exceeded, Limit, Limits, Max, Quota, QuotaOf, Resource, Usage};
pub use rebuild::{Loss, RECOVERED, Rebuilt, is_lost, is_whole, rebuild};
pub use schema::FORMAT_VERSION;
pub use store::{AccountLimits, Options, Store, committed_lengths};
pub use thread::{Ancestry, Tie};
pub use txn::{Expunge, FlagOp, StoreFlags};
pub use users::{Address, Secrets, User};
pub use watch::Watch;
