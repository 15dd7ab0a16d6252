//! Blobs in append-only segment files (`docs/storage-format.md`, Segments).
//!
//! Callers encode; one writer thread appends what has gathered with one write, makes it durable with one sync and then
//! tells everybody. After a write or sync has failed it takes nothing more: what is on the disk is unknown then.

mod file;
mod handles;
mod open;
mod queue;
mod salvage;
mod walk;
mod writer;

pub use salvage::{Salvage, Salvaged, Walked};

use super::{BlobStore, Done, Location, NewBlob, RecordHeader, SegmentInfo, record};
use crate::{Disk, DiskFile, Error, Wait};
use handles::Handles;
use parking_lot::Mutex;
use queue::{Entry, Queue};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

/// What can be chosen.
#[derive(Clone, Copy, Debug)]
pub struct SegmentOptions {
    /// A segment takes records up to this many bytes, and always one; at most [`SegmentOptions::BYTES_MAX`].
    pub segment_bytes: u64,
}

impl SegmentOptions {
    /// The largest segment, so that every offset fits in 32 bits.
    pub const BYTES_MAX: u64 = 1 << 30;
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self { segment_bytes: 128 << 20 }
    }
}

/// A folder of segments.
pub struct SegmentStore {
    disk: Arc<dyn Disk>,
    handles: Handles,
    queue: Arc<Queue>,
    lengths: Arc<Lengths>,
    newest_commit: Arc<AtomicU64>,
    newest_commit_seen: u64,
    damage: Vec<Error>,
    writer: Option<JoinHandle<()>>,
}

/// So much is read from wherever a location points.
const UNASKED_BYTES_MAX: usize = 1 << 20;

/// How long each segment is, as far as it is durable. The last one is appended to.
type Lengths = Mutex<BTreeMap<u32, u64>>;

impl SegmentStore {
    /// Opens the segments of a disk. `committed` says how far the engine refers into each.
    ///
    /// Above that, what was torn in the last segment is cut off. Damage below is left alone and can be asked for with
    /// [`SegmentStore::damage`].
    ///
    /// # Errors
    /// [`Error::NewerFormat`], or when the disk fails.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: SegmentOptions,
        committed: &HashMap<u32, u64>,
    ) -> Result<Self, Error> {
        let limit = options.segment_bytes.min(SegmentOptions::BYTES_MAX);
        let opened = open::open(&*disk, limit, committed)?;
        let lengths = Arc::new(Mutex::new(opened.lengths));
        let newest_commit = Arc::new(AtomicU64::new(opened.newest_commit));
        let queue = Arc::new(Queue::default());
        let writer = writer::Writer {
            disk: disk.clone(),
            limit,
            current: opened.current,
            lengths: lengths.clone(),
            newest_commit: newest_commit.clone(),
        };
        let consumer = queue.clone();
        let thread = thread::Builder::new().name("blob-writer".to_owned());
        let thread = thread.spawn(move || writer.run(&consumer)).map_err(|source| Error::Io {
            op: "start the thread",
            path: "blob-writer".into(),
            source,
        })?;
        Ok(Self {
            handles: Handles::default(),
            disk,
            queue,
            lengths,
            newest_commit,
            newest_commit_seen: opened.newest_commit,
            damage: opened.damage,
            writer: Some(thread),
        })
    }

    /// What was found damaged at open although the engine refers to it.
    #[must_use]
    pub fn damage(&self) -> &[Error] {
        &self.damage
    }

    fn file(&self, segment: u32, wait: Wait) -> Result<Arc<dyn DiskFile>, Error> {
        self.handles.get(segment, || match wait {
            Wait::Allowed => self.disk.open(&file::name(segment)),
            Wait::Forbidden => Err(Error::WouldWait),
        })
    }

    /// A record as it is on the disk.
    fn record(&self, at: &Location) -> Result<Vec<u8>, Error> {
        let record = Record { file: self.file(at.segment, Wait::Allowed)?, at, wait: Wait::Allowed };
        record.piece(0..at.stored as usize)
    }
}

