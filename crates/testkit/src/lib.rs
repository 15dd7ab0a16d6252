//! What the tests of Postroom stand on: the dialogue runner.
//!
//! Test code only: no crate that ships depends on it.

pub mod client;
pub mod dialogue;
pub mod tls;
