//! What can go wrong below the mail store.

use std::io;
use std::path::PathBuf;

/// A failure of an engine, a blob store or the disk below them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{op} {}: {source}", path.display())]
    Io {
        /// What was tried.
        op: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Stored bytes are not what was written.
    #[error("{place} is damaged: {what}")]
    Damaged {
        /// Where.
        place: String,
        /// In what way.
        what: &'static str,
    },
    /// A file was written by a newer program.
    #[error(
        "{place} has format version {found}, and this program knows versions up to {known}: use a newer postroom"
    )]
    NewerFormat {
        /// Which file.
        place: String,
        /// Its version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// A write or a sync failed before, so that nothing can be built on what is there.
    #[error("the store has failed before and takes no more writes")]
    Poisoned,
    /// The answer is not in memory, and the reader may not wait for the disk ([`crate::Wait::Forbidden`]).
    #[error("the disk would have to be waited for")]
    WouldWait,
    /// The engine failed.
    #[error("{op}: {message}")]
    Engine {
        /// What was tried.
        op: &'static str,
        /// What the engine said.
        message: String,
    },
}
