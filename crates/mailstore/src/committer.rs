//! Group commit: one thread writes whatever is queued as one batch with one sync, then publishes and answers.
//!
//! There is no timer: the sync that is running is the window in which the next group gathers. Meanwhile the blobs of
//! that next group are synced by the blob store's own thread.

use crate::error::Stopped;
use crate::schema;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;
use storage::{Batch, BlobStore, Engine, Location};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

/// The most commits of one group.
const GROUP_COMMITS_MAX: usize = 512;
/// No commit is added to a group that has reached so many bytes.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// Who waits for a commit, and what it holds until then.
pub(crate) type Done = (oneshot::Sender<Result<(), Stopped>>, Permit);

/// One of the places for intents under way: in the store, and in an account if it is of one.
pub(crate) struct Permit {
    pub(crate) _of_store: OwnedSemaphorePermit,
    pub(crate) _of_account: Option<OwnedSemaphorePermit>,
}
/// What makes a durable commit visible.
pub(crate) type Publish = Box<dyn FnOnce() + Send>;

/// One commit in the queue.
pub(crate) struct Job {
    pub(crate) batch: Batch,
    /// Blobs that become referenced.
    pub(crate) located: Vec<Location>,
    pub(crate) publish: Option<Publish>,
    pub(crate) done: Done,
}

/// The queue's near end. When it is dropped, the thread finishes what is queued and ends.
pub(crate) struct Committer {
    queue: Sender<Job>,
}

impl Committer {
    /// Starts the thread. `number` is the last commit's; `failed` becomes true when the engine fails.
    pub(crate) fn start(
        engine: Arc<dyn Engine>,
        blobs: Arc<dyn BlobStore>,
        number: u64,
        failed: watch::Sender<bool>,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel();
        let mut worker = Worker { engine, blobs, number, failed, lengths: BTreeMap::new() };
        std::thread::Builder::new().name("commit".into()).spawn(move || worker.run(&jobs))?;
        Ok(Self { queue })
    }

    /// Queues a commit. The queue is bounded by the permits that jobs hold.
    pub(crate) fn submit(&self, job: Job) {
        metrics::gauge!("postroom_store_commits_waiting").increment(1.0);
        // If the thread is gone the job is dropped, and with it the sender its caller waits on.
        let _ = self.queue.send(job);
    }
}

struct Worker {
    engine: Arc<dyn Engine>,
    blobs: Arc<dyn BlobStore>,
    number: u64,
    failed: watch::Sender<bool>,
    /// Up to where each segment holds records that are referred to.
    lengths: BTreeMap<u32, u64>,
}

impl Worker {
    fn run(&mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            self.commit(gather(first, jobs));
        }
    }

    fn commit(&mut self, mut group: Vec<Job>) {
        let mut batch = Batch::default();
        for job in &mut group {
            batch.extend(std::mem::take(&mut job.batch));
            self.put_lengths(&mut batch, &job.located);
        }
        let result = if *self.failed.borrow() {
            Err(Stopped)
        } else if batch.is_empty() {
            Ok(())
        } else {
            self.write(batch)
        };
        metrics::gauge!("postroom_store_commits_waiting").decrement(group.len() as f64);
        for job in group {
            if let (Ok(()), Some(publish)) = (result, job.publish) {
                publish();
            }
            let (done, permit) = job.done;
            drop(permit);
            // Nobody may wait any more; the commit stands all the same.
            let _ = done.send(result);
        }
    }

    fn write(&mut self, mut batch: Batch) -> Result<(), Stopped> {
        batch.put(schema::COMMIT_NUMBER.to_vec(), (self.number + 1).to_be_bytes().to_vec());
        batch.settle();
        let since = Instant::now();
        match self.engine.commit(&batch) {
            Ok(()) => {
                metrics::histogram!("postroom_store_sync_seconds").record(since.elapsed());
                self.number += 1;
                self.blobs.note_commit(self.number);
                Ok(())
            }
            Err(error) => {
                // Whether the batch is durable is unknown. Nothing that comes after it may be built on either guess.
                tracing::error!(%error, "the store has failed; what was not answered may or may not have happened");
                self.failed.send_replace(true);
                Err(Stopped)
            }
        }
    }

    fn put_lengths(&mut self, batch: &mut Batch, located: &[Location]) {
        for at in located {
            let end = u64::from(at.offset) + u64::from(at.stored);
            let length = self.lengths.entry(at.segment).or_default();
            if end > *length {
                *length = end;
                batch.put(schema::segment(at.segment), end.to_be_bytes().to_vec());
            }
        }
    }
}

fn gather(first: Job, jobs: &Receiver<Job>) -> Vec<Job> {
    let mut bytes = first.batch.size_bytes();
    let mut group = vec![first];
    while group.len() < GROUP_COMMITS_MAX && bytes < GROUP_BYTES_MAX {
        let Ok(job) = jobs.try_recv() else { break };
        bytes += job.batch.size_bytes();
        group.push(job);
    }
    group
}
