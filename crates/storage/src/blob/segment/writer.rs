//! The one thread that appends: a batch at a time, with one write and one sync.

use super::queue::{Entry, Queue};
use super::{Lengths, file};
use crate::blob::Location;
use crate::{Disk, DiskFile, Error};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The segment that is appended to.
pub(super) struct Current {
    pub(super) number: u32,
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) len: u64,
}

pub(super) struct Writer {
    pub(super) disk: Arc<dyn Disk>,
    /// Bytes up to which a segment is filled.
    pub(super) limit: u64,
    pub(super) current: Current,
    pub(super) lengths: Arc<Lengths>,
    pub(super) newest_commit: Arc<AtomicU64>,
}

/// Tells those who wait when the writer's thread ends, however it does.
struct Leaving<'a>(&'a Queue);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Writer {
    /// Writes what is queued until the queue is closed. After a failure everything fails.
    pub(super) fn run(mut self, queue: &Queue) {
        let _leaving = Leaving(queue);
        let mut poisoned = false;
        while let Some(batch) = queue.take() {
            let bytes = batch.iter().map(Entry::bytes).sum();
            if poisoned {
                fail(batch, None);
            } else if let Err((batch, error)) = self.write(batch) {
                tracing::error!(%error, "blobs cannot be written; the store takes no more");
                poisoned = true;
                fail(batch, Some(error));
            }
            queue.finished(bytes);
        }
    }

    /// Makes a batch durable and tells everybody, or gives it back with the reason.
    fn write(&mut self, batch: Vec<Entry>) -> Result<(), (Vec<Entry>, Error)> {
        if let Err(error) = self.append(&joined(&batch)) {
            return Err((batch, error));
        }
        let mut offset = self.current.len - batch.iter().map(Entry::bytes).sum::<usize>() as u64;
        for Entry { record, size, done } in batch {
            done(record.map(|record| {
                let at = Location {
                    segment: self.current.number,
                    offset: offset as u32,
                    stored: record.len() as u32,
                    size,
                };
                offset = at.end();
                at
            }));
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        let Current { len, .. } = self.current;
        if len > file::HEADER_BYTES && len + bytes.len() as u64 > self.limit {
            self.roll()?;
        }
        self.current.file.append(bytes)?;
        self.current.file.sync()?;
        self.current.len += bytes.len() as u64;
        self.lengths.lock().insert(self.current.number, self.current.len);
        Ok(())
    }

    /// Goes on in a new segment.
    fn roll(&mut self) -> Result<(), Error> {
        let number = self.current.number + 1;
        let file = file::create(&*self.disk, number, self.newest_commit.load(Ordering::Acquire))?;
        self.current = Current { number, file, len: file::HEADER_BYTES };
        self.lengths.lock().insert(number, file::HEADER_BYTES);
        Ok(())
    }
}

/// The records of a batch, one behind the other. One alone may be large and is not copied.
fn joined(batch: &[Entry]) -> Cow<'_, [u8]> {
    if let [Entry { record: Ok(record), .. }] = batch {
        return Cow::Borrowed(record);
    }
    let mut bytes = Vec::with_capacity(batch.iter().map(Entry::bytes).sum());
    for record in batch.iter().filter_map(|entry| entry.record.as_ref().ok()) {
        bytes.extend_from_slice(record);
    }
    Cow::Owned(bytes)
}

/// Tells everybody of a failure: the first the reason, if it is new.
fn fail(batch: Vec<Entry>, reason: Option<Error>) {
    let mut reason = reason;
    for entry in batch {
        (entry.done)(Err(reason.take().unwrap_or(Error::Poisoned)));
    }
}
