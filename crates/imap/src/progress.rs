//! How far a long command has come, told now and then (RFC 9585).
//!
//! It keeps connections alive where something between client and server forgets silent ones, and lets a client show a
//! bar.

use std::num::NonZeroU32;
use std::time::Duration;

use imap_proto::command::Tag;
use imap_proto::response::{Code, InProgress};
use tokio::time::Instant;

use crate::io::Io;
use crate::reply::Failure;
use crate::server::ImapServer;
use crate::state::Selected;

/// The progress of one command.
pub(crate) struct Progress {
    tag: Tag,
    /// When the command began, or the client was told last.
    told: Instant,
    /// How often it is told; `None` for never.
    every: Option<Duration>,
    /// Steps, where they are counted.
    done: Option<u32>,
    goal: Option<NonZeroU32>,
}

impl Selected {
    /// The progress of a command that has so many steps to go.
    pub(crate) fn progress(&self, tag: &Tag, steps: usize, server: &ImapServer) -> Progress {
        Progress::new(tag, steps, self.progress_every(server))
    }

    /// Of a command whose steps have been counted once: the number may not go back (RFC 9585), so it is not told again.
    pub(crate) fn progress_uncounted(&self, tag: &Tag, server: &ImapServer) -> Progress {
        Progress { done: None, ..Progress::new(tag, 0, self.progress_every(server)) }
    }

    fn progress_every(&self, server: &ImapServer) -> Option<Duration> {
        self.user.is_offered("INPROGRESS").then_some(server.settings.progress_every)
    }
}

impl Progress {
    fn new(tag: &Tag, steps: usize, every: Option<Duration>) -> Self {
        let goal = u32::try_from(steps).ok().and_then(NonZeroU32::new);
        Self { tag: tag.clone(), told: Instant::now(), every, done: Some(0), goal }
    }

    /// One step is done.
    pub(crate) async fn step(&mut self, io: &mut Io) -> Result<(), Failure> {
        self.steps(1, io).await
    }

    /// Some steps are done.
    pub(crate) async fn steps(&mut self, count: usize, io: &mut Io) -> Result<(), Failure> {
        if let Some(progress) = self.advance(count, Instant::now()) {
            io.untagged_ok(Code::InProgress(progress), "still at it");
            io.flush().await?;
        }
        Ok(())
    }

    /// Counts steps, and answers what is to be told, if it is time.
    fn advance(&mut self, count: usize, now: Instant) -> Option<InProgress> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.done = self.done.map(|done| done.saturating_add(count));
        if now.duration_since(self.told) < self.every? {
            return None;
        }
        self.told = now;
        Some(InProgress { tag: self.tag.clone(), done: self.done, goal: self.goal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imap_proto::limits::Limits;
    use imap_proto::{Framer, Step};

    fn tag() -> Tag {
        match Framer::new(Limits::DEFAULT).next(&mut b"t NOOP\r\n".to_vec()) {
            Step::Command(tagged) => tagged.tag,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_client_is_told_now_and_then_and_never_backwards() {
        let mut progress = Progress::new(&tag(), 1000, Some(Duration::from_secs(10)));
        let begun = progress.told;
        let told: Vec<Option<u32>> = (1..=250)
            .filter_map(|step| progress.advance(1, begun + Duration::from_millis(100 * step)))
            .map(|progress| progress.done)
            .collect();
        assert_eq!(told, [Some(100), Some(200)]);
    }
}
