//! The newest commits of an account, decoded, for the sessions that keep up.

use crate::change::Record;
use crate::state::Changes;
use model::{MailboxId, ModSeq};
use std::collections::VecDeque;

/// The most commits kept.
const COMMITS_MAX: usize = 512;
/// The most memory they may take, in bytes: every account in use has a ring. What is too heavy is read from the log.
const WEIGHT_MAX: usize = 32 * 1024;

/// Commits after [`Ring::floor`], all of them.
#[derive(Debug)]
pub(crate) struct Ring {
    floor: ModSeq,
    commits: VecDeque<(ModSeq, Changes, usize)>,
    weight: usize,
}

impl Ring {
    pub(crate) const fn new(floor: ModSeq) -> Self {
        Self { floor, commits: VecDeque::new(), weight: 0 }
    }

    pub(crate) fn push(&mut self, modseq: ModSeq, changes: Changes) {
        let weight: usize = changes.iter().map(|(_, change)| change.weight()).sum::<usize>() + 64;
        self.commits.push_back((modseq, changes, weight));
        self.weight += weight;
        while self.commits.len() > COMMITS_MAX || self.weight > WEIGHT_MAX {
            if let Some((modseq, _, weight)) = self.commits.pop_front() {
                self.floor = modseq;
                self.weight -= weight;
            }
        }
    }

    /// What happened to a mailbox after `since`, oldest first; `None` if the ring does not reach back so far.
    pub(crate) fn since(&self, mailbox: MailboxId, since: ModSeq) -> Option<Vec<Record>> {
        if since < self.floor {
            return None;
        }
        let start = self.commits.partition_point(|(modseq, ..)| *modseq <= since);
        let of_mailbox = |(modseq, changes, _): &(ModSeq, Changes, usize)| {
            let modseq = *modseq;
            let mine = changes.iter().filter(|(id, _)| *id == mailbox);
            mine.map(|(_, change)| Record { modseq, change: change.clone() }).collect::<Vec<_>>()
        };
        Some(self.commits.range(start..).flat_map(of_mailbox).collect())
    }

    /// All that happened after `since`, in any mailbox; `None` if the ring does not reach back so far.
    pub(crate) fn all_since(&self, since: ModSeq) -> Option<impl Iterator<Item = &Changes> + '_> {
        let start = self.commits.partition_point(|(modseq, ..)| *modseq <= since);
        (since >= self.floor).then(|| self.commits.range(start..).map(|(_, changes, _)| changes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Change;
    use std::sync::Arc;

    #[test]
    fn it_forgets_the_oldest_and_says_so() {
        let mut ring = Ring::new(ModSeq(10));
        let change = Arc::new(Change { ops: Vec::new() });
        for n in 11..=600 {
            ring.push(ModSeq(n), [(MailboxId(1), change.clone())].into());
        }
        assert!(ring.since(MailboxId(1), ModSeq(10)).is_none());
        let kept = ring.since(MailboxId(1), ModSeq(590)).unwrap();
        assert_eq!(kept.iter().map(|r| r.modseq.0).collect::<Vec<_>>(), (591..=600).collect::<Vec<_>>());
        assert_eq!(ring.since(MailboxId(2), ModSeq(590)).unwrap().len(), 0);
    }
}
