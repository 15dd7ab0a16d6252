//! One account, brought back from its manifest, with what is newer in the mailbox for recovered mail.

use super::rows::Rows;
use super::source::{Plan, Source};
use super::{Loss, RECOVERED, Rebuilt};
use crate::change::{Change, NewMessage, Op};
use crate::chunk::Chunk;
use crate::email::{Email, Parsed};
use crate::error::Fault;
use crate::image::{Image, nothing_staged};
use crate::manifest::{Page, PageEntry, Place, decode_page};
use crate::schema::{self, Head, MailboxRow};
use crate::thread::{Tie, Ties};
use model::{
    BlobId, EmailId, Flags, MailboxId, MailboxName, ModSeq, SaveDate, ThreadId, Timestamp, Uid, UidSet,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// E-mail ids go on at the next multiple of this: nobody was given so many after the manifest, and none is given out twice.
const EMAIL_IDS_AT: u64 = 1 << 32;
/// As [`EMAIL_IDS_AT`], for ids of mailboxes.
const MAILBOX_IDS_AT: u32 = 1 << 16;

/// An account on its way back.
struct Returning<'a> {
    source: &'a Source,
    plan: Plan,
    now: Timestamp,
    head: Head,
    mailboxes: BTreeMap<MailboxId, (MailboxRow, Image)>,
    subscribed: BTreeSet<MailboxName>,
    /// What each e-mail is, as the manifest knows.
    emails: Page,
    /// Blobs that an e-mail has by now.
    used: HashSet<BlobId>,
    threads: HashMap<Tie, ThreadId>,
}

/// Brings an account back: writes its rows, and reports what was lost.
pub(super) fn bring_back(
    source: &Source,
    plan: Plan,
    now: Timestamp,
    rows: &mut Rows<'_>,
    report: &mut Rebuilt,
) -> Result<(), Fault> {
    let id = plan.account;
    let mut account = Returning::new(source, plan, now)?;
    match account.plan.root {
        None => report.losses.push(Loss::NoManifest { account: id }),
        Some(_) if !account.plan.is_whole => report.losses.push(Loss::NotWhole { account: id }),
        Some(_) => {}
    }
    let lost = account.put_emails(rows)?;
    account.take_out(&lost, report);
    report.messages += account.mailboxes.values().map(|(_, image)| u64::from(image.len())).sum::<u64>();
    report.recovered += account.recover(rows)?;
    report.mailboxes += account.mailboxes.len() as u64;
    account.put(rows)
}

impl<'a> Returning<'a> {
    /// Reads the manifest.
    fn new(source: &'a Source, plan: Plan, now: Timestamp) -> Result<Self, Fault> {
        let id = plan.account;
        let row = |key| plan.manifest.rows.get(&key);
        let new = || Ok(Head { next_mailbox: 1, next_email: 1, ..Head::default() });
        let head = row(schema::head(id)).map_or_else(new, |row| Head::decode(row))?;
        let names = row(schema::subscriptions(id)).map(|row| schema::decode_names(row)).transpose()?;
        let mut account = Self {
            source,
            plan,
            now,
            head,
            mailboxes: BTreeMap::new(),
            subscribed: names.unwrap_or_default(),
            emails: Page::new(),
            used: HashSet::new(),
            threads: HashMap::new(),
        };
        account.read_mailboxes()?;
        account.read_parts();
        account.move_on();
        Ok(account)
    }

    fn read_mailboxes(&mut self) -> Result<(), Fault> {
        let prefix = schema::mailboxes(self.plan.account);
        for (key, row) in self.plan.manifest.rows.range(prefix.clone()..schema::after(&prefix)) {
            let mailbox = schema::last_u32(key).map(MailboxId).unwrap_or_default();
            self.mailboxes.insert(mailbox, (MailboxRow::decode(row)?, Image::default()));
        }
        if self.plan.root.is_none() {
            self.make(MailboxName::inbox());
        }
        Ok(())
    }

