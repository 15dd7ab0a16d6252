//! What a message is given when it arrives: its save date, its thread, its preview. They stay.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use mailstore::{Email, Mailbox, Options, Store};
use model::{MailboxName, ManualClock, NamedFlags, Rights, ThreadId, Timestamp, Uid};
use std::collections::HashMap;
use std::sync::Arc;
use storage::{MemoryEngine, SegmentOptions, SegmentStore, SimDisk};

const NOW: i64 = 1_790_000_000;

struct World {
    engine: Arc<MemoryEngine>,
    disk: SimDisk,
    clock: Arc<ManualClock>,
    staging: tempfile::TempDir,
    store: Arc<Store>,
}

impl World {
    async fn new() -> Self {
        let (engine, disk) = (Arc::new(MemoryEngine::default()), SimDisk::default());
        let clock = Arc::new(ManualClock::new(Timestamp(NOW as u64 * 1000)));
        let staging = tempfile::tempdir().unwrap();
        let store = open(&engine, &disk, &clock, &staging, &HashMap::new());
        let folders = [(MailboxName::new("Archive").unwrap(), None)];
        store.add_user("arrival@example.org", "-", &folders).await.unwrap();
        Self { engine, disk, clock, staging, store }
    }

    fn reopen(&mut self) {
        let lengths = mailstore::committed_lengths(&*self.engine).unwrap();
        self.store = open(&self.engine, &self.disk, &self.clock, &self.staging, &lengths);
    }

    async fn mailbox(&self, name: &str) -> Mailbox {
        let access = self.store.enter(model::AccountId(1)).await.unwrap();
        access.mailbox(&MailboxName::new(name).unwrap(), Rights::ALL).unwrap()
    }

    /// Receives a message without committing it.
    async fn received(&self, header: &str) -> mailstore::Arrival {
        let mut intake = self.store.receive();
        intake.write(format!("{header}\r\n\r\nHello there,\r\nhow are you?\r\n").as_bytes()).unwrap();
        intake.finish(&self.mailbox("INBOX").await, NamedFlags::default(), None).await.unwrap()
    }

    async fn append(&self, header: &str) -> Uid {
        let arrival = self.received(header).await;
        let appended = self.mailbox("INBOX").await.append(vec![arrival]).await.unwrap();
        appended.uids.iter().next().unwrap()
    }

    async fn email(&self, uid: Uid) -> Email {
        let message = self.mailbox("INBOX").await.snapshot().await.unwrap().image.get(uid).unwrap();
        let access = self.store.enter(model::AccountId(1)).await.unwrap();
        access.emails(&[message.email]).await.unwrap().remove(0).unwrap()
    }

    async fn thread(&self, uid: Uid) -> ThreadId {
        self.email(uid).await.thread.unwrap()
    }

    /// The save dates of a mailbox's messages, in seconds after [`NOW`].
    async fn saved(&self, name: &str) -> Vec<i64> {
        let image = self.mailbox(name).await.snapshot().await.unwrap().image;
        image.iter().map(|m| m.saved.date().unwrap().seconds - NOW).collect()
    }
}

fn open(
    engine: &Arc<MemoryEngine>,
    disk: &SimDisk,
    clock: &Arc<ManualClock>,
    staging: &tempfile::TempDir,
    lengths: &HashMap<u32, u64>,
) -> Arc<Store> {
    let blobs = SegmentStore::open(Arc::new(disk.clone()), SegmentOptions::default(), lengths).unwrap();
    let options = Options {
        disk_reserve_bytes: 0,
        checkpoint_records_min: 1,
        copy_inline_max: 2,
        ..Options::new(staging.path().to_owned())
    };
    Store::open(engine.clone(), Arc::new(blobs), clock.clone(), options).unwrap()
}

#[tokio::test]
async fn a_save_date_is_of_the_mailbox_and_outlives_checkpoints_and_restarts() {
    let mut world = World::new().await;
    for _ in 0..3 {
        world.append("Subject: saved").await;
        world.clock.advance(10_000);
    }
    assert_eq!(world.saved("INBOX").await, [0, 10, 20]);
    let (inbox, archive) = (world.mailbox("INBOX").await, world.mailbox("Archive").await);
    let all = inbox.snapshot().await.unwrap().image.uids();
    // A copy is saved when it is made: here of three messages, which are staged, then of one.
    inbox.copy(&all, &archive).await.unwrap();
    world.clock.advance(10_000);
    inbox.move_to(&model::UidSet::range(Uid::FIRST, Uid::FIRST), &archive).await.unwrap();
    for _ in 0..2 {
        assert_eq!(world.saved("INBOX").await, [10, 20]);
        assert_eq!(world.saved("Archive").await, [30, 30, 30, 40]);
        world.store.tidy().await;
        world.reopen();
    }
    assert!(world.store.check(None, true).await.unwrap().problems.is_empty());
}

#[tokio::test]
async fn a_reply_joins_its_thread_in_either_order_and_others_do_not() {
    let mut world = World::new().await;
    let root = world.append("Message-ID: <root@x>\r\nSubject: Plans").await;
    let reply = world.append("Message-ID: <reply@x>\r\nIn-Reply-To: <root@x>\r\nSubject: Re: Plans").await;
    let other = world.append("Message-ID: <other@x>\r\nSubject: Plans").await;
    let none = world.append("Subject: Plans").await;
    assert_eq!(world.thread(reply).await, world.thread(root).await);
    assert_ne!(world.thread(other).await, world.thread(root).await);
    assert_ne!(world.thread(none).await, world.thread(other).await);
    world.reopen();
    let early = world.append("Message-ID: <early@x>\r\nReferences: <late@x>").await;
    let late = world.append("Message-ID: <late@x>").await;
    assert_eq!(world.thread(late).await, world.thread(early).await);
    let deep = world.append("References: <root@x> <unknown@x>\r\nMessage-ID: <deep@x>").await;
    assert_eq!(world.thread(deep).await, world.thread(root).await);
    let unknown = world.append("Message-ID: <unknown@x>").await;
    assert_eq!(world.thread(unknown).await, world.thread(root).await);
}

#[tokio::test]
async fn messages_that_arrive_at_once_find_each_other() {
    let world = World::new().await;
    // Both were received before either was committed: neither could read of the other.
    let (root, reply) =
        (world.received("Message-ID: <a@x>").await, world.received("In-Reply-To: <a@x>").await);
    let inbox = world.mailbox("INBOX").await;
    inbox.append(vec![reply]).await.unwrap();
    inbox.append(vec![root]).await.unwrap();
    let uid = |n| Uid::new(n).unwrap();
    assert_eq!(world.thread(uid(1)).await, world.thread(uid(2)).await);
    // And within one commit.
    let both = vec![world.received("Message-ID: <b@x>").await, world.received("In-Reply-To: <b@x>").await];
    inbox.append(both).await.unwrap();
    assert_eq!(world.thread(uid(3)).await, world.thread(uid(4)).await);
    assert_ne!(world.thread(uid(3)).await, world.thread(uid(1)).await);
}

#[tokio::test]
async fn a_preview_is_kept_from_the_beginning() {
    let world = World::new().await;
    let uid = world.append("Subject: shown").await;
    assert_eq!(world.email(uid).await.preview().as_deref(), Some("Hello there, how are you?"));
}
