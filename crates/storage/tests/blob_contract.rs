//! What every blob store promises, tried on each: in memory, in segments on a simulated disk, in segments on a real one.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use model::{AccountId, BlobId, InternalDate, MailboxId};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};
use storage::{
    BlobStore, Error, Location, MemoryBlobs, NewBlob, RealDisk, RecordKind, SegmentOptions, SegmentStore,
    SimDisk, Wait,
};

/// Small, so that the tests fill several; in memory a segment holds a megabyte.
const SEGMENT_BYTES: u64 = 16 << 10;

/// What of each is read alone.
const HEAD: u32 = 40;

fn blob(id: u64, content: &[u8]) -> NewBlob {
    NewBlob {
        kind: RecordKind::Blob,
        id: BlobId(id),
        account: AccountId(1),
        mailbox: MailboxId(2),
        date: InternalDate { seconds: 3, zone_minutes: 60 },
        flags: 4,
        head: HEAD,
        content: content.to_vec().into(),
    }
}

fn put(store: &dyn BlobStore, id: u64, content: &[u8]) -> Location {
    let (done, outcome) = mpsc::channel();
    store.put(blob(id, content), Box::new(move |located| done.send(located).unwrap()));
    outcome.recv().unwrap().unwrap()
}

fn relocate(store: &dyn BlobStore, at: &Location) -> Location {
    let (done, outcome) = mpsc::channel();
    store.relocate(at, Box::new(move |located| done.send(located).unwrap())).unwrap();
    outcome.recv().unwrap().unwrap()
}

fn ids(store: &dyn BlobStore, segment: u32) -> Vec<(u64, Location)> {
    let mut found = Vec::new();
    let each = &mut |header: &storage::RecordHeader, at| {
        found.push((header.id.0, at));
        ControlFlow::Continue(())
    };
    store.scan(segment, each).unwrap();
    found
}

/// A content that differs for each id and cannot be compressed.
fn noise(id: u64, len: usize) -> Vec<u8> {
    let mut hash = blake3::Hasher::new();
    hash.update(&id.to_be_bytes());
    let mut bytes = vec![0; len];
    hash.finalize_xof().fill(&mut bytes);
    bytes
}

fn what_was_put_is_read(store: &dyn BlobStore) {
    let contents = [Vec::new(), b"short".to_vec(), b"again and ".repeat(10_000), noise(1, 100_000)];
    for (id, content) in (1..).zip(&contents) {
        let at = put(store, id, content);
        assert_eq!(&store.read(&at).unwrap(), content);
        assert_eq!(at.size as usize, content.len());
    }
    let small = put(store, 9, &contents[2]);
    assert!(small.stored < small.size / 10, "it was compressed");
}

fn a_stretch_is_what_stands_there(store: &dyn BlobStore) {
    for (id, content) in (1..).zip([b"short".to_vec(), b"again and ".repeat(30_000), noise(1, 200_000)]) {
        let at = put(store, id, &content);
        for (from, to) in
            [(0, 0), (0, 1), (0, HEAD), (3, 50), (30, 70_000), (65_000, 131_200), (199_990, u32::MAX)]
        {
            let clamped = |n: u32| content.len().min(n as usize);
            let stretch = store.read_stretch(&at, from..to, Wait::Allowed).unwrap();
            assert_eq!(stretch, &content[clamped(from)..clamped(to)], "{from} to {to}");
            match store.read_stretch(&at, from..to, Wait::Forbidden) {
                Ok(at_once) => assert_eq!(at_once, stretch),
                // A file system may not be able to tell what is in memory.
                Err(error) => assert!(matches!(error, Error::WouldWait), "{error}"),
            }
        }
    }
}

fn headers_tell_what_was_put(store: &dyn BlobStore) {
    store.note_commit(77);
    store.note_commit(5);
    let at = put(store, 8, b"content");
    let mut headers = Vec::new();
    let each = &mut |header: &storage::RecordHeader, found| {
        headers.push((header.clone(), found));
        ControlFlow::Continue(())
    };
    store.scan(at.segment, each).unwrap();
    let (header, _) = headers.into_iter().find(|(_, found)| *found == at).unwrap();
    assert_eq!((header.kind, header.id, header.account), (RecordKind::Blob, BlobId(8), AccountId(1)));
    assert_eq!((header.mailbox, header.flags, header.size), (MailboxId(2), 4, 7));
    assert_eq!((header.date.zone_minutes, header.commit), (60, 77));
    assert_eq!(header.hash, *blake3::hash(b"content").as_bytes());
}

fn wrong_locations_are_damage(store: &dyn BlobStore) {
    let at = put(store, 1, b"content");
    put(store, 2, b"more");
    let wrong = [
        Location { offset: at.offset + 1, ..at },
        Location { stored: at.stored - 1, ..at },
        Location { stored: at.stored + 1, ..at },
        Location { stored: u32::MAX, ..at },
        Location { offset: u32::MAX, ..at },
    ];
    for wrong in wrong {
        assert!(matches!(store.read(&wrong), Err(Error::Damaged { .. })), "{wrong:?}");
        assert!(
            matches!(store.read_stretch(&wrong, 0..3, Wait::Allowed), Err(Error::Damaged { .. })),
            "{wrong:?}"
        );
        assert!(matches!(store.relocate(&wrong, Box::new(|_| panic!())), Err(Error::Damaged { .. })));
    }
    assert!(store.read(&Location { segment: 999, ..at }).is_err());
}

