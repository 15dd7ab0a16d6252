//! RENAME (RFC 3501 §6.3.5, RFC 9051 §6.3.6).

use imap_proto::command::Rename;

use crate::io::Io;
use crate::reply::{Done, Failure};
use crate::state::Authenticated;

impl Authenticated {
    pub(crate) async fn rename(&self, rename: &Rename, io: &mut Io) -> Result<Done, Failure> {
        self.access.rename(&rename.from, &rename.to).await?;
        // RFC 9051 §6.3.9.7. INBOX stays, whatever becomes of its messages.
        if self.enabled.dialect.rev2 && !rename.from.is_inbox() {
            self.announce_name(&rename.to, Some(rename.from.as_str()), io);
        }
        Ok(Done::new("RENAME completed"))
    }
}
