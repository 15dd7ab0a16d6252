//! Contents that are stored, or being stored, and that no durable commit refers to yet.
//!
//! To compaction they look like garbage: nothing in the engine tells of them. A segment that has one is left alone.

use model::BlobId;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;

/// The blobs of messages on their way in. Each belongs to an [`crate::Arrival`] or to a commit in the queue, and both
/// are bounded.
#[derive(Debug, Default)]
pub(crate) struct Unreferred(Mutex<HashSet<BlobId>>);

/// While it lives, the blob's segment is not removed.
#[derive(Debug)]
pub(crate) struct Hold {
    all: Arc<Unreferred>,
    blob: BlobId,
}

impl Unreferred {
    /// To be called before the blob is stored. The hold is let go once the commit that refers to the blob is durable.
    pub(crate) fn hold(self: &Arc<Self>, blob: BlobId) -> Hold {
        self.0.lock().insert(blob);
        Hold { all: self.clone(), blob }
    }

    /// Whether any of these is held. To be asked before the snapshot is taken that tells what is referred to.
    pub(crate) fn any(&self, mut blobs: impl Iterator<Item = BlobId>) -> bool {
        let held = self.0.lock();
        !held.is_empty() && blobs.any(|blob| held.contains(&blob))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.all.0.lock().remove(&self.blob);
    }
}
