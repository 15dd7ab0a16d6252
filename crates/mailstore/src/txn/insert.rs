//! Messages arrive: APPEND, delivery, import.

use super::Txn;
use crate::change::{NewMessage, Op};
use crate::error::Refusal;
use crate::schema;
use crate::unreferred::Hold;
use model::{BlobId, EmailId, Flags, InternalDate, MailboxId, NamedFlags, Uid, UidSet};
use storage::Location;

/// A message whose blob is durable and whose parts are known: all that is left is to refer to it.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) blob: BlobId,
    pub(crate) location: Location,
    /// The encoded [`crate::Email`].
    pub(crate) email: Vec<u8>,
    pub(crate) flags: NamedFlags,
    pub(crate) date: InternalDate,
    pub(crate) size: u32,
    /// The digest of the source it was imported from.
    pub(crate) source: Option<[u8; 32]>,
    /// Keeps compaction from taking the blob for garbage.
    pub(crate) hold: Hold,
}

impl Txn<'_> {
    /// Gives the messages the mailbox's next UIDs.
    pub(crate) fn insert(&mut self, to: MailboxId, parcels: Vec<Parcel>) -> Result<UidSet, Refusal> {
        let mut messages = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            let flags = self.bits(&parcel.flags)?;
            let email = self.next_email();
            self.batch.put(schema::email(self.account, email), parcel.email);
            self.batch.put(schema::reference(self.account, email, to), Vec::new());
            self.batch.put(schema::owner(parcel.blob, self.account, email), Vec::new());
            self.batch.put(schema::blob(parcel.blob), parcel.location.encode().to_vec());
            if let Some(source) = parcel.source {
                self.batch.put(schema::imported(self.account, &source), Vec::new());
            }
            self.located.push(parcel.location);
            self.holds.push(parcel.hold);
            messages.push(NewMessage { email, flags, date: parcel.date, size: parcel.size });
        }
        let (first, uids) = self.take_uids(to, messages.len() as u64)?;
        self.count_in(to, &messages)?;
        self.record(to, Op::Insert { first, messages })?;
        Ok(uids)
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
            row.deleted += u32::from(m.flags.contains(Flags::DELETED));
            row.size += u64::from(m.size);
        }
        Ok(())
    }
}
