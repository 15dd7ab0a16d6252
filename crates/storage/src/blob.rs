//! Blob stores: append-only segments of records, each a message's content or a manifest.
//!
//! A record is never changed. Who refers to it, and when it may go, is the business of the mail store.

mod frames;
mod memory;
mod pack;
mod record;
mod segment;

pub use memory::MemoryBlobs;
pub use segment::{Salvage, Salvaged, SegmentOptions, SegmentStore, Walked};

use crate::{Content, Error, Wait};
use model::{AccountId, BlobId, InternalDate, MailboxId};
use record::Codec;
use std::ops::{ControlFlow, Range};

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The number of its segment.
    pub segment: u32,
    /// Where it begins there, in bytes.
    pub offset: u32,
    /// Bytes of the whole record on disk.
    pub stored: u32,
    /// Bytes of the content.
    pub size: u32,
}

impl Location {
    /// As rows hold it: segment, offset, stored and content bytes, big-endian.
    #[must_use]
    pub fn encode(&self) -> [u8; 16] {
        let numbers = [self.segment, self.offset, self.stored, self.size].map(u128::from);
        numbers.iter().fold(0, |all, number| (all << 32) | number).to_be_bytes()
    }

    /// The reverse of [`Location::encode`]; `None` unless it is 16 bytes.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<4>();
        let &[segment, offset, stored, size] = numbers else { return None };
        let [segment, offset, stored, size] = [segment, offset, stored, size].map(u32::from_be_bytes);
        rest.is_empty().then_some(Self { segment, offset, stored, size })
    }

    /// What of a stretch lies within the content.
    fn within(&self, stretch: &Range<u32>) -> Range<usize> {
        let end = stretch.end.min(self.size);
        stretch.start.min(end) as usize..end as usize
    }

    /// Where the record ends in its segment.
    #[must_use]
    pub fn end(&self) -> u64 {
        u64::from(self.offset) + u64::from(self.stored)
    }
}

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// The content of a message.
    Blob,
    /// What a rebuild from the segments alone needs to know.
    Manifest,
}

/// What is to be stored, and where it was meant to go, for the case that only segments are left.
#[derive(Debug)]
pub struct NewBlob {
    /// What it is.
    pub kind: RecordKind,
    /// Its id, unique in the whole store.
    pub id: BlobId,
    /// The account it is for.
    pub account: AccountId,
    /// The mailbox it is for.
    pub mailbox: MailboxId,
    /// Its internal date.
    pub date: InternalDate,
    /// Its flags on arrival.
    pub flags: u64,
    /// How many of the first bytes will often be read alone: those of a message's header.
    pub head: u32,
    /// The bytes.
    pub content: Content,
}

/// What a record says of itself besides its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// What it is.
    pub kind: RecordKind,
    /// The blob's id.
    pub id: BlobId,
    /// The account it was stored for.
    pub account: AccountId,
    /// The mailbox it was stored for.
    pub mailbox: MailboxId,
    /// Its internal date.
    pub date: InternalDate,
    /// Its flags on arrival.
    pub flags: u64,
    /// Bytes of the content.
    pub size: u32,
    /// The content's BLAKE3 hash.
    pub hash: [u8; 32],
    /// The newest commit that was durable when it was stored.
    pub commit: u64,
    /// How the content became the payload.
    pub(crate) codec: Codec,
    /// Bytes of the payload.
    pub(crate) payload: u32,
}

/// What is known of a segment without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its number. They ascend and none is used again.
    pub number: u32,
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether it is no longer appended to.
    pub closed: bool,
}

/// Is told the outcome of a put.
pub type Done = Box<dyn FnOnce(Result<Location, Error>) + Send>;

/// A store of blobs. All calls block, but for a read that may not wait.
pub trait BlobStore: Send + Sync + 'static {
    /// Appends a record. `done` is called exactly once, from the store's writer thread, when the record is durable or
    /// has failed; it must be short. Concurrent puts share one sync. Blocks while too many bytes are queued.
    fn put(&self, blob: NewBlob, done: Done);

    /// Whether so few bytes are queued that a put of a few hundred kilobytes surely does not block.
    fn is_roomy(&self) -> bool;

    /// The whole content, verified against its checksums.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not what was stored, [`Error::Io`] when it cannot be read.
    fn read(&self, at: &Location) -> Result<Vec<u8>, Error>;

    /// A stretch of the content, as far as it has one, verified against the checksums of that stretch: what is read follows
    /// its length, not the content's.
    ///
    /// # Errors
    /// As [`BlobStore::read`]; [`Error::WouldWait`].
    fn read_stretch(&self, at: &Location, stretch: Range<u32>, wait: Wait) -> Result<Vec<u8>, Error>;

    /// All segments, ascending.
    ///
    /// # Errors
    /// When they cannot be listed.
    fn segments(&self) -> Result<Vec<SegmentInfo>, Error>;

    /// Shows the headers of a segment's records, in their order, until `each` breaks. Contents are not verified.
    ///
    /// # Errors
    /// As [`BlobStore::read`]; what lies before the damage has been shown by then.
    fn scan(
        &self,
        segment: u32,
        each: &mut dyn FnMut(&RecordHeader, Location) -> ControlFlow<()>,
    ) -> Result<(), Error>;

    /// Copies a record as it is, after verifying it, to where puts go; `done` as in [`BlobStore::put`].
    ///
    /// # Errors
    /// As [`BlobStore::read`]; `done` is not called then.
    fn relocate(&self, at: &Location, done: Done) -> Result<(), Error>;

    /// Unlinks a closed segment. Reads that are under way go on.
    ///
    /// # Errors
    /// When the segment is still appended to, or cannot be unlinked.
    fn remove_segment(&self, segment: u32) -> Result<(), Error>;

    /// Tells of the engine's newest durable commit, whose number goes into the headers of the records that follow.
    fn note_commit(&self, number: u64);

    /// The highest such number that was found at open: an engine older than that has lost commits.
    fn newest_commit_seen(&self) -> u64;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_survives_its_encoding_and_nothing_else_is_one() {
        let at = Location { segment: 1, offset: u32::MAX, stored: 7, size: 0 };
        let bytes = at.encode();
        assert_eq!(bytes[..8], [0, 0, 0, 1, 255, 255, 255, 255]);
        assert_eq!(Location::decode(&bytes), Some(at));
        assert_eq!(Location::decode(&bytes[1..]), None);
        assert_eq!(Location::decode(&[bytes.as_slice(), &[0]].concat()), None);
    }
}
