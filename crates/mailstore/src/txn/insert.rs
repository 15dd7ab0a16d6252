//! Messages arrive: APPEND, REPLACE, delivery, import.

use super::Txn;
use crate::change::{NewMessage, Op};
use crate::email::Email;
use crate::error::Refusal;
use crate::schema;
use crate::thread::Ties;
use crate::unreferred::Hold;
use model::{BlobId, EmailId, Flags, InternalDate, MailboxId, NamedFlags, Uid, UidSet};
use std::sync::Arc;
use storage::Location;

/// A message whose blob is durable and whose parts are known: all that is left is to refer to it.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) blob: BlobId,
    pub(crate) location: Location,
    /// The encoded [`crate::Email`], less its thread.
    pub(crate) email: Vec<u8>,
    /// What decides its thread.
    pub(crate) ties: Ties,
    pub(crate) flags: NamedFlags,
    pub(crate) date: InternalDate,
    pub(crate) size: u32,
    /// Header lines before the blob for this account alone.
    pub(crate) preface: Vec<u8>,
    /// Where it is from, if it is not to come from there again.
    pub(crate) source: Option<Source>,
    /// Keeps compaction from taking the blob for garbage.
    pub(crate) hold: Arc<Hold>,
}

/// Where a message is from, by a digest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// A file or a place in one, for ever.
    Import([u8; 32]),
    /// A delivery, for as long as mail servers try again ([`crate::delivered`]).
    Delivery([u8; 32]),
}

impl Txn<'_> {
    /// Gives the messages the mailbox's next UIDs.
    pub(crate) fn insert(&mut self, to: MailboxId, parcels: Vec<Parcel>) -> Result<UidSet, Refusal> {
        let mut messages = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            let flags = self.bits(&parcel.flags)?;
            let email = self.next_email();
            self.put_email(email, parcel.email, &parcel.ties, &parcel.preface);
            self.batch.put(schema::reference(self.account, email, to), Vec::new());
            self.batch.put(schema::owner(parcel.blob, self.account, email), Vec::new());
            self.batch.put(schema::blob(parcel.blob), parcel.location.encode().to_vec());
            match parcel.source {
                None => {}
                Some(Source::Import(source)) => {
                    self.batch.put(schema::imported(self.account, &source), Vec::new());
                }
                Some(Source::Delivery(message)) => {
                    let row = crate::delivered::row(self.now);
                    self.batch.put(schema::delivered(self.account, &message), row);
                }
            }
            self.located.push(parcel.location);
            self.holds.push(parcel.hold);
            messages.push(NewMessage { email, flags, date: parcel.date, size: parcel.size });
        }
        let (first, uids) = self.take_uids(to, messages.len() as u64)?;
        self.count_in(to, &messages)?;
        self.record(to, Op::Insert { first, saved: self.saved(), messages })?;
        Ok(uids)
    }

    /// Puts a message into a mailbox and takes another out of one.
    pub(crate) fn replace(
        &mut self,
        from: MailboxId,
        uid: Uid,
        parcel: Parcel,
        to: MailboxId,
    ) -> Result<UidSet, Refusal> {
        if self.image(from)?.get(uid).is_none() {
            return Err(Refusal::MessagesGone);
        }
        let uids = self.insert(to, vec![parcel])?;
        self.remove(from, &UidSet::range(uid, uid))?;
        Ok(uids)
    }

    /// Decides the message's thread, which its row ends with.
    fn put_email(&mut self, email: EmailId, mut row: Vec<u8>, ties: &Ties, preface: &[u8]) {
        let decided = ties.decide(email, |tie| self.thread_of(tie));
        Email::end(&mut row, decided.thread, preface, &ties.ancestry);
        self.batch.put(schema::email(self.account, email), row);
        for (tie, thread) in &decided.new {
            self.batch.put(schema::thread(self.account, tie), thread.0.to_be_bytes().to_vec());
        }
        self.threads.extend(decided.new);
    }

    fn next_email(&mut self) -> EmailId {
        let email = EmailId(self.head.next_email);
        self.head.next_email += 1;
        email
    }

    /// Takes the next `count` UIDs of a mailbox.
    pub(super) fn take_uids(&mut self, to: MailboxId, count: u64) -> Result<(Uid, UidSet), Refusal> {
        let row = self.row_mut(to)?;
        let uid = |n: u64| u32::try_from(n).ok().and_then(Uid::new).ok_or(Refusal::UidsExhausted);
        let (first, last) = (uid(row.uid_next)?, uid(row.uid_next + count.max(1) - 1)?);
        row.uid_next += count;
        Ok((first, UidSet::range(first, last)))
    }

    /// Adds messages to the mailbox's summary.
    pub(super) fn count_in(&mut self, to: MailboxId, messages: &[NewMessage]) -> Result<(), Refusal> {
        let row = self.row_mut(to)?;
        for m in messages {
            row.messages += 1;
            row.unseen += u32::from(!m.flags.contains(Flags::SEEN));
            if m.flags.contains(Flags::DELETED) {
                row.deleted += 1;
                row.deleted_size += u64::from(m.size);
            }
            row.size += u64::from(m.size);
        }
        Ok(())
    }
}
