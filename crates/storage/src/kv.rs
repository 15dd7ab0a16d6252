//! Key-value engines: ordered bytes, consistent snapshots, and one atomic batch that is durable on return.

mod memory;
#[cfg(feature = "rocksdb")]
mod rocksdb;

pub use memory::MemoryEngine;
#[cfg(feature = "rocksdb")]
pub use rocksdb::{RocksEngine, RocksOptions};

use crate::{Error, Wait};
use std::ops::ControlFlow;

/// Looks at a row; breaks when it has seen enough.
pub type Each<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// An ordered key-value engine. All calls block, but for reads of a snapshot that may not wait.
pub trait Engine: Send + Sync + 'static {
    /// A consistent view, which later commits do not change.
    ///
    /// # Errors
    /// When the engine fails.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, Error> {
        self.snapshot_for(Wait::Allowed)
    }

    /// The same for reads that may wait, or not.
    ///
    /// # Errors
    /// As [`Engine::snapshot`].
    fn snapshot_for(&self, wait: Wait) -> Result<Box<dyn Snapshot + '_>, Error>;

    /// Carries out all of the batch or nothing; durable on return.
    ///
    /// # Errors
    /// When the engine fails. Whether the batch was carried out is unknown then, and no later commit may succeed.
    fn commit(&self, batch: &Batch) -> Result<(), Error>;
}

/// A view of an engine at one moment.
pub trait Snapshot: Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// When the engine fails, or the value is damaged; [`Error::WouldWait`].
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error>;

    /// The values of keys, in their order.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Error>;

    /// Shows the rows with `from <= key < to`, ascending, until `each` breaks.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    fn scan(&self, from: &[u8], to: &[u8], each: Each<'_>) -> Result<(), Error>;

    /// The same of rows that nobody will want again soon, or will have from elsewhere: they take no place in the engine's cache.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    fn scan_once(&self, from: &[u8], to: &[u8], each: Each<'_>) -> Result<(), Error> {
        self.scan(from, to, each)
    }
}

/// Changes that are carried out together, in their order.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    ops: Vec<Op>,
    bytes: usize,
}

/// One change of a [`Batch`].
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    /// From the first key to before the second.
    DeleteRange(Vec<u8>, Vec<u8>),
}

impl Op {
    /// The key, unless it is about many.
    fn key(&self) -> Option<&[u8]> {
        match self {
            Self::Put(key, _) | Self::Delete(key) => Some(key),
            Self::DeleteRange(..) => None,
        }
    }
}

impl Batch {
    /// Gives a key a value.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.bytes += key.len() + value.len();
        self.ops.push(Op::Put(key, value));
    }

    /// Removes a key, if it is there.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.bytes += key.len();
        self.ops.push(Op::Delete(key));
    }

    /// Removes every key from `from` to before `to`.
    pub fn delete_range(&mut self, from: Vec<u8>, to: Vec<u8>) {
        self.bytes += from.len() + to.len();
        self.ops.push(Op::DeleteRange(from, to));
    }

    /// Adds the changes of another batch behind these.
    pub fn extend(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.ops.extend(other.ops);
    }

    /// Puts the changes into the order of their keys, and leaves out those that a later one undoes. What the batch does is
    /// the same; an engine finds the places of neighbours sooner than of keys that come as they may.
    pub fn settle(&mut self) {
        for changes in self.ops.chunk_by_mut(|a, b| a.key().is_some() && b.key().is_some()) {
            // Stable: of the changes of one key, the last stays the last.
            changes.sort_by(|a, b| a.key().cmp(&b.key()));
        }
        // Of two changes of one key that stand side by side, the later one takes the place of the earlier.
        self.ops.dedup_by(|later, earlier| {
            let is_undone = later.key().is_some() && later.key() == earlier.key();
            if is_undone {
                std::mem::swap(later, earlier);
            }
            is_undone
        });
    }

    /// Whether there is no change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// How many bytes of keys and values.
    #[must_use]
    pub const fn size_bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A batch that puts, deletes and deletes ranges of a few keys, so that many changes are of the same ones.
    fn batch() -> impl Strategy<Value = Batch> {
        let change = (0u8..4, 0u8..9, 0u8..9, any::<u8>());
        proptest::collection::vec(change, 0..40).prop_map(|changes| {
            let mut batch = Batch::default();
            for (what, key, to, value) in changes {
                match what {
                    0 | 1 => batch.put(vec![key], vec![value]),
                    2 => batch.delete(vec![key]),
                    _ => batch.delete_range(vec![key], vec![to]),
                }
            }
            batch
        })
    }

    fn rows_after(batches: &[Batch]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let engine = MemoryEngine::default();
        for batch in batches {
            engine.commit(batch).unwrap();
        }
        let mut rows = Vec::new();
        engine
            .snapshot()
            .unwrap()
            .scan(&[], &[0xff], &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                ControlFlow::Continue(())
            })
            .unwrap();
        rows
    }

    proptest! {
        #[test]
        fn settled_changes_do_the_same(before in batch(), changes in batch()) {
            let mut settled = changes.clone();
            settled.settle();
            prop_assert!(settled.ops().len() <= changes.ops().len());
            prop_assert_eq!(rows_after(&[before.clone(), settled]), rows_after(&[before, changes]));
        }
    }
}
