//! Which messages the members of a group have got already, for as long as a mail server may try again to reach the others.
//!
//! A delivery to several accounts is no common commit. Where some of them could not be reached, or the answer was lost, the
//! same message comes again, and who has it is not to get it twice. What is remembered is forgotten after a while.

use crate::access::Access;
use crate::account::load;
use crate::codec::{Reader, put_u64};
use crate::error::{Error, Fault};
use crate::schema;
use crate::store::Store;
use model::Timestamp;
use storage::{Batch, Snapshot};

/// How long a message is remembered, in seconds: mail servers give up after five days (RFC 5321 §4.5.4.1).
const REMEMBERED_SECONDS: u64 = 7 * 24 * 3600;
/// Rows that are forgotten in one commit.
const FORGOTTEN_TOGETHER: usize = 4096;

/// What is kept of a delivery: its time, in seconds.
pub(crate) fn row(now: Timestamp) -> Vec<u8> {
    let mut row = Vec::new();
    put_u64(&mut row, now.seconds());
    row
}

fn is_remembered(row: &[u8], now: Timestamp) -> Result<bool, Fault> {
    let since = Reader::new(row, "delivery").u64()?;
    Ok(now.seconds().saturating_sub(since) < REMEMBERED_SECONDS)
}

impl Access {
    /// Whether the message of this digest was delivered to the account lately.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn has_delivered(&self, message: [u8; 32]) -> Result<bool, Error> {
        let (key, now) = (schema::delivered(self.account_id(), &message), self.now());
        let read = move |snapshot: &dyn Snapshot| match snapshot.get(&key)? {
            Some(row) => is_remembered(&row, now),
            None => Ok(false),
        };
        self.shared().read_soon(read).await
    }
}

impl Store {
    /// Forgets the deliveries that nobody tries again.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn forget_deliveries(&self) -> Result<(), Error> {
        let now = self.shared.clock.now();
        loop {
            let old = move |snapshot: &dyn Snapshot| old_deliveries(snapshot, now);
            let old = self.shared.read(old).await?;
            if old.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::default();
            old.into_iter().for_each(|key| batch.delete(key));
            self.shared.commit_rows(batch, Vec::new()).await?;
        }
    }
}

/// Some of them.
fn old_deliveries(snapshot: &dyn Snapshot, now: Timestamp) -> Result<Vec<Vec<u8>>, Fault> {
    let mut old = Vec::new();
    load::scan(snapshot, schema::DELIVERED, |key, value| {
        if old.len() < FORGOTTEN_TOGETHER && !is_remembered(value, now)? {
            old.push(key.to_vec());
        }
        Ok(())
    })?;
    Ok(old)
}
