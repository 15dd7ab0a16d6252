//! The data folder: making it, whose it is, and the lock that gives it to one process.
//!
//! What lies in `kv/`, `blobs/` and `staging/` is the store's business (`docs/storage-format.md`).

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use auth::SECRET_BYTES;
use rustix::fs::{FlockOperation, flock};

/// For the owner's eyes only.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
const LOCK: &str = "postroom.lock";
/// What the salts of users who do not exist are made from.
const SECRET: &str = "secret";
/// A folder with one of these in it is a data folder.
const MARKS: [&str; 3] = [LOCK, "kv", "blobs"];

/// A data folder that this process alone has, for as long as the value lives.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Who a data folder is made for: the numbers of user and group.
pub(crate) type Owner = (u32, u32);

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderFault {
    /// Another process has it.
    #[error("the data folder {path} is in use by another postroom{by}", path = path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Which process, if it says so.
        by: String,
    },
    /// There is something else in it.
    #[error(
        "{path} is neither empty nor a data folder of postroom; name a new folder, or an empty one",
        path = path.display()
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// It is not there.
    #[error("there is no data folder {path}; `postroom demo` or `postroom serve` makes one", path = path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// It belongs to somebody else.
    #[error(
        "the data folder {path} belongs to user number {owner}, and this is number {us}; run as that user, or give \
         the folder away with `chown -R`",
        path = path.display()
    )]
    Owner {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who wants it.
        us: u32,
    },
    /// The system refuses.
    #[error("cannot {op} {path}: {source}", path = path.display())]
    System {
        /// What was tried.
        op: &'static str,
        /// On what.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
}

fn system(op: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderFault {
    move |source| FolderFault::System { op, path: path.to_owned(), source }
}

impl DataFolder {
    /// Takes the folder, and makes it first if it is not there. As root, `owner` is whom it is for.
    ///
    /// # Errors
    /// It is in use, somebody else's, or cannot be made.
    pub(crate) fn take(path: &Path, owner: Option<Owner>) -> Result<Self, FolderFault> {
        if !path.exists() {
            make(path)?;
            if let Some((user, group)) = owner {
                chown(path, Some(user), Some(group)).map_err(system("give away", path))?;
            }
        }
        let us = owner.map_or_else(|| rustix::process::geteuid().as_raw(), |(user, _)| user);
        Self::check(path, us)?;
        let lock = Self::open_lock(path, owner)?;
        Self::locked(path, lock)
    }

    /// Takes a folder that is there; `None` when a server has it.
    ///
    /// # Errors
    /// It is missing, somebody else's, or cannot be used.
    pub(crate) fn take_existing(path: &Path) -> Result<Option<Self>, FolderFault> {
        if !path.exists() {
            return Err(FolderFault::Missing { path: path.to_owned() });
        }
        let us = rustix::process::geteuid();
        // Root may talk to anybody's server, but would leave files behind that the server cannot read.
        let lock = match File::open(path.join(LOCK)) {
            Ok(lock) => lock,
            Err(missing) if missing.kind() == ErrorKind::NotFound => {
                Self::check(path, us.as_raw())?;
                Self::open_lock(path, None)?
            }
            Err(source) => return Err(system("open", &path.join(LOCK))(source)),
        };
        match Self::locked(path, lock) {
            Ok(folder) => {
                Self::check(path, us.as_raw())?;
                Ok(Some(folder))
            }
            Err(FolderFault::InUse { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Whether `us` may keep its things there.
    fn check(path: &Path, us: u32) -> Result<(), FolderFault> {
        let metadata = path.metadata().map_err(system("read", path))?;
        let mut names = std::fs::read_dir(path).map_err(system("read", path))?;
        if names.next().is_some() && !MARKS.iter().any(|mark| path.join(mark).exists()) {
            return Err(FolderFault::Foreign { path: path.to_owned() });
        }
        if metadata.uid() != us {
            return Err(FolderFault::Owner { path: path.to_owned(), owner: metadata.uid(), us });
        }
        if metadata.mode() & 0o777 != FOLDER_MODE {
            std::fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE))
                .map_err(system("close", path))?;
        }
        Ok(())
    }

    fn open_lock(path: &Path, owner: Option<Owner>) -> Result<File, FolderFault> {
        let path = path.join(LOCK);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
        let lock = options.open(&path).map_err(system("open", &path))?;
        if let Some((user, group)) = owner {
            std::os::unix::fs::fchown(&lock, Some(user), Some(group)).map_err(system("give away", &path))?;
        }
        Ok(lock)
    }

    /// The lock goes with the process, however it ends.
    fn locked(path: &Path, mut lock: File) -> Result<Self, FolderFault> {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(FolderFault::InUse { path: path.to_owned(), by: holder(&mut lock) });
            }
            Err(error) => return Err(system("lock", path)(error.into())),
        }
        // Only for the message above; a lock that was opened for reading alone cannot carry it.
        let _noted = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| write!(lock, "{}", std::process::id()));
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A folder in it, made if need be.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf, FolderFault> {
        let path = self.path.join(name);
        if !path.exists() {
            make(&path)?;
        }
        Ok(path)
    }

    /// The secret of this server, made when it is first asked for. It is for the server's eyes only.
    ///
    /// # Errors
    /// The system refuses, or the file holds something else.
    pub(crate) fn secret(&self) -> Result<[u8; SECRET_BYTES], FolderFault> {
        let path = self.path.join(SECRET);
        match std::fs::read(&path) {
            Ok(bytes) => bytes.try_into().map_err(|_| {
                system("use", &path)(io::Error::other(format!("a secret has {SECRET_BYTES} bytes")))
            }),
            Err(missing) if missing.kind() == ErrorKind::NotFound => self.make_secret(&path),
            Err(source) => Err(system("read", &path)(source)),
        }
    }

    /// Whole or not at all, whatever happens meanwhile.
    fn make_secret(&self, path: &Path) -> Result<[u8; SECRET_BYTES], FolderFault> {
        let secret = model::env::random();
        let unfinished = self.path.join("secret.new");
        let write = || {
            let mut options = OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(FILE_MODE).open(&unfinished)?;
            file.write_all(&secret)?;
            file.sync_all()?;
            std::fs::rename(&unfinished, path)
        };
        write().map_err(system("make", path))?;
        sync(&self.path)?;
        Ok(secret)
    }

    /// Makes the names in one of its folders durable.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn sync(&self, folder: &Path) -> Result<(), FolderFault> {
        sync(folder)
    }
}

