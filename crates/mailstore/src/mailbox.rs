//! A mailbox, as the rights check hands it out: every read and every change of its messages.

use crate::account::{Account, load};
use crate::change::{NewMessage, Op, Record, put_messages, uids};
use crate::codec::Reader;
use crate::error::{Error, Refusal};
use crate::image::Image;
use crate::intake::Arrival;
use crate::keywords::Keywords;
use crate::quota::Usage;
use crate::schema::{self, MailboxRow};
use crate::txn::{Expunge, Parcel, Sources, StoreFlags, Txn};
use model::{MailboxId, ModSeq, Rights, Uid, UidSet, UidValidity};
use std::sync::Arc;
use storage::Batch;

/// Messages per staged row, and per commit of staged rows.
const STAGE_MESSAGES: usize = 4096;

/// A handle on a mailbox. Cheap to clone.
#[derive(Clone)]
pub struct Mailbox {
    account: Arc<Account>,
    id: MailboxId,
    rights: Rights,
}

/// A mailbox's summary: what STATUS answers from, without looking at messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// UIDVALIDITY
    pub uid_validity: UidValidity,
    /// UIDNEXT; 2^32 when the last UID has been given out.
    pub uid_next: u64,
    /// HIGHESTMODSEQ: the mailbox's own.
    pub highest_modseq: ModSeq,
    /// How many messages.
    pub messages: u32,
    /// How many without `\Seen`.
    pub unseen: u32,
    /// How many with `\Deleted`.
    pub deleted: u32,
    /// Their size together, in bytes.
    pub deleted_size: u64,
    /// Of all messages, in bytes.
    pub size: u64,
    /// From this UID on, messages are `\Recent`.
    pub recent_from: u64,
}

/// A mailbox at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The account's last commit that this is of.
    pub modseq: ModSeq,
    /// The summary.
    pub status: Status,
    /// The names of keywords.
    pub keywords: Keywords,
    /// The messages.
    pub image: Image,
}

/// What happened since a commit.
#[derive(Clone, Debug)]
pub enum Since {
    /// This.
    Changes(Changes),
    /// The log does not reach back so far: compare with a [`Snapshot`].
    TooOld {
        /// How far it reaches back.
        floor: ModSeq,
    },
}

/// What happened to a mailbox after some commit.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Up to this commit of the account.
    pub through: ModSeq,
    /// The summary after it.
    pub status: Status,
    /// The names of keywords after it.
    pub keywords: Keywords,
    /// Oldest first.
    pub records: Vec<Record>,
}

/// What the commit will change besides that a message is to arrive with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside {
    /// Messages that come with it.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The size of a message whose place it takes.
    pub replaced: Option<u64>,
}

impl Beside {
    /// With one more message of so many bytes.
    #[must_use]
    pub const fn and_one_more(self, bytes: u64) -> Self {
        Self { messages: self.messages + 1, bytes: self.bytes.saturating_add(bytes), replaced: self.replaced }
    }

    fn after(self, before: Usage) -> Usage {
        let without = self.replaced.map_or(before, |size| before.without_message(size));
        without.with_messages(self.messages, self.bytes)
    }
}

/// What became of a STORE.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The commit; the account's last one if nothing changed.
    pub modseq: ModSeq,
    /// Those whose flags changed: they have this modseq now.
    pub changed: UidSet,
    /// Those whose flags were so already.
    pub unchanged: UidSet,
    /// Those that were touched after UNCHANGEDSINCE, and left alone.
    pub modified: UidSet,
    /// Those that no longer exist.
    pub missing: UidSet,
}

/// What an EXPUNGE took.
#[derive(Clone, Debug)]
pub struct Expunged {
    /// The commit; the account's last one if there was nothing to take.
    pub modseq: ModSeq,
    /// The messages.
    pub uids: UidSet,
}

/// Where messages arrived.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The commit.
    pub modseq: ModSeq,
    /// UIDVALIDITY of the mailbox.
    pub uid_validity: UidValidity,
    /// Their UIDs, in the order given.
    pub uids: UidSet,
}

/// Where messages were copied, or moved.
#[derive(Clone, Debug)]
pub struct Copied {
    /// The commit.
    pub modseq: ModSeq,
    /// UIDVALIDITY of the destination.
    pub uid_validity: UidValidity,
    /// The sources, ascending.
    pub from: UidSet,
    /// The copies, in the same order.
    pub to: UidSet,
}

impl Status {
    pub(crate) fn of(row: &MailboxRow, recent_from: u64) -> Self {
        Self {
            uid_validity: row.uid_validity,
            uid_next: row.uid_next,
            highest_modseq: row.highest_modseq,
            messages: row.messages,
            unseen: row.unseen,
            deleted: row.deleted,
            deleted_size: row.deleted_size,
            size: row.size,
            recent_from,
        }
    }

