//! Shutting down without cutting anyone off: a token that says "no more", and a count of who is left.
//!
//! It only tells. Listeners stop accepting and sessions say goodbye because they wait on it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// A token shared by listeners and sessions. Cloning it is cheap, and all clones are one token.
#[derive(Clone, Debug)]
pub struct Drain {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    begun: watch::Sender<bool>,
    sessions: watch::Sender<usize>,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every session ended by itself.
    Whole,
    /// The deadline passed while so many sessions still ran.
    Left(usize),
}

/// One running session: the drain waits until it is dropped.
#[derive(Debug)]
pub struct Session {
    state: Arc<State>,
}

impl Drain {
    /// A token that has not begun to drain.
    #[must_use]
    pub fn new() -> Self {
        let state = State { begun: watch::Sender::new(false), sessions: watch::Sender::new(0) };
        Self { state: Arc::new(state) }
    }

    /// Begins to drain. Once begun it cannot be taken back; a second call changes nothing.
    pub fn begin(&self) {
        self.state.begun.send_replace(true);
    }

    /// Whether the drain has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        *self.state.begun.borrow()
    }

    /// Waits until the drain begins. It may be dropped and called again at any time.
    pub async fn begun(&self) {
        // The sender lives in `self`, so the channel cannot close while this waits.
        let _open = self.state.begun.subscribe().wait_for(|begun| *begun).await.is_ok();
    }

    /// Counts one more session, until the answer is dropped.
    #[must_use]
    pub fn session(&self) -> Session {
        self.state.sessions.send_modify(|n| *n += 1);
        Session { state: Arc::clone(&self.state) }
    }

    /// How many sessions run now.
    #[must_use]
    pub fn sessions(&self) -> usize {
        *self.state.sessions.borrow()
    }

    /// Waits until no session is left, at most for `within`. It does not begin the drain.
    pub async fn drained(&self, within: Duration) -> Drained {
        let mut sessions = self.state.sessions.subscribe();
        match tokio::time::timeout(within, sessions.wait_for(|n| *n == 0)).await {
            Ok(_) => Drained::Whole,
            Err(_) => Drained::Left(self.sessions()),
        }
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.state.sessions.send_modify(|n| *n = n.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_hears_of_the_beginning() {
        let drain = Drain::new();
        let other = drain.clone();
        let waiter = tokio::spawn(async move { other.begun().await });
        assert!(!drain.has_begun());
        drain.begin();
        waiter.await.unwrap();
        drain.begun().await;
        assert!(drain.has_begun());
    }

    #[tokio::test]
    async fn a_drain_waits_for_the_last_session() {
        let drain = Drain::new();
        let session = drain.session();
        drain.begin();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            drop(session);
        });
        assert_eq!(drain.drained(Duration::from_secs(60)).await, Drained::Whole);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_gives_up_at_the_deadline() {
        let drain = Drain::new();
        let _stubborn = drain.session();
        assert_eq!(drain.drained(Duration::from_secs(5)).await, Drained::Left(1));
    }
}
