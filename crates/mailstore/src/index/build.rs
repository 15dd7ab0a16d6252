//! Building the index in the background: new e-mails become a segment, small segments become one.
//!
//! A segment's rows are written first, in several commits, and then the state that names it, in the one that makes it
//! count: what is broken off between leaves rows that nobody reads, which the next attempt begins by deleting.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{AccountId, EmailId};
use roaring::RoaringTreemap;
use storage::{Batch, Snapshot};
use textindex::{Block, Directory, Segment};
use tokio::sync::mpsc;

use super::attachments::Reading;
use super::rows::{DIRECTORY, IndexSize, POSTINGS, RowSource, SegmentRow, State, TERMS};
use super::{FIELDS, index_attachments, index_text, mark_partial, tiers};
use crate::account::load;
use crate::content::read_body;
use crate::email::Email;
use crate::error::{Error, Fault, Refusal, Stopped};
use crate::schema;
use crate::shared::Shared;
use crate::store::Store;

/// E-mails that are read together.
const EMAILS_AT_ONCE: usize = 256;
/// A segment is finished when it has taken so long, so that attachments that take long to read keep no other housekeeping waiting.
const TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of rows in one commit, about.
const COMMIT_BYTES: usize = 1 << 20;
/// Blocks on their way from a merge into the store.
const BLOCKS_UNDER_WAY: usize = 4;

/// E-mails that were indexed together.
struct Built {
    segment: Segment,
    /// The e-mail that is next.
    until: EmailId,
    emails: u64,
    text_bytes: u64,
}

impl Store {
    /// Indexes the accounts that have had new mail.
    pub(crate) async fn index_due(&self) {
        let min = self.shared.options.index_pending_min;
        for account in self.shared.maintenance.take_index() {
            if let Err(error) = self.index(account, min).await {
                tracing::error!(%error, %account, "text index");
            }
        }
    }

    /// Indexes everything that is not indexed yet.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn index_all(&self) -> Result<(), Error> {
        for account in self.accounts().await? {
            self.index(account, 1).await?;
        }
        Ok(())
    }

    /// Makes a user's index anew.
    ///
    /// # Errors
    /// [`Refusal::AccountMissing`], or a fault.
    pub async fn rebuild_index(&self, login: &str) -> Result<(), Error> {
        let account = self.find_user(login).await?.ok_or(Refusal::AccountMissing)?.account;
        {
            let _one_at_a_time = self.shared.maintenance.one_at_a_time.lock().await;
            let mut batch = Batch::default();
            forget(&mut batch, account);
            self.shared.commit_rows(batch, Vec::new()).await?;
        }
        self.index(account, 1).await
    }

    /// How much of a user's mail is indexed.
    ///
    /// # Errors
    /// [`Refusal::AccountMissing`], or a fault.
    pub async fn index_size(&self, login: &str) -> Result<IndexSize, Error> {
        let id = self.find_user(login).await?.ok_or(Refusal::AccountMissing)?.account;
        let account = self.account(id).await?.ok_or(Refusal::AccountMissing)?;
        let next = account.lock().published.head.next_email;
        Ok(self.state_of(id).await?.size(next))
    }

    async fn state_of(&self, account: AccountId) -> Result<State, Error> {
        let read = move |snapshot: &dyn Snapshot| State::read(snapshot, account);
        Ok(self.shared.read(read).await?.unwrap_or_default())
    }

    /// Indexes an account as long as so many e-mails wait for it.
    async fn index(&self, id: AccountId, pending_min: u64) -> Result<(), Error> {
        let Some(account) = self.account(id).await? else { return Ok(()) };
        let (next, is_removed) = {
            let inner = account.lock();
            (inner.published.head.next_email, inner.published.mailboxes.is_empty())
        };
        while !is_removed && self.index_some(id, next, pending_min.max(1)).await? {}
        Ok(())
    }

    /// Adds one segment; `false` if too few e-mails wait for that.
    async fn index_some(&self, id: AccountId, next: u64, pending_min: u64) -> Result<bool, Error> {
        // Other housekeeping has its turn between segments.
        let _one_at_a_time = self.shared.maintenance.one_at_a_time.lock().await;
        let mut state = self.state_of(id).await?;
        // What is left of a full disk is for deleting.
        if state.size(next).pending < pending_min || self.shared.has_space().is_err() {
            return Ok(false);
        }
        let (shared, from) = (self.shared.clone(), state.until);
        let built = self.background.run(move || build(&shared, id, from, EmailId(next))).await?;
        let mut writer = SegmentWriter::new(&self.shared, id, (state.next_segment, state.until));
        for (field, blocks) in built.segment.fields {
            for block in blocks {
                writer.push(field, block).await?;
            }
        }
        state.until = built.until;
        writer.finish(&mut state, None, (built.emails, built.text_bytes)).await?;
        self.merge(id, &mut state).await?;
        Ok(true)
    }

    async fn merge(&self, account: AccountId, state: &mut State) -> Result<(), Error> {
        while let Some(range) = tiers::due(&state.segments) {
            let merged: Vec<SegmentRow> = state.segments.get(range.clone()).unwrap_or_default().to_vec();
            let (sender, mut blocks) = mpsc::channel(BLOCKS_UNDER_WAY);
            let shared = self.shared.clone();
            let numbers: Vec<u32> = merged.iter().map(|segment| segment.number).collect();
            let from = merged.first().map_or(EmailId(0), |segment| segment.from);
            let end = state.segments.get(range.end).map_or(state.until, |segment| segment.from);
            let merging =
                self.background.run(move || merge(&shared, account, (from, end), &numbers, &sender));
            let mut writer = SegmentWriter::new(&self.shared, account, (state.next_segment, from));
            while let Some((field, block)) = blocks.recv().await {
                writer.push(field, block).await?;
            }
            let emails = merging.await?;
            let text_bytes = merged.iter().map(|segment| segment.text_bytes).sum();
            writer.finish(state, Some(range), (emails, text_bytes)).await?;
        }
        Ok(())
    }
}

