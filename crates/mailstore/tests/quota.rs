//! Quotas: what would take an account or a domain beyond its limits is refused, all else passes, and nothing drifts.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use mailstore::{
    Beside, Error, Exceeded, Expunge, FlagOp, Limit, Limits, Mailbox, Options, QuotaOf, Refusal, Resource,
    Store, StoreFlags, Usage,
};
use model::{Flags, MailboxName, ManualClock, NamedFlags, Rights, Timestamp, UidSet};
use std::sync::Arc;
use storage::{MemoryBlobs, MemoryEngine};

const ADA: &str = "ada@a.example";
const BOB: &str = "bob@a.example";
/// Bytes of a message of these tests.
const MESSAGE: u64 = 100;

struct World {
    engine: Arc<MemoryEngine>,
    blobs: Arc<MemoryBlobs>,
    staging: tempfile::TempDir,
    store: Arc<Store>,
}

impl World {
    async fn new() -> Self {
        let (engine, blobs) = (Arc::new(MemoryEngine::default()), Arc::new(MemoryBlobs::default()));
        let staging = tempfile::tempdir().unwrap();
        let store = open(&engine, &blobs, &staging);
        for login in [ADA, BOB] {
            store.add_user(login, "-", &[(MailboxName::new("Archive").unwrap(), None)]).await.unwrap();
        }
        Self { engine, blobs, staging, store }
    }

    fn reopen(&mut self) {
        self.store = open(&self.engine, &self.blobs, &self.staging);
    }

    async fn mailbox(&self, login: &str, name: &str) -> Mailbox {
        let account = self.store.user(login).unwrap().unwrap().account;
        let access = self.store.enter(account).await.unwrap();
        access.mailbox(&MailboxName::new(name).unwrap(), Rights::ALL).unwrap()
    }

    async fn append(&self, login: &str, messages: usize) -> Result<(), Error> {
        let inbox = self.mailbox(login, "INBOX").await;
        let mut arrivals = Vec::new();
        for _ in 0..messages {
            let mut intake = self.store.receive();
            intake.write(format!("A: b\r\n\r\n{:-<90}\r\n", "").as_bytes()).unwrap();
            arrivals.push(intake.finish(&inbox, NamedFlags::default(), None).await.unwrap());
        }
        inbox.append(arrivals).await.map(drop)
    }

    async fn limit(&self, of: QuotaOf, bytes: Limit, messages: Limit) {
        self.store.set_quota(of, Limits { bytes, messages }).await.unwrap();
    }

    async fn usage(&self, login: &str) -> Usage {
        self.store.quota(login).await.unwrap().usage
    }
}

fn open(engine: &Arc<MemoryEngine>, blobs: &Arc<MemoryBlobs>, staging: &tempfile::TempDir) -> Arc<Store> {
    let options = Options { disk_reserve_bytes: 0, ..Options::new(staging.path().to_owned()) };
    let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000)));
    Store::open(engine.clone(), blobs.clone(), clock, options).unwrap()
}

const fn so_many(messages: u64) -> Usage {
    Usage { bytes: messages * MESSAGE, messages }
}

fn exceeded<T>(result: Result<T, Error>) -> Exceeded {
    match result {
        Err(Error::Refused(Refusal::OverQuota(exceeded))) => exceeded,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it passed"),
    }
}

async fn expunge_all(mailbox: &Mailbox) -> UidSet {
    let uids = mailbox.snapshot().await.unwrap().image.uids();
    let flags = NamedFlags::system(Flags::DELETED);
    mailbox.store(StoreFlags { uids, op: FlagOp::Add, flags, unchanged_since: None }).await.unwrap();
    mailbox.expunge(Expunge::AllDeleted).await.unwrap().uids
}

#[tokio::test]
async fn what_arrives_or_is_copied_beyond_the_limit_is_refused_as_a_whole() {
    let world = World::new().await;
    world.limit(QuotaOf::User(ADA.into()), Limit::Max(3 * MESSAGE), Limit::Unlimited).await;
    world.append(ADA, 2).await.unwrap();
    let of_bytes = Exceeded { of_domain: false, resource: Resource::Storage, limit: 3 * MESSAGE };
    assert_eq!(exceeded(world.append(ADA, 2).await), of_bytes);
    assert_eq!(world.usage(ADA).await, so_many(2), "nothing of it was kept");
    let (inbox, archive) = (world.mailbox(ADA, "INBOX").await, world.mailbox(ADA, "Archive").await);
    let uids = inbox.snapshot().await.unwrap().image.uids();
    assert_eq!(exceeded(inbox.copy(&uids, &archive).await), of_bytes);
    assert_eq!(archive.status().unwrap().messages, 0);
    inbox.move_to(&uids, &archive).await.unwrap();
    assert_eq!(world.usage(ADA).await, so_many(2), "a move takes no room");
    assert_eq!(archive.has_room(MESSAGE, Beside::default()), Ok(()));
    assert_eq!(archive.has_room(MESSAGE + 1, Beside::default()), Err(Refusal::OverQuota(of_bytes)));
    let instead = Beside { replaced: Some(1), ..Beside::default() };
    assert_eq!(archive.has_room(MESSAGE + 1, instead), Ok(()));
    let second = Beside::default().and_one_more(1);
    assert_eq!(archive.has_room(MESSAGE, second), Err(Refusal::OverQuota(of_bytes)));
    world.append(BOB, 5).await.unwrap();
}

