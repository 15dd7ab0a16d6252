//! Blobs in memory, of which those with a certain mark read as damaged, and those with another one slowly.

use std::ops::{ControlFlow, Range};
use std::time::Duration;

use storage::{BlobStore, Done, Error, Location, MemoryBlobs, NewBlob, RecordHeader, SegmentInfo, Wait};

/// A message with this in it cannot be read back.
const DAMAGED: &[u8] = b"X-Damaged: yes";
/// A message with this in it takes a while to read.
const SLOW: &[u8] = b"X-Slow: yes";
/// How long.
const WHILE: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(crate) struct FragileBlobs(MemoryBlobs);

impl BlobStore for FragileBlobs {
    fn put(&self, blob: NewBlob, done: Done) {
        self.0.put(blob, done);
    }

    fn is_roomy(&self) -> bool {
        self.0.is_roomy()
    }

    fn read(&self, at: &Location) -> Result<Vec<u8>, Error> {
        let content = self.0.read(at)?;
        let has = |mark: &[u8]| content.windows(mark.len()).any(|part| part == mark);
        if has(SLOW) {
            std::thread::sleep(WHILE);
        }
        if has(DAMAGED) {
            return Err(Error::Damaged { place: "a message".to_owned(), what: "it is marked so" });
        }
        Ok(content)
    }

    fn read_stretch(&self, at: &Location, stretch: Range<u32>, wait: Wait) -> Result<Vec<u8>, Error> {
        if wait == Wait::Forbidden {
            return Err(Error::WouldWait);
        }
        self.read(at)?;
        self.0.read_stretch(at, stretch, wait)
    }

    fn segments(&self) -> Result<Vec<SegmentInfo>, Error> {
        self.0.segments()
    }

    fn scan(
        &self,
        segment: u32,
        each: &mut dyn FnMut(&RecordHeader, Location) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.0.scan(segment, each)
    }

    fn relocate(&self, at: &Location, done: Done) -> Result<(), Error> {
        self.0.relocate(at, done)
    }

    fn remove_segment(&self, segment: u32) -> Result<(), Error> {
        self.0.remove_segment(segment)
    }

    fn note_commit(&self, number: u64) {
        self.0.note_commit(number);
    }

    fn newest_commit_seen(&self) -> u64 {
        self.0.newest_commit_seen()
    }
}
