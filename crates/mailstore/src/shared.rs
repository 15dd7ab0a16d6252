//! What all accounts of a store share: the engine, the blobs, the committer, the image cache, the clock.

use crate::cache::ImageCache;
use crate::committer::{Committer, Job};
use crate::error::{During, Error, Fault, Stopped};
use crate::maintenance::Due;
use crate::unreferred::Unreferred;
use model::{BlobId, Clock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use storage::{Batch, BlobStore, Engine, Location, Snapshot};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

/// Bits of a blob's id that count within one opening of the store; those above count the openings.
const BLOB_COUNTER_BITS: u32 = 40;

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
    pub(crate) next_blob: AtomicU64,
    pub(crate) unreferred: Arc<Unreferred>,
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

    /// Runs something that may block.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        let done = tokio::task::spawn_blocking(work).await;
        Ok(done.during("blocking work")??)
    }

    /// A place for one more intent among those under way.
    pub(crate) async fn intent(&self) -> Result<OwnedSemaphorePermit, Error> {
        let permit = self.intents.clone().acquire_owned().await;
        if *self.failed.borrow() {
            return Err(Fault::new("commit", Stopped).into());
        }
        Ok(permit.during("commit")?)
    }

    /// Commits rows that are no account's state: staged rows, users, the sweeper's deletions.
    pub(crate) async fn commit_rows(&self, batch: Batch, located: Vec<Location>) -> Result<(), Error> {
        let permit = self.intent().await?;
        let (done, durable) = oneshot::channel();
        self.committer.submit(Job { batch, located, publish: None, done: (done, permit) });
        durable.await.unwrap_or(Err(Stopped)).map_err(|stopped| Fault::new("commit", stopped).into())
    }

    /// A blob id that was never given out.
    pub(crate) fn next_blob(&self) -> BlobId {
        BlobId(self.next_blob.fetch_add(1, Ordering::Relaxed))
    }

    /// The first blob id of the `generation`th opening of the store.
    pub(crate) const fn first_blob(generation: u64) -> u64 {
        generation << BLOB_COUNTER_BITS
    }
}
