//! The disk below a blob store: one flat folder of files that are appended to, and the order in which they become
//! durable. [`RealDisk`] is a folder; [`SimDisk`] remembers what was synced, fails on request and can lose power.

mod real;
mod sim;

pub use real::RealDisk;
pub use sim::{DiskFaults, SimDisk};

use crate::{Error, Wait};
use std::sync::Arc;

/// A folder of files.
pub trait Disk: Send + Sync + 'static {
    /// Makes a new, empty file. It is durable after its own sync and [`Disk::sync_dir`].
    ///
    /// # Errors
    /// When there is one of that name, or the disk fails.
    fn create(&self, name: &str) -> Result<Arc<dyn DiskFile>, Error>;

    /// Opens a file.
    ///
    /// # Errors
    /// When there is none, or the disk fails.
    fn open(&self, name: &str) -> Result<Arc<dyn DiskFile>, Error>;

    /// The names of all files, in no order.
    ///
    /// # Errors
    /// When the disk fails.
    fn list(&self) -> Result<Vec<String>, Error>;

    /// Unlinks a file. Those who have it open keep it.
    ///
    /// # Errors
    /// When there is none, or the disk fails.
    fn remove(&self, name: &str) -> Result<(), Error>;

    /// Makes creations and removals durable.
    ///
    /// # Errors
    /// When the disk fails; what is durable is unknown then.
    fn sync_dir(&self) -> Result<(), Error>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Writes at the end.
    ///
    /// # Errors
    /// When the disk fails; some of the bytes may have been written then.
    fn append(&self, bytes: &[u8]) -> Result<(), Error>;

    /// Fills the buffer from an offset on, and says how far: less than its length only at the end of the file.
    ///
    /// # Errors
    /// When the disk fails; [`Error::WouldWait`].
    fn read_at(&self, offset: u64, into: &mut [u8], wait: Wait) -> Result<usize, Error>;

    /// Makes all that was appended durable.
    ///
    /// # Errors
    /// When the disk fails; what is durable is unknown then, and trying again would not tell.
    fn sync(&self) -> Result<(), Error>;

    /// Cuts the file off. Durable after a sync.
    ///
    /// # Errors
    /// When the disk fails.
    fn truncate(&self, len: u64) -> Result<(), Error>;

    /// Its length in bytes.
    ///
    /// # Errors
    /// When the disk fails.
    fn size(&self) -> Result<u64, Error>;
}
