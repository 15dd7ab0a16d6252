//! EXPUNGE and UID EXPUNGE (RFC 3501 §6.4.3, RFC 4315 §2.1, RFC 7162 §3.2.7 and §3.2.9).

use imap_proto::command::Expunge;
use imap_proto::response::Code;
use model::ModSeq;

use crate::io::Io;
use crate::reply::{Done, Failure};
use crate::state::Selected;

impl Selected {
    pub(crate) async fn expunge(&mut self, expunge: &Expunge, io: &mut Io) -> Result<Done, Failure> {
        let which = match &expunge.uids {
            None => mailstore::Expunge::AllDeleted,
            Some(set) => mailstore::Expunge::Deleted(self.targets(set, true)?),
        };
        self.writable()?;
        let expunged = self.mailbox.expunge(which).await?;
        let done = Done::new("EXPUNGE completed");
        if expunged.uids.is_empty() || !self.user.enabled.qresync {
            return Ok(done);
        }
        // The value may be told only when all up to it has been.
        self.tell_all(io).await?;
        Ok(Done { code: Some(Code::HighestModSeq(self.told(expunged.modseq))), ..done })
    }

    /// What HIGHESTMODSEQ may be told, of a commit that was.
    pub(crate) fn told(&self, modseq: ModSeq) -> ModSeq {
        self.view.highest_modseq(modseq)
    }
}
