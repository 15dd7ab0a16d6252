//! The blob store in memory: for tests, and durable only as long as it lives. It calls back on the caller's thread.

use super::{BlobStore, Done, Location, NewBlob, RecordHeader, SegmentInfo, record};
use crate::{Error, Wait};
use parking_lot::Mutex;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A segment takes no more records from this many bytes on.
const SEGMENT_BYTES: usize = 1 << 20;

/// Records in memory, in the same form as on disk.
#[derive(Debug)]
pub struct MemoryBlobs {
    segments: Mutex<BTreeMap<u32, Arc<Vec<u8>>>>,
    commit: AtomicU64,
}

impl Default for MemoryBlobs {
    fn default() -> Self {
        Self { segments: Mutex::new(BTreeMap::from([(1, Arc::default())])), commit: AtomicU64::new(0) }
    }
}

impl MemoryBlobs {
    fn append(&self, record: &[u8], size: u32) -> Location {
        let mut segments = self.segments.lock();
        let last = segments.last_key_value().map_or(0, |(&number, _)| number);
        let full = segments.get(&last).is_none_or(|bytes| bytes.len() >= SEGMENT_BYTES);
        let segment = if full { last + 1 } else { last };
        let bytes = Arc::make_mut(segments.entry(segment).or_default());
        let offset = bytes.len() as u32;
        bytes.extend_from_slice(record);
        Location { segment, offset, stored: record.len() as u32, size }
    }

    fn segment(&self, number: u32) -> Result<Arc<Vec<u8>>, Error> {
        let missing = || refused("read", number, io::ErrorKind::NotFound);
        self.segments.lock().get(&number).cloned().ok_or_else(missing)
    }
}

fn refused(op: &'static str, segment: u32, kind: io::ErrorKind) -> Error {
    Error::Io { op, path: format!("segment {segment:08x}").into(), source: kind.into() }
}

fn damaged(segment: u32, what: &'static str) -> Error {
    Error::Damaged { place: format!("segment {segment:08x} in memory"), what }
}

fn slice<'a>(bytes: &'a [u8], at: &Location) -> Result<&'a [u8], Error> {
    let range = at.offset as usize..at.end() as usize;
    bytes.get(range).ok_or_else(|| damaged(at.segment, "a record lies beyond the end"))
}

/// One record.
struct Record<'a> {
    bytes: &'a [u8],
    segment: u32,
}

impl record::Pieces for Record<'_> {
    fn read(&self, piece: Range<usize>) -> Result<Cow<'_, [u8]>, Error> {
        Ok(self.bytes.get(piece).unwrap_or_default().into())
    }

    fn damaged(&self, what: &'static str) -> Error {
        damaged(self.segment, what)
    }
}

impl BlobStore for MemoryBlobs {
    fn put(&self, blob: NewBlob, done: Done) {
        let record = record::encode(&blob, self.commit.load(Ordering::Relaxed));
        done(record.map(|record| self.append(&record, blob.content.len() as u32)));
    }

    fn is_roomy(&self) -> bool {
        true
    }

    fn read(&self, at: &Location) -> Result<Vec<u8>, Error> {
        let segment = self.segment(at.segment)?;
        let content = record::decode(slice(&segment, at)?);
        Ok(content.map_err(|what| damaged(at.segment, what))?.1)
    }

    fn read_stretch(&self, at: &Location, stretch: Range<u32>, _: Wait) -> Result<Vec<u8>, Error> {
        let segment = self.segment(at.segment)?;
        let record = Record { bytes: slice(&segment, at)?, segment: at.segment };
        record::decode_stretch(&record, at, &at.within(&stretch))
    }

    fn segments(&self) -> Result<Vec<SegmentInfo>, Error> {
        let segments = self.segments.lock();
        let last = segments.last_key_value().map(|(&number, _)| number);
        let info = |(&number, bytes): (&u32, &Arc<Vec<u8>>)| SegmentInfo {
            number,
            bytes: bytes.len() as u64,
            closed: Some(number) != last,
        };
        Ok(segments.iter().map(info).collect())
    }

    fn scan(
        &self,
        segment: u32,
        each: &mut dyn FnMut(&RecordHeader, Location) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let bytes = self.segment(segment)?;
        let mut offset = 0;
        while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
            let header = record::decode_header(rest).map_err(|what| damaged(segment, what))?;
            let stored = header.stored() as u32;
            let at = Location { segment, offset: offset as u32, stored, size: header.size };
            if each(&header, at).is_break() {
                break;
            }
            offset += stored as usize;
        }
        Ok(())
    }

    fn relocate(&self, at: &Location, done: Done) -> Result<(), Error> {
        let segment = self.segment(at.segment)?;
        let record = slice(&segment, at)?;
        record::verify(record).map_err(|what| damaged(at.segment, what))?;
        done(Ok(self.append(record, at.size)));
        Ok(())
    }

    fn remove_segment(&self, segment: u32) -> Result<(), Error> {
        let mut segments = self.segments.lock();
        if segments.last_key_value().is_some_and(|(&last, _)| last == segment) {
            return Err(refused("remove", segment, io::ErrorKind::ResourceBusy));
        }
        segments.remove(&segment).map(drop).ok_or_else(|| refused("remove", segment, io::ErrorKind::NotFound))
    }

    fn note_commit(&self, number: u64) {
        self.commit.fetch_max(number, Ordering::Relaxed);
    }

    fn newest_commit_seen(&self) -> u64 {
        0
    }
}
