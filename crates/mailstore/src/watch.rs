//! How a session learns that it has to look.

use model::ModSeq;
use tokio::sync::watch::Receiver;

/// Wakes when the account has moved on. It carries no data: what happened is read from the log.
#[derive(Clone, Debug)]
pub struct Watch {
    head: Receiver<ModSeq>,
    failed: Receiver<bool>,
}

impl Watch {
    pub(crate) const fn new(head: Receiver<ModSeq>, failed: Receiver<bool>) -> Self {
        Self { head, failed }
    }

    /// The account's newest commit.
    #[must_use]
    pub fn head(&self) -> ModSeq {
        *self.head.borrow()
    }

    /// Waits until the account has moved on since this was last called (or made), or the store has failed.
    pub async fn changed(&mut self) {
        tokio::select! {
            // Either end is gone only when the store is; there is nothing more to wait for then.
            _ = self.head.changed() => {}
            _ = self.failed.wait_for(|failed| *failed) => {}
        }
    }

    /// Whether the store has failed, so that sessions have to end.
    #[must_use]
    pub fn failed(&self) -> bool {
        *self.failed.borrow()
    }
}
