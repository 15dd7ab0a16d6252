//! Plays every dialogue of `tests/dialogue/` against a server in this process, on every engine.
//!
//! `DIALOGUE=fetch cargo test -p imap --test dialogue` plays those whose names contain the word. At the end the
//! store has to be consistent.

#![allow(clippy::unwrap_used, reason = "what goes wrong in the harness ends the test")]

#[path = "harness/in_process.rs"]
mod in_process;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use in_process::InProcess;
use storage::{RealDisk, RocksEngine, RocksOptions, SegmentOptions, SegmentStore};
use testkit::dialogue::{Outcome, run_file};

fn dialogues() -> Vec<PathBuf> {
    let word = std::env::var("DIALOGUE").unwrap_or_default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogue");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_wanted = |path: &PathBuf| {
        path.extension().is_some_and(|e| e == "imap") && path.to_string_lossy().contains(&word)
    };
    let mut files: Vec<PathBuf> = files.filter(is_wanted).collect();
    files.sort();
    files
}

#[test]
fn every_dialogue_goes_as_written_on_the_memory_engine() {
    let folder = tempfile::tempdir().unwrap();
    play_all(InProcess::start(folder.path(), InProcess::settings()));
}

#[test]
fn every_dialogue_goes_as_written_on_rocksdb_and_segments() {
    let folder = tempfile::tempdir().unwrap();
    let engine = RocksEngine::open(&folder.path().join("kv"), RocksOptions::default()).unwrap();
    let disk = Arc::new(RealDisk::open(&folder.path().join("blobs")).unwrap());
    let blobs = SegmentStore::open(disk, SegmentOptions::default(), &HashMap::new()).unwrap();
    play_all(InProcess::start_on(Arc::new(engine), Arc::new(blobs), folder.path(), InProcess::settings()));
}

fn play_all(mut server: InProcess) {
    let (mut failed, mut skipped, mut passed) = (Vec::new(), Vec::new(), 0);
    for file in dialogues() {
        match run_file(&file, &mut server) {
            Outcome::Passed | Outcome::Differs(_) => passed += 1,
            Outcome::Skipped(capability) => skipped.push(format!("{}: {capability}", file.display())),
            Outcome::Failed(failure) => failed.push(failure.to_string()),
        }
    }
    println!("{passed} dialogues passed, {} skipped, {} failed", skipped.len(), failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    // Every extension that a dialogue needs is one that this server has.
    assert!(skipped.is_empty(), "skipped: {}", skipped.join("\n"));
    server.assert_consistent();
    server.shut_down();
}
