//! Housekeeping in the background: checkpoints, the sweeper, compaction, manifests, and the text index. One thing is done at a
//! time; a large index has to give way to the rest after each segment.

use crate::error::{Error, Fault, Stopped};
use crate::store::Store;
use model::{AccountId, MailboxId};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::Notify;

/// How often it is looked for what is in memory and nobody uses.
const UNUSED_EVERY: Duration = Duration::from_secs(20);
/// How long expunged messages wait before the sweeper looks at them, so that it sees many at once.
const SWEEP_EVERY: Duration = Duration::from_secs(20);
/// How old manifests may become: what has changed since is not brought back by a rebuild, or goes to "Recovered".
const MANIFESTS_EVERY: Duration = Duration::from_secs(300);

/// How often it is looked for deliveries that nobody tries again.
const DELIVERIES_EVERY: Duration = Duration::from_secs(3600);

/// How often new e-mails are indexed.
const INDEX_EVERY: Duration = Duration::from_secs(5);

/// What there is to do.
#[derive(Default)]
pub(crate) struct Due {
    checkpoints: Mutex<BTreeSet<(AccountId, MailboxId)>>,
    /// Accounts whose manifest should not wait for its turn: who may log in has changed.
    manifests: Mutex<BTreeSet<AccountId>>,
    /// Accounts with e-mails that are not indexed.
    index: Mutex<BTreeSet<AccountId>>,
    notify: Notify,
    /// Held by whoever does it: rounds of it count on no other being under way.
    pub(crate) one_at_a_time: tokio::sync::Mutex<()>,
}

impl Due {
    pub(crate) fn checkpoint_due(&self, account: AccountId, mailbox: MailboxId) {
        if self.checkpoints.lock().insert((account, mailbox)) {
            self.notify.notify_one();
        }
    }

    /// Notes that an account has new e-mails. They are indexed when the next round comes, many at once.
    pub(crate) fn index_due(&self, account: AccountId) {
        self.index.lock().insert(account);
    }

    /// The accounts with new e-mails. Those that get more meanwhile are of the next round, so that each round ends.
    pub(crate) fn take_index(&self) -> BTreeSet<AccountId> {
        std::mem::take(&mut *self.index.lock())
    }

    pub(crate) fn manifest_due(&self, account: AccountId) {
        if self.manifests.lock().insert(account) {
            self.notify.notify_one();
        }
    }
}

impl Store {
    /// Does the housekeeping for as long as it is polled. It may be dropped at any moment.
    ///
    /// # Errors
    /// Returns when the store has failed; what merely went wrong with one account is logged.
    pub async fn maintain(&self) -> Result<(), Error> {
        tokio::select! {
            ended = self.keep_house() => ended,
            ended = self.keep_index() => ended,
            never = self.keep_memory() => match never {},
        }
    }

    /// Gives back memory, however long the rest takes.
    async fn keep_memory(&self) -> std::convert::Infallible {
        let mut unused = tokio::time::interval(UNUSED_EVERY);
        loop {
            unused.tick().await;
            self.shared.images.let_go_of_unused();
        }
    }

    async fn keep_index(&self) -> Result<(), Error> {
        // What came in before the last shutdown may not be indexed.
        for account in self.accounts().await? {
            self.shared.maintenance.index_due(account);
        }
        let mut index = tokio::time::interval(INDEX_EVERY);
        loop {
            index.tick().await;
            self.index_due().await;
        }
    }

    async fn keep_house(&self) -> Result<(), Error> {
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        let mut manifests = tokio::time::interval(MANIFESTS_EVERY);
        let mut deliveries = tokio::time::interval(DELIVERIES_EVERY);
        loop {
            tokio::select! {
                () = self.shared.maintenance.notify.notified() => {
                    self.checkpoints().await;
                    self.due_manifests().await;
                }
                _ = sweep.tick() => {
                    self.tidy().await;
                }
                _ = manifests.tick() => {
                    if let Err(error) = self.write_manifests().await {
                        tracing::error!(%error, "manifests");
                    }
                }
                _ = deliveries.tick() => {
                    if let Err(error) = self.forget_deliveries().await {
                        tracing::error!(%error, "old deliveries");
                    }
                }
                () = self.failed() => return Err(Fault::new("maintenance", Stopped).into()),
            }
        }
    }

    /// Does all the housekeeping that is due now. What goes wrong is logged: it is tried again next time.
    pub async fn tidy(&self) {
        self.checkpoints().await;
        if let Err(error) = self.sweep_all().await {
            tracing::error!(%error, "sweep");
        }
    }

    async fn checkpoints(&self) {
        let _one_at_a_time = self.shared.maintenance.one_at_a_time.lock().await;
        // What becomes due meanwhile has its turn after the other housekeeping.
        let due = std::mem::take(&mut *self.shared.maintenance.checkpoints.lock());
        for (account, mailbox) in due {
            if let Err(error) = self.checkpoint(account, mailbox).await {
                tracing::error!(%error, %account, %mailbox, "checkpoint");
            }
        }
    }

    async fn due_manifests(&self) {
        loop {
            let next = self.shared.maintenance.manifests.lock().pop_first();
            let Some(account) = next else { return };
            self.write_manifest_of(account).await;
        }
    }
}
