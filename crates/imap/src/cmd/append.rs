//! APPEND (RFC 3501 §6.3.11, RFC 3502, RFC 4315 §3, RFC 7888): everything is checked before the client is asked for a
//! message, which is spooled as it comes. All messages of a command arrive in one commit, or none does.

use imap_proto::command::{AppendHead, MessageForm, MessageHead};
use imap_proto::frame::Step;
use imap_proto::response::{AppendUid, Code};
use mailstore::{Appended, Arrival, Beside, Intake, Mailbox, Refusal};
use model::{MailboxName, Rights};

use crate::dispatch::offered;
use crate::io::Io;
use crate::reply::{Done, Failure, Wrong, destination_failure};
use crate::server::ImapServer;
use crate::state::Authenticated;

/// A message that is announced, and where it is to go.
pub(crate) struct Announced<'a> {
    pub(crate) mailbox: &'a Mailbox,
    pub(crate) head: MessageHead,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) beside: Beside,
}

impl Authenticated {
    pub(crate) async fn append(
        &self,
        head: AppendHead,
        size: u64,
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<Done, Failure> {
        let checked = offered(&head.uses(), self.switched_off).and_then(|()| self.destination(&head.mailbox));
        let mailbox = io.or_refuse_message(checked)?;
        let mut beside = Beside::default();
        let mut announced = Announced { mailbox: &mailbox, head: head.message, size, beside };
        let mut arrivals = Vec::new();
        loop {
            beside = beside.and_one_more(announced.size);
            let (arrival, next) = self.receive(announced, server, io).await?;
            arrivals.push(arrival);
            let Some((head, size)) = next else { break };
            io.or_refuse_message(offered(&head.uses(), self.switched_off))?;
            announced = Announced { mailbox: &mailbox, head, size, beside };
        }
        let appended = mailbox.append(arrivals).await.map_err(destination_error)?;
        Ok(Done { code: self.append_uid(appended), text: "APPEND completed" })
    }

    /// The mailbox that messages are to be put into.
    pub(crate) fn destination(&self, name: &MailboxName) -> Result<Mailbox, Failure> {
        self.access.mailbox(name, Rights::INSERT).map_err(destination_failure)
    }

    /// Takes a message and what follows it: the announcement of another one (RFC 3502), or the end of the command.
    pub(crate) async fn receive(
        &self,
        announced: Announced<'_>,
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<(Arrival, Option<(MessageHead, u64)>), Failure> {
        let Announced { mailbox, head, size, beside } = announced;
        io.or_refuse_message(self.check_message(&head, size))?;
        io.or_refuse_message(mailbox.has_room(size, beside).map_err(Failure::from))?;
        io.accept_message();
        let intake = take_bytes(server.store.receive(), head.form, io).await?;
        let next = match io.next_step().await? {
            Step::MessageEnd(_) => None,
            Step::NextMessage { head, size } => Some((head, size)),
            Step::Violation { error, .. } => return Err(Failure::Syntax(error)),
            // The framer gives nothing else behind a message.
            other => return Err(Failure::ours("append", format!("unexpected step: {other:?}"))),
        };
        // No message follows where there is none to refuse.
        let arrival = intake.finish(mailbox, head.flags, head.date).await;
        Ok((io.or_refuse_message(arrival.map_err(Failure::from))?, next))
    }

    /// `[APPENDUID ...]` (RFC 4315 §3)
    pub(crate) fn append_uid(&self, appended: Appended) -> Option<Code> {
        let Appended { uid_validity, uids, .. } = appended;
        self.is_offered("UIDPLUS").then_some(Code::AppendUid(AppendUid { uid_validity, uids }))
    }

    fn check_message(&self, head: &MessageHead, size: u64) -> Result<(), Failure> {
        if size == 0 {
            // RFC 3502 §6.3.11: a message of no bytes is how a client gives an APPEND up.
            return Err(Failure::EmptyMessage);
        }
        if size > self.message_bytes_max {
            return Err(Refusal::MessageTooBig { limit: self.message_bytes_max }.into());
        }
        match head.form {
            // RFC 6855 §4
            MessageForm::Utf8 if !self.enabled.dialect.utf8_accept => Err(Failure::Utf8NotEnabled),
            _ => Ok(()),
        }
    }
}

/// What the store says of messages that are to be put into a mailbox.
pub(crate) fn destination_error(error: mailstore::Error) -> Failure {
    match error {
        mailstore::Error::Refused(refusal) => destination_failure(refusal),
        failed => failed.into(),
    }
}

/// Takes the bytes of a message.
async fn take_bytes(intake: Intake, form: MessageForm, io: &mut Io) -> Result<Intake, Failure> {
    let takes_nul = form != MessageForm::Literal;
    let mut intake = if takes_nul { intake.in_binary() } else { intake };
    while let Some(bytes) = io.message_bytes().await? {
        // RFC 3501 §9: a literal is of CHAR8, which has no NUL, so FETCH could not send the message.
        if !takes_nul && bytes.contains(&0) {
            return io.or_refuse_message(Err(Wrong::NulInMessage.into()));
        }
        let written = intake.write(&bytes);
        io.or_refuse_message(written.map_err(Failure::from))?;
    }
    Ok(intake)
}
