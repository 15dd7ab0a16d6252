//! Writing manifests: which accounts have changed since their last one, which parts of it are new, and the commit that
//! puts the new manifest in the place of the old.
//!
//! It is done by the housekeeping and costs what has changed. A manifest is read from one snapshot of what is durable, so
//! it never tells of anything that was not acknowledged or may yet fail.

use super::beside::{self, Rows};
use super::{Kind, Manifest, Page, PageEntry, Place, decode_page, encode_page, encode_root_row, page_of};
use crate::account::load;
use crate::compact::{put_dead, read_dead};
use crate::email::Email;
use crate::error::{Error, Fault, Stopped};
use crate::schema::{self, Head, MailboxRow};
use crate::shared::Shared;
use crate::store::Store;
use crate::unreferred::{Hold, UnderWay};
use model::{AccountId, BlobId, EmailId, InternalDate, MailboxId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use storage::{Batch, Location, NewBlob, RecordKind, Snapshot};
use tokio::sync::oneshot;

/// What the rows say of an account's last manifest.
#[derive(Default)]
struct Before {
    records: BTreeSet<BlobId>,
    root: Option<BlobId>,
    /// The value of the root's row.
    value: Vec<u8>,
}

/// A manifest on its way.
struct Draft {
    manifest: Manifest,
    /// The value of the root's row.
    value: Vec<u8>,
    /// Parts that are to be stored.
    new: Vec<(Place, Vec<u8>)>,
    /// Records of the last manifest that this one does without, and where they lie.
    superseded: Vec<(BlobId, Option<Location>)>,
}

/// A record that is to be stored.
struct Record {
    hold: Hold,
    kind: Kind,
    mailbox: MailboxId,
    content: Vec<u8>,
}

impl Store {
    /// Writes a manifest of every account that has changed since its last one. What goes wrong with one account is logged:
    /// it is tried again next time.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn write_manifests(&self) -> Result<(), Error> {
        let mut beside = self.shared.read(beside::by_account).await?;
        for id in self.accounts().await? {
            if *self.shared.failed.borrow() {
                return Err(Fault::new("manifests", Stopped).into());
            }
            self.try_manifest(id, beside.remove(&id).unwrap_or_default()).await;
        }
        Ok(())
    }

    /// As [`Store::write_manifests`], of one account.
    pub(crate) async fn write_manifest_of(&self, id: AccountId) {
        match self.shared.read(beside::by_account).await {
            Ok(mut beside) => self.try_manifest(id, beside.remove(&id).unwrap_or_default()).await,
            Err(error) => tracing::error!(%error, account = %id, "manifest"),
        }
    }

    async fn try_manifest(&self, id: AccountId, beside: Rows) {
        // What little space is left is for what gives space back.
        if self.shared.has_space().is_err() {
            return;
        }
        let _one_at_a_time = self.shared.maintenance.one_at_a_time.lock().await;
        if let Err(error) = self.write_manifest(id, beside).await {
            tracing::error!(%error, account = %id, "manifest");
        }
    }

    async fn write_manifest(&self, id: AccountId, beside: Rows) -> Result<(), Error> {
        // Asked before the snapshot is taken: see there.
        let under_way = self.shared.unreferred.under_way();
        let shared = self.shared.clone();
        let draft = self.background.run(move || Draft::of(&shared, id, beside, under_way)).await?;
        let Some(mut draft) = draft else { return Ok(()) };
        let records = draft.records(&self.shared);
        let (mut batch, mut located, mut holds) = (Batch::default(), Vec::new(), Vec::new());
        for (mut hold, durable) in self.put(id, records).await? {
            let at = self.shared.durable(durable).await?;
            hold.stored(at);
            batch.put(schema::blob(hold.blob()), at.encode().to_vec());
            batch.put(schema::manifest(id, hold.blob()), Vec::new());
            located.push(at);
            holds.push(hold);
        }
        if let Some(root) = holds.last() {
            batch.put(schema::manifest(id, root.blob()), draft.value);
        }
        self.give_up(id, &draft.superseded, &mut batch).await?;
        self.shared.commit_rows(batch, located).await?;
        holds.iter().for_each(Hold::referred);
        Ok(())
    }

    /// Stores the records, whose last one is the root.
    async fn put(
        &self,
        account: AccountId,
        records: Vec<Record>,
    ) -> Result<Vec<(Hold, oneshot::Receiver<Result<Location, storage::Error>>)>, Error> {
        let blobs = self.shared.blobs.clone();
        let date = InternalDate::utc(i64::try_from(self.shared.clock.now().seconds()).unwrap_or(i64::MAX));
        let put = move |Record { hold, kind, mailbox, content }| {
            let (done, durable) = oneshot::channel();
            let (id, flags, content) = (hold.blob(), kind as u64, content.into());
            let record =
                NewBlob { kind: RecordKind::Manifest, id, account, mailbox, date, flags, head: 0, content };
            blobs.put(record, Box::new(move |located| drop(done.send(located))));
            (hold, durable)
        };
        Ok(self.background.run(move || Ok(records.into_iter().map(put).collect())).await?)
    }

    /// Removes the rows of records that nobody needs any more, and counts their bytes as dead.
    async fn give_up(
        &self,
        id: AccountId,
        superseded: &[(BlobId, Option<Location>)],
        batch: &mut Batch,
    ) -> Result<(), Error> {
        let mut dead: BTreeMap<u32, u64> = BTreeMap::new();
        for (blob, at) in superseded {
            batch.delete(schema::manifest(id, *blob));
            batch.delete(schema::blob(*blob));
            if let Some(at) = at {
                *dead.entry(at.segment).or_default() += u64::from(at.stored);
            }
        }
        put_dead(batch, &self.shared.read(read_dead).await?, dead);
        Ok(())
    }
}

