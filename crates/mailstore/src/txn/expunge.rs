//! EXPUNGE: messages leave a mailbox. Their content stays until the sweeper finds that nobody refers to it.

use super::Txn;
use crate::change::Op;
use crate::error::Refusal;
use crate::schema;
use model::{EmailId, Flags, MailboxId, UidSet};

/// Which messages to expunge.
#[derive(Clone, Debug)]
pub enum Expunge {
    /// All that have `\Deleted` (EXPUNGE, CLOSE).
    AllDeleted,
    /// Those of the set that have `\Deleted` (UID EXPUNGE, RFC 4315 §2.1).
    Deleted(UidSet),
}

impl Txn<'_> {
    pub(crate) fn expunge(&mut self, mailbox: MailboxId, which: &Expunge) -> Result<UidSet, Refusal> {
        let image = self.image(mailbox)?;
        let deleted: UidSet = match which {
            // The common case of an idle CLOSE looks at no message.
            Expunge::AllDeleted if self.row(mailbox)?.deleted == 0 => UidSet::new(),
            Expunge::AllDeleted => {
                image.iter().filter(|m| m.flags.contains(Flags::DELETED)).map(|m| m.uid).collect()
            }
            Expunge::Deleted(set) => {
                image.range(set).filter(|m| m.flags.contains(Flags::DELETED)).map(|m| m.uid).collect()
            }
        };
        self.remove(mailbox, &deleted)?;
        Ok(deleted)
    }

    /// Takes messages that exist out of a mailbox.
    pub(super) fn remove(&mut self, mailbox: MailboxId, uids: &UidSet) -> Result<(), Refusal> {
        if uids.is_empty() {
            return Ok(());
        }
        let image = self.image(mailbox)?;
        let modseq = self.modseq();
        let mut emails: Vec<EmailId> = Vec::new();
        let row = self.row_mut(mailbox)?;
        for m in image.range(uids) {
            row.messages = row.messages.saturating_sub(1);
            row.unseen = row.unseen.saturating_sub(u32::from(!m.flags.contains(Flags::SEEN)));
            if m.flags.contains(Flags::DELETED) {
                row.deleted = row.deleted.saturating_sub(1);
                row.deleted_size = row.deleted_size.saturating_sub(m.size.into());
            }
            row.size = row.size.saturating_sub(m.size.into());
            emails.push(m.email);
        }
        self.batch.put(schema::grave(self.account, modseq, mailbox), schema::encode_emails(&emails));
        self.record(mailbox, Op::Expunge { uids: uids.clone() })
    }
}
