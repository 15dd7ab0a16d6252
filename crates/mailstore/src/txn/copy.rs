//! COPY and MOVE within an account: the e-mail is shared, the place in a mailbox is new.

use super::Txn;
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
        self.remove(from, sources.uids())?;
        Ok(copied)
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
        self.record(to, Op::Insert { first, messages })?;
        Ok(copied)
    }

    fn link(&mut self, stage: u64, messages: &Arc<[NewMessage]>, to: MailboxId) -> Result<UidSet, Refusal> {
        let (first, copied) = self.take_uids(to, messages.len() as u64)?;
        self.count_in(to, messages)?;
        self.batch.put(schema::linked(self.account, stage), Vec::new());
        self.staged.insert(stage, messages.clone());
        let count = u32::try_from(messages.len()).map_err(|_| Refusal::UidsExhausted)?;
        self.record(to, Op::Link { first, count, stage })?;
        Ok(copied)
    }
}
