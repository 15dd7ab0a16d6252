//! Stores of earlier formats are read and go on (`docs/storage-format.md`).
//!
//! `fixtures/format-N/` holds a store that a program of format N wrote: its rows as text, its segment, and what it showed of
//! itself. `write_the_fixture_of_this_format` writes one for the format of today; a fixture is never written anew.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use mailstore::{Access, Expunge, FlagOp, Mailbox, Options, Store, StoreFlags};
use model::{
    AccountId, Flags, InternalDate, Keyword, MailboxName, ManualClock, NamedFlags, Rights, Timestamp, Uid,
    UidSet,
};
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use storage::{Batch, Engine as _, MemoryEngine, RealDisk, SegmentOptions, SegmentStore};

/// What no key is above.
const ABOVE_ALL: &[u8] = &[0xff; 64];
const SEGMENT: &str = "00000001.seg";

struct World {
    engine: Arc<MemoryEngine>,
    store: Arc<Store>,
    folder: tempfile::TempDir,
}

impl World {
    /// Opens a store whose engine holds these rows, and whose segment is there already.
    fn open(engine: MemoryEngine, folder: tempfile::TempDir) -> Self {
        let engine = Arc::new(engine);
        let disk = Arc::new(RealDisk::open(&folder.path().join("blobs")).unwrap());
        let lengths = mailstore::committed_lengths(&*engine).unwrap();
        let blobs = Arc::new(SegmentStore::open(disk, SegmentOptions::default(), &lengths).unwrap());
        let options = Options {
            disk_reserve_bytes: 0,
            checkpoint_records_min: 4,
            copy_inline_max: 50,
            ..Options::new(folder.path().join("staging"))
        };
        std::fs::create_dir_all(&options.staging).unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000)));
        let store = Store::open(engine.clone(), blobs, clock, options).unwrap();
        Self { engine, store, folder }
    }

    fn of_fixture(number: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("blobs")).unwrap();
        std::fs::copy(fixture(number).join(SEGMENT), folder.path().join("blobs").join(SEGMENT)).unwrap();
        Self::open(engine_of(&std::fs::read_to_string(fixture(number).join("rows.txt")).unwrap()), folder)
    }

    fn rows(&self) -> String {
        let mut text = String::new();
        let mut row = |key: &[u8], value: &[u8]| {
            writeln!(text, "{} {}", hex(key), hex(value)).unwrap();
            ControlFlow::Continue(())
        };
        self.engine.snapshot().unwrap().scan(&[], ABOVE_ALL, &mut row).unwrap();
        text
    }

    /// The key and value of INBOX's row: the first mailbox of the first account.
    fn inbox_row(&self) -> (Vec<u8>, Vec<u8>) {
        let mut found = None;
        let mut first = |key: &[u8], value: &[u8]| {
            found = Some((key.to_vec(), value.to_vec()));
            ControlFlow::Break(())
        };
        self.engine.snapshot().unwrap().scan(b"m", b"n", &mut first).unwrap();
        found.unwrap()
    }

    async fn access(&self) -> Access {
        self.store.enter(AccountId(1)).await.unwrap()
    }

    async fn mailbox(&self, name: &str) -> Mailbox {
        self.access().await.mailbox(&MailboxName::new(name).unwrap(), Rights::ALL).unwrap()
    }

    async fn append(&self, to: &str, subject: &str, flags: NamedFlags, source: Option<[u8; 32]>) {
        let to = self.mailbox(to).await;
        let mut intake = self.store.receive();
        let text = format!(
            "From: Ann <ann@example.org>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.org>\r\n\
             Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\nText of {subject}\r\n"
        );
        intake.write(text.as_bytes()).unwrap();
        let date = InternalDate { seconds: 1_780_000_000, zone_minutes: 330 };
        let mut arrival = intake.finish(&to, flags, Some(date)).await.unwrap();
        if let Some(source) = source {
            arrival = arrival.imported_from(source);
        }
        to.append(vec![arrival]).await.unwrap();
    }

    /// Everything that a user sees of it.
    async fn seen(&self) -> String {
        let access = self.access().await;
        let tree = access.tree();
        let mut text = String::new();
        let subscribed: Vec<String> = tree.subscribed.iter().map(|name| name.to_string()).collect();
        writeln!(text, "subscribed {}", subscribed.join(" ")).unwrap();
        for listed in tree.mailboxes {
            let mailbox = access.mailbox(&listed.name, Rights::ALL).unwrap();
            let status = mailbox.status().unwrap();
            let snapshot = mailbox.snapshot().await.unwrap();
            writeln!(
                text,
                "{} {:?} validity {} next {} modseq {} messages {} unseen {} deleted {} size {} vanished {}",
                listed.name,
                listed.special_use,
                status.uid_validity,
                status.uid_next,
                status.highest_modseq.0,
                status.messages,
                status.unseen,
                status.deleted,
                status.size,
                mailbox.vanished_since(model::ModSeq(1), &snapshot).await.unwrap(),
            )
            .unwrap();
            for m in snapshot.image.iter() {
                let email = access.emails(&[m.email]).await.unwrap().remove(0).unwrap();
                let body = access.body(&email).await.unwrap().unwrap();
                let keywords: Vec<&str> = snapshot.keywords.names(m.flags).collect();
                writeln!(
                    text,
                    "  {} {:x} {} modseq {} size {} {}{:+} {} {}",
                    m.uid,
                    m.flags.bits(),
                    keywords.join(" "),
                    m.modseq.0,
                    m.size,
                    m.date.seconds,
                    m.date.zone_minutes,
                    String::from_utf8_lossy(email.envelope()),
                    body.len(),
                )
                .unwrap();
            }
        }
        text
    }

    async fn is_whole(&self) {
        let report = self.store.check(None, true).await.unwrap();
        let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{problems:#?}");
    }
}

