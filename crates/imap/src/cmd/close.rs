//! CLOSE (RFC 3501 §6.4.2, RFC 7162 §3.2.8): expunges without a word. Leaving the mailbox is the session's part.

use crate::reply::{Done, Failure};
use crate::state::{Mode, Selected};

impl Selected {
    pub(crate) async fn close(&self) -> Result<Done, Failure> {
        if self.mode == Mode::ReadWrite {
            match self.mailbox.expunge(mailstore::Expunge::AllDeleted).await {
                // Whoever may not expunge, or whose mailbox is gone, can still leave it.
                Ok(_) | Err(mailstore::Error::Refused(_)) => {}
                Err(failed) => return Err(failed.into()),
            }
        }
        Ok(Done::new("CLOSE completed"))
    }
}
