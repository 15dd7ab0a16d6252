//! What an account may have at most: mailboxes, subscriptions, keywords.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use mailstore::{Access, AccountLimits, Error, FlagOp, Options, Refusal, Store, StoreFlags};
use model::{Keyword, MailboxName, ManualClock, NamedFlags, Rights, Timestamp, UidSet};
use std::sync::Arc;
use storage::{MemoryBlobs, MemoryEngine};

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

/// A new user's access to a store whose users may have five mailboxes.
async fn access() -> (Access, tempfile::TempDir) {
    let staging = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
    let account = AccountLimits { mailboxes: 5, ..AccountLimits::DEFAULT };
    let options = Options { account, ..Options::new(staging.path().to_owned()) };
    let (engine, blobs) = (Arc::new(MemoryEngine::default()), Arc::new(MemoryBlobs::default()));
    let store = Store::open(engine, blobs, clock, options).unwrap();
    let account = store.add_user("ada@a.example", "-", &[(name("Sent"), None)]).await.unwrap();
    (store.enter(account).await.unwrap(), staging)
}

#[track_caller]
fn assert_limit<T>(result: Result<T, Error>) {
    match result {
        Err(Error::Refused(Refusal::MailboxLimit { limit: 5 })) => {}
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("there is room for one more"),
    }
}

#[tokio::test]
async fn an_account_has_so_many_mailboxes_and_no_more_until_one_goes() {
    let (access, _staging) = access().await;
    for text in ["a", "b", "c"] {
        access.create(&name(text), None).await.unwrap();
    }
    assert_limit(access.create(&name("d"), None).await);
    access.delete(&name("a")).await.unwrap();
    access.create(&name("d"), None).await.unwrap();
    assert_limit(access.create(&name("e"), None).await);
}

#[tokio::test]
async fn renaming_inbox_makes_a_mailbox_and_needs_room_for_it() {
    let (access, _staging) = access().await;
    for text in ["a", "b", "c"] {
        access.create(&name(text), None).await.unwrap();
    }
    assert_limit(access.rename(&name("INBOX"), &name("old")).await);
    access.rename(&name("a"), &name("old")).await.unwrap();
}

#[tokio::test]
async fn subscriptions_outlive_their_mailboxes_and_have_a_bound_of_their_own() {
    let (access, _staging) = access().await;
    // INBOX and Sent are subscribed from the beginning.
    for text in ["a", "b", "c"] {
        access.subscribe(&name(text), true).await.unwrap();
    }
    assert_limit(access.subscribe(&name("d"), true).await);
    access.subscribe(&name("c"), true).await.unwrap();
    access.subscribe(&name("c"), false).await.unwrap();
    access.subscribe(&name("d"), true).await.unwrap();
}

#[tokio::test]
async fn an_account_has_so_many_keywords_and_keeps_those_it_has() {
    let (access, _staging) = access().await;
    let inbox = access.mailbox(&name("INBOX"), Rights::ALL).unwrap();
    let keyword = |n: usize| Keyword::new(&format!("k{n}")).unwrap();
    let store = |keywords| StoreFlags {
        uids: UidSet::default(),
        op: FlagOp::Add,
        flags: NamedFlags { keywords, ..NamedFlags::default() },
        unchanged_since: None,
    };
    let all = (0..model::KEYWORDS_MAX).map(keyword).collect();
    inbox.store(store(all)).await.unwrap();
    let beyond = inbox.store(store(vec![keyword(model::KEYWORDS_MAX)])).await;
    assert!(
        matches!(beyond, Err(Error::Refused(Refusal::KeywordLimit { .. }))),
        "there is room for one more"
    );
    inbox.store(store(vec![keyword(0)])).await.unwrap();
}

#[tokio::test]
async fn an_alias_leads_to_so_many_addresses_and_no_more() {
    let staging = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
    let (engine, blobs) = (Arc::new(MemoryEngine::default()), Arc::new(MemoryBlobs::default()));
    let store = Store::open(engine, blobs, clock, Options::new(staging.path().to_owned())).unwrap();
    let targets: Vec<String> = (0..mailstore::ALIAS_TARGETS_MAX).map(|n| format!("u{n}@a.example")).collect();
    store.add_to_alias("all@a.example", &targets).await.unwrap();
    store.add_to_alias("all@a.example", &targets[..1]).await.unwrap();
    let beyond = store.add_to_alias("all@a.example", &["one.more@a.example".to_owned()]).await;
    let told = beyond.unwrap_err().to_string();
    assert!(told.starts_with("an alias can lead to 1000 addresses at most"), "{told}");
}

#[tokio::test]
async fn below_the_reserve_no_mail_is_taken_and_mail_is_still_deleted() {
    let staging = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
    // No disk has so much.
    let options = Options { disk_reserve_bytes: u64::MAX, ..Options::new(staging.path().to_owned()) };
    let (engine, blobs) = (Arc::new(MemoryEngine::default()), Arc::new(MemoryBlobs::default()));
    let store = Store::open(engine, blobs, clock, options).unwrap();
    let account = store.add_user("ada@a.example", "-", &[(name("Sent"), None)]).await.unwrap();
    let access = store.enter(account).await.unwrap();
    let inbox = access.mailbox(&name("INBOX"), Rights::ALL).unwrap();
    let mut intake = store.receive();
    intake.write(b"Subject: hello\r\n\r\n").unwrap();
    let taken = intake.finish(&inbox, NamedFlags::default(), None).await;
    assert!(matches!(taken, Err(Error::Refused(Refusal::DiskReserve { .. }))));
    access.delete(&name("Sent")).await.unwrap();
}
