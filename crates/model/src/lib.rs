//! The vocabulary that every crate of Postroom shares, in the RFCs' own terms.
//!
//! Pure values: no I/O and no runtime. [`mod@env`] is the only source of time and randomness.

mod address;
mod date;
pub mod env;
mod flags;
mod id;
mod keyword;
mod name;
mod rights;
mod save_date;
mod uidset;

pub use address::counted_as;
pub use date::{InternalDate, InvalidDate};
pub use env::{Clock, ManualClock, SystemClock, Timestamp};
pub use flags::{Flags, KEYWORDS_MAX, NamedFlags};
pub use id::{AccountId, BlobId, EmailId, MailboxId, ModSeq, SeqNo, ThreadId, Uid, UidValidity};
pub use keyword::{InvalidKeyword, Keyword};
pub use name::{DEPTH_MAX, InvalidName, MailboxName, NAME_BYTES_MAX, SEPARATOR, SpecialUse};
pub use rights::Rights;
pub use save_date::SaveDate;
pub use uidset::UidSet;
