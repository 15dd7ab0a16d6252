//! STORE: flags of messages change (RFC 9051 §6.4.6, RFC 7162 §3.1.3).

use super::Txn;
use crate::change::{FLAGS_BY_RESULT_MAX, Op};
use crate::error::Refusal;
use crate::schema::MailboxRow;
use model::{Flags, MailboxId, ModSeq, NamedFlags, Uid, UidSet};

/// What STORE does with the flags it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagOp {
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
    /// `FLAGS`
    Replace,
}

/// A STORE.
#[derive(Clone, Debug)]
pub struct StoreFlags {
    /// The messages.
    pub uids: UidSet,
    /// What to do.
    pub op: FlagOp,
    /// With these flags.
    pub flags: NamedFlags,
    /// Leave alone what was touched after this (RFC 7162 §3.1.3).
    pub unchanged_since: Option<ModSeq>,
}

/// What became of each message of a STORE.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) changed: UidSet,
    pub(crate) unchanged: UidSet,
    pub(crate) modified: UidSet,
}

impl Txn<'_> {
    pub(crate) fn store(&mut self, mailbox: MailboxId, request: &StoreFlags) -> Result<Resolved, Refusal> {
        let (remove, add) = match request.op {
            FlagOp::Add => (Flags::NONE, self.bits(&request.flags)?),
            FlagOp::Remove => (self.known_bits(&request.flags), Flags::NONE),
            FlagOp::Replace => (Flags::from_bits(u128::MAX), self.bits(&request.flags)?),
        };
        let mut resolved = Resolved::default();
        let mut results: Vec<(Uid, Flags)> = Vec::new();
        let mut tally = Tally::default();
        for m in self.image(mailbox)?.range(&request.uids) {
            let flags = m.flags.without(remove).with(add);
            if request.unchanged_since.is_some_and(|since| m.modseq > since) {
                resolved.modified.insert(m.uid);
            } else if flags == m.flags {
                resolved.unchanged.insert(m.uid);
            } else {
                resolved.changed.insert(m.uid);
                tally.count(m.flags, flags, m.size);
                if results.len() <= FLAGS_BY_RESULT_MAX {
                    results.push((m.uid, flags));
                }
            }
        }
        if !resolved.changed.is_empty() {
            tally.add_to(self.row_mut(mailbox)?);
            let op = if results.len() <= FLAGS_BY_RESULT_MAX {
                Op::Flags { messages: results }
            } else {
                Op::FlagsDelta { uids: resolved.changed.clone(), remove, add }
            };
            self.record(mailbox, op)?;
        }
        Ok(resolved)
    }
}

/// How the mailbox's counters move.
#[derive(Default)]
pub(super) struct Tally {
    unseen: i32,
    deleted: i32,
    /// In bytes.
    deleted_size: i64,
}

impl Tally {
    /// A message of `size` bytes changes its flags.
    pub(super) fn count(&mut self, before: Flags, after: Flags, size: u32) {
        let is = |flags: Flags, flag| i32::from(flags.contains(flag));
        self.unseen += is(before, Flags::SEEN) - is(after, Flags::SEEN);
        let deleted = is(after, Flags::DELETED) - is(before, Flags::DELETED);
        self.deleted += deleted;
        self.deleted_size += i64::from(deleted) * i64::from(size);
    }

    pub(super) fn add_to(&self, row: &mut MailboxRow) {
        row.unseen = row.unseen.saturating_add_signed(self.unseen);
        row.deleted = row.deleted.saturating_add_signed(self.deleted);
        row.deleted_size = row.deleted_size.saturating_add_signed(self.deleted_size);
    }
}