#[tokio::test]
async fn who_is_over_the_limit_can_still_make_room() {
    let world = World::new().await;
    world.append(ADA, 3).await.unwrap();
    world.limit(QuotaOf::EachUser, Limit::Inherited, Limit::Max(1)).await;
    let of_messages = Exceeded { of_domain: false, resource: Resource::Message, limit: 1 };
    assert_eq!(exceeded(world.append(ADA, 1).await), of_messages);
    assert_eq!(expunge_all(&world.mailbox(ADA, "INBOX").await).await.len(), 3);
    world.append(ADA, 1).await.unwrap();
    assert_eq!(world.usage(ADA).await, so_many(1));
}

#[tokio::test]
async fn a_domain_is_limited_as_a_whole_also_after_a_restart() {
    let mut world = World::new().await;
    world.append(ADA, 2).await.unwrap();
    let domain = || QuotaOf::Domain("a.example".into());
    world.limit(domain(), Limit::Max(4 * MESSAGE), Limit::Inherited).await;
    assert_eq!(world.store.domain_quota("a.example").unwrap().usage, so_many(2), "what was there counts");
    world.append(BOB, 2).await.unwrap();
    let of_domain = Exceeded { of_domain: true, resource: Resource::Storage, limit: 4 * MESSAGE };
    assert_eq!(exceeded(world.append(BOB, 1).await), of_domain);
    assert!(!of_domain.to_string().contains("400"), "the domain's figures are not the user's to know");
    world.reopen();
    assert_eq!(world.store.domain_quota("a.example").unwrap().usage, so_many(4));
    assert_eq!(exceeded(world.append(ADA, 1).await), of_domain);
    expunge_all(&world.mailbox(BOB, "INBOX").await).await;
    world.append(ADA, 2).await.unwrap();
    world.store.remove_user(ADA).await.unwrap();
    assert_eq!(
        world.store.domain_quota("a.example").unwrap().usage,
        so_many(0),
        "a removed user has nothing"
    );
    world.limit(domain(), Limit::Inherited, Limit::Inherited).await;
    assert_eq!(world.store.quotas(), []);
    assert!(world.store.check(None, true).await.unwrap().problems.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn users_who_append_at_once_never_exceed_their_domain() {
    const EACH: usize = 30;
    let world = Arc::new(World::new().await);
    world.limit(QuotaOf::Domain("a.example".into()), Limit::Inherited, Limit::Max(40)).await;
    let writers = [ADA, BOB].map(|login| {
        let world = world.clone();
        tokio::spawn(async move {
            let mut kept = 0;
            for _ in 0..EACH {
                kept += u64::from(world.append(login, 1).await.is_ok());
            }
            kept
        })
    });
    let mut kept = 0;
    for writer in writers {
        kept += writer.await.unwrap();
    }
    assert_eq!(kept, 40);
    let sum = world.usage(ADA).await.messages + world.usage(BOB).await.messages;
    assert_eq!(sum, 40);
}

#[tokio::test]
async fn a_new_user_does_not_inherit_the_limits_of_one_who_was_removed() {
    let mut world = World::new().await;
    world.limit(QuotaOf::User(ADA.into()), Limit::Max(0), Limit::Inherited).await;
    exceeded(world.append(ADA, 1).await);
    world.store.remove_user(ADA).await.unwrap();
    world.store.add_user(ADA, "-", &[]).await.unwrap();
    world.append(ADA, 1).await.unwrap();
    world.reopen();
    world.append(ADA, 1).await.unwrap();
    let nobody = world.store.set_quota(QuotaOf::User("eve@a.example".into()), Limits::default()).await;
    assert!(matches!(nobody, Err(Error::Refused(Refusal::AccountMissing))));
}

#[tokio::test]
async fn the_size_of_what_is_deleted_is_known() {
    let world = World::new().await;
    world.append(ADA, 4).await.unwrap();
    let inbox = world.mailbox(ADA, "INBOX").await;
    let uids: UidSet = inbox.snapshot().await.unwrap().image.uids().iter().skip(1).collect();
    let flags = NamedFlags::system(Flags::DELETED);
    let store = |op| StoreFlags { uids: uids.clone(), op, flags: flags.clone(), unchanged_since: None };
    inbox.store(store(FlagOp::Add)).await.unwrap();
    assert_eq!(inbox.status().unwrap().deleted_size, 3 * MESSAGE);
    inbox.copy(&uids, &world.mailbox(ADA, "Archive").await).await.unwrap();
    assert_eq!(world.mailbox(ADA, "Archive").await.status().unwrap().deleted_size, 3 * MESSAGE);
    inbox.expunge(Expunge::AllDeleted).await.unwrap();
    assert_eq!(inbox.status().unwrap().deleted_size, 0);
    assert!(world.store.check(None, true).await.unwrap().problems.is_empty());
}