fn segments_fill_and_can_be_removed_once_closed(store: &dyn BlobStore) {
    let first = put(store, 1, &noise(1, 700_000));
    let mut last = first;
    for id in 2..8 {
        last = put(store, id, &noise(id, 700_000));
    }
    let segments = store.segments().unwrap();
    assert!(segments.len() > 1 && segments.is_sorted_by_key(|segment| segment.number));
    assert!(segments.iter().all(|segment| segment.closed == (segment.number != last.segment)));
    assert!(store.remove_segment(last.segment).is_err(), "it is still appended to");
    assert!(ids(store, first.segment).contains(&(1, first)));
    let copy = relocate(store, &first);
    assert_ne!(copy.segment, first.segment);
    store.remove_segment(first.segment).unwrap();
    assert!(
        store.read(&first).is_err() && store.scan(first.segment, &mut |_, _| ControlFlow::Break(())).is_err()
    );
    assert_eq!(store.read(&copy).unwrap(), noise(1, 700_000));
    assert!(store.segments().unwrap().iter().all(|segment| segment.number != first.segment));
    assert!(store.remove_segment(first.segment).is_err());
}

fn a_scan_stops_when_told(store: &dyn BlobStore) {
    let at = put(store, 1, b"one");
    assert_eq!(put(store, 2, b"two").segment, at.segment);
    let mut seen = 0;
    let each = &mut |_: &storage::RecordHeader, _| {
        seen += 1;
        ControlFlow::Break(())
    };
    store.scan(at.segment, each).unwrap();
    assert_eq!(seen, 1);
}

fn many_threads_put_and_read_at_once(store: &dyn BlobStore) {
    let one = |thread: u64| {
        for id in thread * 1000..thread * 1000 + 50 {
            let content = noise(id, 500 + (id % 97) as usize);
            let at = put(store, id, &content);
            assert_eq!(store.read(&at).unwrap(), content);
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || one(thread));
        }
    });
    let segments = store.segments().unwrap();
    let found: usize = segments.iter().map(|segment| ids(store, segment.number).len()).sum();
    assert_eq!(found, 400);
}

fn in_segments(disk: Arc<dyn storage::Disk>) -> SegmentStore {
    SegmentStore::open(disk, SegmentOptions { segment_bytes: SEGMENT_BYTES }, &HashMap::new()).unwrap()
}

macro_rules! contract {
    ($($promise:ident),* $(,)?) => {
        mod memory {
            $(#[test]
            fn $promise() {
                super::$promise(&super::MemoryBlobs::default());
            })*
        }

        mod segments_on_a_simulated_disk {
            $(#[test]
            fn $promise() {
                super::$promise(&super::in_segments(std::sync::Arc::new(super::SimDisk::default())));
            })*
        }

        mod segments_on_a_real_disk {
            $(#[test]
            fn $promise() {
                let folder = tempfile::tempdir().unwrap();
                let disk = super::RealDisk::open(&folder.path().join("blobs")).unwrap();
                super::$promise(&super::in_segments(std::sync::Arc::new(disk)));
            })*
        }
    };
}

contract!(
    what_was_put_is_read,
    a_stretch_is_what_stands_there,
    headers_tell_what_was_put,
    wrong_locations_are_damage,
    segments_fill_and_can_be_removed_once_closed,
    a_scan_stops_when_told,
    many_threads_put_and_read_at_once,
);

#[test]
fn a_stretch_is_read_and_verified_without_the_rest() {
    let (disk, content) = (Arc::new(SimDisk::default()), b"words and ".repeat(30_000));
    let at = put(&in_segments(disk.clone()), 1, &content);
    let file = storage::Disk::open(&*disk, "00000001.seg").unwrap();
    let mut bytes = vec![0; at.end() as usize];
    file.read_at(0, &mut bytes, Wait::Allowed).unwrap();
    // The last byte of the last frame, before the checksum of the whole.
    bytes[at.end() as usize - 5] ^= 1;
    let damaged = Arc::new(SimDisk::default());
    storage::Disk::create(&*damaged, "00000001.seg").unwrap().append(&bytes).unwrap();
    let committed = HashMap::from([(at.segment, at.end())]);
    let store = SegmentStore::open(damaged, SegmentOptions::default(), &committed).unwrap();
    assert!(matches!(store.read(&at), Err(Error::Damaged { .. })));
    assert_eq!(store.read_stretch(&at, 0..HEAD, Wait::Allowed).unwrap(), &content[..HEAD as usize]);
    let end = at.size - 10..at.size;
    assert!(matches!(store.read_stretch(&at, end, Wait::Allowed), Err(Error::Damaged { .. })));
}