/// In the commit that removes an account, or before its index is made anew.
pub(crate) fn forget(batch: &mut Batch, account: AccountId) {
    let first = schema::index(account);
    let end = schema::after(&first);
    batch.delete_range(first, end);
}

/// Indexes e-mails until there are enough for one segment. Blocks.
fn build(shared: &Shared, account: AccountId, from: EmailId, end: EmailId) -> Result<Built, Fault> {
    let mut batch = textindex::Batch::default();
    let (mut until, mut emails, mut text_bytes) = (from, 0, 0);
    let begun = Instant::now();
    'all: while until < end && batch.weight() < shared.options.index_batch_bytes {
        let some = some_emails(shared, account, until, end)?;
        until =
            some.last().filter(|_| some.len() == EMAILS_AT_ONCE).map_or(end, |last| EmailId(last.id.0 + 1));
        for email in some {
            let mut document = batch.document(email.id.0);
            match read_body(shared, email.blob, email.preface()) {
                Ok(Some(content)) => {
                    let tree = email.tree()?;
                    index_text(&mut document, &content, &tree);
                    if let Some(reader) = &shared.options.attachments {
                        index_attachments(&mut document, &content, &tree, &Reading::new(reader.clone()));
                    }
                }
                // Given up: nobody finds it any more.
                Ok(None) => {}
                // Whoever searches will be told of the damage.
                Err(_) => mark_partial(&mut document),
            }
            text_bytes += document.text_bytes();
            emails += 1;
            if begun.elapsed() >= TIME_MAX {
                until = EmailId(email.id.0 + 1);
                break 'all;
            }
        }
    }
    Ok(Built { segment: batch.finish(), until, emails, text_bytes })
}

/// The first e-mails there are of a range.
fn some_emails(
    shared: &Shared,
    account: AccountId,
    from: EmailId,
    end: EmailId,
) -> Result<Vec<Email>, Fault> {
    let (from, end) = (schema::email(account, from), schema::email(account, end));
    let mut rows = Vec::new();
    shared.engine.snapshot()?.scan_once(&from, &end, &mut |key, value| {
        rows.push((schema::email_of(key), value.to_vec()));
        match rows.len() < EMAILS_AT_ONCE {
            true => std::ops::ControlFlow::Continue(()),
            false => std::ops::ControlFlow::Break(()),
        }
    })?;
    let decode = |(id, row): (Option<EmailId>, Vec<u8>)| Some(Email::decode(id?, &row));
    Ok(rows.into_iter().filter_map(decode).collect::<Result<_, _>>()?)
}