    fn read_parts(&mut self) {
        for (&place, &part) in &self.plan.manifest.parts {
            let content = self.source.content(part);
            let read = match place {
                Place::Chunk(mailbox, number) => {
                    let chunk = content.and_then(|content| Chunk::decode(&content).ok());
                    let images = chunk.zip(self.mailboxes.get_mut(&mailbox));
                    images.map(|(chunk, (_, image))| image.push_chunk(number, chunk))
                }
                Place::Emails(_) => {
                    let page = content.and_then(|content| decode_page(&content).ok());
                    page.map(|page| self.emails.extend(page))
                }
            };
            self.plan.is_whole &= read.is_some();
        }
    }

    /// No promise of before binds the account now, and none is broken: what it gives out from here on is new.
    fn move_on(&mut self) {
        self.head.modseq = self.head.modseq.next();
        self.head.epoch += 1;
        self.head.next_email = (self.head.next_email / EMAIL_IDS_AT + 1).saturating_mul(EMAIL_IDS_AT);
        self.head.next_mailbox = (self.head.next_mailbox / MAILBOX_IDS_AT + 1).saturating_mul(MAILBOX_IDS_AT);
        for (row, _) in self.mailboxes.values_mut() {
            row.uid_validity = self.head.next_uid_validity(self.now);
        }
    }

    fn make(&mut self, name: MailboxName) -> MailboxId {
        let id = MailboxId(self.head.next_mailbox);
        self.head.next_mailbox = self.head.next_mailbox.saturating_add(1);
        let uid_validity = self.head.next_uid_validity(self.now);
        let row = MailboxRow::new(name.clone(), None, uid_validity, self.head.modseq);
        self.mailboxes.insert(id, (row, Image::default()));
        self.subscribed.insert(name);
        id
    }

    /// Writes the e-mails that mailboxes hold; answers those whose content is not there.
    fn put_emails(&mut self, rows: &mut Rows<'_>) -> Result<HashSet<EmailId>, Fault> {
        let held: BTreeSet<EmailId> = self.mailboxes.values().flat_map(|(_, image)| image.emails()).collect();
        let mut lost = HashSet::new();
        for email in held {
            let known = self.emails.get(&email).cloned();
            let back = match known {
                Some(entry) => self.put_email(rows, email, entry)?,
                None => None,
            };
            if back.is_none() {
                lost.insert(email);
            }
        }
        Ok(lost)
    }

    /// Writes an e-mail, as its arrival would; answers its size, or `None` if its content is not there.
    fn put_email(
        &mut self,
        rows: &mut Rows<'_>,
        email: EmailId,
        PageEntry { blob, thread, preface }: PageEntry,
    ) -> Result<Option<u32>, Fault> {
        let Some((found, content)) = self.source.get(blob).zip(self.source.content(blob)) else {
            return Ok(None);
        };
        let parsed = Parsed::of(&content, found.at.size, message::Nesting::default());
        let Some((mut row, size)) = parsed.row(blob, &preface) else { return Ok(None) };
        let (ties, known) = (Ties::unknown(parsed.thread()), |tie: &Tie| self.threads.get(tie).copied());
        let decided = match thread {
            Some(thread) => ties.decided(thread, known),
            None => ties.decide(email, known),
        };
        Email::end(&mut row, decided.thread, &preface, &ties.ancestry);
        let account = self.plan.account;
        rows.put_email(account, email, (blob, found.at), row)?;
        for (tie, thread) in &decided.new {
            rows.put(schema::thread(account, tie), thread.0.to_be_bytes().to_vec())?;
        }
        self.threads.extend(decided.new);
        self.used.insert(blob);
        Ok(Some(size))
    }

    /// Takes the messages of lost e-mails out of their mailboxes.
    fn take_out(&mut self, lost: &HashSet<EmailId>, report: &mut Rebuilt) {
        if lost.is_empty() {
            return;
        }
        for (row, image) in self.mailboxes.values_mut() {
            let gone = image.iter().filter(|m| lost.contains(&m.email));
            let uids: UidSet = gone.map(|m| m.uid).collect();
            report.losses.extend(uids.iter().map(|uid| Loss::Message {
                account: self.plan.account,
                mailbox: row.name.clone(),
                uid,
            }));
            apply(image, self.head.modseq, Op::Expunge { uids });
        }
    }

