//! CREATE (RFC 3501 §6.3.3, RFC 6154 §3).

use imap_proto::command::Create;

use crate::reply::{Done, Failure};
use crate::state::Authenticated;

impl Authenticated {
    pub(crate) async fn create(&self, create: &Create) -> Result<Done, Failure> {
        let role = match create.special_use.as_slice() {
            [] => None,
            [role] => Some(*role),
            // RFC 6154 §3: NO [USEATTR] "if the server cannot create a mailbox with the designated special use".
            [..] => return Err(Failure::SeveralRoles),
        };
        self.access.create(&create.mailbox, role).await?;
        Ok(Done::new("CREATE completed"))
    }
}
