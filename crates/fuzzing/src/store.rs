//! The store of targets that hold conversations: on the in-memory engine, with limits that short inputs meet.

use std::sync::Arc;

use mailstore::{Options, Store};
use model::SystemClock;
use storage::{MemoryBlobs, MemoryEngine};
use tempfile::TempDir;

/// A store that has its files in this folder.
pub(crate) fn open(folder: &TempDir) -> Arc<Store> {
    let options = Options {
        message_bytes_max: 1 << 20,
        image_cache_bytes: 1 << 20,
        disk_reserve_bytes: 0,
        checkpoint_records_min: 4,
        copy_inline_max: 3,
        ..Options::new(folder.path().to_owned())
    };
    let (engine, blobs) = (Arc::new(MemoryEngine::default()), Arc::new(MemoryBlobs::default()));
    Store::open(engine, blobs, Arc::new(SystemClock), options).unwrap()
}
