//! Pure functions over the bytes of a message: what IMAP says about it, to the byte.
//!
//! No I/O, no clock and no state. Whatever the bytes are, every function gives an answer, in time
//! linear in their number; each limit is a named constant where it is enforced.
//!
//! [`Digest`] is computed once when a message arrives; [`Section`] turns a FETCH section into byte
//! ranges with the digest's [`Tree`]; [`text`] is what SEARCH looks at.

mod address;
mod bodystructure;
mod date;
pub mod decode;
mod digest;
mod envelope;
mod fold;
pub mod header;
mod mime;
mod msgid;
mod section;
mod structure;
mod subject;
pub mod text;
mod token;
mod wire;

pub use digest::Digest;
pub use fold::fold;
pub use mime::{ContentType, Parameter};
pub use section::{Section, SectionText};
pub use structure::{DEPTH_MAX, DamagedTree, Kind, Node, PARTS_MAX, Tree};
