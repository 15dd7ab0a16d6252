//! A store is rebuilt from its segments alone: what its manifests tell is back, what is newer is recovered, and what was
//! expunged stays away.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

#[path = "rebuild/world.rs"]
mod world;

use mailstore::{Loss, RECOVERED};
use model::Flags;
use std::sync::Arc;
use storage::{Engine, MemoryEngine, RocksEngine, RocksOptions};
use world::{World, changes_more, furnished};

/// What is there before the engine is lost, and after the rebuild.
async fn rebuilt(mut world: World, engine: Arc<dyn Engine>) {
    world.store.write_manifests().await.unwrap();
    let before = world.seen().await;
    changes_more(&world).await;
    let report = world.rebuild(engine).await;
    assert!(report.losses.is_empty(), "{:?}", report.losses);
    let mut after = world.seen().await;
    let recovered = after.mailboxes.remove(RECOVERED).unwrap();
    assert!(after.subscribed.remove(RECOVERED));
    assert_eq!(recovered.subjects(), ["later", "later seen"]);
    assert!(recovered.messages[1].flags.system.contains(Flags::SEEN));
    assert_eq!(recovered.messages[1].date, recovered.messages[0].date);
    assert_eq!((report.messages, report.recovered), (before.count(), 2));
    for (name, mailbox) in &before.mailboxes {
        assert!(after.mailboxes[name].uid_validity > mailbox.uid_validity, "{name}");
    }
    assert_eq!(after.without_validity(), before.without_validity());
    world.is_sound().await;
}

#[tokio::test]
async fn all_that_the_manifest_tells_is_back_and_what_is_newer_is_recovered() {
    rebuilt(furnished().await, Arc::new(MemoryEngine::default())).await;
}

#[tokio::test]
async fn a_rebuild_fills_the_engine_of_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let engine = RocksEngine::open(folder.path(), RocksOptions::default()).unwrap();
    rebuilt(furnished().await, Arc::new(engine)).await;
}

#[tokio::test]
async fn manifests_survive_compaction_and_what_was_expunged_stays_away() {
    let mut world = furnished().await;
    for round in 0..4 {
        for n in 0..20 {
            world.append("INBOX", &format!("passing {round} {n}"), Flags::DELETED).await;
        }
        world.store.write_manifests().await.unwrap();
        world.expunge("INBOX").await;
        world.store.write_manifests().await.unwrap();
        world.store.tidy().await;
    }
    let segments = world.segments();
    assert!(segments.last().unwrap() > &segments.len(), "some are compacted: {segments:?}");
    let before = world.seen().await;
    let report = world.rebuild(Arc::new(MemoryEngine::default())).await;
    assert!(report.losses.is_empty(), "{:?}", report.losses);
    assert_eq!(report.recovered, 0);
    assert_eq!(world.seen().await.without_validity(), before.without_validity());
    world.is_sound().await;
    // The space of what a rebuild finds dead is given back too.
    world.store.tidy().await;
    world.is_sound().await;
}

#[tokio::test]
async fn mail_on_its_way_at_the_time_of_the_manifest_is_recovered() {
    let mut world = furnished().await;
    let slow = world.arrival("INBOX", "slow", Flags::NONE).await;
    world.append("INBOX", "quick", Flags::DELETED).await;
    world.expunge("INBOX").await;
    world.store.write_manifests().await.unwrap();
    world.put("INBOX", slow).await;
    world.rebuild(Arc::new(MemoryEngine::default())).await;
    assert_eq!(world.seen().await.mailboxes[RECOVERED].subjects(), ["slow"]);
    world.is_sound().await;
}

#[tokio::test]
async fn an_account_that_has_not_changed_writes_nothing() {
    let world = furnished().await;
    world.store.write_manifests().await.unwrap();
    let (rows, writes) = (world.rows(), world.disk.writes());
    world.store.write_manifests().await.unwrap();
    assert_eq!((world.rows(), world.disk.writes()), (rows, writes));
    let before = world.manifest_records();
    world.store.set_password(world::LOGIN, "another").await.unwrap();
    world.store.write_manifests().await.unwrap();
    let after = world.manifest_records();
    assert_eq!((before.len(), before.difference(&after).count()), (after.len(), 1), "the root alone is new");
}

