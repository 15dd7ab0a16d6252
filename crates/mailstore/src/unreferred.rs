//! Contents that are stored, or being stored, and that no durable commit refers to yet.
//!
//! To compaction they look like garbage: nothing in the engine tells of them. A segment that has one is left alone. What
//! is let go without a commit has become garbage, and is counted as that. Ids of blobs are given out here, so that at any
//! moment it can be said which of them a commit may yet refer to.

use model::BlobId;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use storage::Location;

/// Bits of a blob's id that count within one opening of the store; those above count the openings.
const COUNTER_BITS: u32 = 40;

/// The blobs of messages on their way in. Each belongs to [`crate::Arrival`]s or to commits in the queue, and both
/// are bounded.
#[derive(Debug)]
pub(crate) struct Unreferred(Mutex<Blobs>);

#[derive(Debug, Default)]
struct Blobs {
    /// The next id.
    next: u64,
    held: BTreeSet<BlobId>,
    /// Bytes by segment that were stored in vain.
    garbage: BTreeMap<u32, u64>,
}

/// While it lives, the blob's segment is not removed, nor is the blob given up when one of its owners does.
#[derive(Debug)]
pub(crate) struct Hold {
    all: Arc<Unreferred>,
    blob: BlobId,
    stored: Option<Location>,
    is_referred: AtomicBool,
}

/// The blobs that a commit may yet refer to, as of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnderWay {
    /// Every blob from this one on.
    pub(crate) next: BlobId,
    /// And these below it.
    pub(crate) held: BTreeSet<BlobId>,
}

impl UnderWay {
    /// Whether the blob is one of them.
    pub(crate) fn contains(&self, blob: BlobId) -> bool {
        blob >= self.next || self.held.contains(&blob)
    }
}

/// The opening of the store that a blob's id was given out in.
pub(crate) const fn generation_of(blob: BlobId) -> u64 {
    blob.0 >> COUNTER_BITS
}

impl Unreferred {
    /// For the `generation`th opening of the store.
    pub(crate) fn new(generation: u64) -> Self {
        Self(Mutex::new(Blobs { next: generation << COUNTER_BITS, ..Blobs::default() }))
    }

    /// A blob id that was never given out, for a blob that is about to be stored. The hold is let go once the commit that
    /// refers to it is durable.
    pub(crate) fn next(self: &Arc<Self>) -> Hold {
        let mut blobs = self.0.lock();
        let blob = BlobId(blobs.next);
        blobs.next += 1;
        blobs.held.insert(blob);
        Hold { all: self.clone(), blob, stored: None, is_referred: AtomicBool::new(false) }
    }

    /// Which blobs are under way. A snapshot that is taken afterwards knows of every other one that was ever committed.
    pub(crate) fn under_way(&self) -> UnderWay {
        let blobs = self.0.lock();
        UnderWay { next: BlobId(blobs.next), held: blobs.held.clone() }
    }

    /// Whether any of these is held. To be asked before the snapshot is taken that tells what is referred to.
    pub(crate) fn any(&self, mut blobs: impl Iterator<Item = BlobId>) -> bool {
        let held = &self.0.lock().held;
        !held.is_empty() && blobs.any(|blob| held.contains(&blob))
    }

    /// How many bytes of which segments have become garbage since this was last asked.
    pub(crate) fn take_garbage(&self) -> BTreeMap<u32, u64> {
        std::mem::take(&mut self.0.lock().garbage)
    }
}

impl Hold {
    /// The blob.
    pub(crate) const fn blob(&self) -> BlobId {
        self.blob
    }

    /// Notes where the blob was stored.
    pub(crate) const fn stored(&mut self, at: Location) {
        self.stored = Some(at);
    }

    /// A durable commit refers to the blob.
    pub(crate) fn referred(&self) {
        self.is_referred.store(true, Ordering::Relaxed);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut blobs = self.all.0.lock();
        blobs.held.remove(&self.blob);
        if let Some(at) = self.stored.filter(|_| !*self.is_referred.get_mut()) {
            *blobs.garbage.entry(at.segment).or_default() += u64::from(at.stored);
        }
    }
}
