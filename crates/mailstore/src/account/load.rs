//! Accounts and images are read from the store: chunks, then the log above them.

use super::{Account, Inner};
use crate::change::{Change, NewMessage, messages};
use crate::chunk::Chunk;
use crate::codec::{Damaged, Reader};
use crate::error::{Error, Fault, Stopped};
use crate::image::{Image, nothing_staged};
use crate::keywords::Keywords;
use crate::schema::{self, Head, MailboxRow};
use crate::shared::Shared;
use crate::state::State;
use model::{AccountId, MailboxId, ModSeq};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use storage::Snapshot;

impl Account {
    /// Opens an account; `None` if there is none of that id.
    pub(crate) async fn open(id: AccountId, shared: &Arc<Shared>) -> Result<Option<Arc<Self>>, Error> {
        let read = move |snapshot: &dyn Snapshot| {
            let owner = snapshot.get(&schema::owner_of(id))?.unwrap_or_default();
            let owner = String::from_utf8(owner).map_err(|_| Damaged { what: "owner of an account" })?;
            Ok(read_state(snapshot, id)?.map(|state| (owner, state)))
        };
        let read = shared.read(read).await?;
        Ok(read.map(|(owner, state)| Self::new(id, owner, shared.clone(), state)))
    }

    /// Reads an image without holding the account, then brings it up to what has happened meanwhile.
    pub(super) async fn load_image(&self, id: MailboxId) -> Result<(), Error> {
        loop {
            // A commit of unknown outcome may be in what is read, and will never be published: waiting has no end.
            if *self.shared.failed.borrow() {
                return Err(Fault::new("read mailbox", Stopped).into());
            }
            let account = self.id;
            let read = self.shared.read(move |snapshot| read_image(snapshot, account, id)).await?;
            let Some((image, as_of)) = read else {
                // Deleted meanwhile, unless the deletion has yet to be published.
                tokio::task::yield_now().await;
                return Ok(());
            };
            let weight = image.weight();
            let adopted = self.lock().adopt(id, image, as_of);
            if adopted {
                self.shared.images.used(&self.this, self.id, id, weight);
                return Ok(());
            }
        }
    }
}

impl Inner {
    /// Takes an image that was read as of a commit; `false` if so much has happened since that it must be read again.
    fn adopt(&mut self, id: MailboxId, mut image: Image, as_of: ModSeq) -> bool {
        // The snapshot may already hold commits that are durable and not published yet.
        let Some(missed) = self.ring.since(id, as_of) else { return false };
        let known = as_of.max(self.published.modseq());
        for record in missed {
            if has_link(&record.change) {
                return false;
            }
            apply(&mut image, record.modseq, &record.change);
        }
        let mut resolved = image.clone();
        for commit in self.pending.iter().filter(|commit| !commit.silent) {
            for (_, change) in commit.changes.iter().filter(|(mailbox, _)| *mailbox == id) {
                if has_link(change) {
                    return false;
                }
                apply(&mut resolved, commit.head.modseq, change);
            }
        }
        if known > self.published.modseq() {
            // Ahead of what is published: it may be shown only once that is published too.
            return false;
        }
        // A mailbox that was deleted meanwhile shall not come back as an image without a row.
        if self.published.mailboxes.contains_key(&id) {
            self.published.images.insert(id, image);
        }
        if self.resolved.mailboxes.contains_key(&id) {
            self.resolved.images.insert(id, resolved);
        }
        true
    }
}

/// A large copy's messages are in the store alone, so an image that missed one is read again.
pub(super) fn has_link(change: &Change) -> bool {
    change.ops.iter().any(|op| matches!(op, crate::Op::Link { .. }))
}

fn apply(image: &mut Image, modseq: ModSeq, change: &Change) {
    let Ok(()) = image.apply(modseq, change, &mut nothing_staged);
}

/// An account's state without images.
pub(crate) fn read_state(snapshot: &dyn Snapshot, id: AccountId) -> Result<Option<State>, Fault> {
    let Some(head) = snapshot.get(&schema::head(id))? else { return Ok(None) };
    let keywords = snapshot.get(&schema::keywords(id))?.map(|v| schema::decode_keywords(&v)).transpose()?;
    let names = snapshot.get(&schema::subscriptions(id))?.map(|v| schema::decode_names(&v)).transpose()?;
    let keywords = Keywords::new(keywords.unwrap_or_default());
    let mut state = State::new(Head::decode(&head)?, keywords, names.unwrap_or_else(BTreeSet::new));
    for (mailbox, row) in read_mailboxes(snapshot, id)? {
        state.set_row(mailbox, Arc::new(row));
    }
    Ok(Some(state))
}