    /// The last UID given out; `None` before the first.
    #[must_use]
    pub fn uid_last(&self) -> Option<Uid> {
        u32::try_from(self.uid_next - 1).ok().and_then(Uid::new)
    }

    /// The UIDs from `recent_from` up to the last one given out.
    #[must_use]
    pub fn recent(&self) -> UidSet {
        let from = u32::try_from(self.recent_from).ok().and_then(Uid::new);
        match (from, self.uid_last()) {
            (Some(from), Some(to)) if from <= to => UidSet::range(from, to),
            _ => UidSet::new(),
        }
    }
}

impl Mailbox {
    pub(crate) const fn new(account: Arc<Account>, id: MailboxId, rights: Rights) -> Self {
        Self { account, id, rights }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> MailboxId {
        self.id
    }

    pub(crate) fn account_id(&self) -> model::AccountId {
        self.account.id
    }

    pub(crate) const fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// What the user may do with it.
    #[must_use]
    pub const fn rights(&self) -> Rights {
        self.rights
    }

    fn need(&self, rights: Rights) -> Result<(), Refusal> {
        if self.rights.contains(rights) { Ok(()) } else { Err(Refusal::NeedRight(rights)) }
    }

    /// Its summary.
    ///
    /// # Errors
    /// [`Refusal::MailboxGone`]
    pub fn status(&self) -> Result<Status, Refusal> {
        let inner = self.account.lock();
        let row = inner.published.mailboxes.get(&self.id).ok_or(Refusal::MailboxGone)?;
        Ok(Status::of(row, inner.recent_from(self.id)))
    }

    /// Its messages at one moment.
    ///
    /// # Errors
    /// [`Refusal::MailboxGone`], or a fault of the store.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        self.need(Rights::READ)?;
        loop {
            self.account.image(self.id).await?.ok_or(Refusal::MailboxGone)?;
            let inner = self.account.lock();
            let row = inner.published.mailboxes.get(&self.id).ok_or(Refusal::MailboxGone)?;
            // Evicted in between: read it again.
            if let Some(image) = inner.published.images.get(&self.id) {
                return Ok(Snapshot {
                    modseq: inner.published.modseq(),
                    status: Status::of(row, inner.recent_from(self.id)),
                    keywords: inner.published.keywords.clone(),
                    image: image.clone(),
                });
            }
        }
    }

    /// What happened after `since`.
    ///
    /// # Errors
    /// [`Refusal::MailboxGone`], or a fault of the store.
    pub async fn changes_since(&self, since: ModSeq) -> Result<Since, Error> {
        self.need(Rights::READ)?;
        let (mut changes, floor) = {
            let inner = self.account.lock();
            let row = inner.published.mailboxes.get(&self.id).ok_or(Refusal::MailboxGone)?;
            let changes = Changes {
                through: inner.published.modseq(),
                status: Status::of(row, inner.recent_from(self.id)),
                keywords: inner.published.keywords.clone(),
                records: Vec::new(),
            };
            if row.highest_modseq <= since {
                return Ok(Since::Changes(changes));
            }
            if let Some(records) = inner.ring.since(self.id, since) {
                return Ok(Since::Changes(Changes { records, ..changes }));
            }
            (changes, row.log_floor)
        };
        if since < floor {
            return Ok(Since::TooOld { floor });
        }
        let (account, id, through) = (self.account.id, self.id, changes.through);
        let read =
            move |snapshot: &dyn storage::Snapshot| read_records(snapshot, account, id, since, through);
        match self.account.shared.read(read).await? {
            Ok(records) => changes.records = records,
            Err(floor) => return Ok(Since::TooOld { floor }),
        }
        Ok(Since::Changes(changes))
    }

