//! The thread of the housekeeping. It gives way to those that answer clients wherever the processors are short: what it does
//! can wait, and nobody waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::error::{Fault, Stopped};

/// How nice the thread is: beside one that is not, it gets about a tenth of a processor, so that it still comes forward on a
/// server that is never idle.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

/// The thread's near end. When it is dropped, it waits until the thread has finished what it was given: what a program ends with
/// must not be read any more.
pub(crate) struct Background {
    queue: Option<Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts the thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (queue, works) = mpsc::channel();
        let thread = thread::Builder::new().name("housekeeping".into()).spawn(move || run(&works))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Begins something that may block, after what was given before; the queue is short, since housekeeping is one thing at a
    /// time. It is done also if nobody waits for it any more.
    pub(crate) fn run<T, W>(&self, work: W) -> impl Future<Output = Result<T, Fault>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T, Fault> + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let work: Work = Box::new(move || drop(done.send(work())));
        // If the thread is gone, so is the sender of the result.
        let _ = self.queue.as_ref().map(|queue| queue.send(work));
        async { result.await.map_err(|_| Fault::new("housekeeping", Stopped))? }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.queue.take());
        // Unless it is the thread itself that lets go last.
        if let Some(thread) =
            self.thread.take().filter(|thread| thread.thread().id() != thread::current().id())
        {
            let _ = thread.join();
        }
    }
}

fn run(works: &Receiver<Work>) {
    give_way();
    while let Ok(work) = works.recv() {
        // A panic has been logged; the one who waits for the result is told by its sender's end.
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}

/// On Linux a priority is a thread's own. Elsewhere it would be the whole program's, and all threads are equal.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "the housekeeping thread takes as much of the processors as others");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_fails_what_panicked_and_nothing_else() {
        let background = Background::start().unwrap();
        let failed = background.run(|| -> Result<(), Fault> { panic!("of the test") }).await;
        assert!(failed.is_err());
        assert_eq!(background.run(|| Ok(7)).await.unwrap(), 7);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_thread_gives_way_and_others_do_not() {
        let niceness =
            || rustix::process::getpriority_process(None).map_err(|error| Fault::new("test", error));
        let before = niceness().unwrap();
        assert_eq!(Background::start().unwrap().run(niceness).await.unwrap(), (before + NICENESS).min(19));
        assert_eq!(niceness().unwrap(), before);
    }
}
