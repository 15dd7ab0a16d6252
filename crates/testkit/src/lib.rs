//! What the tests of Postroom stand on: the dialogue runner.
//!
//! Test code only: no crate that ships depends on it.

pub mod client;
mod deflate;
pub mod dialogue;
pub mod scram;
pub mod tls;
