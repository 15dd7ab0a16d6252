//! LMTP on the wire: what a client sends, and every line it is answered.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as it has to be")]

mod dialogue;
mod recipients;
mod world;

use world::World;
