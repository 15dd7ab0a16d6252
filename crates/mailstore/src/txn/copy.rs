//! COPY and MOVE within an account: the e-mail is shared, the place in a mailbox is new.

use super::Txn;
use super::flags::Tally;
use crate::change::{NewMessage, Op};
use crate::error::Refusal;
use crate::schema;
use model::{MailboxId, UidSet};
use std::sync::Arc;

/// The messages that a copy takes.
pub(crate) enum Sources {
    /// Few: they are recorded in the commit.
    These(UidSet),
    /// Many: their rows were staged before, and the commit links them.
    Staged { uids: UidSet, stage: u64, messages: Arc<[NewMessage]> },
}

impl Sources {
    const fn uids(&self) -> &UidSet {
        match self {
            Self::These(uids) | Self::Staged { uids, .. } => uids,
        }
    }
}

impl Txn<'_> {
    /// Copies all of the messages or none; answers their UIDs in `to`, in the same order.
    pub(crate) fn copy(
        &mut self,
        from: MailboxId,
        sources: &Sources,
        to: MailboxId,
    ) -> Result<UidSet, Refusal> {
        match sources {
            Sources::These(uids) => self.copy_these(from, uids, to),
            Sources::Staged { stage, messages, .. } => self.link(*stage, messages, to),
        }
    }

    /// Copies, and expunges the sources in the same commit (RFC 6851 §3.3).
    pub(crate) fn move_to(
        &mut self,
        from: MailboxId,
        sources: &Sources,
        to: MailboxId,
    ) -> Result<UidSet, Refusal> {
        let present = self.image(from)?.range(sources.uids()).count() as u64;
        if present != sources.uids().len() {
            return Err(Refusal::MessagesGone);
        }
        let copied = self.copy(from, sources, to)?;
        if let Sources::Staged { messages, .. } = sources {
            self.catch_up(from, sources.uids(), messages, (&copied, to))?;
        }
        self.remove(from, sources.uids())?;
        Ok(copied)
    }

    /// Flags that were changed since the messages were staged move too: nobody will see them at the source any more.
    fn catch_up(
        &mut self,
        from: MailboxId,
        uids: &UidSet,
        staged: &[NewMessage],
        (copied, to): (&UidSet, MailboxId),
    ) -> Result<(), Refusal> {
        let (mut messages, mut tally) = (Vec::new(), Tally::default());
        for ((now, then), uid) in self.image(from)?.range(uids).zip(staged).zip(copied.iter()) {
            if now.flags != then.flags {
                tally.count(then.flags, now.flags, now.size);
                messages.push((uid, now.flags));
            }
        }
        if messages.is_empty() {
            return Ok(());
        }
        tally.add_to(self.row_mut(to)?);
        self.record(to, Op::Flags { messages })
    }

    fn copy_these(&mut self, from: MailboxId, uids: &UidSet, to: MailboxId) -> Result<UidSet, Refusal> {
        let messages: Vec<NewMessage> = self.image(from)?.range(uids).map(NewMessage::from).collect();
        if messages.len() as u64 != uids.len() {
            return Err(Refusal::MessagesGone);
        }
        if messages.is_empty() {
            return Ok(UidSet::new());
        }
        for m in &messages {
            self.batch.put(schema::reference(self.account, m.email, to), Vec::new());
        }
        let (first, copied) = self.take_uids(to, messages.len() as u64)?;
        self.count_in(to, &messages)?;
        self.record(to, Op::Insert { first, saved: self.saved(), messages })?;
        Ok(copied)
    }

    fn link(&mut self, stage: u64, messages: &Arc<[NewMessage]>, to: MailboxId) -> Result<UidSet, Refusal> {
        let (first, copied) = self.take_uids(to, messages.len() as u64)?;
        self.count_in(to, messages)?;
        self.batch.put(schema::linked(self.account, stage), Vec::new());
        self.staged.insert(stage, messages.clone());
        let count = u32::try_from(messages.len()).map_err(|_| Refusal::UidsExhausted)?;
        self.record(to, Op::Link { first, count, stage, saved: self.saved() })?;
        Ok(copied)
    }
}
