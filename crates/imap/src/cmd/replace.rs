//! REPLACE and UID REPLACE (RFC 8508): a message takes another's place, in one commit.

use imap_proto::command::ReplaceHead;
use imap_proto::response::Code;
use mailstore::{Mailbox, Message, Refusal};

use super::append::{Announced, append_uid, destination_error};
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
        let (uid, instead_of) = (replaced.uid, Some(replaced.size.into()));
        let announced = Announced { mailbox: &mailbox, head: head.message, size, instead_of };
        // The framer lets no second message follow (RFC 8508 §4.7).
        let (arrival, _) = self.user.receive(announced, server, io).await?;
        let replaced = self.mailbox.replace(uid, arrival, &mailbox).await.map_err(destination_error)?;
        let modseq = replaced.modseq;
        // RFC 8508 §4.3: APPENDUID stands in an untagged OK, before the EXPUNGE response.
        io.untagged_ok(append_uid(replaced), "the new message is there");
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
        // A UID of no message, or one that is gone: there is nothing to replace (RFC 8508 §3.2).
        let replaced = target.first().and_then(|uid| image.get(uid)).ok_or(Refusal::MessagesGone)?;
        Ok((replaced, mailbox))
    }
}
