//! Telling what a source is by looking at it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::walk::{Entries, Folders};

/// The kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Maildir and Maildir++: a file for each message, in `cur` and `new`
    Maildir,
    /// mbox: many messages in a file, each after a `From ` line; a file or a folder of them
    Mbox,
    /// A file for each message, its name ending in `.eml`; a file or a folder of them
    Eml,
}

/// How many folders are looked at before giving up on telling what they are.
const FOLDERS_LOOKED_AT_MAX: usize = 1_000;

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undetected {
    /// It cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Unreadable {
        /// The source.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is none of the kinds that are known.
    #[error(
        "{path} looks like no Maildir, mbox or folder of .eml files; if it is one, say so with --format",
        path = path.display()
    )]
    Unknown {
        /// The source.
        path: PathBuf,
    },
}

/// What lies at `root`.
pub(super) fn detect(root: &Path) -> Result<Format, Undetected> {
    let unreadable = |source| Undetected::Unreadable { path: root.to_owned(), source };
    let format = match std::fs::metadata(root).map_err(unreadable)?.is_dir() {
        false => file(root).map_err(unreadable)?,
        true => {
            // So that a folder that cannot be read is not called one of an unknown kind.
            std::fs::read_dir(root).map_err(unreadable)?;
            folder(root)
        }
    };
    format.ok_or_else(|| Undetected::Unknown { path: root.to_owned() })
}

fn file(path: &Path) -> io::Result<Option<Format>> {
    Ok(if begins_like_mbox(path)? {
        Some(Format::Mbox)
    } else if path.to_str().is_some_and(is_eml) {
        Some(Format::Eml)
    } else {
        None
    })
}

fn folder(root: &Path) -> Option<Format> {
    let mut format = None;
    for (folder, entries) in Folders::below(root).take(FOLDERS_LOOKED_AT_MAX).flatten() {
        if is_maildir(&entries) {
            return Some(Format::Maildir);
        }
        if format.is_none() && entries.files.iter().any(|name| is_eml(name)) {
            format = Some(Format::Eml);
        }
        let mbox = |name: &String| begins_like_mbox(&folder.path.join(name)).unwrap_or(false);
        if format.is_none() && entries.files.iter().any(mbox) {
            format = Some(Format::Mbox);
        }
    }
    format
}

/// Whether a folder with these entries holds messages as a Maildir does.
pub(super) fn is_maildir(entries: &Entries) -> bool {
    ["cur", "new"].iter().all(|name| entries.folders.iter().any(|folder| folder == name))
}

/// Whether a file of this name is one message.
pub(super) fn is_eml(name: &str) -> bool {
    name.len() > 4 && name.get(name.len() - 4..).is_some_and(|end| end.eq_ignore_ascii_case(".eml"))
}

/// Whether a file begins as an mbox does.
pub(super) fn begins_like_mbox(path: &Path) -> io::Result<bool> {
    let mut start = Vec::with_capacity(5);
    File::open(path)?.take(5).read_to_end(&mut start)?;
    Ok(start == b"From ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn every_kind_of_folder_is_told_apart() {
        let maildir = with(&[(".Sent/cur/1", "Subject: x\n\n"), (".Sent/new/2", "Subject: x\n\n")]);
        assert_eq!(detect(maildir.path()).unwrap(), Format::Maildir);
        let mbox = with(&[("a/notes.txt", "none"), ("a/Inbox", "From x Mon Jan  1 08:05:00 2024\n")]);
        assert_eq!(detect(mbox.path()).unwrap(), Format::Mbox);
        let eml = with(&[("a/1.EML", "Subject: x\n\n")]);
        assert_eq!(detect(eml.path()).unwrap(), Format::Eml);
        let nothing = with(&[("a/1.txt", "Subject: x\n\n")]);
        assert!(matches!(detect(nothing.path()), Err(Undetected::Unknown { .. })));
    }

    #[test]
    fn single_files_are_told_apart() {
        let files =
            with(&[("mbox", "From x Mon Jan  1 08:05:00 2024\n"), ("1.eml", "Subject: x\n\n"), ("x", "x")]);
        assert_eq!(detect(&files.path().join("mbox")).unwrap(), Format::Mbox);
        assert_eq!(detect(&files.path().join("1.eml")).unwrap(), Format::Eml);
        assert!(detect(&files.path().join("x")).is_err());
        assert!(matches!(detect(&files.path().join("none")), Err(Undetected::Unreadable { .. })));
    }
}