/// Where the server of a data folder listens for the command line.
pub(crate) fn socket_of(data: &Path) -> PathBuf {
    data.join("postroom.sock")
}

/// The process that wrote its number into the lock.
fn holder(lock: &mut File) -> String {
    /// More digits than a process has.
    const DIGITS_MAX: u64 = 20;
    let mut text = String::new();
    match lock.take(DIGITS_MAX).read_to_string(&mut text) {
        Ok(1..) if text.bytes().all(|b| b.is_ascii_digit()) => format!(" (process {text})"),
        _ => String::new(),
    }
}

/// Makes a folder, durably. Those above it are made as any folder is, so that its owner can get there.
fn make(path: &Path) -> Result<(), FolderFault> {
    let above = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(above).map_err(system("make", above))?;
    DirBuilder::new().mode(FOLDER_MODE).create(path).map_err(system("make", path))?;
    sync(above)
}

fn sync(folder: &Path) -> Result<(), FolderFault> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(system("sync", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn a_folder_is_made_for_its_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let folder = DataFolder::take(&path, None).unwrap();
        assert_eq!(mode(&path), 0o700);
        assert_ne!(mode(&root.path().join("a")), 0o700, "others may have things there");
        assert_eq!(mode(&path.join(LOCK)), 0o600);
        assert_eq!(mode(&folder.folder("tls").unwrap()), 0o700);
    }

    #[test]
    fn a_second_process_is_refused_and_told_who_has_it() {
        let root = tempfile::tempdir().unwrap();
        let first = DataFolder::take(root.path(), None).unwrap();
        let fault = DataFolder::take(root.path(), None).unwrap_err();
        let by = format!("in use by another postroom (process {})", std::process::id());
        assert!(fault.to_string().ends_with(&by), "{fault}");
        assert!(DataFolder::take_existing(root.path()).unwrap().is_none());
        drop(first);
        assert!(DataFolder::take_existing(root.path()).unwrap().is_some());
    }

    #[test]
    fn a_folder_with_other_things_in_it_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("thesis.tex"), "").unwrap();
        let before = mode(root.path());
        let fault = DataFolder::take(root.path(), None).unwrap_err();
        assert!(matches!(fault, FolderFault::Foreign { .. }), "{fault}");
        assert_eq!(mode(root.path()), before);
    }

    #[test]
    fn an_open_folder_is_closed() {
        let root = tempfile::tempdir().unwrap();
        std::fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        let _folder = DataFolder::take(root.path(), None).unwrap();
        assert_eq!(mode(root.path()), 0o700);
    }

    #[test]
    fn a_missing_folder_is_not_made_by_looking_for_it() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("none");
        assert!(matches!(DataFolder::take_existing(&path), Err(FolderFault::Missing { .. })));
        assert!(!path.exists());
    }
}
