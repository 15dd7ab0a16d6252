//! Where all sessions meet; a failure of one ends the run of all.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The run has ended by a failure.
#[derive(Debug)]
pub(crate) struct Ended;

#[derive(Default)]
struct State {
    waiting: usize,
    meetings: u64,
    failure: Option<String>,
}

/// A barrier that opens for everyone when one fails.
pub(crate) struct Gate {
    parties: usize,
    state: Mutex<State>,
    opened: Condvar,
}

impl Gate {
    pub(crate) fn new(parties: usize) -> Self {
        Self { parties, state: Mutex::default(), opened: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for all others.
    pub(crate) fn meet(&self) -> Result<(), Ended> {
        let mut state = self.state();
        let meeting = state.meetings;
        state.waiting += 1;
        if state.waiting == self.parties {
            (state.waiting, state.meetings) = (0, meeting + 1);
            self.opened.notify_all();
        }
        while state.meetings == meeting && state.failure.is_none() {
            state = self.opened.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.failure.as_ref().map_or(Ok(()), |_| Err(Ended))
    }

    /// Whether nobody has failed yet.
    pub(crate) fn goes_on(&self) -> Result<(), Ended> {
        self.state().failure.as_ref().map_or(Ok(()), |_| Err(Ended))
    }

    /// What came of something; its failure ends the run. The first failure counts.
    pub(crate) fn attempt<T>(&self, result: Result<T, String>) -> Result<T, Ended> {
        result.map_err(|failure| {
            self.state().failure.get_or_insert(failure);
            self.opened.notify_all();
            Ended
        })
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }
}
