//! The sweeper: gives back the space of what nobody refers to any more, without stopping anyone.
//!
//! What a mailbox loses is noted in a grave by the commit that takes it. The sweeper reads graves, finds the e-mails
//! that no mailbox holds, and deletes their rows through the same committer as everyone. Before that it looks again,
//! under the account's lock: a copy may have brought an e-mail back into a mailbox since the graves were read.

use crate::access::{EMAILS_PER_READ_MAX, read_emails};
use crate::account::{Account, load};
use crate::compact::{put_dead, read_dead};
use crate::error::{Error, Fault};
use crate::schema;
use crate::shared::Shared;
use crate::store::Store;
use model::{AccountId, BlobId, EmailId, MailboxId, ModSeq};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use storage::{Batch, Location};

/// Roughly how many expunged e-mails one round takes.
const EMAILS_PER_ROUND: usize = 4096;

/// Numbers that lie no further apart are read in one go.
const GAP_MAX: u64 = 8;

/// Marks the keys of graves that a deleted mailbox left: no modseq reaches so high (RFC 7162 §3: 63 bits).
const BURIED: u64 = 1 << 63;

/// The graves of one round.
#[derive(Default)]
struct Round {
    /// The account's published commit before they were read.
    as_of: ModSeq,
    graves: Vec<Vec<u8>>,
    emails: BTreeSet<EmailId>,
    /// Where each may still be.
    references: HashMap<EmailId, Vec<MailboxId>>,
    blobs: HashMap<EmailId, BlobId>,
    /// Which e-mails, of this account and others, each blob is the content of.
    owners: HashMap<BlobId, HashSet<(AccountId, EmailId)>>,
    /// Whether a blob is still being brought to an account.
    on_the_way: bool,
    /// Whether more graves are left for another round.
    more: bool,
}

impl Store {
    /// Sweeps every account that has graves, then deleted mailboxes, then segments that are mostly dead.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn sweep_all(&self) -> Result<(), Error> {
        let _one_at_a_time = self.shared.maintenance.one_at_a_time.lock().await;
        for (account, mailbox) in self.shared.read(tombstones).await? {
            if let Err(error) = self.bury_mailbox(account, mailbox).await {
                tracing::error!(%error, %account, %mailbox, "sweep a deleted mailbox");
            }
        }
        for id in self.shared.read(accounts_with_graves).await? {
            // Damage to one account does not keep the others from getting their space back.
            if let Err(error) = self.sweep_account(id).await {
                tracing::error!(%error, account = %id, "sweep");
            }
        }
        self.count_garbage().await?;
        self.compact().await
    }

    async fn sweep_account(&self, id: AccountId) -> Result<(), Error> {
        let Some(account) = self.account(id).await? else { return Ok(()) };
        self.drop_unlinked_stages(&account).await?;
        while self.sweep(&account).await? {}
        Ok(())
    }

    /// One round on one account; whether another may find more.
    async fn sweep(&self, account: &Arc<Account>) -> Result<bool, Error> {
        let id = account.id;
        // Taken first: a commit may be durable, and in the graves, before the images that are looked at know of it.
        let as_of = account.lock().published.modseq();
        let shared = self.shared.clone();
        let read = move || read_round(&*shared.engine.snapshot()?, id, as_of, &shared);
        let round = self.background.run(read).await?;
        // A delivery to several accounts is about to refer to what one of them has expunged already: another time.
        if round.graves.is_empty() || round.on_the_way {
            return Ok(false);
        }
        let held = self.held(account, &round).await?;
        let located = self.locations(&round).await?;
        let progress = reclaim(account, &round, &held, &located).await?;
        Ok(progress && round.more)
    }

    /// Which e-mails which mailboxes still hold.
    async fn held(&self, account: &Account, round: &Round) -> Result<HashSet<(EmailId, MailboxId)>, Error> {
        let mut wanted: BTreeMap<MailboxId, HashSet<EmailId>> = BTreeMap::new();
        for (&email, mailboxes) in &round.references {
            for &mailbox in mailboxes {
                wanted.entry(mailbox).or_default().insert(email);
            }
        }
        let mut held = HashSet::new();
        for (mailbox, emails) in wanted {
            let Some(image) = account.image(mailbox).await? else { continue };
            held.extend(image.emails().filter(|email| emails.contains(email)).map(|email| (email, mailbox)));
        }
        Ok(held)
    }

    async fn locations(&self, round: &Round) -> Result<HashMap<BlobId, Location>, Error> {
        let blobs: Vec<BlobId> = round.blobs.values().copied().collect();
        let read = move |snapshot: &dyn storage::Snapshot| {
            let keys: Vec<Vec<u8>> = blobs.iter().map(|&blob| schema::blob(blob)).collect();
            let rows = snapshot.get_many(&keys)?;
            let located = |(&blob, row): (&BlobId, Option<Vec<u8>>)| Some((blob, Location::decode(&row?)?));
            Ok(blobs.iter().zip(rows).filter_map(located).collect())
        };
        self.shared.read(read).await
    }

    /// Turns the messages of a deleted mailbox into graves, and removes its rows.
    async fn bury_mailbox(&self, id: AccountId, mailbox: MailboxId) -> Result<(), Error> {
        let Some(account) = self.account(id).await? else { return Ok(()) };
        let shared = self.shared.clone();
        let read = move || read_deleted(&*shared.engine.snapshot()?, id, mailbox);
        let (emails, stages) = self.background.run(read).await?;
        for some in emails.chunks(EMAILS_PER_ROUND) {
            let mut batch = Batch::default();
            // Keyed by the first e-mail, not by a modseq, so that a round that was cut short writes the same rows again.
            let number = ModSeq(BURIED | some.first().map_or(0, |email| email.0));
            batch.put(schema::grave(id, number, mailbox), schema::encode_emails(some));
            self.shared.commit_rows(batch, Vec::new()).await?;
        }
        let mut batch = Batch::default();
        for rows in [schema::logs(id, mailbox), schema::chunks(id, mailbox), schema::vanisheds(id, mailbox)] {
            batch.delete_range(rows.clone(), schema::after(&rows));
        }
        for stage in stages {
            batch.delete_range(schema::stages(id, stage), schema::after(&schema::stages(id, stage)));
            batch.delete(schema::linked(id, stage));
        }
        batch.delete(schema::tombstone(id, mailbox));
        drop(account);
        self.shared.commit_rows(batch, Vec::new()).await
    }

    /// Removes rows that a large copy staged and never linked, because it failed or the server was killed.
    async fn drop_unlinked_stages(&self, account: &Account) -> Result<(), Error> {
        let id = account.id;
        // Asked before the rows are read, so that a stage found without its link then will never have one.
        let Some(settled) = account.settled_stages() else { return Ok(()) };
        let read = move |snapshot: &dyn storage::Snapshot| {
            let mut stages = BTreeSet::new();
            load::scan(snapshot, &schema::all_stages(id), |key, _| {
                stages.extend(schema::stage_of(key).filter(|&stage| stage <= settled));
                Ok(())
            })?;
            let unlinked = |&stage: &u64| Ok(snapshot.get(&schema::linked(id, stage))?.is_none());
            stages
                .into_iter()
                .map(|stage| unlinked(&stage).map(|is| is.then_some(stage)))
                .collect::<Result<Vec<_>, Fault>>()
        };
        let unlinked: Vec<u64> = self.shared.read(read).await?.into_iter().flatten().collect();
        let mut batch = Batch::default();
        for stage in unlinked {
            batch.delete_range(schema::stages(id, stage), schema::after(&schema::stages(id, stage)));
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.shared.commit_rows(batch, Vec::new()).await
    }
}

