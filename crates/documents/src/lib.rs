//! The text of documents that come as attachments: PDF, and what office programs write.
//!
//! Whoever sends mail chooses what is in them, and the libraries that read them were not written for that. So they are read in a
//! process of its own ([`serve()`]), which has limits on memory and files, knows nothing and is replaced when it takes too long
//! or dies ([`Reader`]): a malicious document costs its own text and nothing else.

mod kind;
mod office;
mod pdf;
mod protocol;
mod reader;
mod serve;
mod sink;

pub use kind::Kind;
pub use reader::{Limits, Reader};
pub use serve::serve;
