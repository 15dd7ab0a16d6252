//! An engine that fails at a chosen commit, as a disk may, with the outcome unknown to whoever committed.

use crate::dice::Dice;
use crate::{Batch, Engine, Error, Snapshot, Wait};
use parking_lot::Mutex;
use std::sync::Arc;

/// Which commit fails, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitFault {
    /// The number of the commit, from 1.
    pub commit: u64,
    /// Whether it is carried out all the same.
    pub applied: bool,
}

impl CommitFault {
    /// One of the first `among` commits, as the seed has it.
    #[must_use]
    pub fn seeded(seed: u64, among: u64) -> Self {
        let mut dice = Dice::new(seed);
        let last = usize::try_from(among.saturating_sub(1)).unwrap_or(usize::MAX - 1);
        Self { commit: dice.up_to(last) as u64 + 1, applied: dice.coin() }
    }
}

/// Passes everything on to another engine until the planned failure, after which no commit succeeds. Restarting is a
/// new one over the same inner engine.
pub struct FaultEngine {
    inner: Arc<dyn Engine>,
    fault: Option<CommitFault>,
    commits: Mutex<u64>,
}

impl FaultEngine {
    /// Wraps an engine; without a fault it never fails by itself.
    #[must_use]
    pub const fn new(inner: Arc<dyn Engine>, fault: Option<CommitFault>) -> Self {
        Self { inner, fault, commits: Mutex::new(0) }
    }
}

impl Engine for FaultEngine {
    fn snapshot_for(&self, wait: Wait) -> Result<Box<dyn Snapshot + '_>, Error> {
        self.inner.snapshot_for(wait)
    }

    fn commit(&self, batch: &Batch) -> Result<(), Error> {
        let mut commits = self.commits.lock();
        *commits += 1;
        match self.fault {
            Some(fault) if *commits > fault.commit => Err(Error::Poisoned),
            Some(fault) if *commits == fault.commit => {
                if fault.applied {
                    self.inner.commit(batch)?;
                }
                Err(Error::Engine { op: "commit", message: "a failure that was asked for".to_owned() })
            }
            _ => self.inner.commit(batch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryEngine;

    fn commit(engine: &dyn Engine, key: u8) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.put(vec![key], Vec::new());
        engine.commit(&batch)
    }

    fn has(engine: &dyn Engine, key: u8) -> bool {
        engine.snapshot().unwrap().get(&[key]).unwrap().is_some()
    }

    #[test]
    fn the_planned_commit_fails_and_all_after_it_until_a_restart() {
        for applied in [false, true] {
            let inner = Arc::new(MemoryEngine::default());
            let engine = FaultEngine::new(inner.clone(), Some(CommitFault { commit: 2, applied }));
            commit(&engine, 1).unwrap();
            assert!(matches!(commit(&engine, 2), Err(Error::Engine { .. })));
            assert!(matches!(commit(&engine, 3), Err(Error::Poisoned)));
            assert_eq!([1, 2, 3].map(|key| has(&engine, key)), [true, applied, false]);
            commit(&FaultEngine::new(inner, None), 3).unwrap();
            assert!(has(&engine, 3));
        }
    }

    #[test]
    fn seeds_choose_among_the_commits_that_were_asked_for() {
        let faults: Vec<_> = (0..200).map(|seed| CommitFault::seeded(seed, 5)).collect();
        assert!(faults.iter().all(|fault| (1..=5).contains(&fault.commit)));
        assert!((1..=5).all(|commit| faults.iter().any(|fault| fault.commit == commit)));
        assert!(faults.iter().any(|fault| fault.applied) && faults.iter().any(|fault| !fault.applied));
    }
}
