//! MOVE and UID MOVE (RFC 6851, RFC 7162 §3.2.10).

use imap_proto::command::Copy;
use imap_proto::response::Code;

use crate::io::Io;
use crate::reply::{Done, Failure};
use crate::state::Selected;

impl Selected {
    pub(crate) async fn move_messages(&mut self, command: &Copy, io: &mut Io) -> Result<Done, Failure> {
        let named = self.targets(&command.set, command.uid)?;
        self.writable()?;
        let to = self.user.destination(&command.mailbox)?;
        let uids = self.existing(named, command.uid).await?;
        if uids.is_empty() {
            return Ok(Done::new("no messages to move"));
        }
        let moved = self.mailbox.move_to(&uids, &to).await?;
        let modseq = moved.modseq;
        // RFC 6851 §4.3: COPYUID stands in an untagged OK, before the EXPUNGE responses.
        if let Some(code) = self.copy_uid(moved) {
            io.untagged_ok(code, "moved");
        }
        self.tell_all(io).await?;
        if self.user.enabled.qresync {
            return Ok(Done::coded(Code::HighestModSeq(self.told(modseq)), "MOVE completed"));
        }
        Ok(Done::new("MOVE completed"))
    }
}