impl Before {
    fn read(snapshot: &dyn Snapshot, id: AccountId) -> Result<Self, Fault> {
        let mut before = Self::default();
        load::scan(snapshot, &schema::manifests(id), |key, value| {
            let blob = schema::last_u64(key).map(BlobId);
            before.records.extend(blob);
            if !value.is_empty() {
                (before.root, before.value) = (blob, value.to_vec());
            }
            Ok(())
        })?;
        Ok(before)
    }

    /// The last manifest, if there is one.
    fn manifest(&self, shared: &Shared, snapshot: &dyn Snapshot) -> Result<Manifest, Fault> {
        match self.root {
            Some(root) => Ok(Manifest::decode(&read_record(shared, snapshot, root)?)?),
            None => Ok(Manifest::default()),
        }
    }
}

impl Draft {
    /// What is to be written of an account; `None` if nothing has changed since its last manifest.
    fn of(
        shared: &Arc<Shared>,
        id: AccountId,
        beside: Rows,
        under_way: UnderWay,
    ) -> Result<Option<Self>, Fault> {
        let snapshot = shared.engine.snapshot()?;
        let Some(head) = snapshot.get(&schema::head(id))? else { return Ok(None) };
        let as_of = Head::decode(&head)?.modseq;
        let value = encode_root_row(as_of, &beside::digest(&beside));
        let before = Before::read(&*snapshot, id)?;
        if before.root.is_some() && before.value == value {
            return Ok(None);
        }
        let mut rows = read_rows(&*snapshot, id)?;
        rows.extend(beside);
        let manifest = Manifest { as_of, under_way, rows, parts: BTreeMap::new() };
        let draft = Self { manifest, value, new: Vec::new(), superseded: Vec::new() };
        let mut reading = Reading { shared, snapshot: &*snapshot, id, draft };
        let on_the_last = before.manifest(shared, &*snapshot).and_then(|last| reading.parts(&last));
        if let Err(fault) = on_the_last {
            tracing::warn!(%fault, account = %id, "the last manifest cannot be built on; all of it is written anew");
            reading.parts(&Manifest::default())?;
        }
        reading.superseded(&before)?;
        Ok(Some(reading.draft))
    }

    /// Gives every new part, and then the root, its id.
    fn records(&mut self, shared: &Shared) -> Vec<Record> {
        let mut records = Vec::with_capacity(self.new.len() + 1);
        for (place, content) in std::mem::take(&mut self.new) {
            let hold = shared.unreferred.next();
            self.manifest.parts.insert(place, hold.blob());
            records.push(Record { hold, kind: place.kind(), mailbox: place.mailbox(), content });
        }
        let (hold, content) = (shared.unreferred.next(), self.manifest.encode());
        records.push(Record { hold, kind: Kind::Root, mailbox: MailboxId(0), content });
        records
    }
}

/// Where a draft is read from.
struct Reading<'a> {
    shared: &'a Shared,
    snapshot: &'a dyn Snapshot,
    id: AccountId,
    draft: Draft,
}

