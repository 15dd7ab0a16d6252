//! A transaction: an intent on its way to becoming a commit.
//!
//! It is resolved in memory, against what the intents before it have made of the account, and never reads the disk.
//! Each kind of intent has its file; here is what they share, and how the commit's rows come about.

mod copy;
mod expunge;
mod flags;
mod insert;
mod tree;

pub(crate) use copy::Sources;
pub use expunge::Expunge;
pub(crate) use flags::Resolved;
pub use flags::{FlagOp, StoreFlags};
pub(crate) use insert::{Parcel, Source};

use crate::change::{Change, NewMessage, Op};
use crate::error::Refusal;
use crate::image::Image;
use crate::keywords::Keywords;
use crate::quota::Usage;
use crate::schema::{self, Head, MailboxRow};
use crate::state::{Commit, State};
use crate::store::AccountLimits;
use crate::thread::{Recent, Tie};
use crate::unreferred::Hold;
use model::{
    AccountId, Flags, KEYWORDS_MAX, MailboxId, MailboxName, ModSeq, NamedFlags, SaveDate, ThreadId, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use storage::{Batch, Location};

/// One intent being resolved.
pub(crate) struct Txn<'a> {
    account: AccountId,
    before: &'a State,
    now: Timestamp,
    limits: AccountLimits,
    head: Head,
    rows: BTreeMap<MailboxId, Option<Arc<MailboxRow>>>,
    changes: BTreeMap<MailboxId, Change>,
    /// The messages behind the [`Op::Link`]s of this transaction.
    staged: BTreeMap<u64, Arc<[NewMessage]>>,
    keywords: Option<Keywords>,
    subscribed: Option<Arc<BTreeSet<MailboxName>>>,
    batch: Batch,
    located: Vec<Location>,
    holds: Vec<Arc<Hold>>,
    claims: Option<&'a HashMap<MailboxId, u64>>,
    recent_threads: Option<&'a Recent>,
    /// Message-ids that this transaction brings into a thread.
    threads: Vec<(Tie, ThreadId)>,
}

/// A resolved intent.
pub(crate) struct Outcome {
    pub(crate) commit: Commit,
    pub(crate) batch: Batch,
    /// Where the blobs lie that this commit is the first to refer to.
    pub(crate) located: Vec<Location>,
    /// To be let go when the commit is durable.
    pub(crate) holds: Vec<Arc<Hold>>,
    pub(crate) threads: Vec<(Tie, ThreadId)>,
}

impl<'a> Txn<'a> {
    pub(crate) fn new(account: AccountId, before: &'a State, now: Timestamp, limits: AccountLimits) -> Self {
        Self {
            account,
            before,
            now,
            limits,
            head: before.head,
            rows: BTreeMap::new(),
            changes: BTreeMap::new(),
            staged: BTreeMap::new(),
            keywords: None,
            subscribed: None,
            batch: Batch::default(),
            located: Vec::new(),
            holds: Vec::new(),
            claims: None,
            recent_threads: None,
            threads: Vec::new(),
        }
    }

    /// The mod-sequence that this commit will have.
    pub(crate) const fn modseq(&self) -> ModSeq {
        self.before.head.modseq.next()
    }

    /// Writes \\Recent watermarks with the rows that this commit writes anyway.
    pub(crate) fn set_claims(&mut self, claims: &'a HashMap<MailboxId, u64>) {
        self.claims = Some(claims);
    }

    /// Knows the threads of messages that no snapshot has seen yet.
    pub(crate) fn set_recent_threads(&mut self, recent: &'a Recent) {
        self.recent_threads = Some(recent);
    }

    /// The thread that an id was brought into lately.
    fn thread_of(&self, tie: &Tie) -> Option<ThreadId> {
        let here = self.threads.iter().find(|(known, _)| known == tie).map(|(_, thread)| *thread);
        here.or_else(|| self.recent_threads.and_then(|recent| recent.get(tie)))
    }

    /// When the messages of this transaction come into their mailboxes.
    fn saved(&self) -> SaveDate {
        SaveDate::at(self.now)
    }

    pub(crate) const fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    pub(crate) const fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    pub(crate) fn row(&self, id: MailboxId) -> Result<&Arc<MailboxRow>, Refusal> {
        match self.rows.get(&id) {
            Some(row) => row.as_ref(),
            None => self.before.mailboxes.get(&id),
        }
        .ok_or(Refusal::MailboxGone)
    }

    pub(crate) fn row_mut(&mut self, id: MailboxId) -> Result<&mut MailboxRow, Refusal> {
        let row = self.row(id)?.clone();
        match self.rows.entry(id).or_insert(None) {
            slot @ None => Ok(Arc::make_mut(slot.insert(row))),
            Some(row) => Ok(Arc::make_mut(row)),
        }
    }

