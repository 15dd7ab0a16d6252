//! What segments promise about failing disks and lost power: nothing that was acknowledged is lost, what was torn is
//! cut off, and damage to what the engine refers to is told of.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use model::{AccountId, BlobId, InternalDate, MailboxId};
use std::collections::HashMap;
use std::sync::{Arc, Barrier, mpsc};
use storage::{
    BlobStore, Disk as _, DiskFaults, Error, Location, NewBlob, RealDisk, RecordKind, Salvage,
    SegmentOptions, SegmentStore, SimDisk, Wait,
};

/// Room for a few of the records here.
const SEGMENT_BYTES: u64 = 1000;
const FIRST: &str = "00000001.seg";

fn open(disk: &SimDisk, committed: &[(u32, u64)]) -> Result<SegmentStore, Error> {
    let committed = committed.iter().copied().collect();
    SegmentStore::open(Arc::new(disk.clone()), SegmentOptions { segment_bytes: SEGMENT_BYTES }, &committed)
}

fn content(id: u64) -> Vec<u8> {
    format!("content of {id}, ").into_bytes().repeat(1 + id as usize % 5)
}

fn put(store: &SegmentStore, id: u64) -> Result<Location, Error> {
    let (done, outcome) = mpsc::channel();
    let blob = NewBlob {
        kind: RecordKind::Blob,
        id: BlobId(id),
        account: AccountId(1),
        mailbox: MailboxId(1),
        date: InternalDate::utc(0),
        flags: 0,
        head: 0,
        content: content(id).into(),
    };
    store.put(blob, Box::new(move |located| done.send(located).unwrap()));
    outcome.recv().unwrap()
}

/// Puts until the disk fails, and says what was acknowledged.
fn put_some(store: &SegmentStore, ids: std::ops::Range<u64>) -> Vec<(u64, Location)> {
    ids.map_while(|id| Some((id, put(store, id).ok()?))).collect()
}

fn all_there(store: &SegmentStore, acknowledged: &[(u64, Location)]) {
    for (id, at) in acknowledged {
        assert_eq!(store.read(at).unwrap(), content(*id), "blob {id} at {at:?}");
    }
}

#[test]
fn power_lost_at_any_operation_loses_nothing_acknowledged() {
    let whole = SimDisk::default();
    put_some(&open(&whole, &[]).unwrap(), 0..25);
    assert!(whole.list().unwrap().len() > 2);
    for last in 0..=whole.operations() {
        let disk = SimDisk::default();
        disk.set_faults(DiskFaults { power_off_after: Some(last), ..DiskFaults::default() });
        let acknowledged = open(&disk, &[]).map_or_else(|_| Vec::new(), |store| put_some(&store, 0..25));
        for seed in 0..20 {
            let mut disk = disk.crash(seed);
            let mut acknowledged = acknowledged.clone();
            // Power is lost again soon after the restart.
            for round in 1..3 {
                let store = open(&disk, &[]).unwrap();
                assert!(store.damage().is_empty());
                all_there(&store, &acknowledged);
                disk.set_faults(DiskFaults {
                    power_off_after: Some(disk.operations() + seed % 7),
                    ..DiskFaults::default()
                });
                acknowledged.extend(put_some(&store, round * 100..round * 100 + 5));
                disk = disk.crash(seed * round);
            }
            all_there(&open(&disk, &[]).unwrap(), &acknowledged);
        }
    }
}

#[test]
fn power_lost_during_open_loses_nothing_either() {
    for seed in 0..40 {
        let disk = SimDisk::default();
        let acknowledged = put_some(&open(&disk, &[]).unwrap(), 0..9);
        let mut disk = disk.crash(seed);
        for last in 0..6 {
            disk.set_faults(DiskFaults { power_off_after: Some(last), ..DiskFaults::default() });
            drop(open(&disk, &[]));
            disk = disk.crash(seed + last);
        }
        all_there(&open(&disk, &[]).unwrap(), &acknowledged);
    }
}

#[test]
fn after_a_failed_write_or_sync_nothing_is_taken_until_a_restart() {
    let write = DiskFaults { fail_write: Some(4), ..DiskFaults::default() };
    let torn = DiskFaults { torn: true, ..write };
    let sync = DiskFaults { fail_sync: Some(4), ..DiskFaults::default() };
    for faults in [write, torn, sync] {
        let disk = SimDisk::default();
        disk.set_faults(faults);
        let store = open(&disk, &[]).unwrap();
        let acknowledged = put_some(&store, 0..2);
        assert_eq!(acknowledged.len(), 2);
        assert!(matches!(put(&store, 2), Err(Error::Io { .. })));
        let operations = disk.operations();
        assert!(matches!(put(&store, 3), Err(Error::Poisoned)));
        let (done, outcome) = mpsc::channel();
        store.relocate(&acknowledged[0].1, Box::new(move |located| done.send(located).unwrap())).unwrap();
        assert!(matches!(outcome.recv().unwrap(), Err(Error::Poisoned)));
        assert_eq!(disk.operations(), operations, "nothing is tried again");
        all_there(&store, &acknowledged);
        drop(store);
        let store = open(&disk, &[]).unwrap();
        all_there(&store, &acknowledged);
        all_there(&store, &put_some(&store, 3..5));
    }
}