    /// The UIDs expunged after `since` and up to a snapshot (RFC 7162 §3.2.6). Beyond what is on record, every UID
    /// that is missing below its UIDNEXT, which RFC 7162 §3.2.5.2 allows.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn vanished_since(&self, since: ModSeq, snapshot: &Snapshot) -> Result<UidSet, Error> {
        let (account, id, through) = (self.account.id, self.id, snapshot.modseq);
        let known = self
            .account
            .shared
            .read(move |engine: &dyn storage::Snapshot| read_vanished(engine, account, id, since, through))
            .await?;
        let given_out =
            snapshot.status.uid_last().map_or_else(UidSet::new, |last| UidSet::range(Uid::FIRST, last));
        Ok(match known {
            // A checkpoint may have recorded meanwhile what vanished after the snapshot, or arrived after it and vanished.
            Some(vanished) => {
                let vanished = vanished.intersection(&given_out);
                let there = snapshot.image.range(&vanished).map(|m| m.uid).collect();
                vanished.difference(&there)
            }
            None => given_out.difference(&snapshot.image.uids()),
        })
    }

    /// The messages of which no session was told yet. With `claim` they are this session's: no other gets them.
    #[must_use]
    pub fn recent(&self, claim: bool) -> UidSet {
        let mut inner = self.account.lock();
        let Some(row) = inner.published.mailboxes.get(&self.id).cloned() else { return UidSet::new() };
        let status = Status::of(&row, inner.recent_from(self.id));
        if claim {
            inner.claim_recent(self.id, row.uid_next);
        }
        status.recent()
    }

    /// Whether there is room for a message of so many bytes, as far as can be told before it comes.
    ///
    /// # Errors
    /// [`Refusal::OverQuota`], [`Refusal::DiskReserve`].
    pub fn has_room(&self, bytes: u64, beside: Beside) -> Result<(), Refusal> {
        let account = &self.account;
        account.shared.has_space()?;
        let before = account.lock().resolved.usage;
        let after = beside.and_one_more(bytes).after(before);
        account.shared.quotas.would_admit(account.id, &account.owner, before, after)
    }

    /// Puts messages that were received into the mailbox, all in one commit.
    ///
    /// # Errors
    /// [`Refusal::MailboxGone`], a limit, or a fault, after which it is unknown whether they arrived.
    pub async fn append(&self, messages: Vec<Arrival>) -> Result<Appended, Error> {
        self.need(Rights::INSERT)?;
        self.account.shared.has_space()?;
        let parcels: Vec<Parcel> = messages.into_iter().map(Arrival::into_parcel).collect();
        let insert = |txn: &mut Txn<'_>| {
            let uid_validity = txn.row(self.id)?.uid_validity;
            Ok((txn.insert(self.id, parcels)?, uid_validity))
        };
        let (modseq, (uids, uid_validity)) = self.account.commit(&[], insert).await?;
        Ok(Appended { modseq, uid_validity, uids })
    }

    /// Puts a message that was received into a mailbox of the same account, and expunges one of this mailbox's, all in
    /// one commit (RFC 8508 §3.4).
    ///
    /// # Errors
    /// [`Refusal::MessagesGone`] if there is nothing to replace any more, and those of [`Mailbox::append`].
    pub async fn replace(&self, uid: Uid, by: Arrival, to: &Self) -> Result<Appended, Error> {
        self.need(Rights::READ.with(Rights::DELETE_MESSAGES).with(Rights::EXPUNGE))?;
        to.need(Rights::INSERT)?;
        self.account.shared.has_space()?;
        let replace = |txn: &mut Txn<'_>| {
            let uid_validity = txn.row(to.id)?.uid_validity;
            Ok((txn.replace(self.id, uid, by.into_parcel(), to.id)?, uid_validity))
        };
        let (modseq, (uids, uid_validity)) = self.account.commit(&[self.id], replace).await?;
        Ok(Appended { modseq, uid_validity, uids })
    }

    /// Changes flags.
    ///
    /// # Errors
    /// [`Refusal::NeedRight`] when a named flag needs a right the user lacks, [`Refusal::KeywordLimit`],
    /// [`Refusal::MailboxGone`], or a fault.
    pub async fn store(&self, request: StoreFlags) -> Result<Stored, Error> {
        self.need(Rights::WRITE)?;
        let (modseq, resolved) = self.account.commit(&[self.id], |txn| txn.store(self.id, &request)).await?;
        let seen = resolved.changed.union(&resolved.unchanged).union(&resolved.modified);
        let missing = request.uids.difference(&seen);
        let crate::txn::Resolved { changed, unchanged, modified } = resolved;
        Ok(Stored { modseq, changed, unchanged, modified, missing })
    }

    /// Expunges messages that have `\Deleted`.
    ///
    /// # Errors
    /// [`Refusal::NeedRight`], [`Refusal::MailboxGone`], or a fault.
    pub async fn expunge(&self, which: Expunge) -> Result<Expunged, Error> {
        self.need(Rights::EXPUNGE)?;
        let (modseq, uids) = self.account.commit(&[self.id], |txn| txn.expunge(self.id, &which)).await?;
        Ok(Expunged { modseq, uids })
    }

    /// Copies all of the messages to a mailbox of the same account, or none.
    ///
    /// # Errors
    /// [`Refusal::MessagesGone`], [`Refusal::NeedRight`], [`Refusal::MailboxGone`], or a fault.
    pub async fn copy(&self, uids: &UidSet, to: &Self) -> Result<Copied, Error> {
        self.need(Rights::READ)?;
        to.need(Rights::INSERT)?;
        self.transfer(uids, to, |txn, from, sources, to| txn.copy(from, sources, to)).await
    }

    /// Moves all of the messages to a mailbox of the same account, or none, in one commit (RFC 6851).
    ///
    /// # Errors
    /// As [`Mailbox::copy`].
    pub async fn move_to(&self, uids: &UidSet, to: &Self) -> Result<Copied, Error> {
        self.need(Rights::READ.with(Rights::DELETE_MESSAGES).with(Rights::EXPUNGE))?;
        to.need(Rights::INSERT)?;
        self.transfer(uids, to, |txn, from, sources, to| txn.move_to(from, sources, to)).await
    }

    async fn transfer(
        &self,
        uids: &UidSet,
        to: &Self,
        how: impl FnOnce(&mut Txn<'_>, MailboxId, &Sources, MailboxId) -> Result<UidSet, Refusal>,
    ) -> Result<Copied, Error> {
        self.account.shared.has_space()?;
        // While rows are staged, the sweeper must not take the content that they will refer to.
        let large = uids.len() > self.account.shared.options.copy_inline_max;
        let _keep = large.then(|| self.account.keep_all());
        let sources = match large {
            false => Sources::These(uids.clone()),
            true => self.stage(uids, to.id).await?,
        };
        let transfer = |txn: &mut Txn<'_>| {
            let copied = how(txn, self.id, &sources, to.id)?;
            Ok((copied, txn.row(to.id)?.uid_validity))
        };
        let (modseq, (copied, uid_validity)) = self.account.commit(&[self.id], transfer).await?;
        Ok(Copied { modseq, uid_validity, from: uids.clone(), to: copied })
    }

    /// Writes the rows of a large copy in bounded batches. They are invisible until a commit links them; a crash
    /// before that leaves rows that the sweeper removes.
    async fn stage(&self, uids: &UidSet, to: MailboxId) -> Result<Sources, Error> {
        let id = self.account.id;
        let next = |txn: &mut Txn<'_>| {
            txn.head_mut().next_stage += 1;
            Ok(txn.head_mut().next_stage)
        };
        let (_, stage) = self.account.commit(&[], next).await?;
        let image = self.snapshot().await?.image;
        let messages: Arc<[NewMessage]> = image.range(uids).map(NewMessage::from).collect();
        if messages.len() as u64 != uids.len() {
            return Err(Refusal::MessagesGone.into());
        }
        for (number, some) in (0u32..).zip(messages.chunks(STAGE_MESSAGES)) {
            let mut batch = Batch::default();
            let mut row = Vec::new();
            put_messages(&mut row, some);
            batch.put(schema::stage(id, stage, number), row);
            for m in some {
                batch.put(schema::reference(id, m.email, to), Vec::new());
            }
            self.account.shared.commit_rows(batch, Vec::new()).await?;
        }
        Ok(Sources::Staged { uids: uids.clone(), stage, messages })
    }
}

