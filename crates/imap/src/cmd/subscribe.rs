//! SUBSCRIBE and UNSUBSCRIBE (RFC 3501 §6.3.6 and §6.3.7).

use model::MailboxName;

use crate::reply::{Done, Failure};
use crate::state::Authenticated;

impl Authenticated {
    pub(crate) async fn subscribe(&self, name: &MailboxName) -> Result<Done, Failure> {
        self.access.subscribe(name, true).await?;
        Ok(Done::new("SUBSCRIBE completed"))
    }

    pub(crate) async fn unsubscribe(&self, name: &MailboxName) -> Result<Done, Failure> {
        self.access.subscribe(name, false).await?;
        Ok(Done::new("UNSUBSCRIBE completed"))
    }
}