#[test]
fn puts_at_the_same_time_share_syncs() {
    const THREADS: u64 = 16;
    const EACH: u64 = 50;
    let disk = SimDisk::default();
    let options = SegmentOptions::default();
    let store = SegmentStore::open(Arc::new(disk.clone()), options, &HashMap::new()).unwrap();
    let (before, done) = (disk.syncs(), mpsc::channel());
    let start = Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, start, done) = (&store, &start, done.0.clone());
            scope.spawn(move || {
                start.wait();
                for id in 0..EACH {
                    let blob = NewBlob {
                        kind: RecordKind::Manifest,
                        id: BlobId(thread * EACH + id),
                        account: AccountId(1),
                        mailbox: MailboxId(1),
                        date: InternalDate::utc(0),
                        flags: 0,
                        head: 0,
                        content: content(id).into(),
                    };
                    let done = done.clone();
                    store.put(blob, Box::new(move |located| done.send(located.unwrap()).unwrap()));
                }
            });
        }
    });
    let located: Vec<Location> = done.1.iter().take((THREADS * EACH) as usize).collect();
    assert!(located.iter().all(|at| store.read(at).is_ok()));
    let syncs = disk.syncs() - before;
    assert!(syncs < THREADS * EACH / 2, "{syncs} syncs");
}

#[test]
fn a_flipped_bit_anywhere_in_a_record_is_damage() {
    let disk = SimDisk::default();
    let store = open(&disk, &[]).unwrap();
    let at = put(&store, 3).unwrap();
    let after = put(&store, 4).unwrap();
    for offset in at.offset..at.offset + at.stored {
        disk.flip_bit(FIRST, offset as usize, (offset % 8) as u8).unwrap();
        assert!(matches!(store.read(&at), Err(Error::Damaged { .. })), "byte {offset}");
        assert!(store.relocate(&at, Box::new(|_| panic!())).is_err());
        disk.flip_bit(FIRST, offset as usize, (offset % 8) as u8).unwrap();
    }
    assert_eq!(store.read(&after).unwrap(), content(4));
}

#[test]
fn a_torn_end_is_cut_and_appending_goes_on_there() {
    let disk = SimDisk::default();
    let acknowledged = put_some(&open(&disk, &[]).unwrap(), 0..3);
    let end = acknowledged[2].1.end();
    for garbage in [[0; 200].as_slice(), b"\xf5PRB\x01\x01\x00\x00 and no more", &[0xff; 3]] {
        disk.open(FIRST).unwrap().append(garbage).unwrap();
        let store = open(&disk, &[(1, end)]).unwrap();
        assert!(store.damage().is_empty());
        assert_eq!(disk.open(FIRST).unwrap().size().unwrap(), end);
        all_there(&store, &acknowledged);
    }
    let next = put(&open(&disk, &[(1, end)]).unwrap(), 9).unwrap();
    assert_eq!((next.segment, u64::from(next.offset)), (1, end));
}

#[test]
fn damage_below_the_committed_offset_is_told_of_and_left_alone() {
    let disk = SimDisk::default();
    let acknowledged = put_some(&open(&disk, &[]).unwrap(), 0..3);
    let end = acknowledged[2].1.end();
    disk.flip_bit(FIRST, acknowledged[1].1.offset as usize + 50, 0).unwrap();
    let store = open(&disk, &[(1, end)]).unwrap();
    assert!(matches!(store.damage(), [Error::Damaged { place, .. }] if place.contains(FIRST)));
    assert_eq!(disk.open(FIRST).unwrap().size().unwrap(), end);
    all_there(&store, &[acknowledged[0], acknowledged[2]]);
    assert!(store.read(&acknowledged[1].1).is_err());
    assert_eq!(put(&store, 7).unwrap().segment, 2, "the damaged one is not appended to");
}

#[test]
fn what_is_missing_below_the_committed_offset_is_told_of() {
    let disk = SimDisk::default();
    let acknowledged = put_some(&open(&disk, &[]).unwrap(), 0..25);
    let (_, last) = acknowledged[24];
    assert!(last.segment > 2);
    let committed = [(1, 4000), (2, 100), (last.segment, last.end() + 1)];
    disk.remove("00000002.seg").unwrap();
    let store = open(&disk, &committed).unwrap();
    let told: Vec<String> = store.damage().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains(FIRST) && told[0].contains("cut off"));
    assert!(told[1].contains(&format!("{:08x}.seg", last.segment)) && told[1].contains("cut off"));
    assert!(told[2].contains("00000002.seg") && told[2].contains("missing"));
}

