//! RENAME (RFC 3501 §6.3.5).

use imap_proto::command::Rename;

use crate::reply::{Done, Failure};
use crate::state::Authenticated;

impl Authenticated {
    pub(crate) async fn rename(&self, rename: &Rename) -> Result<Done, Failure> {
        self.access.rename(&rename.from, &rename.to).await?;
        Ok(Done::new("RENAME completed"))
    }
}
