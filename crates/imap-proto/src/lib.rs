//! IMAP on the wire, without I/O: cutting the stream into commands, their grammar, and the spelling of answers.
//!
//! A [`Framer`] takes bytes and yields typed [`Command`]s or what is wrong with them; [`response`] appends
//! answers to a `Vec<u8>`; [`extension`] knows what is offered. Nothing here reads, waits or looks anything up.
//!
//! RFC 3501, RFC 9051, and RFC 2177, 2342, 2971, 3348, 3502, 3516, 3691, 4315, 4731, 4959, 4978, 5032, 5161, 5182, 5258,
//! 5530, 5819, 6154, 6851, 6855, 7162, 7888, 7889, 8437, 8438, 8474, 8508, 8514, 8970, 9208, 9394, 9585, 9586, 10022.

pub mod command;
mod dialect;
pub mod error;
pub mod extension;
pub mod frame;
mod lex;
pub mod limits;
pub mod mailbox;
pub mod partial;
pub mod response;
pub mod sequence;

pub use command::{Command, Tag, Tagged};
pub use dialect::Dialect;
pub use error::{Error, Refusal, Violation};
pub use frame::{Framer, RawLine, Step};
pub use limits::Limits;
pub use partial::PartialRange;
pub use sequence::{Bound, MessageSet, SequenceSet};
