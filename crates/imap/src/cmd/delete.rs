//! DELETE (RFC 3501 §6.3.4). Sessions that have the mailbox selected hear of it from their pump (RFC 2180 §3.3).

use model::MailboxName;

use crate::reply::{Done, Failure};
use crate::state::Authenticated;

impl Authenticated {
    pub(crate) async fn delete(&self, name: &MailboxName) -> Result<Done, Failure> {
        self.access.delete(name).await?;
        Ok(Done::new("DELETE completed"))
    }
}