impl Reading<'_> {
    /// Takes over the parts of the last manifest that have not changed, and reads the others.
    fn parts(&mut self, last: &Manifest) -> Result<(), Fault> {
        self.draft.manifest.parts.clear();
        self.draft.new.clear();
        for (mailbox, row) in load::read_mailboxes(self.snapshot, self.id)? {
            self.chunks(mailbox, &row, last)?;
        }
        self.pages(last)
    }

    fn chunks(&mut self, mailbox: MailboxId, row: &MailboxRow, last: &Manifest) -> Result<(), Fault> {
        let mut known = BTreeMap::new();
        for (&place, &blob) in last.parts.range(Place::Chunk(mailbox, 0)..=Place::Chunk(mailbox, u32::MAX)) {
            known.insert(place, blob);
        }
        if row.highest_modseq <= last.as_of {
            self.draft.manifest.parts.extend(known);
            return Ok(());
        }
        let image = load::read_rows(self.snapshot, self.id, mailbox, row.log_floor)?;
        for (number, chunk) in image.numbered() {
            let place = Place::Chunk(mailbox, number);
            match known.get(&place) {
                Some(&blob) if chunk.as_of <= last.as_of => {
                    self.draft.manifest.parts.insert(place, blob);
                }
                _ => self.draft.new.push((place, chunk.encode())),
            }
        }
        Ok(())
    }

    /// E-mails never change, so a page changes only by what is added to it.
    fn pages(&mut self, last: &Manifest) -> Result<(), Fault> {
        let mut added: BTreeMap<u64, Page> = BTreeMap::new();
        let from = schema::email(self.id, next_email(last, self.id)?);
        load::scan_between(self.snapshot, &from, &schema::after(&schema::emails(self.id)), |key, value| {
            if let Some(id) = schema::email_of(key) {
                let email = Email::decode(id, value)?;
                let entry =
                    PageEntry { blob: email.blob, thread: email.thread, preface: email.preface().to_vec() };
                added.entry(page_of(id)).or_default().insert(id, entry);
            }
            Ok(())
        })?;
        for (&place, &blob) in last.parts.range(Place::Emails(0)..) {
            let Place::Emails(number) = place else { continue };
            match added.get_mut(&number) {
                Some(page) => page.extend(decode_page(&read_record(self.shared, self.snapshot, blob)?)?),
                None if self.is_used(number)? => drop(self.draft.manifest.parts.insert(place, blob)),
                None => {}
            }
        }
        self.draft.new.extend(added.iter().map(|(&n, page)| (Place::Emails(n), encode_page(page))));
        Ok(())
    }

    /// Whether any e-mail of the page is left.
    fn is_used(&self, page: u64) -> Result<bool, Fault> {
        let (from, to) = super::emails_of(page);
        let mut used = false;
        self.snapshot.scan(&schema::email(self.id, from), &schema::email(self.id, to), &mut |_, _| {
            used = true;
            ControlFlow::Break(())
        })?;
        Ok(used)
    }

    fn superseded(&mut self, before: &Before) -> Result<(), Fault> {
        let kept: BTreeSet<BlobId> = self.draft.manifest.parts.values().copied().collect();
        for &blob in before.records.difference(&kept) {
            let at = self.snapshot.get(&schema::blob(blob))?.as_deref().and_then(Location::decode);
            self.draft.superseded.push((blob, at));
        }
        Ok(())
    }
}

/// The next e-mail's id at the time of a manifest; the first there can be if it knows of none.
fn next_email(manifest: &Manifest, id: AccountId) -> Result<EmailId, Fault> {
    let head = manifest.rows.get(&schema::head(id)).map(|head| Head::decode(head)).transpose()?;
    Ok(EmailId(head.map_or(0, |head| head.next_email)))
}

/// The small rows of an account.
fn read_rows(snapshot: &dyn Snapshot, id: AccountId) -> Result<Rows, Fault> {
    let mut rows = Rows::new();
    for key in [schema::head(id), schema::keywords(id), schema::subscriptions(id), schema::owner_of(id)] {
        if let Some(value) = snapshot.get(&key)? {
            rows.insert(key, value);
        }
    }
    load::scan(snapshot, &schema::mailboxes(id), |key, value| {
        rows.insert(key.to_vec(), value.to_vec());
        Ok(())
    })?;
    Ok(rows)
}

/// A record of a manifest. Compaction does not move it meanwhile: it is done by the same housekeeping.
fn read_record(shared: &Shared, snapshot: &dyn Snapshot, blob: BlobId) -> Result<Vec<u8>, Fault> {
    let row = snapshot.get(&schema::blob(blob))?;
    let at = row.as_deref().and_then(Location::decode).ok_or(crate::Damaged { what: "blob location" })?;
    Ok(shared.blobs.read(&at)?)
}