fn fixture(number: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/format-{number}"))
}

/// An engine with the rows that [`World::rows`] wrote.
fn engine_of(rows: &str) -> MemoryEngine {
    let engine = MemoryEngine::default();
    let mut batch = Batch::default();
    for row in rows.lines() {
        let (key, value) = row.split_once(' ').unwrap();
        batch.put(bytes(key), bytes(value));
    }
    engine.commit(&batch).unwrap();
    engine
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn all() -> UidSet {
    UidSet::range(Uid::FIRST, Uid::new(1000).unwrap())
}

fn keyword(name: &str) -> NamedFlags {
    NamedFlags { system: Flags::SEEN, keywords: vec![Keyword::new(name).unwrap()] }
}

/// A store in which every table has rows, and the log every kind of step.
async fn fill(world: &World) {
    let folders = [(MailboxName::new("Sent").unwrap(), Some(model::SpecialUse::Sent))];
    world
        .store
        .add_user("format@example.org", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$BBBB", &folders)
        .await
        .unwrap();
    let access = world.access().await;
    for name in ["Work", "Work/Plans", "Gone"] {
        access.create(&MailboxName::new(name).unwrap(), None).await.unwrap();
    }
    access.subscribe(&MailboxName::new("Work").unwrap(), true).await.unwrap();
    for n in 0..6 {
        world.append("INBOX", &format!("inbox{n}"), NamedFlags::system(Flags::NONE), None).await;
    }
    world.append("Work", "planned", keyword("$Forwarded"), Some([7; 32])).await;
    let (inbox, work) = (world.mailbox("INBOX").await, world.mailbox("Work").await);
    for _ in 0..5 {
        let uids = inbox.snapshot().await.unwrap().image.uids();
        inbox.copy(&uids, &inbox).await.unwrap();
    }
    inbox.copy(&inbox.snapshot().await.unwrap().image.uids(), &work).await.unwrap();
    let flag = |uids, flags| StoreFlags { uids, op: FlagOp::Add, flags, unchanged_since: None };
    inbox.store(flag(all(), keyword("$Junk"))).await.unwrap();
    inbox
        .store(flag(UidSet::range(Uid::FIRST, Uid::new(3).unwrap()), NamedFlags::system(Flags::DELETED)))
        .await
        .unwrap();
    inbox.expunge(Expunge::AllDeleted).await.unwrap();
    world.append("Gone", "gone", NamedFlags::system(Flags::NONE), None).await;
    access.delete(&MailboxName::new("Gone").unwrap()).await.unwrap();
    world.store.tidy().await;
    // What no checkpoint and no sweep has seen yet.
    world.append("INBOX", "late", keyword("$Late"), None).await;
    let two = UidSet::range(Uid::FIRST, Uid::new(2).unwrap());
    work.store(flag(two, NamedFlags::system(Flags::DELETED))).await.unwrap();
    work.expunge(Expunge::AllDeleted).await.unwrap();
    access.delete(&MailboxName::new("Sent").unwrap()).await.unwrap();
}

async fn goes_on(world: &World) {
    world.append("INBOX", "new", keyword("$New"), None).await;
    let inbox = world.mailbox("INBOX").await;
    let uids = inbox.snapshot().await.unwrap().image.uids();
    inbox.copy(&uids, &world.mailbox("Work/Plans").await).await.unwrap();
    world.store.tidy().await;
    world.is_whole().await;
    let kept = world.mailbox("Work/Plans").await.status().unwrap().messages;
    assert_eq!(u64::from(kept), uids.len());
}

#[tokio::test]
#[ignore = "writes the fixture of a format that is new"]
async fn write_the_fixture_of_this_format() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("blobs")).unwrap();
    let world = World::open(MemoryEngine::default(), folder);
    fill(&world).await;
    world.is_whole().await;
    let to = fixture(mailstore::FORMAT_VERSION as u32);
    std::fs::create_dir_all(&to).unwrap();
    std::fs::write(to.join("rows.txt"), world.rows()).unwrap();
    std::fs::write(to.join("seen.txt"), world.seen().await).unwrap();
    std::fs::copy(world.folder.path().join("blobs").join(SEGMENT), to.join(SEGMENT)).unwrap();
}