/// The log after `since`; the log's floor if it has moved beyond that meanwhile.
fn read_records(
    snapshot: &dyn storage::Snapshot,
    account: model::AccountId,
    id: MailboxId,
    since: ModSeq,
    through: ModSeq,
) -> Result<Result<Vec<Record>, ModSeq>, crate::error::Fault> {
    let row = snapshot.get(&schema::mailbox(account, id))?.map(|row| MailboxRow::decode(&row)).transpose()?;
    if let Some(row) = row.filter(|row| row.log_floor > since) {
        return Ok(Err(row.log_floor));
    }
    let mut records = Vec::new();
    load::read_log(snapshot, account, id, since, |modseq, change| {
        if modseq <= through {
            records.push(Record { modseq, change: Arc::new(change) });
        }
        Ok(())
    })?;
    Ok(Ok(records))
}

/// What was expunged after `since`; `None` if that is no longer on record.
fn read_vanished(
    snapshot: &dyn storage::Snapshot,
    account: model::AccountId,
    id: MailboxId,
    since: ModSeq,
    through: ModSeq,
) -> Result<Option<UidSet>, crate::error::Fault> {
    let Some(row) = snapshot.get(&schema::mailbox(account, id))? else { return Ok(None) };
    let row = MailboxRow::decode(&row)?;
    if since < row.vanished_floor {
        return Ok(None);
    }
    let mut ranges = Vec::new();
    let mut add = |set: UidSet| ranges.extend(set.ranges().map(|r| (*r.start(), *r.end())));
    // A row holds all that vanished since the row before it, so the first above `since` may tell more than asked for.
    let first = schema::vanished(account, id, since.next());
    load::scan_between(snapshot, &first, &schema::after(&schema::vanisheds(account, id)), |_, value| {
        let mut reader = Reader::new(value, "vanished UIDs");
        reader.u64()?;
        add(uids(&mut reader)?);
        Ok(())
    })?;
    load::read_log(snapshot, account, id, since.max(row.log_floor), |modseq, change| {
        for op in change.ops {
            if let (Op::Expunge { uids }, true) = (op, modseq <= through) {
                add(uids);
            }
        }
        Ok(())
    })?;
    Ok(Some(UidSet::from_ranges(ranges)))
}
