//! A folder of the file system, private to the server's user.

use super::{Disk, DiskFile};
use crate::{Error, Wait};
use rustix::io::{ReadWriteFlags, preadv2};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, IoSliceMut, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Only the server's user enters the folder.
const FOLDER_MODE: u32 = 0o700;
/// Only the server's user reads a file.
const FILE_MODE: u32 = 0o600;

/// A folder.
#[derive(Debug)]
pub struct RealDisk {
    folder: PathBuf,
    handle: File,
}

struct RealFile {
    path: PathBuf,
    file: File,
}

impl RealDisk {
    /// Opens a folder, or makes it.
    ///
    /// # Errors
    /// When it can be neither opened nor made durable.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
            Ok(()) => sync_parent(folder)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("create", folder, error)),
        }
        let handle = File::open(folder).map_err(|error| failed("open", folder, error))?;
        Ok(Self { folder: folder.to_owned(), handle })
    }

    fn open_with(
        &self,
        op: &'static str,
        name: &str,
        options: &OpenOptions,
    ) -> Result<Arc<dyn DiskFile>, Error> {
        let path = self.folder.join(name);
        let file = options.open(&path).map_err(|error| failed(op, &path, error))?;
        Ok(Arc::new(RealFile { path, file }))
    }
}

fn sync_parent(folder: &Path) -> Result<(), Error> {
    let parent =
        folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(|error| failed("sync", parent, error))
}

fn failed(op: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Io { op, path: path.to_owned(), source }
}

impl Disk for RealDisk {
    fn create(&self, name: &str) -> Result<Arc<dyn DiskFile>, Error> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true).mode(FILE_MODE);
        self.open_with("create", name, &options)
    }

    fn open(&self, name: &str) -> Result<Arc<dyn DiskFile>, Error> {
        self.open_with("open", name, OpenOptions::new().read(true).append(true))
    }

    fn list(&self) -> Result<Vec<String>, Error> {
        let entries = fs::read_dir(&self.folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = entries.map_err(|error| failed("list", &self.folder, error))?;
        Ok(entries.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        fs::remove_file(&path).map_err(|error| failed("remove", &path, error))
    }

    fn sync_dir(&self) -> Result<(), Error> {
        self.handle.sync_all().map_err(|error| failed("sync", &self.folder, error))
    }
}

impl DiskFile for RealFile {
    fn append(&self, bytes: &[u8]) -> Result<(), Error> {
        (&self.file).write_all(bytes).map_err(|error| failed("write", &self.path, error))
    }

    fn read_at(&self, offset: u64, into: &mut [u8], wait: Wait) -> Result<usize, Error> {
        let flags = match wait {
            Wait::Allowed => ReadWriteFlags::empty(),
            Wait::Forbidden => ReadWriteFlags::NOWAIT,
        };
        let mut filled = 0;
        while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let read = preadv2(&self.file, &mut [IoSliceMut::new(rest)], offset + filled as u64, flags);
            match read.map_err(io::Error::from) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Not in the page cache; or the file system cannot tell, which comes to the same.
                Err(_) if wait == Wait::Forbidden => return Err(Error::WouldWait),
                Err(error) => return Err(failed("read", &self.path, error)),
            }
        }
        Ok(filled)
    }

    fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(|error| failed("sync", &self.path, error))
    }

    fn truncate(&self, len: u64) -> Result<(), Error> {
        self.file.set_len(len).map_err(|error| failed("truncate", &self.path, error))
    }

    fn size(&self) -> Result<u64, Error> {
        Ok(self.file.metadata().map_err(|error| failed("stat", &self.path, error))?.len())
    }
}
