//! Contents on their way in: a spool takes bytes as they come, in memory while they are few and then in a staging
//! file; a content is what has come in, to be read as one slice.

use crate::Error;
use memmap2::Mmap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::ops::Deref;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fmt, mem, process};

/// What the name of a staging file begins with.
const PREFIX: &str = "spool-";
/// Only the server's user enters the staging folder.
const FOLDER_MODE: u32 = 0o700;
/// Only the server's user reads a staging file.
const FILE_MODE: u32 = 0o600;

/// Takes bytes as they come. What it staged is removed when it is dropped.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    memory: Vec<u8>,
    staged: Option<Staged>,
}

impl Spool {
    /// Up to this many bytes are kept in memory.
    pub const MEMORY_BYTES_MAX: usize = 256 << 10;

    /// An empty spool that stages in a folder, which [`clear_staging`] made.
    #[must_use]
    pub fn new(staging: &Path) -> Self {
        Self { folder: staging.to_owned(), memory: Vec::new(), staged: None }
    }

    /// Takes more bytes.
    ///
    /// # Errors
    /// When the staging file cannot be made or written; the spool is of no use then.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(staged) = &self.staged {
            return staged.write(bytes);
        }
        if self.memory.len() + bytes.len() <= Self::MEMORY_BYTES_MAX {
            self.memory.extend_from_slice(bytes);
            return Ok(());
        }
        let staged = self.staged.insert(Staged::create(&self.folder)?);
        staged.write(&mem::take(&mut self.memory))?;
        staged.write(bytes)
    }

    /// All that was written.
    ///
    /// # Errors
    /// When the staging file cannot be mapped.
    pub fn finish(self) -> Result<Content, Error> {
        let Some(staged) = self.staged else { return Ok(self.memory.into()) };
        Ok(Content(Bytes::Mapped { map: staged.map()?, _staged: staged }))
    }
}

/// A staging file; unlinked when dropped.
#[derive(Debug)]
struct Staged {
    path: PathBuf,
    file: File,
}

impl Staged {
    fn create(folder: &Path) -> Result<Self, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{PREFIX}{}-{number}", process::id()));
        let file = OpenOptions::new().read(true).append(true).create_new(true).mode(FILE_MODE).open(&path);
        match file {
            Ok(file) => Ok(Self { path, file }),
            Err(error) => Err(failed("create", &path, error)),
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        (&self.file).write_all(bytes).map_err(|error| failed("write", &self.path, error))
    }

    #[expect(
        unsafe_code,
        reason = "mapping a file is unsafe, since others could change it; nobody does, see below"
    )]
    fn map(&self) -> Result<Mmap, Error> {
        // SAFETY: nothing writes to or cuts off the file while it is mapped. This process has just made it, with
        // create_new and a name that it uses once; `Spool::finish` consumes the only writer; and by its mode no
        // other user can open it.
        let map = unsafe { Mmap::map(&self.file) };
        map.map_err(|error| failed("map", &self.path, error))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a staging file could not be removed");
        }
    }
}

fn failed(op: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Io { op, path: path.to_owned(), source }
}

/// The whole content of a blob: a slice, in memory or mapped.
pub struct Content(Bytes);

enum Bytes {
    Memory(Vec<u8>),
    Mapped { map: Mmap, _staged: Staged },
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Memory(bytes) => bytes,
            Bytes::Mapped { map, .. } => map,
        }
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::Memory(bytes))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.len())
    }
}

/// Makes a staging folder, or removes what an earlier run of the server left in it.
///
/// # Errors
/// When it cannot be made, read or emptied.
pub fn clear_staging(staging: &Path) -> Result<(), Error> {
    match DirBuilder::new().mode(FOLDER_MODE).create(staging) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed("create", staging, error)),
    }
    for entry in fs::read_dir(staging).map_err(|error| failed("list", staging, error))? {
        let entry = entry.map_err(|error| failed("list", staging, error))?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let path = entry.path();
            fs::remove_file(&path).map_err(|error| failed("remove", &path, error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn files(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn little_stays_in_memory() {
        let mut spool = Spool::new(Path::new("/no/such/folder"));
        spool.write(&[7; Spool::MEMORY_BYTES_MAX - 1]).unwrap();
        spool.write(b"!").unwrap();
        let content = spool.finish().unwrap();
        assert_eq!((content.len(), content.last()), (Spool::MEMORY_BYTES_MAX, Some(&b'!')));
    }

    #[test]
    fn much_is_staged_privately_and_removed_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path());
        for byte in 0..=255 {
            spool.write(&[byte; 2048]).unwrap();
        }
        assert_eq!(mode(&files(folder.path())[0]), 0o600);
        let content = spool.finish().unwrap();
        assert!(content.chunks(2048).zip(0..=255).all(|(chunk, byte)| chunk == [byte; 2048]));
        assert_eq!(content.len(), 256 * 2048);
        drop(content);
        assert!(files(folder.path()).is_empty());
    }

    #[test]
    fn a_spool_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path());
        spool.write(&vec![0; Spool::MEMORY_BYTES_MAX + 1]).unwrap();
        assert_eq!(files(folder.path()).len(), 1);
        drop(spool);
        assert!(files(folder.path()).is_empty());
    }

    #[test]
    fn a_staging_folder_is_made_private_and_cleared_of_spools_only() {
        let folder = tempfile::tempdir().unwrap();
        let staging = folder.path().join("staging");
        clear_staging(&staging).unwrap();
        assert_eq!(mode(&staging), 0o700);
        fs::write(staging.join("spool-1-0"), "left").unwrap();
        fs::write(staging.join("other"), "not ours").unwrap();
        clear_staging(&staging).unwrap();
        assert_eq!(files(&staging), [staging.join("other")]);
    }
}
