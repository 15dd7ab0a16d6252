//! Bytes only: key-value engines, blob stores, and the disks below them. It knows no mail.
//!
//! Everything here blocks, and knows no runtime: callers bring their own threads. What is written is durable when the
//! call says so; a failed write or sync is never tried again. Nothing outside this crate names an engine.

mod error;
mod kv;

pub use error::Error;
#[cfg(feature = "rocksdb")]
pub use kv::{RocksEngine, RocksOptions};
pub use kv::{Batch, Each, Engine, MemoryEngine, Snapshot};
