//! The check: proves that what is stored adds up, and says exactly what does not.
//!
//! It reads one snapshot per account beside the running server and changes nothing. Every summary is counted again from
//! the messages, and every reference is followed.

use crate::account::load;
use crate::codec::Damaged;
use crate::content::read_blob;
use crate::email::Email;
use crate::error::{Error, Fault};
use crate::image::Image;
use crate::manifest;
use crate::schema::{self, Head, MailboxRow};
use crate::shared::Shared;
use crate::store::Store;
use model::{AccountId, BlobId, EmailId, Flags, MailboxId, ModSeq};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::ops::ControlFlow;
use storage::Location;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The account.
    pub account: AccountId,
    /// The mailbox, where it is one's.
    pub mailbox: Option<MailboxId>,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}", self.account)?;
        if let Some(mailbox) = self.mailbox {
            write!(f, ", mailbox {mailbox}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// What a check looked at, and what it found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Accounts.
    pub accounts: u64,
    /// Mailboxes.
    pub mailboxes: u64,
    /// Messages in them.
    pub messages: u64,
    /// Blobs whose content was read and compared with its hash.
    pub hashed: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Store {
    /// Checks one account, or all. With `hashes`, the content of every message is read too.
    ///
    /// # Errors
    /// A fault that kept the check from going on; damage that it can name is a problem of the report.
    pub async fn check(&self, account: Option<AccountId>, hashes: bool) -> Result<Report, Error> {
        let accounts = match account {
            Some(account) => vec![account],
            None => self.accounts().await?,
        };
        let mut report = Report::default();
        for id in accounts {
            let shared = self.shared.clone();
            let check = move || {
                let snapshot = shared.engine.snapshot()?;
                let mut check = Check::new(&*snapshot, id);
                check.run()?;
                for what in manifest::check::problems(&shared, &*snapshot, id, hashes)? {
                    check.problem(None, what);
                }
                if hashes {
                    check.read_blobs(&shared);
                }
                Ok(check.report)
            };
            let found = match self.shared.blocking(check).await {
                // What cannot be read at all ends the check of its account, and of no other.
                Err(Error::Failed(fault)) if fault.source.is::<Damaged>() => {
                    report.problems.push(Problem { account: id, mailbox: None, what: fault.to_string() });
                    continue;
                }
                other => other?,
            };
            report.accounts += 1;
            report.mailboxes += found.mailboxes;
            report.messages += found.messages;
            report.hashed += found.hashed;
            report.problems.extend(found.problems);
        }
        Ok(report)
    }
}

struct Check<'a> {
    snapshot: &'a dyn storage::Snapshot,
    account: AccountId,
    head: Head,
    /// Where each e-mail is.
    held: BTreeMap<EmailId, BTreeSet<MailboxId>>,
    located: HashMap<BlobId, Location>,
    report: Report,
}

impl<'a> Check<'a> {
    fn new(snapshot: &'a dyn storage::Snapshot, account: AccountId) -> Self {
        Self {
            snapshot,
            account,
            head: Head::default(),
            held: BTreeMap::new(),
            located: HashMap::new(),
            report: Report::default(),
        }
    }

    fn problem(&mut self, mailbox: impl Into<Option<MailboxId>>, what: String) {
        self.report.problems.push(Problem { account: self.account, mailbox: mailbox.into(), what });
    }

    fn run(&mut self) -> Result<(), Fault> {
        let Some(head) = self.snapshot.get(&schema::head(self.account))? else {
            self.problem(None, "there is no such account".to_owned());
            return Ok(());
        };
        self.head = Head::decode(&head)?;
        let mailboxes = load::read_mailboxes(self.snapshot, self.account)?;
        self.tree(&mailboxes);
        for (&id, row) in &mailboxes {
            self.report.mailboxes += 1;
            match load::read_rows(self.snapshot, self.account, id, row.log_floor) {
                Ok(image) => self.mailbox(id, row, &image),
                Err(fault) => self.problem(id, fault.to_string()),
            }
            self.log(id, row)?;
        }
        self.strays(&mailboxes)?;
        self.emails()?;
        self.references()
    }

    fn tree(&mut self, mailboxes: &BTreeMap<MailboxId, MailboxRow>) {
        let mut names = HashSet::new();
        for (&id, row) in mailboxes {
            if !names.insert(&row.name) {
                self.problem(id, format!("a second mailbox is named {:?}", row.name.as_str()));
            }
            if id.0 >= self.head.next_mailbox {
                self.problem(
                    id,
                    format!("the account would give its id out again (next {})", self.head.next_mailbox),
                );
            }
            if row.uid_validity.get() > self.head.last_uid_validity {
                self.problem(id, format!("UIDVALIDITY {} is above the account's last", row.uid_validity));
            }
            if row.highest_modseq > self.head.modseq {
                self.problem(
                    id,
                    format!(
                        "HIGHESTMODSEQ {} is above the account's {}",
                        row.highest_modseq, self.head.modseq
                    ),
                );
            }
        }
    }

    /// Counts the mailbox's summary again from its messages.
    fn mailbox(&mut self, id: MailboxId, row: &MailboxRow, image: &Image) {
        let (mut unseen, mut deleted, mut deleted_size, mut size) = (0u32, 0u32, 0u64, 0u64);
        for m in image.iter() {
            unseen += u32::from(!m.flags.contains(Flags::SEEN));
            if m.flags.contains(Flags::DELETED) {
                deleted += 1;
                deleted_size += u64::from(m.size);
            }
            size += u64::from(m.size);
            self.held.entry(m.email).or_default().insert(id);
            if u64::from(m.uid.get()) >= row.uid_next {
                self.problem(id, format!("UID {} is not below UIDNEXT {}", m.uid, row.uid_next));
            }
            if m.modseq > row.highest_modseq || m.modseq == ModSeq::ZERO {
                self.problem(
                    id,
                    format!("UID {} has modseq {}, HIGHESTMODSEQ is {}", m.uid, m.modseq, row.highest_modseq),
                );
            }
        }
        self.report.messages += u64::from(image.len());
        let counts = [
            ("messages", u64::from(row.messages), u64::from(image.len())),
            ("unseen messages", row.unseen.into(), unseen.into()),
            ("deleted messages", row.deleted.into(), deleted.into()),
            ("bytes of deleted messages", row.deleted_size, deleted_size),
            ("bytes", row.size, size),
        ];
        for (what, said, counted) in counts {
            if said != counted {
                self.problem(id, format!("the summary says {said} {what}, and there are {counted}"));
            }
        }
    }

    /// The log's records are those that the row counts, and none is above the mailbox's modseq.
    fn log(&mut self, id: MailboxId, row: &MailboxRow) -> Result<(), Fault> {
        let (mut records, mut below, mut last) = (0u64, 0u64, ModSeq::ZERO);
        load::read_log(self.snapshot, self.account, id, ModSeq::ZERO, |modseq, _| {
            if modseq > row.log_floor {
                records += 1
            } else {
                below += 1
            }
            last = modseq;
            Ok(())
        })?;
        if records != row.log_records {
            self.problem(
                id,
                format!("the row counts {} log records, and there are {records}", row.log_records),
            );
        }
        if below > 0 {
            self.problem(id, format!("{below} log records lie below the floor {}", row.log_floor));
        }
        if last > row.highest_modseq {
            self.problem(
                id,
                format!("the log goes on to modseq {last}, HIGHESTMODSEQ is {}", row.highest_modseq),
            );
        }
        Ok(())
    }

    /// Every e-mail that a mailbox holds is there, with its blob; and none is there that nobody will ever give up.
    fn emails(&mut self) -> Result<(), Fault> {
        let buried = self.buried()?;
        let mut stored = HashSet::new();
        let mut problems = Vec::new();
        let (snapshot, account) = (self.snapshot, self.account);
        load::scan(snapshot, &schema::emails(account), |key, value| {
            let Some(id) = schema::email_of(key) else { return Ok(()) };
            stored.insert(id);
            match Email::decode(id, value).and_then(|email| email.verify().map(|()| email)) {
                Ok(email) => self.follow_blob(&email, &mut problems)?,
                Err(damaged) => problems.push(format!("e-mail {id}: {damaged}")),
            }
            if !self.held.contains_key(&id) && !buried.contains(&id) {
                problems.push(format!("e-mail {id} is in no mailbox, and no grave tells the sweeper"));
            }
            Ok(())
        })?;
        for (id, mailboxes) in &self.held {
            if !stored.contains(id) {
                problems.push(format!("e-mail {id} is missing, and mailboxes {mailboxes:?} hold it"));
            }
            if id.0 >= self.head.next_email {
                problems.push(format!(
                    "the account would give out e-mail {id} again (next {})",
                    self.head.next_email
                ));
            }
        }
        for what in problems {
            self.problem(None, what);
        }
        Ok(())
    }

    fn follow_blob(&mut self, email: &Email, problems: &mut Vec<String>) -> Result<(), Fault> {
        let (id, blob) = (email.id, email.blob);
        if self.snapshot.get(&schema::owner(blob, self.account, id))?.is_none() {
            problems.push(format!("blob {blob} does not know that e-mail {id} refers to it"));
        }
        match self.snapshot.get(&schema::blob(blob))?.as_deref().and_then(Location::decode) {
            Some(at) if at.size as usize + email.preface().len() == email.size as usize => {
                self.located.insert(blob, at);
            }
            Some(at) => problems.push(format!(
                "e-mail {id} has {} bytes, its blob {blob} {} behind a preface of {}",
                email.size,
                at.size,
                email.preface().len()
            )),
            None => problems.push(format!("e-mail {id} refers to blob {blob}, which is nowhere")),
        }
        Ok(())
    }

    /// E-mails that wait for the sweeper.
    fn buried(&self) -> Result<HashSet<EmailId>, Fault> {
        let mut buried = HashSet::new();
        load::scan(self.snapshot, &schema::graves(self.account), |_, value| {
            buried.extend(schema::decode_emails(value)?);
            Ok(())
        })?;
        // A deleted mailbox has its messages still.
        load::scan(self.snapshot, schema::TOMBSTONES, |key, _| {
            if let (Some(account), Some(mailbox)) = (schema::account_of(key), schema::last_u32(key))
                && account == self.account
            {
                let rows = load::read_rows(self.snapshot, account, MailboxId(mailbox), ModSeq::ZERO)?;
                buried.extend(rows.emails());
            }
            Ok(())
        })?;
        Ok(buried)
    }

    /// Every message in a mailbox is on the list that the sweeper goes by.
    fn references(&mut self) -> Result<(), Fault> {
        let mut listed: HashSet<(EmailId, MailboxId)> = HashSet::new();
        load::scan(self.snapshot, &schema::all_references(self.account), |key, _| {
            listed.extend(schema::email_of(key).zip(schema::last_u32(key).map(MailboxId)));
            Ok(())
        })?;
        let pairs =
            self.held.iter().flat_map(|(&email, mailboxes)| mailboxes.iter().map(move |&m| (email, m)));
        let missing: Vec<_> = pairs.filter(|pair| !listed.contains(pair)).collect();
        for (email, mailbox) in missing {
            self.problem(
                mailbox,
                format!("e-mail {email} has no reference row: the sweeper might give it up"),
            );
        }
        Ok(())
    }

    /// Rows of messages belong to a mailbox, or to one whose tombstone waits for the sweeper.
    fn strays(&mut self, mailboxes: &BTreeMap<MailboxId, MailboxRow>) -> Result<(), Fault> {
        for (what, rows) in [
            ("log records", schema::logs as Rows),
            ("chunks", schema::chunks),
            ("vanished UIDs", schema::vanisheds),
        ] {
            let mut from = Some(MailboxId(0));
            while let Some(id) = from {
                let end = schema::after(&rows(self.account, MailboxId(u32::MAX)));
                let Some(found) = first_mailbox(self.snapshot, &rows(self.account, id), &end)? else { break };
                let tombstone = schema::tombstone(self.account, found);
                if !mailboxes.contains_key(&found) && self.snapshot.get(&tombstone)?.is_none() {
                    self.problem(found, format!("there are {what} of it, and no such mailbox"));
                }
                from = found.0.checked_add(1).map(MailboxId);
            }
        }
        Ok(())
    }

    /// Reads every blob; the blob store compares it with its checksum.
    fn read_blobs(&mut self, shared: &Shared) {
        for (blob, at) in std::mem::take(&mut self.located) {
            self.report.hashed += 1;
            if let Err(error) = read_blob(shared, blob, at, None) {
                self.problem(None, format!("blob {blob}: {error}"));
            }
        }
    }
}

/// The prefix of a table's rows of one mailbox.
type Rows = fn(AccountId, MailboxId) -> Vec<u8>;

/// The mailbox that the first key of a range is of.
fn first_mailbox(
    snapshot: &dyn storage::Snapshot,
    from: &[u8],
    to: &[u8],
) -> Result<Option<MailboxId>, Fault> {
    let mut found = None;
    snapshot.scan_once(from, to, &mut |key, _| {
        found = key.get(..13).and_then(schema::last_u32).map(MailboxId);
        ControlFlow::Break(())
    })?;
    Ok(found)
}
