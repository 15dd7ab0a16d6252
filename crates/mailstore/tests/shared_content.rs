//! One content for several accounts: each reads it behind its own preface, and it stays until the last has given it up.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use mailstore::{Access, Copy, Expunge, Mailbox, Options, Store};
use model::{AccountId, Flags, MailboxName, NamedFlags, Rights, SystemClock};
use std::sync::Arc;
use storage::{MemoryBlobs, MemoryEngine};

const MESSAGE: &str = "Received: by x\r\nSubject: one for all\r\n\r\nHello.\r\n";

struct World {
    store: Arc<Store>,
    _staging: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let staging = tempfile::tempdir().unwrap();
        let options = Options { disk_reserve_bytes: 0, ..Options::new(staging.path().to_owned()) };
        let (engine, blobs) = (Arc::new(MemoryEngine::default()), Arc::new(MemoryBlobs::default()));
        let store = Store::open(engine, blobs, Arc::new(SystemClock), options).unwrap();
        for login in ["ada@example.org", "ben@example.org"] {
            store.add_user(login, "-", &[]).await.unwrap();
        }
        Self { store, _staging: staging }
    }

    async fn access(&self, account: u64) -> Access {
        self.store.enter(AccountId(account)).await.unwrap()
    }

    async fn inbox(&self, account: u64) -> Mailbox {
        self.access(account).await.mailbox(&MailboxName::inbox(), Rights::ALL).unwrap()
    }

    /// What the account's only message reads as; `None` when it has none.
    async fn read(&self, account: u64) -> Option<String> {
        let access = self.access(account).await;
        let message = self.inbox(account).await.snapshot().await.unwrap().image.iter().next()?;
        let email = access.emails(&[message.email]).await.unwrap().remove(0).unwrap();
        let body = access.body(&email).await.unwrap().unwrap();
        assert_eq!(email.size as usize, body.len());
        assert_eq!(email.tree().unwrap(), message::Tree::of(&body));
        Some(String::from_utf8(body.to_vec()).unwrap())
    }

    async fn expunge(&self, account: u64) {
        let inbox = self.inbox(account).await;
        let uids = inbox.snapshot().await.unwrap().image.uids();
        let flags = NamedFlags { system: Flags::DELETED, ..NamedFlags::default() };
        let op = mailstore::FlagOp::Add;
        let request = mailstore::StoreFlags { uids, op, flags, unchanged_since: None };
        inbox.store(request).await.unwrap();
        inbox.expunge(Expunge::AllDeleted).await.unwrap();
    }

    async fn checked(&self) {
        let report = self.store.check(None, true).await.unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }
}

#[tokio::test]
async fn a_content_of_two_accounts_is_read_behind_each_ones_preface_and_outlives_either() {
    let world = World::new().await;
    let mut intake = world.store.receive();
    intake.write(MESSAGE.as_bytes()).unwrap();
    let mut copies = Vec::new();
    for account in [1, 2] {
        let preface = format!("Delivered-To: {account}@example.org\r\n").into_bytes();
        copies.push(Copy { to: world.inbox(account).await, preface });
    }
    let mut arrivals = intake.finish_for(copies).await.unwrap().into_iter();
    world.inbox(1).await.append(vec![arrivals.next().unwrap()]).await.unwrap();
    // One has it, and gives it up again before the other gets it.
    world.expunge(1).await;
    world.store.sweep_all().await.unwrap();
    world.inbox(2).await.append(vec![arrivals.next().unwrap()]).await.unwrap();
    world.checked().await;
    world.store.sweep_all().await.unwrap();
    assert_eq!(world.read(1).await, None);
    assert_eq!(world.read(2).await.unwrap(), format!("Delivered-To: 2@example.org\r\n{MESSAGE}"));
    world.checked().await;
    world.expunge(2).await;
    world.store.sweep_all().await.unwrap();
    assert_eq!(world.read(2).await, None);
    world.checked().await;
}
