//! COPY and UID COPY (RFC 3501 §6.4.7, RFC 4315 §3).

use imap_proto::command::Copy;
use imap_proto::response::{Code, CopyUid};
use mailstore::Copied;
use model::{MailboxName, Rights};

use crate::reply::{Done, Failure, destination_failure};
use crate::state::Selected;

impl Selected {
    pub(crate) async fn copy(&self, copy: &Copy) -> Result<Done, Failure> {
        let uids = self.targets(&copy.set, copy.uid)?;
        let to = self.destination(&copy.mailbox)?;
        if uids.is_empty() {
            return Ok(Done::new("no messages to copy"));
        }
        let copied = self.mailbox.copy(&self.existing(uids, copy.uid)?, &to).await?;
        Ok(Done::coded(copy_uid(copied), "COPY completed"))
    }

    /// The mailbox that messages are to be put into.
    pub(crate) fn destination(&self, name: &MailboxName) -> Result<mailstore::Mailbox, Failure> {
        self.user.access.mailbox(name, Rights::INSERT).map_err(destination_failure)
    }

    /// The messages without those that are known to be gone: naming one by its UID is no error (RFC 3501 §6.4.8),
    /// while a number stands for a message that the client counts on (RFC 2180 §4.4).
    pub(crate) fn existing(&self, uids: model::UidSet, by_uid: bool) -> Result<model::UidSet, Failure> {
        let ghosts = self.view.ghosts();
        if !by_uid && !uids.intersection(&ghosts).is_empty() {
            return Err(mailstore::Refusal::MessagesGone.into());
        }
        Ok(uids.difference(&ghosts))
    }
}

/// `[COPYUID ...]` (RFC 4315 §3).
pub(crate) fn copy_uid(copied: Copied) -> Code {
    Code::CopyUid(CopyUid { uid_validity: copied.uid_validity, from: copied.from, to: copied.to })
}