#[tokio::test]
async fn a_store_of_format_1_is_read_and_goes_on() {
    let world = World::of_fixture(1);
    let seen = std::fs::read_to_string(fixture(1).join("seen.txt")).unwrap();
    assert_eq!(world.seen().await, seen);
    let row = world.engine.snapshot().unwrap().get(b"V").unwrap().unwrap();
    assert_eq!(u64::from(row[0]), mailstore::FORMAT_VERSION);
    world.is_whole().await;
    let quota = world.store.quota("format@example.org").await.unwrap();
    assert_eq!(quota.usage.messages, 190 + 191, "the account knows its owner");
    goes_on(&world).await;
}

#[tokio::test]
async fn forebears_that_format_1_did_not_keep_are_read_from_the_header() {
    let world = World::of_fixture(1);
    let (access, inbox) = (world.access().await, world.mailbox("INBOX").await);
    let old = inbox.snapshot().await.unwrap().image.iter().next().unwrap();
    let old = access.emails(&[old.email]).await.unwrap().remove(0).unwrap();
    let body = access.body(&old).await.unwrap().unwrap();
    let subject = message::text::header_values(&body, "Subject").next().unwrap();
    world.append("INBOX", &subject, NamedFlags::default(), None).await;
    let new = inbox.snapshot().await.unwrap().image.iter().last().unwrap();
    let new = access.emails(&[new.email]).await.unwrap().remove(0).unwrap();
    let ancestry = access.ancestry(&old).await.unwrap().unwrap();
    assert!(ancestry.own.is_some());
    assert_eq!(access.ancestry(&new).await.unwrap(), Some(ancestry));
}

#[tokio::test]
async fn format_1_did_not_know_how_large_deleted_messages_are() {
    let world = World::of_fixture(1);
    let flags = NamedFlags::system(Flags::DELETED);
    let inbox = world.mailbox("INBOX").await;
    inbox.store(StoreFlags { uids: all(), op: FlagOp::Add, flags, unchanged_since: None }).await.unwrap();
    let deleted_size = inbox.status().unwrap().deleted_size;
    assert_ne!(deleted_size, 0);
    // As format 1 would have written it: the row without its last field, a varint of three bytes.
    let (key, row) = world.inbox_row();
    let mut batch = Batch::default();
    batch.put(key, row[..row.len() - 3].to_vec());
    let mut version = world.engine.snapshot().unwrap().get(b"V").unwrap().unwrap();
    version[0] = 1;
    batch.put(b"V".to_vec(), version);
    world.engine.commit(&batch).unwrap();
    let rows = world.rows();
    let world = World::open(engine_of(&rows), world.folder);
    assert_eq!(world.mailbox("INBOX").await.status().unwrap().deleted_size, deleted_size);
    world.is_whole().await;
}