#[tokio::test]
async fn a_message_whose_record_is_damaged_is_left_out_and_told_of() {
    let mut world = furnished().await;
    world.store.write_manifests().await.unwrap();
    let before = world.seen().await;
    world.damage_content("kept 3").await;
    let report = world.rebuild(Arc::new(MemoryEngine::default())).await;
    let told: Vec<String> = report.losses.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("a record's payload does not match its checksum"), "{told:?}");
    assert!(told[1].starts_with("account 1, INBOX, UID "), "{told:?}");
    let mut expected = before.without_validity();
    expected.forget("kept 3");
    assert_eq!(world.seen().await.without_validity(), expected);
    world.is_sound().await;
}

#[tokio::test]
async fn when_a_manifest_is_damaged_everything_that_has_no_place_is_recovered() {
    let mut world = furnished().await;
    world.store.write_manifests().await.unwrap();
    let before = world.seen().await;
    world.damage_a_chunk_of_the_manifest();
    let report = world.rebuild(Arc::new(MemoryEngine::default())).await;
    assert!(report.losses.iter().any(|loss| matches!(loss, Loss::NotWhole { .. })), "{:?}", report.losses);
    let after = world.seen().await;
    for subject in before.subjects() {
        assert!(after.subjects().contains(&subject), "{subject} is nowhere");
    }
    world.is_sound().await;
}

#[tokio::test]
async fn an_account_without_a_manifest_has_its_mail_recovered() {
    let mut world = furnished().await;
    let subjects = world.seen().await.subjects();
    let report = world.rebuild(Arc::new(MemoryEngine::default())).await;
    assert!(matches!(report.losses[..], [Loss::NoManifest { .. }]), "{:?}", report.losses);
    let after = world.seen().await;
    assert!(subjects.is_subset(&after.subjects()));
    assert_eq!(after.mailboxes.keys().collect::<Vec<_>>(), ["INBOX", RECOVERED]);
    assert!(world.store.users().await.unwrap().is_empty());
    world.is_sound().await;
}

#[tokio::test]
async fn what_is_rebuilt_can_be_lost_again_and_no_id_is_given_out_twice() {
    let mut world = furnished().await;
    world.store.write_manifests().await.unwrap();
    let mut known = world.ids().await;
    for round in 0..3 {
        world.append("INBOX", &format!("lost {round}"), Flags::NONE).await;
        known.extend(world.ids().await);
        world.clock.advance(1);
        world.rebuild(Arc::new(MemoryEngine::default())).await;
        world.store.write_manifests().await.unwrap();
        let new = world.append("INBOX", &format!("after rebuild {round}"), Flags::NONE).await;
        let ids = world.ids().await;
        assert!(!known.iter().any(|(email, subject)| *email == new && ids[email] != *subject));
        known.extend(ids);
        world.is_sound().await;
    }
    let recovered = &world.seen().await.mailboxes[RECOVERED];
    assert_eq!(recovered.subjects().len(), 5, "three lost ones, and two that came after a manifest");
}

#[tokio::test]
async fn an_engine_with_a_store_in_it_is_left_alone() {
    let world = furnished().await;
    let rows = world.rows();
    let clock = model::Clock::now(&*world.clock);
    assert!(mailstore::rebuild(&world.disk, &*world.engine, clock).is_err());
    assert_eq!(world.rows(), rows);
    assert!(mailstore::is_whole(&world.disk, &*world.engine).unwrap());
    assert!(!mailstore::is_whole(&world.disk, &MemoryEngine::default()).unwrap());
    assert!(!mailstore::is_lost(&world.disk, &*world.engine).unwrap());
    assert!(mailstore::is_lost(&world.disk, &MemoryEngine::default()).unwrap());
}
