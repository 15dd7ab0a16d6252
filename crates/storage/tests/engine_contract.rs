//! What every key-value engine promises. Each engine passes the same tests.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::ops::ControlFlow;
use storage::{Batch, Engine, MemoryEngine, Snapshot, Wait};

fn put(engine: &dyn Engine, rows: &[(&str, &str)]) {
    let mut batch = Batch::default();
    for (key, value) in rows {
        batch.put(key.as_bytes().to_vec(), value.as_bytes().to_vec());
    }
    engine.commit(&batch).unwrap();
}

fn rows(snapshot: &dyn Snapshot, from: &str, to: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut each = |key: &[u8], value: &[u8]| {
        found.push(format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(value)));
        ControlFlow::Continue(())
    };
    snapshot.scan(from.as_bytes(), to.as_bytes(), &mut each).unwrap();
    let mut again = 0;
    let mut count = |_: &[u8], _: &[u8]| {
        again += 1;
        ControlFlow::Continue(())
    };
    snapshot.scan_once(from.as_bytes(), to.as_bytes(), &mut count).unwrap();
    assert_eq!(again, found.len(), "both ways to scan see the same");
    found
}

fn a_batch_is_carried_out_in_its_order(engine: &dyn Engine) {
    let mut batch = Batch::default();
    batch.put(b"a".to_vec(), b"1".to_vec());
    batch.delete(b"a".to_vec());
    batch.put(b"b".to_vec(), b"1".to_vec());
    batch.put(b"b".to_vec(), b"2".to_vec());
    batch.put(b"c".to_vec(), b"1".to_vec());
    batch.delete_range(b"c".to_vec(), b"d".to_vec());
    batch.put(b"c2".to_vec(), b"later".to_vec());
    batch.delete_range(b"z".to_vec(), b"a".to_vec());
    engine.commit(&batch).unwrap();
    assert_eq!(rows(&*engine.snapshot().unwrap(), "a", "z"), ["b=2", "c2=later"]);
}

fn a_snapshot_does_not_change(engine: &dyn Engine) {
    put(engine, &[("k1", "old"), ("k2", "old")]);
    let before = engine.snapshot().unwrap();
    let mut batch = Batch::default();
    batch.put(b"k1".to_vec(), b"new".to_vec());
    batch.delete_range(b"k2".to_vec(), b"k3".to_vec());
    engine.commit(&batch).unwrap();
    assert_eq!(rows(&*before, "k", "l"), ["k1=old", "k2=old"]);
    assert_eq!(before.get(b"k2").unwrap().as_deref(), Some(&b"old"[..]));
    assert_eq!(rows(&*engine.snapshot().unwrap(), "k", "l"), ["k1=new"]);
}

fn a_scan_is_ordered_bounded_and_can_be_left(engine: &dyn Engine) {
    put(engine, &[("s3", "c"), ("s1", "a"), ("s2", "b"), ("s\u{ff}", "d"), ("t", "e")]);
    let snapshot = engine.snapshot().unwrap();
    assert_eq!(rows(&*snapshot, "s1", "s3"), ["s1=a", "s2=b"]);
    assert_eq!(rows(&*snapshot, "s", "t").len(), 4);
    assert_eq!(rows(&*snapshot, "s3", "s1"), [""; 0], "backwards is empty");
    let mut seen = 0;
    snapshot
        .scan(b"s", b"t", &mut |_, _| {
            seen += 1;
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(seen, 1);
}

fn keys_are_looked_up_in_the_order_asked(engine: &dyn Engine) {
    put(engine, &[("m1", "a"), ("m2", ""), ("m3", "c")]);
    let snapshot = engine.snapshot().unwrap();
    let keys = ["m3", "none", "m2", "m1"].map(|key| key.as_bytes().to_vec());
    let found = snapshot.get_many(&keys).unwrap();
    assert_eq!(found, [Some(b"c".to_vec()), None, Some(Vec::new()), Some(b"a".to_vec())]);
}

fn what_was_just_put_is_read_without_waiting(engine: &dyn Engine) {
    put(engine, &[("n1", "a"), ("n2", "b")]);
    let snapshot = engine.snapshot_for(Wait::Forbidden).unwrap();
    assert_eq!(snapshot.get(b"n1").unwrap().as_deref(), Some(&b"a"[..]));
    assert_eq!(snapshot.get_many(&[b"n2".to_vec(), b"n3".to_vec()]).unwrap(), [Some(b"b".to_vec()), None]);
    assert_eq!(rows(&*snapshot, "n", "o"), ["n1=a", "n2=b"]);
}

fn commits_from_many_threads_are_all_there(engine: &dyn Engine) {
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for n in 0..50 {
                    put(engine, &[(&format!("p{thread}-{n:02}"), "x")]);
                }
            });
        }
    });
    assert_eq!(rows(&*engine.snapshot().unwrap(), "p", "q").len(), 400);
}

