//! What is fuzzed: one function for each target, given any bytes, which panics where something is wrong.
//!
//! `fuzz/` makes programs of them for `cargo fuzz`; the test of this crate replays the corpora in `fuzz/corpus`
//! through them without it. Nothing here links an engine (docs/testing.md).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target panics where something is wrong")]

mod delivery;
mod mail;
mod session;
mod store;
mod stored;
mod wire;

/// A target's name and what it does with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target. `fuzz/fuzz_targets` and `fuzz/corpus` have one entry for each.
pub const TARGETS: [Target; 16] = [
    ("commands", wire::commands),
    ("dates", mail::dates),
    ("encoded_words", mail::encoded_words),
    ("framing", wire::framing),
    ("lmtp", delivery::lmtp),
    ("mailbox_names", wire::mailbox_names),
    ("message", mail::message),
    ("preview", mail::preview),
    ("search_text", mail::search_text),
    ("sections", mail::sections),
    ("session_authenticated", session::authenticated),
    ("session_new", session::new),
    ("session_selected", session::selected),
    ("socketmap", delivery::socketmap),
    ("stored", stored::stored),
    ("text_index", stored::text_index),
];

/// Runs a target.
///
/// # Panics
/// There is none of that name, or it found something.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(found, _)| *found == name);
    let (_, target) = target.expect("the name is one of TARGETS");
    target(data);
}
