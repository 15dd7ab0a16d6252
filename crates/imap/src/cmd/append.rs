//! APPEND (RFC 3501 §6.3.11, RFC 4315 §3, RFC 7888): everything is checked before the client is asked for its
//! message, which is spooled as it comes.

use imap_proto::Violation;
use imap_proto::command::AppendHead;
use imap_proto::frame::Step;
use imap_proto::response::{AppendUid, Code};
use mailstore::{Intake, Refusal};
use model::Rights;

use crate::dispatch::offered;
use crate::io::Io;
use crate::reply::{Done, Failure, Wrong, destination_failure};
use crate::server::ImapServer;
use crate::state::Authenticated;

impl Authenticated {
    pub(crate) async fn append(
        &self,
        head: AppendHead,
        size: u64,
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<Done, Failure> {
        if let Err(refusal) = offered(&head.uses()) {
            io.refuse_message();
            return Err(refusal);
        }
        let limit = server.store.message_bytes_max();
        if size == 0 {
            io.refuse_message();
            // RFC 3502 §6.3.11: a message of no bytes is how a client gives an APPEND up.
            return Err(Failure::EmptyMessage);
        }
        let checked =
            self.access.mailbox(&head.mailbox, Rights::INSERT).and_then(|mailbox| match size > limit {
                true => Err(Refusal::MessageTooBig { limit }),
                false => Ok(mailbox),
            });
        let mailbox = match checked {
            Ok(mailbox) => mailbox,
            Err(refusal) => {
                io.refuse_message();
                return Err(destination_failure(refusal));
            }
        };
        io.accept_message();
        let intake = receive(server.store.receive(), io).await?;
        let arrival = intake.finish(&mailbox, head.message.flags, head.message.date).await?;
        let appended = mailbox.append(vec![arrival]).await.map_err(|error| match error {
            mailstore::Error::Refused(refusal) => destination_failure(refusal),
            failed => failed.into(),
        })?;
        let code = AppendUid { uid_validity: appended.uid_validity, uids: appended.uids };
        Ok(Done::coded(Code::AppendUid(code), "APPEND completed"))
    }
}

/// Takes the message and the end of the command behind it.
async fn receive(mut intake: Intake, io: &mut Io) -> Result<Intake, Failure> {
    while let Some(bytes) = io.message_bytes().await? {
        // RFC 3501 §9: a literal is of CHAR8, which has no NUL, so FETCH could not send the message.
        if bytes.contains(&0) {
            io.refuse_message();
            return Err(Wrong::NulInMessage.into());
        }
        if let Err(error) = intake.write(&bytes) {
            io.refuse_message();
            return Err(error.into());
        }
    }
    match io.next_step().await? {
        Step::MessageEnd(_) => Ok(intake),
        Step::Violation { error, .. } => Err(Failure::Syntax(error)),
        Step::NextMessage { head, .. } => {
            io.refuse_message();
            offered(&head.uses())?;
            Err(Failure::Syntax(Violation::SecondMessage.into()))
        }
        // The framer gives nothing else behind a message.
        other => Err(Failure::ours("append", format!("unexpected step: {other:?}"))),
    }
}