fn contract(engine: &dyn Engine) {
    a_batch_is_carried_out_in_its_order(engine);
    a_snapshot_does_not_change(engine);
    a_scan_is_ordered_bounded_and_can_be_left(engine);
    keys_are_looked_up_in_the_order_asked(engine);
    what_was_just_put_is_read_without_waiting(engine);
    commits_from_many_threads_are_all_there(engine);
}

#[test]
fn the_memory_engine_keeps_the_contract() {
    contract(&MemoryEngine::default());
}

#[cfg(feature = "rocksdb")]
mod rocksdb {
    use super::*;
    use storage::{Error, RocksEngine, RocksOptions};

    #[test]
    fn rocksdb_keeps_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        contract(&RocksEngine::open(folder.path(), RocksOptions::default()).unwrap());
    }

    #[test]
    fn rocksdb_has_after_reopening_what_it_had() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..3 {
            let engine = RocksEngine::open(folder.path(), RocksOptions::default()).unwrap();
            assert_eq!(rows(&*engine.snapshot().unwrap(), "r", "s").len(), round);
            put(&engine, &[(&format!("r{round}"), "x")]);
        }
    }

    #[test]
    fn rocksdb_waits_for_what_it_has_to_fetch_and_then_has_it() {
        let folder = tempfile::tempdir().unwrap();
        put(&RocksEngine::open(folder.path(), RocksOptions::default()).unwrap(), &[("r", "x")]);
        // What was in the log is written to a table at open, and read from there.
        let engine = RocksEngine::open(folder.path(), RocksOptions::default()).unwrap();
        let get = |wait| engine.snapshot_for(wait).and_then(|snapshot| snapshot.get(b"r"));
        let scan = |wait| {
            let snapshot = engine.snapshot_for(wait)?;
            snapshot.scan(b"r", b"s", &mut |_, _| ControlFlow::Continue(()))
        };
        assert!(matches!(scan(Wait::Forbidden), Err(Error::WouldWait)));
        assert!(matches!(get(Wait::Forbidden), Err(Error::WouldWait)));
        assert_eq!(get(Wait::Allowed).unwrap().as_deref(), Some(&b"x"[..]));
        assert_eq!(get(Wait::Forbidden).unwrap().as_deref(), Some(&b"x"[..]));
        scan(Wait::Forbidden).unwrap();
    }

    #[test]
    fn rocksdb_keeps_no_more_of_what_it_read_than_it_may() {
        let folder = tempfile::tempdir().unwrap();
        let options = RocksOptions { cache_bytes: 1 << 20 };
        let engine = RocksEngine::open(folder.path(), options).unwrap();
        for n in 0..100 {
            put(&engine, &[(&format!("t{n:02}"), &format!("{n}").repeat(40_000))]);
        }
        drop(engine);
        let engine = RocksEngine::open(folder.path(), options).unwrap();
        assert_eq!(rows(&*engine.snapshot().unwrap(), "t", "u").len(), 100);
        let held = engine.cached_bytes().unwrap();
        assert!((100_000..=1 << 20).contains(&held), "{held}");
    }

    #[test]
    fn rocksdb_is_had_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let _first = RocksEngine::open(folder.path(), RocksOptions::default()).unwrap();
        let second = RocksEngine::open(folder.path(), RocksOptions::default()).err().unwrap();
        assert!(second.to_string().contains("LOCK"), "{second}");
    }

    /// A database whose newest log file holds 200 commits, and that file.
    fn with_a_log() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let engine = RocksEngine::open(folder.path(), RocksOptions::default()).unwrap();
        for n in 0..200 {
            put(&engine, &[(&format!("w{n:03}"), &"x".repeat(500))]);
        }
        drop(engine);
        let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let log = files.filter(|path| path.extension().is_some_and(|e| e == "log")).max().unwrap();
        (folder, log)
    }

    #[test]
    fn a_torn_end_of_the_log_costs_the_commit_that_was_torn() {
        let (folder, log) = with_a_log();
        let whole = std::fs::read(&log).unwrap();
        std::fs::write(&log, &whole[..whole.len() - 100]).unwrap();
        let engine = RocksEngine::open(folder.path(), RocksOptions::default()).unwrap();
        assert_eq!(rows(&*engine.snapshot().unwrap(), "w", "x").len(), 199);
    }

    #[test]
    fn damage_in_the_middle_of_the_log_is_an_error() {
        let (folder, log) = with_a_log();
        let mut damaged = std::fs::read(&log).unwrap();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x40;
        std::fs::write(&log, damaged).unwrap();
        assert!(RocksEngine::open(folder.path(), RocksOptions::default()).is_err());
    }
}
