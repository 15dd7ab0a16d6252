//! Contents that are stored, or being stored, and that no durable commit refers to yet.
//!
//! To compaction they look like garbage: nothing in the engine tells of them. A segment that has one is left alone. What
//! is let go without a commit has become garbage, and is counted as that.

use model::BlobId;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use storage::Location;

/// The blobs of messages on their way in. Each belongs to an [`crate::Arrival`] or to a commit in the queue, and both
/// are bounded.
#[derive(Debug, Default)]
pub(crate) struct Unreferred(Mutex<Blobs>);

#[derive(Debug, Default)]
struct Blobs {
    held: HashSet<BlobId>,
    /// Bytes by segment that were stored in vain.
    garbage: BTreeMap<u32, u64>,
}

/// While it lives, the blob's segment is not removed.
#[derive(Debug)]
pub(crate) struct Hold {
    all: Arc<Unreferred>,
    blob: BlobId,
    stored: Option<Location>,
}

impl Unreferred {
    /// To be called before the blob is stored. The hold is let go once the commit that refers to the blob is durable.
    pub(crate) fn hold(self: &Arc<Self>, blob: BlobId) -> Hold {
        self.0.lock().held.insert(blob);
        Hold { all: self.clone(), blob, stored: None }
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
    /// Notes where the blob was stored.
    pub(crate) const fn stored(&mut self, at: Location) {
        self.stored = Some(at);
    }

    /// Lets go: a durable commit refers to the blob.
    pub(crate) fn referred(mut self) {
        self.stored = None;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut blobs = self.all.0.lock();
        blobs.held.remove(&self.blob);
        if let Some(at) = self.stored {
            *blobs.garbage.entry(at.segment).or_default() += u64::from(at.stored);
        }
    }
}
