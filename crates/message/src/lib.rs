//! Pure functions over the bytes of a message: what IMAP says about it, to the byte.
//!
//! No I/O, no clock and no state. Whatever the bytes are, every function gives an answer, in time
//! linear in their number; each limit is a named constant where it is enforced.
//!
//! [`Digest`] is computed once when a message arrives; [`Section`] turns a FETCH section into byte
//! ranges with the digest's [`Tree`], and [`BinaryPlace`] a section that is asked for decoded; [`text`] is what SEARCH
//! looks at, and [`charset`] what it is asked in; [`StoredEnvelope`] and [`Collated`] are what SORT compares, and [`threading`] is what THREAD makes of a mailbox; [`preview()`] is a message's beginning as a list of messages shows it;
//! [`Recoded`] is a message that came in binary, as every client can be told it.

mod address;
mod attachment;
mod binary;
mod bodystructure;
pub mod charset;
mod collation;
mod comparator;
mod date;
pub mod decode;
mod digest;
mod envelope;
mod fold;
pub mod header;
mod mime;
mod msgid;
mod preview;
mod recode;
mod section;
mod structure;
mod subject;
pub mod text;
mod thread;
pub mod threading;
mod token;
mod wire;

pub use attachment::Attachment;
pub use binary::{BinaryPlace, Encoded, UnknownEncoding};
pub use collation::{COLLATED_BYTES_MAX, Collated};
pub use comparator::Comparator;
pub use digest::Digest;
pub use envelope::{FirstAddress, StoredEnvelope};
pub use fold::fold;
pub use mime::{ContentType, Parameter};
pub use preview::{PREVIEW_CHARS_MAX, preview};
pub use recode::{Recoded, StrayNul};
pub use section::{Section, SectionText};
pub use structure::{DEPTH_MAX, DamagedTree, Kind, Nesting, Node, PARTS_MAX, Tree};
pub use subject::BaseSubject;
pub use thread::{REFERENCES_MAX, Thread};
