//! The checkpoint: writes a mailbox's changed chunks, then moves the log's floor and trims what lies below.
//!
//! Interrupted anywhere, it has changed nothing that can be seen: a chunk says `as_of` which commit it holds, and the
//! log above the floor is still complete.

use crate::account::{Account, load};
use crate::change::{Change, Op, put_uids};
use crate::chunk::CHUNK_UIDS;
use crate::codec::put_u64;
use crate::error::Error;
use crate::image::Image;
use crate::schema::{self, MailboxRow};
use crate::store::{Options, Store};
use model::{AccountId, MailboxId, ModSeq, UidSet};
use std::collections::BTreeSet;
use std::sync::Arc;
use storage::Batch;

/// A log of so many records is always due.
const RECORDS_MAX: u64 = 10_000;
/// Chunks written per commit, so that nobody waits long behind a checkpoint.
const CHUNKS_PER_COMMIT: usize = 64;
/// How long VANISHED stays exact: a year.
const VANISHED_KEPT_SECONDS: u64 = 365 * 24 * 3600;

/// Whether the mailbox's log has grown long, absolutely or for the mailbox's size.
pub(crate) fn is_due(row: &MailboxRow, options: &Options) -> bool {
    let long_for_its_size = options.checkpoint_records_min.max(u64::from(row.messages) / 4);
    row.log_records > RECORDS_MAX.min(long_for_its_size)
}

/// What the log between two floors tells beyond the image.
#[derive(Default)]
struct Trimmed {
    records: u64,
    vanished: UidSet,
    stages: BTreeSet<u64>,
}

impl Store {
    /// Writes a mailbox's checkpoint as of now.
    ///
    /// # Errors
    /// A fault of the store.
    pub(crate) async fn checkpoint(&self, account: AccountId, mailbox: MailboxId) -> Result<(), Error> {
        let Some(account) = self.account(account).await? else { return Ok(()) };
        account.image(mailbox).await?;
        let Some((row, image, as_of)) = consistent(&account, mailbox) else { return Ok(()) };
        if row.log_records == 0 {
            return Ok(());
        }
        let (id, floor) = (account.id, row.log_floor);
        let read = move |s: &dyn storage::Snapshot| trimmed(s, id, mailbox, floor, as_of);
        let trimmed = self.shared.read(read).await?;
        self.write_chunks(&account, mailbox, &image, &row, &trimmed).await?;
        self.move_floor(&account, mailbox, as_of, &trimmed).await
    }

    async fn write_chunks(
        &self,
        account: &Account,
        mailbox: MailboxId,
        image: &Image,
        row: &MailboxRow,
        trimmed: &Trimmed,
    ) -> Result<(), Error> {
        let mut batch = Batch::default();
        let mut chunks = 0;
        for (number, chunk) in image.numbered().filter(|(_, chunk)| chunk.as_of > row.log_floor) {
            batch.put(schema::chunk(account.id, mailbox, number), chunk.encode());
            chunks += 1;
            if chunks % CHUNKS_PER_COMMIT == 0 {
                self.shared.commit_rows(std::mem::take(&mut batch), Vec::new()).await?;
            }
        }
        // Chunks that have become empty are no longer in the image.
        let emptied: BTreeSet<u32> =
            trimmed.vanished.ranges().flat_map(|r| r.start() / CHUNK_UIDS..=r.end() / CHUNK_UIDS).collect();
        for number in emptied.into_iter().filter(|&number| image.chunk(number).is_none()) {
            batch.delete(schema::chunk(account.id, mailbox, number));
        }
        if batch.is_empty() { Ok(()) } else { self.shared.commit_rows(batch, Vec::new()).await }
    }

    async fn move_floor(
        &self,
        account: &Account,
        mailbox: MailboxId,
        as_of: ModSeq,
        trimmed: &Trimmed,
    ) -> Result<(), Error> {
        let (id, now) = (account.id, self.shared.clock.now().seconds());
        let old = self.shared.read(move |s| outdated(s, id, mailbox, now)).await?;
        let done = account.commit(&[], |txn| {
            let row = txn.row_mut(mailbox)?;
            row.log_floor = as_of;
            row.log_records = row.log_records.saturating_sub(trimmed.records);
            row.vanished_floor = row.vanished_floor.max(old.unwrap_or_default());
            let batch = txn.batch();
            let first = schema::log(id, mailbox, ModSeq::ZERO);
            batch.delete_range(first, schema::log(id, mailbox, as_of.next()));
            if let Some(old) = old {
                let first = schema::vanished(id, mailbox, ModSeq::ZERO);
                batch.delete_range(first, schema::vanished(id, mailbox, old.next()));
            }
            if !trimmed.vanished.is_empty() {
                let mut value = Vec::new();
                put_u64(&mut value, now);
                put_uids(&mut value, &trimmed.vanished);
                batch.put(schema::vanished(id, mailbox, as_of), value);
            }
            for &stage in &trimmed.stages {
                batch.delete_range(schema::stages(id, stage), schema::after(&schema::stages(id, stage)));
                batch.delete(schema::linked(id, stage));
            }
            Ok(())
        });
        match done.await {
            // Deleted meanwhile: the sweeper takes its rows.
            Err(Error::Refused(_)) => Ok(()),
            other => other.map(drop),
        }
    }
}

/// The mailbox's row and image as of one commit.
fn consistent(account: &Account, mailbox: MailboxId) -> Option<(Arc<MailboxRow>, Image, ModSeq)> {
    let inner = account.lock();
    let row = inner.published.mailboxes.get(&mailbox)?.clone();
    // Evicted between: what was read may be older than the row, and the next commit makes the checkpoint due again.
    let image = inner.published.images.get(&mailbox)?.clone();
    Some((row, image, inner.published.modseq()))
}

fn trimmed(
    snapshot: &dyn storage::Snapshot,
    account: AccountId,
    mailbox: MailboxId,
    floor: ModSeq,
    as_of: ModSeq,
) -> Result<Trimmed, crate::error::Fault> {
    let mut trimmed = Trimmed::default();
    let mut vanished = Vec::new();
    load::read_log(snapshot, account, mailbox, floor, |modseq, change: Change| {
        if modseq <= as_of {
            trimmed.records += 1;
            for op in change.ops {
                match op {
                    Op::Expunge { uids } => vanished.extend(uids.ranges().map(|r| (*r.start(), *r.end()))),
                    Op::Link { stage, .. } => drop(trimmed.stages.insert(stage)),
                    _ => {}
                }
            }
        }
        Ok(())
    })?;
    trimmed.vanished = UidSet::from_ranges(vanished);
    Ok(trimmed)
}

/// The newest record of vanished UIDs that is older than they are kept.
fn outdated(
    snapshot: &dyn storage::Snapshot,
    account: AccountId,
    mailbox: MailboxId,
    now: u64,
) -> Result<Option<ModSeq>, crate::error::Fault> {
    let mut newest = None;
    load::scan(snapshot, &schema::vanisheds(account, mailbox), |key, value| {
        let written = crate::codec::Reader::new(value, "vanished UIDs").u64()?;
        if written.saturating_add(VANISHED_KEPT_SECONDS) < now {
            newest = schema::last_u64(key).map(ModSeq);
        }
        Ok(())
    })?;
    Ok(newest)
}
