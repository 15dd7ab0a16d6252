//! REPLACE and UID REPLACE (RFC 8508): a message takes another's place, in one commit.

use imap_proto::command::ReplaceHead;
use imap_proto::response::Code;
use mailstore::{Beside, Mailbox, Message, Refusal};

use super::append::{Announced, destination_error};
use crate::dispatch::offered;
use crate::io::Io;
use crate::reply::{Done, Failure};
use crate::server::ImapServer;
use crate::state::Selected;

impl Selected {
    pub(crate) async fn replace(
        &mut self,
        head: ReplaceHead,
        size: u64,
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<Done, Failure> {
        let checked = self.check_replace(&head).await;
        let (replaced, mailbox) = io.or_refuse_message(checked)?;
        let uid = replaced.uid;
        // RFC 8508 §3.4: only the difference counts against a quota.
        let beside = Beside { replaced: Some(replaced.size.into()), ..Beside::default() };
        let announced = Announced { mailbox: &mailbox, head: head.message, size, beside };
        // The framer lets no second message follow (RFC 8508 §4.7).
        let (arrival, _) = self.user.receive(announced, server, io).await?;
        let replaced = self.mailbox.replace(uid, arrival, &mailbox).await.map_err(destination_error)?;
        let modseq = replaced.modseq;
        // RFC 8508 §4.3: APPENDUID stands in an untagged OK, before the EXPUNGE response.
        if let Some(code) = self.user.append_uid(replaced) {
            io.untagged_ok(code, "the new message is there");
        }
        self.tell_all(io).await?;
        let code = self.user.enabled.qresync.then(|| Code::HighestModSeq(self.told(modseq)));
        Ok(Done { code, text: "REPLACE completed" })
    }

    /// Which message is replaced, and where the new one goes.
    async fn check_replace(&self, head: &ReplaceHead) -> Result<(Message, Mailbox), Failure> {
        offered(&head.uses(), self.user.switched_off)?;
        let target = self.targets(&head.target.into(), head.uid)?;
        self.writable()?;
        let mailbox = self.user.destination(&head.mailbox)?;
        let image = self.mailbox.snapshot().await?.image;
        // There is nothing to replace (RFC 8508 §3.2): there was nothing that the client knows of, or it is gone since.
        let uid = target.first().ok_or(Failure::NothingToReplace)?;
        let replaced = image.get(uid).ok_or(Refusal::MessagesGone)?;
        Ok((replaced, mailbox))
    }
}
