//! `mailbox_names`: see `crates/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::run("mailbox_names", data));