/// The rows of an account's mailboxes.
pub(crate) fn read_mailboxes(
    snapshot: &dyn Snapshot,
    id: AccountId,
) -> Result<BTreeMap<MailboxId, MailboxRow>, Fault> {
    let mut rows = BTreeMap::new();
    scan(snapshot, &schema::mailboxes(id), |key, value| {
        let mailbox = schema::last_u32(key).map(MailboxId).unwrap_or_default();
        rows.insert(mailbox, MailboxRow::decode(value)?);
        Ok(())
    })?;
    Ok(rows)
}

/// A mailbox's image, and the account's last commit that it is of; `None` if there is no such mailbox.
pub(crate) fn read_image(
    snapshot: &dyn Snapshot,
    account: AccountId,
    id: MailboxId,
) -> Result<Option<(Image, ModSeq)>, Fault> {
    let Some(row) = snapshot.get(&schema::mailbox(account, id))? else { return Ok(None) };
    let floor = MailboxRow::decode(&row)?.log_floor;
    let head =
        snapshot.get(&schema::head(account))?.map(|v| Head::decode(&v)).transpose()?.unwrap_or_default();
    Ok(Some((read_rows(snapshot, account, id, floor)?, head.modseq)))
}

/// What the chunks and the log above `floor` add up to; also for a mailbox whose own row is gone.
pub(crate) fn read_rows(
    snapshot: &dyn Snapshot,
    account: AccountId,
    id: MailboxId,
    floor: ModSeq,
) -> Result<Image, Fault> {
    let mut image = Image::default();
    scan(snapshot, &schema::chunks(account, id), |key, value| {
        image.push_chunk(schema::last_u32(key).unwrap_or_default(), Chunk::decode(value)?);
        Ok(())
    })?;
    read_log(snapshot, account, id, floor, |modseq, change| {
        image.apply(modseq, &change, &mut |stage| read_stage(snapshot, account, stage))
    })?;
    Ok(image)
}

/// The log of a mailbox after `since`, oldest first.
pub(crate) fn read_log(
    snapshot: &dyn Snapshot,
    account: AccountId,
    id: MailboxId,
    since: ModSeq,
    mut each: impl FnMut(ModSeq, Change) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let from = schema::log(account, id, since.next());
    scan_between(snapshot, &from, &schema::after(&schema::logs(account, id)), |key, value| {
        each(ModSeq(schema::last_u64(key).unwrap_or_default()), Change::decode(value)?)
    })
}

/// The messages that a large copy staged.
pub(crate) fn read_stage(
    snapshot: &dyn Snapshot,
    account: AccountId,
    stage: u64,
) -> Result<Vec<NewMessage>, Fault> {
    let mut all = Vec::new();
    scan(snapshot, &schema::stages(account, stage), |_, value| {
        all.extend(messages(&mut Reader::new(value, "staged messages"))?);
        Ok(())
    })?;
    Ok(all)
}

/// Every row whose key starts with `prefix`, as [`scan_between`].
pub(crate) fn scan(
    snapshot: &dyn Snapshot,
    prefix: &[u8],
    each: impl FnMut(&[u8], &[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    scan_between(snapshot, prefix, &schema::after(prefix), each)
}

/// Every row from one key to before another. What is read so becomes an image, or is the housekeeping's business: the rows
/// themselves are not kept in memory.
pub(crate) fn scan_between(
    snapshot: &dyn Snapshot,
    from: &[u8],
    to: &[u8],
    each: impl FnMut(&[u8], &[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    until_failed(|each| snapshot.scan_once(from, to, each), each)
}

/// The same of rows that are likely to be read again.
pub(crate) fn scan_kept(
    snapshot: &dyn Snapshot,
    from: &[u8],
    to: &[u8],
    each: impl FnMut(&[u8], &[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    until_failed(|each| snapshot.scan(from, to, each), each)
}

fn until_failed(
    scan: impl FnOnce(storage::Each<'_>) -> Result<(), storage::Error>,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut failed = None;
    scan(&mut |key, value| match each(key, value) {
        Ok(()) => ControlFlow::Continue(()),
        Err(fault) => {
            failed = Some(fault);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(()), Err)
}
