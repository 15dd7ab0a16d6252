//! What the tests of Postroom stand on: the dialogue runner, clients, and what a client may believe.
//!
//! Test code only: no crate that ships depends on it.

pub mod client;
mod deflate;
pub mod dialogue;
pub mod dice;
pub mod scram;
pub mod tls;
pub mod view;
