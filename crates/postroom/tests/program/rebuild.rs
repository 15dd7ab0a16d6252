//! `rebuild`: the engine's folder is lost, and the mail is not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use crate::running::{Demo, Imap, postroom, stderr, stdout};

/// What a manifest's record begins with: the mark, version 1, kind 2.
const MANIFEST: &[u8] = b"\xf5PRB\x01\x02";
/// Where its header says whose it is, and whether it is a root.
const ACCOUNT: usize = 56;
const ROOT: std::ops::Range<usize> = 80..88;
/// How long the first manifest may take.
const WITHIN: Duration = Duration::from_secs(60);

fn rebuild(data: &Path, more: &[&str]) -> Output {
    postroom(&["rebuild", "--data"]).arg(data).args(more).output().unwrap()
}

/// The accounts whose manifests a segment has.
fn with_manifest(segment: &[u8]) -> BTreeSet<u8> {
    let marks = segment.windows(MANIFEST.len()).enumerate().filter(|(_, mark)| *mark == MANIFEST);
    let records = marks.filter_map(|(at, _)| segment.get(at..));
    let roots = records.filter(|record| record.get(ROOT) == Some(&1u64.to_be_bytes()));
    roots.map(|record| record[ACCOUNT + 7]).collect()
}

/// Waits until the manifests of both users are written, with which a server begins.
fn manifests(data: &Path) {
    let start = Instant::now();
    loop {
        let segments = data.join("blobs").read_dir().unwrap().map(|file| std::fs::read(file.unwrap().path()));
        let there: BTreeSet<u8> = segments.flat_map(|segment| with_manifest(&segment.unwrap())).collect();
        if there.len() == 2 {
            return;
        }
        assert!(start.elapsed() < WITHIN, "only {there:?} have manifests");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn put_aside(data: &Path) -> Vec<PathBuf> {
    let names = data.read_dir().unwrap().map(|file| file.unwrap().path());
    names.filter(|path| path.to_string_lossy().contains("kv.before-rebuild-")).collect()
}

/// Starts the demo again, and counts the messages of its first user.
fn messages(data: &Path, user: (&str, &str), mailboxes: &[&str]) -> Vec<u32> {
    let demo = Demo::start(data, &[]);
    let mut imap = Imap::login(demo.address("IMAP"), user);
    let messages = mailboxes.iter().map(|mailbox| imap.messages(mailbox)).collect();
    let check = demo.command(&["check", "--hashes"]).output().unwrap();
    assert!(check.status.success(), "{}", stdout(&check));
    demo.stop();
    messages
}

#[test]
fn a_lost_engine_is_made_anew_and_a_whole_one_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let demo = Demo::start(&data, &[]);
    let (user, password) = demo.first_user();
    let user = (user.as_str(), password.as_str());
    let beside = rebuild(&data, &["--force"]);
    assert!(stderr(&beside).contains("in use by another postroom (process "), "{}", stderr(&beside));
    let before: Vec<u32> = {
        let mut imap = Imap::login(demo.address("IMAP"), user);
        ["INBOX", "Sent", "Archive"].iter().map(|mailbox| imap.messages(mailbox)).collect()
    };
    manifests(&data);
    demo.stop();
    let whole = rebuild(&data, &[]);
    assert!(stderr(&whole).contains("is whole"), "{}", stderr(&whole));

    std::fs::remove_dir_all(data.join("kv")).unwrap();
    let refused = postroom(&["user", "list", "--data"]).arg(&data).output().unwrap();
    assert!(stderr(&refused).contains("let `postroom rebuild` make it anew"), "{}", stderr(&refused));
    let rebuilt = rebuild(&data, &[]);
    assert!(rebuilt.status.success(), "{}{}", stdout(&rebuilt), stderr(&rebuilt));
    assert!(stdout(&rebuilt).contains("2 accounts, "), "{}", stdout(&rebuilt));
    assert!(stdout(&rebuilt).contains("; 0 newer ones are in \"Recovered\""), "{}", stdout(&rebuilt));
    assert_eq!(messages(&data, user, &["INBOX", "Sent", "Archive"]), before);

    let forced = rebuild(&data, &["--force"]);
    assert!(forced.status.success(), "{}{}", stdout(&forced), stderr(&forced));
    // The empty engine that was made in the place of the one that was removed, and the whole one.
    assert_eq!(put_aside(&data).len(), 2, "{}", stdout(&forced));
    assert!(!data.join("kv.rebuilding").exists());
    assert_eq!(messages(&data, user, &["INBOX", "Sent", "Archive"]), before);
}

#[test]
fn where_there_is_nothing_nothing_is_rebuilt() {
    let root = tempfile::tempdir().unwrap();
    let output = rebuild(root.path(), &[]);
    assert!(stderr(&output).contains("there are no segments"), "{}", stderr(&output));
    assert!(!root.path().join("kv").exists());
    let missing = rebuild(&root.path().join("none"), &["--force"]);
    assert!(stderr(&missing).contains("there is no data folder"), "{}", stderr(&missing));
}
