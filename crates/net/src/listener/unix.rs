//! A Unix socket in the file system: bound under another name, given its owner and mode, and only then moved to where
//! it can be found, so that nobody connects who may not.

use std::ffi::OsString;
use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::unistd::Group;

use super::{ListenFault, Place};

/// Who can connect to a Unix socket: whoever may write to its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketAccess {
    /// The permission bits of the file.
    pub mode: u32,
    /// The group the file is given to; the process's own if none is named. Its owner is always who makes it.
    pub group: Option<String>,
}

impl SocketAccess {
    /// For the owner and the group.
    pub const MODE_DEFAULT: u32 = 0o660;
}

impl Default for SocketAccess {
    fn default() -> Self {
        Self { mode: Self::MODE_DEFAULT, group: None }
    }
}

/// Listens at `path`.
pub(super) fn open(path: &Path, access: &SocketAccess) -> Result<UnixListener, ListenFault> {
    let failed = |source| ListenFault::System { place: Place::Unix(path.to_owned()), source };
    let group = access.group.as_deref().map(|group| find_group(path, group)).transpose()?;
    make_way(path)?;
    let aside = aside(path);
    let opened = UnixListener::bind(&aside).and_then(|listener| {
        listener.set_nonblocking(true)?;
        if group.is_some() {
            chown(&aside, None, group)?;
        }
        std::fs::set_permissions(&aside, Permissions::from_mode(access.mode))?;
        std::fs::rename(&aside, path)?;
        Ok(listener)
    });
    opened.map_err(|source| {
        let _removed = std::fs::remove_file(&aside).is_ok();
        failed(source)
    })
}

fn find_group(path: &Path, group: &str) -> Result<u32, ListenFault> {
    let missing = || ListenFault::NoSuchGroup { path: path.to_owned(), group: group.to_owned() };
    match Group::from_name(group) {
        Ok(Some(found)) => Ok(found.gid.as_raw()),
        Ok(None) => Err(missing()),
        Err(error) => Err(ListenFault::System { place: Place::Unix(path.to_owned()), source: error.into() }),
    }
}

/// A socket that somebody listens on, and a file of another kind, are not replaced.
fn make_way(path: &Path) -> Result<(), ListenFault> {
    let kind = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(ListenFault::System { place: Place::Unix(path.to_owned()), source }),
    };
    if !kind.is_socket() {
        return Err(ListenFault::NotASocket { path: path.to_owned() });
    }
    match UnixStream::connect(path) {
        Err(error) if is_nobody(&error) => Ok(()),
        _ => Err(ListenFault::SocketInUse { path: path.to_owned() }),
    }
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound)
}

/// A name in the same folder that nobody looks for.
fn aside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_socket_has_the_mode_it_was_given_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lmtp");
        let _listener = open(&path, &SocketAccess { mode: 0o622, group: None }).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o622);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_socket_that_is_used_is_left_alone_and_one_that_is_not_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lmtp");
        let first = open(&path, &SocketAccess::default()).unwrap();
        let fault = open(&path, &SocketAccess::default()).unwrap_err();
        assert!(matches!(fault, ListenFault::SocketInUse { .. }), "{fault}");
        drop(first);
        let _second = open(&path, &SocketAccess::default()).unwrap();
    }

    #[test]
    fn a_file_and_an_unknown_group_are_reported_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lmtp");
        std::fs::write(&path, "mail").unwrap();
        let fault = open(&path, &SocketAccess::default()).unwrap_err();
        assert!(matches!(fault, ListenFault::NotASocket { .. }), "{fault}");
        let access = SocketAccess { group: Some("no-such-group".to_owned()), ..SocketAccess::default() };
        let fault = open(&folder.path().join("other"), &access).unwrap_err();
        assert!(matches!(fault, ListenFault::NoSuchGroup { .. }), "{fault}");
    }
}
