//! Plays every dialogue of `tests/dialogue/` against a server in this process, on every engine, and with things
//! switched on that must not matter: TLS, compression, and UIDONLY for those that do without message numbers.
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
use testkit::dialogue::{Manner, Outcome, run_file_in};

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

fn in_memory(manner: Manner) -> Tally {
    let folder = tempfile::tempdir().unwrap();
    play_all(manner, InProcess::start(folder.path(), InProcess::settings()))
}

#[test]
fn every_dialogue_goes_as_written_on_the_memory_engine() {
    in_memory(Manner::AsWritten);
}

#[test]
fn every_dialogue_goes_as_written_on_rocksdb_and_segments() {
    let folder = tempfile::tempdir().unwrap();
    let engine = RocksEngine::open(&folder.path().join("kv"), RocksOptions::default()).unwrap();
    let disk = Arc::new(RealDisk::open(&folder.path().join("blobs")).unwrap());
    let blobs = SegmentStore::open(disk, SegmentOptions::default(), &HashMap::new()).unwrap();
    let server = InProcess::start_on(Arc::new(engine), Arc::new(blobs), folder.path(), InProcess::settings());
    play_all(Manner::AsWritten, server);
}

#[test]
fn every_dialogue_goes_as_written_over_tls() {
    in_memory(Manner::Tls);
}

#[test]
fn every_dialogue_goes_as_written_when_it_is_compressed() {
    in_memory(Manner::Compressed);
}

#[test]
fn every_dialogue_goes_by_uids_alone_or_is_refused_at_its_first_message_number() {
    let tally = in_memory(Manner::UidOnly);
    assert!(tally.passed > 0 && tally.refused > 0, "{tally:?}");
}

/// How many dialogues went as written, and how many up to a message number.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    refused: usize,
}

fn play_all(manner: Manner, mut server: InProcess) -> Tally {
    let (mut failed, mut skipped, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    for file in dialogues() {
        match run_file_in(manner, &file, &mut server) {
            Outcome::Passed | Outcome::Differs(_) => tally.passed += 1,
            Outcome::Refused => tally.refused += 1,
            Outcome::Skipped(capability) => skipped.push(format!("{}: {capability}", file.display())),
            Outcome::Failed(failure) => failed.push(failure.to_string()),
        }
    }
    println!("{manner:?}: {tally:?}, {} skipped, {} failed", skipped.len(), failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    // Every extension that a dialogue needs is one that this server has; a manner excludes those about itself.
    assert!(skipped.is_empty() || manner != Manner::AsWritten, "skipped: {}", skipped.join("\n"));
    server.assert_consistent();
    server.shut_down();
    tally
}
