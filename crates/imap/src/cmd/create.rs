//! CREATE (RFC 3501 §6.3.3, RFC 6154 §3, RFC 8474 §4.1, RFC 9051 §6.3.4).

use imap_proto::command::Create;
use imap_proto::response::Code;

use crate::io::Io;
use crate::object_id;
use crate::reply::{Done, Failure};
use crate::state::Authenticated;

impl Authenticated {
    pub(crate) async fn create(&self, create: &Create, io: &mut Io) -> Result<Done, Failure> {
        let role = match create.special_use.as_slice() {
            [] => None,
            [role] => Some(*role),
            // RFC 6154 §3: NO [USEATTR] "if the server cannot create a mailbox with the designated special use".
            [..] => return Err(Failure::SeveralRoles),
        };
        let id = self.access.create(&create.mailbox, role).await?;
        if self.enabled.dialect.rev2 && create.sent_as.is_some() {
            self.announce_name(&create.mailbox, create.sent_as.as_deref(), io);
        }
        let code = self.is_offered("OBJECTID").then(|| Code::MailboxId(object_id::of_mailbox(id)));
        Ok(Done { code, text: "CREATE completed" })
    }
}
