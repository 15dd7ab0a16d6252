//! Bringing mail to users: whose an address is, what is written above a message, and the commits that make it theirs.
//!
//! It speaks no protocol: LMTP and the command line hand messages in and turn the answers into their own codes.

mod address;
mod deliver;
mod error;
mod header;
mod recipient;
mod trace;

pub use address::Address;
pub use deliver::{Delivery, Incoming};
pub use error::Undelivered;
pub use header::RECEIVED_MAX_DEFAULT;
pub use recipient::{ALIAS_DEPTH_MAX, RECIPIENT_USERS_MAX, Recipient, Rules};
pub use trace::{Trace, Via};