/// Merges the segments of a range of e-mails, and says how many of these are left. Blocks.
fn merge(
    shared: &Shared,
    account: AccountId,
    (from, end): (EmailId, EmailId),
    segments: &[u32],
    blocks: &mpsc::Sender<(u8, Block)>,
) -> Result<u64, Fault> {
    let snapshot = shared.engine.snapshot()?;
    let snapshot: &dyn Snapshot = &*snapshot;
    let mut there = RoaringTreemap::new();
    let (from, end) = (schema::email(account, from), schema::email(account, end));
    load::scan_between(snapshot, &from, &end, |key, _| {
        there.extend(schema::email_of(key).map(|email| email.0));
        Ok(())
    })?;
    let sources: Vec<RowSource<'_>> =
        segments.iter().map(|&segment| RowSource { snapshot, account, segment }).collect();
    let mut met = RoaringTreemap::new();
    for field in FIELDS {
        let mut is_there = |email| {
            let is_there = there.contains(email);
            if is_there {
                met.insert(email);
            }
            is_there
        };
        let mut send = |block| {
            blocks.blocking_send((field, block)).map_err(|_| Fault::new("merge of the text index", Stopped))
        };
        textindex::merge(field, &sources, &mut is_there, &mut send)?;
    }
    Ok(met.len())
}

/// Writes a segment.
struct SegmentWriter<'a> {
    shared: &'a Arc<Shared>,
    account: AccountId,
    number: u32,
    /// The e-mail that it begins with.
    from: EmailId,
    batch: Batch,
    directories: BTreeMap<u8, Directory>,
    bytes: u64,
}

impl<'a> SegmentWriter<'a> {
    fn new(shared: &'a Arc<Shared>, account: AccountId, (number, from): (u32, EmailId)) -> Self {
        let mut batch = Batch::default();
        // What is there of this and later ones was broken off.
        batch.delete_range(schema::index_segment(account, number), schema::after(&schema::index(account)));
        Self { shared, account, number, from, batch, directories: BTreeMap::new(), bytes: 0 }
    }

    async fn push(&mut self, field: u8, block: Block) -> Result<(), Error> {
        let directory = self.directories.entry(field).or_default();
        let place = u32::try_from(directory.blocks()).map_err(|_| Fault::from(textindex::Damaged))?;
        directory.push(block.first);
        self.put((field, TERMS), place, block.terms);
        self.put((field, POSTINGS), place, block.postings);
        if self.batch.size_bytes() >= COMMIT_BYTES {
            self.shared.commit_rows(std::mem::take(&mut self.batch), Vec::new()).await?;
        }
        Ok(())
    }

    /// Makes the segment count, at the end or in the place of others, with the e-mails and the text it is of.
    async fn finish(
        mut self,
        state: &mut State,
        instead_of: Option<Range<usize>>,
        (emails, text_bytes): (u64, u64),
    ) -> Result<(), Error> {
        for (field, directory) in std::mem::take(&mut self.directories) {
            self.put((field, DIRECTORY), 0, directory.encode());
        }
        let mut after = state.clone();
        let range = instead_of.unwrap_or(after.segments.len()..after.segments.len());
        let (number, from, bytes) = (self.number, self.from, self.bytes);
        let row = SegmentRow { number, from, emails, text_bytes, bytes };
        for old in after.segments.splice(range, [row]) {
            let rows = schema::index_segment(self.account, old.number);
            let end = schema::after(&rows);
            self.batch.delete_range(rows, end);
        }
        after.next_segment = self.number + 1;
        self.batch.put(schema::index(self.account), after.encode());
        self.shared.commit_rows(self.batch, Vec::new()).await?;
        *state = after;
        Ok(())
    }

    fn put(&mut self, part: (u8, u8), block: u32, value: Vec<u8>) {
        self.bytes += value.len() as u64;
        self.batch.put(schema::index_part(self.account, self.number, part, block), value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Options;

    /// Housekeeping is one thing at a time, so a round that did not end would keep the sweeper waiting for ever.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_round_ends_though_mail_keeps_coming() {
        let staging = tempfile::tempdir().unwrap();
        let engine = Arc::new(storage::MemoryEngine::default());
        let blobs = Arc::new(storage::MemoryBlobs::default());
        let options = Options::new(staging.path().to_owned());
        let store = Store::open(engine, blobs, Arc::new(model::SystemClock), options).unwrap();
        let account = store.add_user("ada@a.example", "-", &[]).await.unwrap();
        let shared = store.shared.clone();
        shared.maintenance.index_due(account);
        let coming = tokio::spawn(async move {
            loop {
                shared.maintenance.index_due(account);
                tokio::task::yield_now().await;
            }
        });
        tokio::time::timeout(Duration::from_secs(20), store.index_due()).await.expect("the round ends");
        coming.abort();
    }
}