/// Deletes what is surely no longer referred to, in one commit with the graves that told of it.
async fn reclaim(
    account: &Arc<Account>,
    round: &Round,
    held: &HashSet<(EmailId, MailboxId)>,
    located: &HashMap<BlobId, Location>,
) -> Result<bool, Error> {
    let id = account.id;
    let emails: HashSet<EmailId> = round.emails.iter().copied().collect();
    let mut dead: BTreeMap<u32, u64> = BTreeMap::new();
    let mut owners = round.owners.clone();
    let mut batch = Batch::default();
    // Resolved under the account's lock: nothing can be brought into a mailbox between the look and the commit.
    let looked = account.lock().brought_in(round.as_of, &emails);
    let Some(brought) = looked else { return Ok(false) };
    for email in emails.difference(&brought) {
        let mailboxes = round.references.get(email).map(Vec::as_slice).unwrap_or_default();
        let gone = mailboxes.iter().filter(|mailbox| !held.contains(&(*email, **mailbox)));
        let mut left = mailboxes.len();
        for &mailbox in gone {
            batch.delete(schema::reference(id, *email, mailbox));
            left -= 1;
        }
        if left > 0 {
            continue;
        }
        batch.delete(schema::email(id, *email));
        if let Some(&blob) = round.blobs.get(email) {
            batch.delete(schema::owner(blob, id, *email));
            let left = owners.get_mut(&blob);
            if left.is_some_and(|left| left.remove(&(id, *email)) && !left.is_empty()) {
                continue;
            }
            batch.delete(schema::blob(blob));
            if let Some(at) = located.get(&blob) {
                *dead.entry(at.segment).or_default() += u64::from(at.stored);
            }
        }
    }
    for grave in &round.graves {
        batch.delete(grave.clone());
    }
    let shared = account.shared.clone();
    put_dead(&mut batch, &shared.read(read_dead).await?, dead);
    // Looked at again, now with the rows at hand, and queued under the same lock.
    account
        .commit_if(batch, |inner| inner.brought_in(round.as_of, &emails).is_some_and(|now| now == brought))
        .await
}

