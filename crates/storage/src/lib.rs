//! Bytes only: key-value engines, blob stores, and the disks below them. It knows no mail.
//!
//! Everything here blocks, and knows no runtime: callers bring their own threads. Only a read may be told not to wait for a disk. What is written is durable when the
//! call says so; a failed write or sync is never tried again. Nothing outside this crate names an engine.

mod blob;
mod dice;
mod disk;
mod error;
mod fault;
mod kv;
mod space;
mod spool;
mod wait;

pub use blob::{
    BlobStore, Done, Location, MemoryBlobs, NewBlob, RecordHeader, RecordKind, Salvage, Salvaged,
    SegmentInfo, SegmentOptions, SegmentStore, Walked,
};
pub use disk::{Disk, DiskFaults, DiskFile, RealDisk, SimDisk};
pub use error::Error;
pub use fault::{CommitFault, FaultEngine};
pub use kv::{Batch, Each, Engine, MemoryEngine, Snapshot};
#[cfg(feature = "rocksdb")]
pub use kv::{RocksEngine, RocksOptions};
pub use space::free_bytes;
pub use spool::{Content, Spool, clear_staging};
pub use wait::Wait;