    /// Puts what is newer than the manifest into the mailbox for it; answers how much that is.
    fn recover(&mut self, rows: &mut Rows<'_>) -> Result<u64, Fault> {
        // An account that was removed has no mailbox left, and nobody waits for its mail.
        if self.mailboxes.is_empty() {
            return Ok(0);
        }
        let newer = self.newer();
        let mut messages = Vec::new();
        for blob in newer {
            let email = EmailId(self.head.next_email);
            let Some(found) = self.source.get(blob) else { continue };
            let entry = PageEntry { blob, thread: None, preface: Vec::new() };
            if let Some(size) = self.put_email(rows, email, entry)? {
                self.head.next_email += 1;
                let flags = Flags::from_bits(found.flags.into());
                messages.push(NewMessage { email, flags, date: found.date, size });
            }
        }
        let count = messages.len() as u64;
        if count > 0 {
            self.insert(messages)?;
        }
        Ok(count)
    }

    fn insert(&mut self, messages: Vec<NewMessage>) -> Result<(), Fault> {
        let name = MailboxName::new(RECOVERED).map_err(|error| Fault::new("rebuild", error))?;
        let there = self.mailboxes.iter().find(|(_, (row, _))| row.name == name).map(|(&id, _)| id);
        let id = there.unwrap_or_else(|| self.make(name));
        let Some((row, image)) = self.mailboxes.get_mut(&id) else { return Ok(()) };
        let exhausted = || Fault::new("rebuild", crate::Refusal::UidsExhausted);
        let first = u32::try_from(row.uid_next).ok().and_then(Uid::new).ok_or_else(exhausted)?;
        row.uid_next += messages.len() as u64;
        let saved = SaveDate::at(self.now);
        apply(image, self.head.modseq, Op::Insert { first, saved, messages });
        Ok(())
    }

    /// The blobs that came after the manifest. Where that is not whole they may also have been in what is missing.
    fn newer(&self) -> Vec<BlobId> {
        let known: HashSet<BlobId> = self.emails.values().map(|entry| entry.blob).collect();
        let came_after = |blob| self.plan.manifest.under_way.contains(blob) && !known.contains(&blob);
        let blobs = self.source.blobs_of(self.plan.account).filter(|blob| !self.used.contains(blob));
        blobs.filter(|&blob| !self.plan.is_whole || came_after(blob)).collect()
    }

    /// Writes the account's own rows.
    fn put(mut self, rows: &mut Rows<'_>) -> Result<(), Fault> {
        let (id, modseq) = (self.plan.account, self.head.modseq);
        let mailboxes = std::mem::take(&mut self.mailboxes);
        // Keywords and users as they were; the others are written below as they are now.
        for (key, value) in std::mem::take(&mut self.plan.manifest.rows) {
            rows.put(key, value)?;
        }
        for (mailbox, (mut row, image)) in mailboxes {
            count(&mut row, &image, modseq);
            rows.put(schema::mailbox(id, mailbox), row.encode())?;
            for (number, chunk) in image.numbered() {
                rows.put(schema::chunk(id, mailbox, number), chunk.encode())?;
            }
            for email in image.emails() {
                rows.put(schema::reference(id, email, mailbox), Vec::new())?;
            }
        }
        rows.put(schema::subscriptions(id), schema::encode_names(&self.subscribed))?;
        rows.put(schema::head(id), self.head.encode())
    }
}

fn apply(image: &mut Image, modseq: ModSeq, op: Op) {
    let Ok(()) = image.apply(modseq, &Change { ops: vec![op] }, &mut nothing_staged);
}

/// The summary of a mailbox whose chunks hold all that there is: its log is empty.
fn count(row: &mut MailboxRow, image: &Image, modseq: ModSeq) {
    (row.messages, row.unseen, row.deleted, row.deleted_size, row.size) = (image.len(), 0, 0, 0, 0);
    for m in image.iter() {
        row.unseen += u32::from(!m.flags.contains(Flags::SEEN));
        if m.flags.contains(Flags::DELETED) {
            row.deleted += 1;
            row.deleted_size += u64::from(m.size);
        }
        row.size += u64::from(m.size);
    }
    (row.highest_modseq, row.log_floor, row.vanished_floor, row.log_records) = (modseq, modseq, modseq, 0);
}