fn read_round(
    snapshot: &dyn storage::Snapshot,
    id: AccountId,
    as_of: ModSeq,
    shared: &Shared,
) -> Result<Round, Fault> {
    let mut round = Round { as_of, ..Round::default() };
    load::scan(snapshot, &schema::graves(id), |key, value| {
        if round.emails.len() >= EMAILS_PER_ROUND {
            round.more = true;
            return Ok(());
        }
        round.graves.push(key.to_vec());
        round.emails.extend(schema::decode_emails(value)?);
        Ok(())
    })?;
    round.references = round.emails.iter().map(|&email| (email, Vec::new())).collect();
    for (first, last) in runs(round.emails.iter().map(|email| email.0)) {
        let (from, to) = (schema::references(id, EmailId(first)), schema::references(id, EmailId(last)));
        load::scan_between(snapshot, &from, &schema::after(&to), |key, _| {
            let mailboxes = schema::email_of(key).and_then(|email| round.references.get_mut(&email));
            if let Some(mailboxes) = mailboxes {
                mailboxes.extend(schema::last_u32(key).map(MailboxId));
            }
            Ok(())
        })?;
    }
    let emails: Vec<EmailId> = round.emails.iter().copied().collect();
    for some in emails.chunks(EMAILS_PER_READ_MAX) {
        let there = read_emails(snapshot, id, some)?.into_iter().flatten();
        round.blobs.extend(there.map(|email| (email.id, email.blob)));
    }
    // ORDER: what is on its way in is asked for before the owners are read: let go of after that, it is among them.
    round.on_the_way = shared.unreferred.any(round.blobs.values().copied());
    if !round.on_the_way {
        read_owners(&mut round, &*shared.engine.snapshot()?)?;
    }
    Ok(round)
}

fn read_owners(round: &mut Round, snapshot: &dyn storage::Snapshot) -> Result<(), Fault> {
    round.owners = round.blobs.values().map(|&blob| (blob, HashSet::new())).collect();
    let blobs: BTreeSet<u64> = round.blobs.values().map(|blob| blob.0).collect();
    for (first, last) in runs(blobs) {
        let (from, to) = (schema::owners(BlobId(first)), schema::owners(BlobId(last)));
        load::scan_between(snapshot, &from, &schema::after(&to), |key, _| {
            let owners = schema::blob_owned(key).and_then(|blob| round.owners.get_mut(&blob));
            if let Some(owners) = owners {
                owners.extend(schema::owner_in(key));
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The first and the last of numbers that lie close together, of ascending ones: what was expunged together came together as
/// a rule, and reading across a small gap costs less than to begin anew behind it.
fn runs(numbers: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if number - *last <= GAP_MAX => *last = number,
            _ => runs.push((number, number)),
        }
    }
    runs
}

/// The e-mails of a deleted mailbox, and the stages that its log links.
fn read_deleted(
    snapshot: &dyn storage::Snapshot,
    id: AccountId,
    mailbox: MailboxId,
) -> Result<(Vec<EmailId>, Vec<u64>), Fault> {
    let image = load::read_rows(snapshot, id, mailbox, ModSeq::ZERO)?;
    let mut stages = Vec::new();
    load::read_log(snapshot, id, mailbox, ModSeq::ZERO, |_, change| {
        stages.extend(change.ops.iter().filter_map(|op| match op {
            crate::Op::Link { stage, .. } => Some(*stage),
            _ => None,
        }));
        Ok(())
    })?;
    Ok((image.emails().collect(), stages))
}

fn tombstones(snapshot: &dyn storage::Snapshot) -> Result<Vec<(AccountId, MailboxId)>, Fault> {
    let mut all = Vec::new();
    load::scan(snapshot, schema::TOMBSTONES, |key, _| {
        all.extend(schema::account_of(key).zip(schema::last_u32(key).map(MailboxId)));
        Ok(())
    })?;
    Ok(all)
}

/// The accounts that have graves or staged rows, found by skipping from account to account.
fn accounts_with_graves(snapshot: &dyn storage::Snapshot) -> Result<BTreeSet<AccountId>, Fault> {
    let mut accounts = BTreeSet::new();
    for table in [b'g', b'x'] {
        let mut from = vec![table];
        loop {
            let mut found = None;
            snapshot.scan(&from, &[table + 1], &mut |key, _| {
                found = schema::account_of(key);
                ControlFlow::Break(())
            })?;
            let Some(account) = found else { break };
            accounts.insert(account);
            from = schema::after(&[&[table][..], &account.0.to_be_bytes()].concat());
        }
    }
    Ok(accounts)
}
