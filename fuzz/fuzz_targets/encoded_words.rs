//! `encoded_words`: see `crates/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::run("encoded_words", data));
