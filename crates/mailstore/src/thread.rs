//! Which thread a message belongs to: THREADID of OBJECTID (RFC 8474 §5.2); and what THREAD knows of a message's forebears.
//!
//! A message is tied to others by message-ids: its own, and those it refers to. The first message that is tied to an id
//! brings it into its thread; a later one tied to it joins. A thread is decided when the message arrives and never changes:
//! where a message ties two threads together, they stay two.

use crate::codec::{Damaged, Reader, put_bytes, put_u64};
use crate::error::Fault;
use crate::schema;
use message::Thread;
use model::{AccountId, EmailId, ThreadId};
use std::collections::{HashMap, VecDeque};
use storage::Snapshot;

/// The most ids of one message that are looked at: its own, then those it refers to from the oldest on.
const TIES_MAX: usize = 32;
/// How many ids are remembered of the commits that a snapshot may not have seen yet.
const RECENT_MAX: usize = 256;
/// Bytes kept of an id's digest: enough that two ids are never taken for one.
const DIGEST_BYTES: usize = 16;

/// A message-id, by the beginning of its BLAKE3 digest.
pub type Tie = [u8; DIGEST_BYTES];

/// What ties a message to others, and the threads these ids were found in.
#[derive(Debug, Default)]
pub(crate) struct Ties {
    ids: Vec<(Tie, Option<ThreadId>)>,
    pub(crate) ancestry: Ancestry,
}

/// A message's own id and those that it refers to, as THREAD asks for them (RFC 5256 §3, REFERENCES).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ancestry {
    /// Its Message-ID, if it has a valid one.
    pub own: Option<Tie>,
    /// The ids of References, from the oldest on, or else the first of In-Reply-To.
    pub references: Vec<Tie>,
}

impl Ancestry {
    /// Of what the header says.
    pub(crate) fn of(thread: &Thread) -> Self {
        let references = if thread.references.is_empty() {
            thread.in_reply_to.first().map(|id| tie(id)).into_iter().collect()
        } else {
            thread.references.iter().map(|id| tie(id)).collect()
        };
        Self { own: thread.message_id.as_deref().map(tie), references }
    }

    /// Its own id first, if there is one: whether there is, then the ids one behind the other.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let ids: Vec<u8> = self.own.iter().chain(&self.references).flatten().copied().collect();
        put_u64(out, self.own.is_some().into());
        put_bytes(out, &ids);
    }

    pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self, Damaged> {
        let (has_own, ids) = (r.u64()? != 0, r.bytes()?);
        let (ids, rest) = ids.as_chunks::<DIGEST_BYTES>();
        if !rest.is_empty() {
            return Err(r.damaged());
        }
        let (own, references) =
            if has_own { ids.split_at_checked(1).ok_or_else(|| r.damaged())? } else { (&[][..], ids) };
        Ok(Self { own: own.first().copied(), references: references.to_vec() })
    }
}

/// Ids that were brought into a thread lately. Commits that are under way are among them.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    threads: HashMap<Tie, ThreadId>,
    order: VecDeque<Tie>,
}

/// A message's thread, and the ids that it brings into it.
pub(crate) struct Decided {
    pub(crate) thread: ThreadId,
    pub(crate) new: Vec<(Tie, ThreadId)>,
}

impl Ties {
    /// Looks for a message's ids among those that are known.
    pub(crate) fn read(thread: &Thread, account: AccountId, snapshot: &dyn Snapshot) -> Result<Self, Fault> {
        let ties: Vec<Tie> = thread.ids().into_iter().take(TIES_MAX).map(tie).collect();
        let keys: Vec<Vec<u8>> = ties.iter().map(|tie| schema::thread(account, tie)).collect();
        let found = snapshot.get_many(&keys)?;
        let known = |row: Option<Vec<u8>>| row.and_then(|row| schema::last_u64(&row)).map(ThreadId);
        let ids = ties.into_iter().zip(found.into_iter().map(known)).collect();
        Ok(Self { ids, ancestry: Ancestry::of(thread) })
    }

    /// A message's ids, none of which has been looked for.
    pub(crate) fn unknown(thread: &Thread) -> Self {
        let ids = thread.ids().into_iter().take(TIES_MAX).map(|id| (tie(id), None)).collect();
        Self { ids, ancestry: Ancestry::of(thread) }
    }

