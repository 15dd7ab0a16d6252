//! Listing folders in a steady order, so that an import that is run again meets the same sources.

use std::path::{Path, PathBuf};

use super::{Skipped, Why};

/// How deep folders may lie in folders; a link that leads in a circle ends here.
pub(super) const FOLDERS_DEEP_MAX: usize = 32;

/// The entries of a folder by name. Names that are not UTF-8 are left out.
pub(super) struct Entries {
    /// The names of the files.
    pub(super) files: Vec<String>,
    /// The names of the folders.
    pub(super) folders: Vec<String>,
}

/// Reads a folder; links are followed, and what is neither file nor folder is left out.
pub(super) fn entries(folder: &Path) -> std::io::Result<Entries> {
    let mut entries = Entries { files: Vec::new(), folders: Vec::new() };
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let mut kind = entry.file_type()?;
        if kind.is_symlink() {
            // A link that leads nowhere is nothing.
            let Ok(target) = std::fs::metadata(entry.path()) else { continue };
            kind = target.file_type();
        }
        if kind.is_dir() {
            entries.folders.push(name);
        } else if kind.is_file() {
            entries.files.push(name);
        }
    }
    entries.files.sort_unstable();
    entries.folders.sort_unstable();
    Ok(entries)
}

/// A folder that was found, and its place below the root.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The names of the folders that lead to it from the root.
    pub(super) levels: Vec<String>,
}

/// Every folder from `root` on, each before those in it, with its entries.
pub(super) struct Folders {
    waiting: Vec<Folder>,
}

impl Folders {
    pub(super) fn below(root: &Path) -> Self {
        Self { waiting: vec![Folder { path: root.to_owned(), levels: Vec::new() }] }
    }
}

impl Iterator for Folders {
    type Item = Result<(Folder, Entries), Skipped>;

    fn next(&mut self) -> Option<Self::Item> {
        let folder = self.waiting.pop()?;
        let skipped = |why| Skipped { path: folder.path.clone(), why, units: 0 };
        if folder.levels.len() > FOLDERS_DEEP_MAX {
            return Some(Err(skipped(Why::TooDeep { limit: FOLDERS_DEEP_MAX })));
        }
        let entries = match entries(&folder.path) {
            Ok(entries) => entries,
            Err(error) => return Some(Err(skipped(error.into()))),
        };
        for name in entries.folders.iter().rev() {
            let mut levels = folder.levels.clone();
            levels.push(name.clone());
            self.waiting.push(Folder { path: folder.path.join(name), levels });
        }
        Some(Ok((folder, entries)))
    }
}
