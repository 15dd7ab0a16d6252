//! What all accounts of a store share: the engine, the blobs, the committer, the image cache, the clock.

use crate::cache::ImageCache;
use crate::committer::{Committer, Job, Permit};
use crate::error::{During, Error, Fault, Stopped};
use crate::maintenance::Due;
use crate::quota::Quotas;
use crate::unreferred::Unreferred;
use model::Clock;
use std::sync::Arc;
use storage::{Batch, BlobStore, Engine, Location, Snapshot, Wait};
use tokio::sync::{Semaphore, oneshot, watch};

pub(crate) struct Shared {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) committer: Committer,
    pub(crate) failed: watch::Sender<bool>,
    pub(crate) options: crate::Options,
    pub(crate) images: ImageCache,
    pub(crate) maintenance: Due,
    pub(crate) intents: Arc<Semaphore>,
    pub(crate) unreferred: Arc<Unreferred>,
    pub(crate) quotas: Quotas,
}

impl Shared {
    /// Runs a read of the engine where it may block.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&dyn Snapshot) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        let engine = self.engine.clone();
        self.blocking(move || read(&*engine.snapshot()?)).await
    }

    /// Runs a short read of the engine: at once where memory answers it, and otherwise where it may block.
    pub(crate) async fn read_soon<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl Fn(&dyn Snapshot) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = self.clone();
        self.soon(move |wait| read(&*shared.engine.snapshot_for(wait)?)).await
    }

    /// Runs a short read of anything in the same way. To have another thread do it takes longer than most of them.
    pub(crate) async fn soon<T: Send + 'static>(
        &self,
        read: impl Fn(Wait) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        match read(Wait::Forbidden) {
            Err(fault) if fault.would_wait() => self.blocking(move || read(Wait::Allowed)).await,
            done => Ok(done?),
        }
    }

    /// Runs something that may block.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        let done = tokio::task::spawn_blocking(work).await;
        Ok(done.during("blocking work")??)
    }

    /// A place for one more intent among those under way, of which `account` holds a share.
    pub(crate) async fn intent(&self, account: Option<&Arc<Semaphore>>) -> Result<Permit, Error> {
        // First the account's: who waits there keeps nobody of other accounts waiting.
        let of_account = match account {
            Some(places) => Some(places.clone().acquire_owned().await.during("commit")?),
            None => None,
        };
        let of_store = self.intents.clone().acquire_owned().await;
        if *self.failed.borrow() {
            return Err(Fault::new("commit", Stopped).into());
        }
        Ok(Permit { _of_store: of_store.during("commit")?, _of_account: of_account })
    }

    /// Commits rows that are no account's state: staged rows, users, the sweeper's deletions.
    pub(crate) async fn commit_rows(&self, batch: Batch, located: Vec<Location>) -> Result<(), Error> {
        let permit = self.intent(None).await?;
        let (done, durable) = oneshot::channel();
        self.committer.submit(Job { batch, located, publish: None, done: (done, permit) });
        durable.await.unwrap_or(Err(Stopped)).map_err(|stopped| Fault::new("commit", stopped).into())
    }

    /// Waits until a blob that was put is durable.
    pub(crate) async fn durable(
        &self,
        put: oneshot::Receiver<Result<Location, storage::Error>>,
    ) -> Result<Location, Error> {
        match put.await.map_err(|_| Fault::new("store a blob", Stopped))? {
            Ok(location) => Ok(location),
            Err(error) => {
                self.failed.send_replace(true);
                Err(Fault::new("store a blob", error).into())
            }
        }
    }
}
