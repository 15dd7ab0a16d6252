//! The check finds what is wrong: each kind of damage is done to the rows, and has to be named.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use mailstore::{Options, Store};
use model::{AccountId, Flags, MailboxName, NamedFlags, Rights, SystemClock};
use std::ops::ControlFlow;
use std::sync::Arc;
use storage::{Batch, Engine as _, MemoryBlobs, MemoryEngine};

struct World {
    engine: Arc<MemoryEngine>,
    store: Arc<Store>,
    _staging: tempfile::TempDir,
}

/// An account whose INBOX has three messages, one of them seen.
async fn world() -> World {
    let staging = tempfile::tempdir().unwrap();
    let engine = Arc::new(MemoryEngine::default());
    let options = Options { disk_reserve_bytes: 0, ..Options::new(staging.path().to_owned()) };
    let blobs = Arc::new(MemoryBlobs::default());
    let store = Store::open(engine.clone(), blobs, Arc::new(SystemClock), options).unwrap();
    let account = store.add_user("check@example.org", "-", &[]).await.unwrap();
    let inbox = store.enter(account).await.unwrap().mailbox(&MailboxName::inbox(), Rights::ALL).unwrap();
    for flags in [Flags::SEEN, Flags::NONE, Flags::NONE] {
        let mut intake = store.receive();
        intake.write(b"Subject: checked\r\n\r\nText\r\n").unwrap();
        let arrival = intake.finish(&inbox, NamedFlags::system(flags), None).await.unwrap();
        inbox.append(vec![arrival]).await.unwrap();
    }
    World { engine, store, _staging: staging }
}

impl World {
    /// The first row of a table, as `docs/storage-format.md` names it.
    fn row(&self, table: u8) -> (Vec<u8>, Vec<u8>) {
        let mut found = None;
        let mut first = |key: &[u8], value: &[u8]| {
            found = Some((key.to_vec(), value.to_vec()));
            ControlFlow::Break(())
        };
        self.engine.snapshot().unwrap().scan(&[table], &[table + 1], &mut first).unwrap();
        found.unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Batch)) {
        let mut batch = Batch::default();
        change(&mut batch);
        self.engine.commit(&batch).unwrap();
    }

    fn delete_first(&self, table: u8) {
        let (key, _) = self.row(table);
        self.change(|batch| batch.delete(key));
    }

    /// What the check says.
    async fn said(&self, hashes: bool) -> String {
        let report = self.store.check(Some(AccountId(1)), hashes).await.unwrap();
        report.problems.iter().map(|problem| format!("{problem}\n")).collect()
    }

    async fn says(&self, what: &str) {
        let said = self.said(true).await;
        assert!(said.contains(what), "{what:?} is not in:\n{said}");
    }
}

#[tokio::test]
async fn a_whole_store_is_whole() {
    let world = world().await;
    assert_eq!(world.said(true).await, "");
    let report = world.store.check(None, true).await.unwrap();
    assert_eq!((report.accounts, report.mailboxes, report.messages, report.hashed), (1, 1, 3, 3));
}

#[tokio::test]
async fn a_missing_account_is_told() {
    let world = world().await;
    world.delete_first(b'a');
    world.says("account 1: there is no such account").await;
}

#[tokio::test]
async fn a_missing_log_record_is_told() {
    let world = world().await;
    world.delete_first(b'l');
    world.says("the row counts 3 log records, and there are 2").await;
    world.says("the summary says 3 messages, and there are 2").await;
    world.says("e-mail 1 is in no mailbox, and no grave tells the sweeper").await;
}

#[tokio::test]
async fn a_missing_email_is_told() {
    let world = world().await;
    world.delete_first(b'e');
    world.says("e-mail 1 is missing, and mailboxes {MailboxId(1)} hold it").await;
}

#[tokio::test]
async fn a_damaged_email_is_told() {
    let world = world().await;
    let (key, mut value) = world.row(b'e');
    value.pop();
    world.change(|batch| batch.put(key, value));
    world.says("e-mail 1: the stored e-mail row cannot be read").await;
}

#[tokio::test]
async fn a_missing_reference_is_told() {
    let world = world().await;
    world.delete_first(b'r');
    world.says("mailbox 1: e-mail 1 has no reference row").await;
}

#[tokio::test]
async fn a_missing_owner_is_told() {
    let world = world().await;
    world.delete_first(b'q');
    world.says("does not know that e-mail 1 refers to it").await;
}

#[tokio::test]
async fn a_missing_blob_is_told() {
    let world = world().await;
    world.delete_first(b'b');
    world.says("which is nowhere").await;
}

#[tokio::test]
async fn a_blob_that_is_not_where_it_should_be_is_told() {
    let world = world().await;
    let (key, mut value) = world.row(b'b');
    // Its offset: the record that lies there is not whole.
    value[7] ^= 1;
    world.change(|batch| batch.put(key, value));
    let said = world.said(true).await;
    assert!(said.contains("account 1: blob "), "{said}");
    assert_eq!(world.said(false).await, "", "only reading it shows");
}

#[tokio::test]
async fn a_summary_that_has_drifted_is_told() {
    let world = world().await;
    let (key, value) = world.row(b'm');
    // Name (6 bytes), role, UIDVALIDITY (5 bytes), UIDNEXT, HIGHESTMODSEQ, messages, unseen.
    let mut drifted = value.clone();
    drifted[15] += 1;
    world.change(|batch| batch.put(key.clone(), drifted));
    world.says("the summary says 3 unseen messages, and there are 2").await;
    let mut repeats = value.clone();
    repeats[12] = 3;
    world.change(|batch| batch.put(key.clone(), repeats));
    world.says("UID 3 is not below UIDNEXT 3").await;
    let mut behind = value;
    behind[13] -= 1;
    world.change(|batch| batch.put(key, behind));
    world.says("HIGHESTMODSEQ is 3").await;
}

#[tokio::test]
async fn a_manifest_that_is_not_whole_is_told() {
    let world = world().await;
    world.store.write_manifests().await.unwrap();
    assert_eq!(world.said(true).await, "");
    let (key, value) = world.row(b'j');
    let blob = [b"b", &key[9..]].concat();
    let whole = world.engine.snapshot().unwrap().get(&blob).unwrap().unwrap();
    world.change(|batch| batch.delete(blob.clone()));
    world.says(" is nowhere").await;
    world.change(|batch| batch.put(blob, whole));
    assert_eq!(world.said(true).await, "");
    world.change(|batch| batch.delete(key.clone()));
    world.says("its manifest has 3 records, and its rows tell of 2, or others").await;
    world.change(|batch| batch.put(key, [&[99], &value[..], &[0; 16]].concat()));
    world.says("its manifest has 2 roots").await;
}

#[tokio::test]
async fn a_manifest_that_differs_from_the_store_is_told() {
    let world = world().await;
    world.store.write_manifests().await.unwrap();
    // The first commit's record, with other flags.
    let (key, mut value) = world.row(b'l');
    let flags = value.len() - 8;
    value[flags] ^= 4;
    world.change(|batch| batch.put(key, value));
    world.says("mailbox 1 is not in its manifest as it is").await;
}