    /// The mailbox's messages before this intent. Intents that need it name the mailbox beforehand.
    pub(crate) fn image(&self, id: MailboxId) -> Result<&'a Image, Refusal> {
        self.before.images.get(&id).ok_or(Refusal::MailboxGone)
    }

    /// Adds a step to the mailbox's log record.
    fn record(&mut self, id: MailboxId, op: Op) -> Result<(), Refusal> {
        let modseq = self.modseq();
        let row = self.row_mut(id)?;
        row.highest_modseq = modseq;
        let change = self.changes.entry(id).or_insert_with(|| Change { ops: Vec::with_capacity(1) });
        change.ops.push(op);
        Ok(())
    }

    /// The bits of flags; keywords that are new to the account get theirs.
    pub(crate) fn bits(&mut self, flags: &NamedFlags) -> Result<Flags, Refusal> {
        let mut bits = flags.system;
        for keyword in &flags.keywords {
            let table = self.keywords.as_ref().unwrap_or(&self.before.keywords);
            let bit = match table.bit(keyword) {
                Some(bit) => bit,
                None => {
                    let limit = self.limits.keywords.min(KEYWORDS_MAX);
                    let more = table.with(keyword).filter(|_| table.all().len() < limit);
                    let (table, bit) = more.ok_or(Refusal::KeywordLimit { limit })?;
                    self.keywords = Some(table);
                    bit
                }
            };
            bits = bits.with(bit);
        }
        Ok(bits)
    }

    /// The bits of flags that are to be taken away: unknown keywords are on no message.
    pub(crate) fn known_bits(&self, flags: &NamedFlags) -> Flags {
        self.keywords.as_ref().unwrap_or(&self.before.keywords).known(flags)
    }

    /// What the account has after this commit.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = self.before.usage;
        for (id, row) in &self.rows {
            if let Some(old) = self.before.mailboxes.get(id) {
                usage.subtract(old);
            }
            if let Some(row) = row {
                usage.add(row);
            }
        }
        usage
    }

    /// The commit and its rows.
    pub(crate) fn finish(mut self) -> Outcome {
        let silent = self.changes.is_empty() && self.subscribed.is_none() && !self.tree_changed();
        if !silent {
            self.head.modseq = self.modseq();
        }
        let images = self.put_changes();
        self.put_rows();
        let rows = self.rows.into_iter().collect();
        let changes = self.changes.into_iter().map(|(id, change)| (id, Arc::new(change))).collect();
        let commit = Commit {
            head: self.head,
            silent,
            rows,
            images,
            changes,
            keywords: self.keywords,
            subscribed: self.subscribed,
        };
        let Self { batch, located, holds, threads, .. } = self;
        Outcome { commit, batch, located, holds, threads }
    }

    /// Whether a mailbox was made, deleted or renamed, or has another role.
    fn tree_changed(&self) -> bool {
        self.rows.iter().any(|(id, row)| match (self.before.mailboxes.get(id), row) {
            (Some(old), Some(new)) => old.name != new.name || old.special_use != new.special_use,
            _ => true,
        })
    }

    fn put_changes(&mut self) -> Vec<(MailboxId, Image)> {
        let modseq = self.modseq();
        let mut images = Vec::new();
        for (&id, change) in &self.changes {
            if let Some(Some(row)) = self.rows.get_mut(&id) {
                Arc::make_mut(row).log_records += 1;
            }
            self.batch.put(schema::log(self.account, id, modseq), change.encode());
            if let Some(image) = self.before.images.get(&id) {
                let mut image = image.clone();
                let mut staged = |stage| {
                    Ok::<_, Infallible>(self.staged.get(&stage).map(|m| m.to_vec()).unwrap_or_default())
                };
                let Ok(()) = image.apply(modseq, change, &mut staged);
                images.push((id, image));
            }
        }
        images
    }

    fn put_rows(&mut self) {
        for (&id, row) in &mut self.rows {
            if let (Some(row), Some(&claim)) = (row.as_mut(), self.claims.and_then(|claims| claims.get(&id)))
            {
                let row = Arc::make_mut(row);
                row.recent_from = row.recent_from.max(claim);
            }
        }
        for (&id, row) in &self.rows {
            let key = schema::mailbox(self.account, id);
            match row {
                Some(row) => self.batch.put(key, row.encode()),
                None => self.batch.delete(key),
            }
        }
        if self.head.modseq != self.before.head.modseq {
            let mut touched = Vec::new();
            for id in self.rows.keys() {
                crate::codec::put_u64(&mut touched, id.0.into());
            }
            self.batch.put(schema::touched(self.account, self.head.modseq), touched);
        }
        if let Some(keywords) = &self.keywords {
            self.batch.put(schema::keywords(self.account), schema::encode_keywords(keywords.all()));
        }
        if let Some(names) = &self.subscribed {
            self.batch.put(schema::subscriptions(self.account), schema::encode_names(names));
        }
        if self.head != self.before.head {
            self.batch.put(schema::head(self.account), self.head.encode());
        }
    }
}
