//! What waits to be written, bounded in bytes.

use crate::Error;
use crate::blob::Done;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;

/// Bytes that wait or are being written; a put beyond waits too. One record of any size is always let in.
const QUEUED_BYTES_MAX: usize = 32 << 20;
/// Bytes that are written and synced at a time, and always one record.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// A record, and who is to be told.
pub(super) struct Entry {
    /// The record's bytes; or why there are none, to be told from the writer's thread all the same.
    pub(super) record: Result<Vec<u8>, Error>,
    /// Bytes of the content.
    pub(super) size: u32,
    pub(super) done: Done,
}

impl Entry {
    pub(super) fn bytes(&self) -> usize {
        self.record.as_ref().map_or(0, Vec::len)
    }
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something was queued, or the queue closed.
    filled: Condvar,
    /// A batch was finished.
    drained: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Entry>,
    /// Of those waiting and those being written.
    bytes: usize,
    closed: bool,
    /// The writer is gone.
    abandoned: bool,
}

impl Queue {
    /// Queues an entry, when there is room.
    pub(super) fn push(&self, entry: Entry) {
        let bytes = entry.bytes();
        let mut state = self.state.lock();
        while state.bytes > 0 && state.bytes + bytes > QUEUED_BYTES_MAX && !state.abandoned {
            self.drained.wait(&mut state);
        }
        if state.abandoned {
            drop(state);
            return (entry.done)(Err(Error::Poisoned));
        }
        state.bytes += bytes;
        state.waiting.push_back(entry);
        drop(state);
        self.filled.notify_one();
    }

    /// Whether there is so much room that an entry of a few hundred kilobytes would not have to wait, whoever else comes.
    pub(super) fn is_roomy(&self) -> bool {
        self.state.lock().bytes <= QUEUED_BYTES_MAX / 2
    }

    /// The next batch, as soon as there is one; `None` when the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Vec<Entry>> {
        let mut state = self.state.lock();
        while state.waiting.is_empty() && !state.closed {
            self.filled.wait(&mut state);
        }
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(entry) =
            state.waiting.pop_front_if(|next| bytes == 0 || bytes + next.bytes() <= BATCH_BYTES_MAX)
        {
            bytes += entry.bytes();
            batch.push(entry);
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// Gives back the room of a batch.
    pub(super) fn finished(&self, bytes: usize) {
        self.state.lock().bytes -= bytes;
        self.drained.notify_all();
    }

    /// No more will be queued; what is queued is still written.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_one();
    }

    /// The writer is gone: whoever waits or comes is told so.
    pub(super) fn abandon(&self) {
        let mut state = self.state.lock();
        state.abandoned = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.drained.notify_all();
        for entry in waiting {
            (entry.done)(Err(Error::Poisoned));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    /// Long enough for a thread that does not block to get ahead.
    const A_WHILE: Duration = Duration::from_millis(50);

    fn entry(bytes: usize, told: &mpsc::Sender<bool>) -> Entry {
        let told = told.clone();
        Entry {
            record: Ok(vec![0; bytes]),
            size: 0,
            done: Box::new(move |outcome| {
                let _ = told.send(outcome.is_ok());
            }),
        }
    }

    #[test]
    fn a_put_waits_while_too_much_is_queued_or_being_written() {
        let (queue, (told, _)) = (Queue::default(), mpsc::channel());
        let (queued, progress) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..2 {
                    queue.push(entry(QUEUED_BYTES_MAX, &told));
                    queued.send(()).unwrap();
                }
            });
            progress.recv().unwrap();
            let batch = queue.take().unwrap();
            assert!(progress.recv_timeout(A_WHILE).is_err(), "it is not written yet");
            queue.finished(batch.iter().map(Entry::bytes).sum());
            progress.recv().unwrap();
        });
    }

    #[test]
    fn a_batch_is_bounded_but_takes_one_of_any_size() {
        let (queue, (told, _)) = (Queue::default(), mpsc::channel());
        for bytes in [BATCH_BYTES_MAX + 1, BATCH_BYTES_MAX / 2, BATCH_BYTES_MAX / 2, 1] {
            queue.push(entry(bytes, &told));
        }
        queue.close();
        let batches: Vec<usize> = std::iter::from_fn(|| queue.take()).map(|batch| batch.len()).collect();
        assert_eq!(batches, [1, 2, 1]);
    }

    #[test]
    fn when_the_writer_is_gone_everybody_is_told() {
        let (queue, (told, outcomes)) = (Queue::default(), mpsc::channel());
        queue.push(entry(QUEUED_BYTES_MAX, &told));
        thread::scope(|scope| {
            scope.spawn(|| queue.push(entry(1, &told)));
            thread::sleep(A_WHILE);
            queue.abandon();
        });
        queue.push(entry(1, &told));
        drop(told);
        assert_eq!(outcomes.iter().collect::<Vec<_>>(), [false; 3]);
    }
}
