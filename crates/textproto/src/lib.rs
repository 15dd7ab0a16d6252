//! The small line protocols that programs speak to the server: LMTP, by which mail arrives, and socketmap, by which a mail
//! server asks whose an address is.
//!
//! Grammar and framing are pure functions over bytes; only `session.rs` of each protocol has a connection.

pub mod lmtp;
pub mod socketmap;