    /// The thread of the first id that has one, else one of the message's own.
    pub(crate) fn decide(&self, email: EmailId, recent: impl Fn(&Tie) -> Option<ThreadId>) -> Decided {
        let found = self.ids.iter().find_map(|(tie, thread)| thread.or_else(|| recent(tie)));
        self.decided(found.unwrap_or(ThreadId(email.0)), recent)
    }

    /// For a message whose thread was decided before: the ids that nobody knows yet are brought into it.
    pub(crate) fn decided(&self, thread: ThreadId, recent: impl Fn(&Tie) -> Option<ThreadId>) -> Decided {
        let new = self.ids.iter().filter(|(tie, known)| known.is_none() && recent(tie).is_none());
        Decided { thread, new: new.map(|(tie, _)| (*tie, thread)).collect() }
    }
}

impl Recent {
    pub(crate) fn get(&self, tie: &Tie) -> Option<ThreadId> {
        self.threads.get(tie).copied()
    }

    pub(crate) fn extend(&mut self, new: Vec<(Tie, ThreadId)>) {
        for (tie, thread) in new {
            if self.threads.insert(tie, thread).is_none() {
                self.order.push_back(tie);
            }
            if self.order.len() > RECENT_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.threads.remove(&oldest);
            }
        }
    }
}

fn tie(id: &str) -> Tie {
    let mut tie = [0; DIGEST_BYTES];
    let digest = blake3::hash(id.as_bytes());
    for (to, from) in tie.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    tie
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ties(ids: &[(&str, Option<u64>)]) -> Ties {
        let ids = ids.iter().map(|(id, thread)| (tie(id), thread.map(ThreadId))).collect();
        Ties { ids, ancestry: Ancestry::default() }
    }

    #[test]
    fn a_reply_joins_and_brings_the_ids_that_nobody_knew() {
        let reply = ties(&[("<reply>", None), ("<root>", Some(3))]);
        let decided = reply.decide(EmailId(9), |_| None);
        assert_eq!(decided.thread, ThreadId(3));
        assert_eq!(decided.new, [(tie("<reply>"), ThreadId(3))]);
    }

    #[test]
    fn a_message_alone_begins_a_thread_and_what_is_under_way_is_known() {
        let first = ties(&[("<root>", None)]).decide(EmailId(5), |_| None);
        assert_eq!(first.thread, ThreadId(5));
        let mut recent = Recent::default();
        recent.extend(first.new);
        let reply = ties(&[("<reply>", None), ("<root>", None)]).decide(EmailId(6), |tie| recent.get(tie));
        assert_eq!((reply.thread, reply.new.len()), (ThreadId(5), 1));
        assert_eq!(ties(&[]).decide(EmailId(7), |_| None).thread, ThreadId(7));
    }

    #[test]
    fn references_count_or_else_the_first_of_in_reply_to() {
        let ancestry = |header: &[u8]| Ancestry::of(&Thread::of(header));
        let both = ancestry(b"Message-ID: <m@x>\r\nIn-Reply-To: <i@x>\r\nReferences: <r@x> <s@x>\r\n");
        assert_eq!(both, Ancestry { own: Some(tie("<m@x>")), references: vec![tie("<r@x>"), tie("<s@x>")] });
        let one = ancestry(b"In-Reply-To: your message <i@x> <j@x>\r\nReferences: none\r\n");
        assert_eq!(one, Ancestry { own: None, references: vec![tie("<i@x>")] });
        for ancestry in [both, one, Ancestry::default()] {
            let mut row = Vec::new();
            ancestry.encode(&mut row);
            assert_eq!(Ancestry::decode(&mut Reader::new(&row, "test")).unwrap(), ancestry);
        }
        for damaged in [&[1, 0][..], &[0, 1, 7], &[1, 15, 0], &[]] {
            assert!(Ancestry::decode(&mut Reader::new(damaged, "test")).is_err(), "{damaged:?}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut recent = Recent::default();
        recent.extend((0..1000).map(|n| (tie(&n.to_string()), ThreadId(n))).collect());
        assert_eq!((recent.threads.len(), recent.order.len()), (RECENT_MAX, RECENT_MAX));
        assert_eq!(recent.get(&tie("999")), Some(ThreadId(999)));
        assert_eq!(recent.get(&tie("1")), None);
    }
}
