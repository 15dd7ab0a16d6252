//! The in-memory engine: for tests, and durable only as long as it lives.

use super::{Batch, Each, Engine, Op, Snapshot};
use crate::{Error, Wait};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

type Rows = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// Rows in a map. A commit copies the map only while a snapshot of it lives.
#[derive(Debug, Default)]
pub struct MemoryEngine {
    rows: Mutex<Arc<Rows>>,
}

impl Engine for MemoryEngine {
    fn snapshot_for(&self, _: Wait) -> Result<Box<dyn Snapshot + '_>, Error> {
        Ok(Box::new(View(self.rows.lock().clone())))
    }

    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        let mut rows = self.rows.lock();
        let rows = Arc::make_mut(&mut rows);
        for op in batch.ops() {
            match op {
                Op::Put(key, value) => drop(rows.insert(key.clone(), value.as_slice().into())),
                Op::Delete(key) => drop(rows.remove(key)),
                Op::DeleteRange(from, to) if from < to => {
                    let mut tail = rows.split_off(from);
                    rows.append(&mut tail.split_off(to));
                }
                Op::DeleteRange(..) => {}
            }
        }
        Ok(())
    }
}

struct View(Arc<Rows>);

impl Snapshot for View {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.get(key).map(|value| value.to_vec()))
    }

    fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    fn scan(&self, from: &[u8], to: &[u8], each: Each<'_>) -> Result<(), Error> {
        if from < to {
            let rows =
                self.0.range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Excluded(to)));
            for (key, value) in rows {
                if each(key, value).is_break() {
                    break;
                }
            }
        }
        Ok(())
    }
}
