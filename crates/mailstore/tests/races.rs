//! What happens at once: the sweeper, compaction and the checkpoint beside copies and appends that are under way.
//!
//! An engine that stops at chosen moments brings about orders of events that chance rarely does.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

#[path = "races/world.rs"]
mod world;

use mailstore::{Expunge, FlagOp};
use model::NamedFlags;
use std::time::Duration;
use world::{Gate, World, deleted, name, set};

/// Appends, of which most are gone again, so that their segments are worth compacting.
const MANY: u32 = 40;

#[tokio::test]
async fn a_blob_that_is_durable_and_not_yet_committed_survives_compaction() {
    let world = World::new(1000).await;
    let inbox = world.mailbox("INBOX");
    let content = world::content(1000);
    let mut intake = world.store.receive();
    intake.write(&content).unwrap();
    let arrival = intake.finish(&inbox, NamedFlags::default(), None).await.unwrap();
    world.append("INBOX", MANY).await;
    inbox.store(deleted(1..=MANY, FlagOp::Add)).await.unwrap();
    inbox.expunge(Expunge::AllDeleted).await.unwrap();
    world.store.tidy().await;
    inbox.append(vec![arrival]).await.unwrap();
    let report = world.store.check(None, true).await.unwrap();
    assert_eq!(report.problems, []);
    assert_eq!(report.hashed, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stage_that_is_linked_while_the_sweeper_looks_stays() {
    let world = World::new(1).await;
    world.append("INBOX", 5).await;
    let (inbox, to) = (world.mailbox("INBOX"), world.mailbox("a"));
    // The third commit of a large copy is the one that links what it has staged.
    let gate = world.engine.before_commit(3);
    let copy = tokio::spawn(async move { inbox.copy(&set(1..=5), &to).await.unwrap() });
    gate.reached().await;
    let (open, watch) = (gate.clone(), world.access.watch());
    let before = watch.head();
    world.engine.after_get(b'y', move || {
        open.open();
        Gate::wait_until(|| watch.head() > before);
        std::thread::sleep(Duration::from_millis(50));
    });
    world.store.tidy().await;
    gate.open();
    copy.await.unwrap();
    let world = world.reopen().await;
    assert_eq!(world.mailbox("a").snapshot().await.unwrap().image.len(), 5);
    assert_eq!(world.store.check(None, true).await.unwrap().problems, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_sweeper_knows_of_a_move_that_is_durable_and_not_yet_published() {
    let world = World::new(1000).await;
    world.append("INBOX", 3).await;
    let (inbox, to) = (world.mailbox("INBOX"), world.mailbox("a"));
    // Both images are in memory, as before the move.
    inbox.snapshot().await.unwrap();
    to.snapshot().await.unwrap();
    let (gate, watch) = (world.engine.after_commit(1), world.access.watch());
    let before = watch.head();
    let moving = tokio::spawn(async move { inbox.move_to(&set(1..=3), &to).await.unwrap() });
    gate.reached().await;
    let open = gate.clone();
    world.engine.after_get(b'b', move || {
        open.open();
        Gate::wait_until(|| watch.head() > before);
    });
    world.store.tidy().await;
    gate.open();
    moving.await.unwrap();
    assert_eq!(world.store.check(None, true).await.unwrap().problems, []);
}

#[tokio::test]
async fn a_large_move_takes_along_the_flags_that_were_changed_meanwhile() {
    // Who gets how far first is for the scheduler to say: tried until both were under way together.
    for _ in 0..50 {
        if move_beside_stores().await > 1 {
            return;
        }
    }
    panic!("the move was never overtaken by a STORE");
}

/// Moves messages while they get `\Deleted` one by one; how many had it when they were moved.
async fn move_beside_stores() -> u64 {
    let world = World::new(1).await;
    world.append("INBOX", MANY).await;
    let (inbox, to) = (world.mailbox("INBOX"), world.mailbox("a"));
    let (source, uids) = (inbox.clone(), set(1..=MANY));
    let storing = async {
        let mut changed = 0;
        for uid in 1..=MANY {
            changed += inbox.store(deleted(uid..=uid, FlagOp::Add)).await.unwrap().changed.len();
        }
        changed
    };
    let (moved, changed) = tokio::join!(source.move_to(&uids, &to), storing);
    moved.unwrap();
    assert_eq!(u64::from(to.status().unwrap().deleted), changed);
    assert_eq!(world.store.check(None, false).await.unwrap().problems, []);
    changed
}

#[tokio::test]
async fn what_a_deleted_mailbox_had_staged_goes_with_it() {
    let world = World::new(1).await;
    world.append("INBOX", 5).await;
    world.mailbox("INBOX").copy(&set(1..=5), &world.mailbox("a")).await.unwrap();
    world.access.delete(&name("a")).await.unwrap();
    world.store.tidy().await;
    assert_eq!(world.engine.rows(b'x') + world.engine.rows(b'y'), 0);
    assert_eq!(world.store.check(None, true).await.unwrap().problems, []);
}

#[tokio::test]
async fn a_segment_whose_removal_was_interrupted_is_removed_later() {
    let world = World::new(1000).await;
    let inbox = world.mailbox("INBOX");
    world.append("INBOX", MANY).await;
    inbox.store(deleted(1..=MANY, FlagOp::Add)).await.unwrap();
    inbox.expunge(Expunge::AllDeleted).await.unwrap();
    let first = world.segment(1);
    world.store.tidy().await;
    // As if the process had ended between the commit that forgets the first segment and its removal.
    world.put_segment(1, &first);
    let world = world.reopen().await;
    world.store.tidy().await;
    assert_eq!(world.segments(), 1, "only the one that is appended to is left");
}

#[tokio::test]
async fn what_was_stored_in_vain_gives_its_space_back() {
    let world = World::new(1000).await;
    let inbox = world.mailbox("INBOX");
    for seed in 0..MANY {
        world.append("INBOX", 1).await;
        for vain in 1..4 {
            let mut intake = world.store.receive();
            intake.write(&world::content(seed * 4 + vain)).unwrap();
            drop(intake.finish(&inbox, NamedFlags::default(), None).await.unwrap());
        }
    }
    let before = world.segments();
    world.store.tidy().await;
    assert!(world.segments() * 2 < before, "{} of {before} segments are left", world.segments());
    assert_eq!(world.store.check(None, true).await.unwrap().problems, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_moves_or_goes_while_it_is_checked_is_no_damage() {
    let world = World::new(1000).await;
    let inbox = world.mailbox("INBOX");
    world.append("INBOX", MANY).await;
    inbox.store(deleted(2..=MANY, FlagOp::Add)).await.unwrap();
    inbox.expunge(Expunge::AllDeleted).await.unwrap();
    let (store, runtime) = (world.store.clone(), tokio::runtime::Handle::current());
    world.engine.after_get(b'b', move || runtime.block_on(store.tidy()));
    let report = world.store.check(None, true).await.unwrap();
    assert_eq!((report.problems, report.hashed), (Vec::new(), u64::from(MANY)));
    assert!(world.segments() < 5, "most segments were removed meanwhile");
}

#[tokio::test]
async fn what_vanished_up_to_a_snapshot_is_the_same_after_a_checkpoint() {
    let world = World::new(1000).await;
    let inbox = world.mailbox("INBOX");
    world.append("INBOX", MANY).await;
    let then = inbox.snapshot().await.unwrap().modseq;
    inbox.store(deleted(2..=3, FlagOp::Add)).await.unwrap();
    inbox.expunge(Expunge::AllDeleted).await.unwrap();
    let snapshot = inbox.snapshot().await.unwrap();
    assert_eq!(inbox.vanished_since(then, &snapshot).await.unwrap(), set(2..=3));
    // What goes now, of old messages and of new ones, is not of the snapshot.
    world.append("INBOX", 10 * MANY).await;
    inbox.store(deleted(MANY - 1..=MANY + 2, FlagOp::Add)).await.unwrap();
    inbox.expunge(Expunge::AllDeleted).await.unwrap();
    world.store.tidy().await;
    assert_eq!(world.engine.rows(b'v'), 1, "the checkpoint has recorded all that vanished");
    assert_eq!(inbox.vanished_since(then, &snapshot).await.unwrap(), set(2..=3));
}

#[tokio::test]
async fn one_damaged_account_does_not_end_the_check() {
    let world = World::new(1000).await;
    let mut batch = storage::Batch::default();
    batch.put([&b"a"[..], &9u64.to_be_bytes()].concat(), vec![0xff]);
    batch.put([&b"c"[..], &1u64.to_be_bytes(), &77u32.to_be_bytes(), &[0; 4]].concat(), Vec::new());
    storage::Engine::commit(&*world.engine, &batch).unwrap();
    let said: Vec<String> =
        world.store.check(None, false).await.unwrap().problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("mailbox 77: there are chunks of it"), "{said:?}");
    assert!(said[1].contains("account 9: decode"), "{said:?}");
}

#[tokio::test]
async fn a_user_and_the_mailboxes_go_in_one_commit() {
    let world = World::new(1000).await;
    let commits = world.engine.commits();
    world.store.remove_user(world::LOGIN).await.unwrap();
    assert_eq!(world.engine.commits() - commits, 1);
}
