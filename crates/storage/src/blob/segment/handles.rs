//! Files that are held open for reading, a bounded number of them.

use crate::{DiskFile, Error};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Files held open at a time.
const HANDLES_MAX: usize = 256;

/// Open files by segment. Whoever is reading from one keeps it, though it be closed or unlinked here.
#[derive(Default)]
pub(super) struct Handles(Mutex<Open>);

#[derive(Default)]
struct Open {
    files: HashMap<u32, (Arc<dyn DiskFile>, u64)>,
    uses: u64,
}

impl Handles {
    /// The segment's file, opened if it is not.
    pub(super) fn get(
        &self,
        segment: u32,
        open: impl FnOnce() -> Result<Arc<dyn DiskFile>, Error>,
    ) -> Result<Arc<dyn DiskFile>, Error> {
        // Locked while opening, so that a file cannot be kept that was just removed and forgotten.
        let mut held = self.0.lock();
        if let Some(file) = held.find(segment) {
            return Ok(file);
        }
        let file = open()?;
        held.keep(segment, file.clone());
        Ok(file)
    }

    /// Closes the segment's file.
    pub(super) fn forget(&self, segment: u32) {
        self.0.lock().files.remove(&segment);
    }
}

impl Open {
    fn find(&mut self, segment: u32) -> Option<Arc<dyn DiskFile>> {
        self.uses += 1;
        let (file, used) = self.files.get_mut(&segment)?;
        *used = self.uses;
        Some(file.clone())
    }

    /// Keeps a file, in place of the one that was not used for longest when there are too many.
    fn keep(&mut self, segment: u32, file: Arc<dyn DiskFile>) {
        if self.files.len() >= HANDLES_MAX {
            let oldest = self.files.iter().min_by_key(|(_, (_, used))| *used).map(|(&segment, _)| segment);
            oldest.and_then(|oldest| self.files.remove(&oldest));
        }
        self.files.insert(segment, (file, self.uses));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Disk as _, SimDisk};

    #[test]
    fn no_more_files_are_open_than_allowed_and_those_in_use_stay() {
        let (disk, handles) = (SimDisk::default(), Handles::default());
        disk.create("x").unwrap();
        let open = |segment| handles.get(segment, || disk.open("x")).unwrap();
        for segment in 0..1000 {
            open(segment);
            open(0);
        }
        let files = &handles.0.lock().files;
        assert_eq!(files.len(), HANDLES_MAX);
        assert!(files.contains_key(&0) && files.contains_key(&999) && !files.contains_key(&1));
    }
}
