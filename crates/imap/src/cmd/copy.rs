//! COPY and UID COPY (RFC 3501 §6.4.7, RFC 4315 §3).

use imap_proto::command::Copy;
use imap_proto::response::{Code, CopyUid};
use mailstore::Copied;
use model::UidSet;

use crate::reply::{Done, Failure};
use crate::state::Selected;

impl Selected {
    pub(crate) async fn copy(&self, copy: &Copy) -> Result<Done, Failure> {
        let named = self.targets(&copy.set, copy.uid)?;
        let to = self.user.destination(&copy.mailbox)?;
        let uids = self.existing(named, copy.uid).await?;
        if uids.is_empty() {
            return Ok(Done::new("no messages to copy"));
        }
        let copied = self.mailbox.copy(&uids, &to).await?;
        Ok(Done { code: self.copy_uid(copied), text: "COPY completed" })
    }

    /// `[COPYUID ...]` (RFC 4315 §3).
    pub(crate) fn copy_uid(&self, copied: Copied) -> Option<Code> {
        let Copied { uid_validity, from, to, .. } = copied;
        self.user.is_offered("UIDPLUS").then_some(Code::CopyUid(CopyUid { uid_validity, from, to }))
    }

    /// The messages without those that are gone: naming one by its UID is no error (RFC 3501 §6.4.8), while a number
    /// stands for a message that the client counts on (RFC 2180 §4.4), and the store refuses what it has not.
    pub(crate) async fn existing(&self, uids: UidSet, by_uid: bool) -> Result<UidSet, Failure> {
        if !by_uid {
            return Ok(uids);
        }
        let image = self.mailbox.snapshot().await?.image;
        Ok(image.range(&uids).map(|message| message.uid).collect())
    }
}