#[test]
fn the_newest_commit_is_found_again_whatever_was_removed() {
    let disk = SimDisk::default();
    let store = open(&disk, &[]).unwrap();
    assert_eq!(store.newest_commit_seen(), 0);
    put(&store, 0).unwrap();
    store.note_commit(41);
    let at = put(&store, 1).unwrap();
    drop(store);
    assert_eq!(open(&disk, &[]).unwrap().newest_commit_seen(), 41);
    let store = open(&disk, &[]).unwrap();
    put_some(&store, 2..25);
    let last = store.segments().unwrap().last().unwrap().number;
    (at.segment..last).for_each(|segment| store.remove_segment(segment).unwrap());
    drop(store);
    assert_eq!(open(&disk, &[]).unwrap().newest_commit_seen(), 41);
}

#[test]
fn a_segment_of_a_newer_format_is_refused() {
    let disk = SimDisk::default();
    drop(open(&disk, &[]).unwrap());
    disk.flip_bit(FIRST, 11, 1).unwrap();
    let error = open(&disk, &[]).err().unwrap();
    assert!(matches!(error, Error::NewerFormat { found: 3, known: 1, .. }));
    assert!(error.to_string().contains("use a newer postroom"));
}

#[test]
fn files_that_are_no_segments_are_left_alone() {
    let disk = SimDisk::default();
    disk.create("notes.txt").unwrap().append(b"mine").unwrap();
    let store = open(&disk, &[]).unwrap();
    assert_eq!(store.segments().unwrap().len(), 1);
    assert!(disk.open("notes.txt").is_ok());
}

#[test]
fn a_file_that_is_read_may_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(&folder.path().join("blobs")).unwrap();
    disk.create("a").unwrap().append(b"bytes").unwrap();
    let reader = disk.open("a").unwrap();
    disk.remove("a").unwrap();
    let mut bytes = [0; 5];
    assert_eq!(reader.read_at(0, &mut bytes, Wait::Allowed).unwrap(), 5);
    assert_eq!(&bytes, b"bytes");
}

#[test]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let blobs = folder.path().join("blobs");
    RealDisk::open(&blobs).unwrap().create("a").unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(blobs.clone()), mode(blobs.join("a"))), (0o700, 0o600));
}

#[test]
fn what_is_queued_is_written_before_the_store_closes() {
    let disk = SimDisk::default();
    let store = open(&disk, &[]).unwrap();
    let (done, outcome) = mpsc::channel();
    for id in 0..20 {
        let blob = NewBlob {
            kind: RecordKind::Blob,
            id: BlobId(id),
            account: AccountId(1),
            mailbox: MailboxId(1),
            date: InternalDate::utc(0),
            flags: 0,
            head: 0,
            content: content(id).into(),
        };
        let done = done.clone();
        store.put(blob, Box::new(move |located| done.send((id, located.unwrap())).unwrap()));
    }
    drop((store, done));
    let acknowledged: Vec<_> = outcome.iter().collect();
    assert_eq!(acknowledged.len(), 20);
    all_there(&open(&disk, &[]).unwrap(), &acknowledged);
}

/// The ids of the records that are found, those of which it is certain, and how much damage is told of.
fn salvaged(disk: &SimDisk) -> (Vec<u64>, Vec<u64>, usize) {
    let salvage = Salvage::open(disk).unwrap();
    let (mut all, mut certain) = (Vec::new(), Vec::new());
    let walked = salvage.walk(&mut |found| {
        assert_eq!(salvage.read(&found.at).unwrap(), content(found.header.id.0));
        all.push(found.header.id.0);
        certain.extend(found.certain.then_some(found.header.id.0));
    });
    (all, certain, walked.unwrap().damage.len())
}

#[test]
fn whatever_is_sound_is_salvaged_also_behind_damage() {
    let disk = SimDisk::default();
    let located = put_some(&open(&disk, &[]).unwrap(), 0..20);
    let all: Vec<u64> = (0..20).collect();
    assert_eq!(salvaged(&disk), (all.clone(), all, 0));
    let (payload, header) = (located[1].1, located[8].1);
    assert!(payload.segment < header.segment);
    disk.flip_bit(&format!("{:08x}.seg", payload.segment), payload.offset as usize + 110, 3).unwrap();
    disk.flip_bit(&format!("{:08x}.seg", header.segment), header.offset as usize + 30, 3).unwrap();
    let there: Vec<u64> = (0..20).filter(|id| ![1, 8].contains(id)).collect();
    let behind = |id: &u64| located[*id as usize].1.segment == header.segment && *id > 8;
    let certain = there.iter().copied().filter(|id| !behind(id)).collect();
    assert_eq!(salvaged(&disk), (there, certain, 2));
}

#[test]
fn the_torn_end_of_the_last_segment_is_no_damage() {
    let disk = SimDisk::default();
    let located = put_some(&open(&disk, &[]).unwrap(), 0..20);
    let last = located.last().unwrap().1;
    let file = disk.open(&format!("{:08x}.seg", last.segment)).unwrap();
    for cut in [last.end() - 1, u64::from(last.offset) + 50, u64::from(last.offset) + 1] {
        file.truncate(cut).unwrap();
        assert_eq!(salvaged(&disk), ((0..19).collect(), (0..19).collect(), 0));
    }
}