/// One record of a file.
struct Record<'a> {
    file: Arc<dyn DiskFile>,
    at: &'a Location,
    wait: Wait,
}

impl Record<'_> {
    fn piece(&self, piece: Range<usize>) -> Result<Vec<u8>, Error> {
        let from = u64::from(self.at.offset) + piece.start as u64;
        // Asked first, so that a wrong location does not make room for gigabytes.
        if piece.len() > UNASKED_BYTES_MAX && from + piece.len() as u64 > self.file.size()? {
            return Err(record::Pieces::damaged(self, "a record lies beyond the end"));
        }
        let mut bytes = vec![0; piece.len()];
        let read = self.file.read_at(from, &mut bytes, self.wait)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

impl record::Pieces for Record<'_> {
    fn read(&self, piece: Range<usize>) -> Result<Cow<'_, [u8]>, Error> {
        self.piece(piece).map(Cow::Owned)
    }

    fn damaged(&self, what: &'static str) -> Error {
        file::damaged(self.at.segment, self.at.offset.into(), what)
    }
}

impl BlobStore for SegmentStore {
    fn put(&self, blob: NewBlob, done: Done) {
        let record = record::encode(&blob, self.newest_commit.load(Ordering::Acquire));
        let size = blob.content.len() as u32;
        drop(blob);
        self.queue.push(Entry { record, size, done });
    }

    fn is_roomy(&self) -> bool {
        self.queue.is_roomy()
    }

    fn read(&self, at: &Location) -> Result<Vec<u8>, Error> {
        let damaged = |what| file::damaged(at.segment, at.offset.into(), what);
        let (_, content) = record::decode(&self.record(at)?).map_err(damaged)?;
        if content.len() == at.size as usize {
            Ok(content)
        } else {
            Err(damaged("another record lies there"))
        }
    }

    fn read_stretch(&self, at: &Location, stretch: Range<u32>, wait: Wait) -> Result<Vec<u8>, Error> {
        let record = Record { file: self.file(at.segment, wait)?, at, wait };
        record::decode_stretch(&record, at, &at.within(&stretch))
    }

    fn segments(&self) -> Result<Vec<SegmentInfo>, Error> {
        let lengths = self.lengths.lock();
        let current = lengths.last_key_value().map(|(&number, _)| number);
        let info = |(&number, &bytes)| SegmentInfo { number, bytes, closed: Some(number) != current };
        Ok(lengths.iter().map(info).collect())
    }

    fn scan(
        &self,
        segment: u32,
        each: &mut dyn FnMut(&RecordHeader, Location) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let length = self.lengths.lock().get(&segment).copied();
        let end = length.ok_or_else(|| file::refused("scan", segment, io::ErrorKind::NotFound))?;
        walk::headers(&*self.file(segment, Wait::Allowed)?, segment, end, each)
    }

    fn relocate(&self, at: &Location, done: Done) -> Result<(), Error> {
        let record = self.record(at)?;
        record::verify(&record).map_err(|what| file::damaged(at.segment, at.offset.into(), what))?;
        self.queue.push(Entry { record: Ok(record), size: at.size, done });
        Ok(())
    }

    fn remove_segment(&self, segment: u32) -> Result<(), Error> {
        let mut lengths = self.lengths.lock();
        if lengths.last_key_value().is_some_and(|(&last, _)| last == segment) {
            return Err(file::refused("remove", segment, io::ErrorKind::ResourceBusy));
        }
        self.disk.remove(&file::name(segment))?;
        lengths.remove(&segment);
        drop(lengths);
        self.handles.forget(segment);
        self.disk.sync_dir()
    }

    fn note_commit(&self, number: u64) {
        self.newest_commit.fetch_max(number, Ordering::AcqRel);
    }

    fn newest_commit_seen(&self) -> u64 {
        self.newest_commit_seen
    }
}

impl Drop for SegmentStore {
    /// Lets the writer finish what is queued, and waits for it, unless it is the writer's thread that lets go last.
    fn drop(&mut self) {
        self.queue.close();
        let writer = self.writer.take().filter(|writer| writer.thread().id() != thread::current().id());
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the blob writer has panicked");
        }
    }
}
