//! Replays what `fuzz/corpus` holds through the targets, and sees that each target has its program and its corpus.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use std::collections::BTreeSet;
use std::path::PathBuf;

/// The largest seed, in bytes: a corpus in the repository is small.
const SEED_BYTES_MAX: u64 = 4096;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz")).join(name)
}

fn entries(name: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder(name)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn targets() -> BTreeSet<String> {
    fuzzing::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect()
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    assert_eq!(entries("corpus"), targets());
    let programs = entries("fuzz_targets");
    assert_eq!(programs, targets().iter().map(|name| format!("{name}.rs")).collect());
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), programs.len());
}

#[test]
fn every_seed_is_small_and_answered() {
    for name in targets() {
        for seed in entries(&format!("corpus/{name}")) {
            let path = folder("corpus").join(&name).join(&seed);
            assert!(path.metadata().unwrap().len() <= SEED_BYTES_MAX, "{path:?}");
            println!("{name}/{seed}");
            fuzzing::run(&name, &std::fs::read(&path).unwrap());
        }
    }
}
