//! A message to its users: one content for all of them, and a commit in each one's account.
//!
//! What a message is told apart by is its envelope and its bytes: where an address stands for several users and only
//! some could be reached, the mail server tries again, and those who have it already are left alone. That holds for what has
//! come through a mail server, which has written into it when and as what it took it; a message without such a mark may be
//! meant to come twice.

use std::collections::HashMap;
use std::sync::Arc;

use auth::Directory;
use mailstore::{Access, Arrival, Beside, Copy, Intake, Mailbox, Store};
use model::{AccountId, Clock, MailboxId, MailboxName, Rights};
use tokio::task::JoinSet;

use crate::error::Undelivered;
use crate::header::HeaderScan;
use crate::recipient::{Recipient, Rules};
use crate::trace::{self, Trace};

/// How many accounts a message is committed to at once.
const COMMITS_AT_ONCE: usize = 64;

/// Takes mail for the users of a store.
pub struct Delivery {
    pub(crate) store: Arc<Store>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rules: Rules,
}

/// A message that is coming in.
pub struct Incoming {
    intake: Intake,
    header: HeaderScan,
    /// Boxed: it is two kilobytes, and a message is handed on from one to the next.
    content: Box<blake3::Hasher>,
    kept: Vec<u8>,
    /// How many there are so far.
    bytes: u64,
}

/// One copy of a message: where it goes, and for which of the recipients.
struct Parcel {
    mailbox: Mailbox,
    preface: Vec<u8>,
    /// Set where the recipient stands for several users, so that a second try passes over those who have it.
    source: Option<[u8; 32]>,
    recipients: Vec<usize>,
}

type Outcome = Result<(), Undelivered>;

impl Delivery {
    /// Delivers into `store` to the users that `directory` knows.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        directory: Arc<dyn Directory>,
        clock: Arc<dyn Clock>,
        rules: Rules,
    ) -> Self {
        Self { store, directory, clock, rules }
    }

    /// What was chosen about addresses.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The largest message that is taken, in bytes.
    #[must_use]
    pub fn message_bytes_max(&self) -> u64 {
        self.store.message_bytes_max()
    }

    /// Begins to take a message.
    ///
    /// # Errors
    /// It cannot be kept until it is whole.
    pub fn receive(&self, trace: &Trace) -> Result<Incoming, Undelivered> {
        let mut intake = self.store.receive();
        intake.write(trace.received(&self.rules.host_name, self.clock.now()).as_bytes())?;
        let (header, content) = (HeaderScan::new(), Box::default());
        Ok(Incoming { intake, header, content, kept: Vec::new(), bytes: 0 })
    }

    /// Delivers a message to each of the recipients; what became of it, in the same order. `Ok` means that it is durable.
    pub async fn deliver(
        &self,
        mut incoming: Incoming,
        sender: &str,
        recipients: &[Recipient],
    ) -> Vec<Outcome> {
        if let Err(undelivered) = incoming.end() {
            return vec![Err(undelivered); recipients.len()];
        }
        let is_old = incoming.header.received() > self.rules.received_max;
        let mut outcomes: Vec<Outcome> = recipients
            .iter()
            .map(|to| match is_old || incoming.header.was_delivered_to(&to.address) {
                true => Err(Undelivered::Loop),
                false => Ok(()),
            })
            .collect();
        let parcels = self.parcels(sender, recipients, &incoming, &mut outcomes).await;
        if !parcels.is_empty() {
            bring(incoming, parcels, &mut outcomes).await;
        }
        let for_good = self.rules.refuse_over_quota;
        outcomes.into_iter().map(|outcome| outcome.map_err(|not| not.with_quota(for_good))).collect()
    }

    /// Whether there is room for a message of so many bytes, as far as can be told before it comes. Of a group, each member
    /// is asked only when it is there.
    ///
    /// # Errors
    /// [`Undelivered::OverQuota`], [`Undelivered::NoSpace`], or we failed.
    pub async fn has_room(&self, recipient: &Recipient, bytes: u64) -> Result<(), Undelivered> {
        let [user] = recipient.users[..] else { return Ok(()) };
        let inbox = self.store.enter(user).await?.mailbox(&MailboxName::inbox(), Rights::INSERT)?;
        let room = inbox.has_room(bytes, Beside::default()).map_err(Undelivered::from);
        room.map_err(|not| not.with_quota(self.rules.refuse_over_quota))
    }

    /// One parcel for each mailbox that any of the recipients leads to and that has not got the message yet.
    async fn parcels(
        &self,
        sender: &str,
        recipients: &[Recipient],
        incoming: &Incoming,
        outcomes: &mut [Outcome],
    ) -> Vec<Parcel> {
        let id = incoming.id(sender);
        let mut parcels: Vec<Parcel> = Vec::new();
        let mut places: HashMap<(AccountId, MailboxId), usize> = HashMap::new();
        for (number, recipient) in recipients.iter().enumerate() {
            if outcomes.get(number).is_none_or(Result::is_err) {
                continue;
            }
            let source = (recipient.users.len() > 1 && incoming.header.received() > 0).then_some(id);
            for &user in &recipient.users {
                let mailbox =
                    match self.mailbox(user, recipient.detail.as_deref(), source, incoming.bytes).await {
                        Ok(Some(mailbox)) => mailbox,
                        Ok(None) => continue,
                        Err(undelivered) => {
                            note(outcomes, number, Err(undelivered));
                            continue;
                        }
                    };
                let place = (user, mailbox.id());
                match places.get(&place).and_then(|&at| parcels.get_mut(at)) {
                    Some(parcel) => parcel.recipients.push(number),
                    None => {
                        places.insert(place, parcels.len());
                        let preface = trace::preface(sender, &recipient.address).into_bytes();
                        parcels.push(Parcel { mailbox, preface, source, recipients: vec![number] });
                    }
                }
            }
        }
        parcels
    }

    /// Where a user's mail goes; `None` when that user has it already.
    async fn mailbox(
        &self,
        user: AccountId,
        detail: Option<&str>,
        source: Option<[u8; 32]>,
        bytes: u64,
    ) -> Result<Option<Mailbox>, Undelivered> {
        let access = self.store.enter(user).await?;
        if let Some(source) = source
            && access.has_delivered(source).await?
        {
            return Ok(None);
        }
        let folder = detail.filter(|_| self.rules.detail_folders).and_then(|detail| folder(&access, detail));
        let mailbox = match folder {
            Some(mailbox) => mailbox,
            None => access.mailbox(&MailboxName::inbox(), Rights::INSERT)?,
        };
        // Before the content is stored, so that nothing is stored in vain.
        mailbox.has_room(bytes, Beside::default())?;
        Ok(Some(mailbox))
    }
}

impl Incoming {
    /// Takes more of the message, with its lines ended by CRLF.
    ///
    /// # Errors
    /// The message cannot be taken; what is left of it need not be given any more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Undelivered> {
        if bytes.contains(&0) {
            return Err(Undelivered::Nul);
        }
        self.content.update(bytes);
        self.header.push(bytes, &mut self.kept);
        self.pass_on()
    }

    fn end(&mut self) -> Result<(), Undelivered> {
        self.header.end(&mut self.kept);
        self.pass_on()
    }

    fn pass_on(&mut self) -> Result<(), Undelivered> {
        self.bytes += self.kept.len() as u64;
        self.intake.write(&self.kept)?;
        self.kept.clear();
        Ok(())
    }

    /// What tells this message from all others: the same bytes from the same sender are the same message.
    fn id(&self, sender: &str) -> [u8; 32] {
        let mut id = blake3::Hasher::new();
        id.update(b"delivery\0").update(sender.as_bytes()).update(b"\0");
        id.update(self.content.finalize().as_bytes());
        *id.finalize().as_bytes()
    }
}

/// The folder that a detail names: written alike or, as mail servers change the case of addresses, nearly so.
fn folder(access: &Access, detail: &str) -> Option<Mailbox> {
    let name = MailboxName::new(detail).ok()?;
    if let Ok(mailbox) = access.mailbox(&name, Rights::INSERT) {
        return Some(mailbox);
    }
    let wanted = detail.to_lowercase();
    let tree = access.tree();
    let near = tree.mailboxes.iter().find(|listed| listed.name.as_str().to_lowercase() == wanted)?;
    access.mailbox(&near.name, Rights::INSERT).ok()
}

/// Stores the content, and then commits the copies.
async fn bring(incoming: Incoming, parcels: Vec<Parcel>, outcomes: &mut [Outcome]) {
    let copies =
        parcels.iter().map(|parcel| Copy { to: parcel.mailbox.clone(), preface: parcel.preface.clone() });
    match incoming.intake.finish_for(copies.collect()).await {
        Ok(arrivals) => commit(parcels, arrivals, outcomes).await,
        Err(error) => {
            let undelivered = Undelivered::from(error);
            for &recipient in parcels.iter().flat_map(|parcel| &parcel.recipients) {
                note(outcomes, recipient, Err(undelivered.clone()));
            }
        }
    }
}

/// Commits the copies, many at once, so that they share syncs.
async fn commit(parcels: Vec<Parcel>, arrivals: Vec<Arrival>, outcomes: &mut [Outcome]) {
    let mut commits: JoinSet<(Vec<usize>, Outcome)> = JoinSet::new();
    for (parcel, arrival) in parcels.into_iter().zip(arrivals) {
        if commits.len() >= COMMITS_AT_ONCE
            && let Some(done) = commits.join_next().await
        {
            settle(done, outcomes);
        }
        let Parcel { mailbox, source, recipients, .. } = parcel;
        commits.spawn(async move {
            let arrival = match source {
                Some(message) => arrival.delivered_as(message),
                None => arrival,
            };
            let appended = mailbox.append(vec![arrival]).await;
            (recipients, appended.map(drop).map_err(Undelivered::from))
        });
    }
    while let Some(done) = commits.join_next().await {
        settle(done, outcomes);
    }
}

fn settle(done: Result<(Vec<usize>, Outcome), tokio::task::JoinError>, outcomes: &mut [Outcome]) {
    match done {
        Ok((recipients, outcome)) => {
            for recipient in recipients {
                note(outcomes, recipient, outcome.clone());
            }
        }
        Err(broken) => {
            tracing::error!(%broken, "a delivery broke off");
            // It is not known whose it was, so nobody is told that it has arrived.
            outcomes.fill(Err(Undelivered::Failed));
        }
    }
}

/// A recipient has the message when every user it stands for has it. A failure that may pass wins: then the sender tries again.
fn note(outcomes: &mut [Outcome], recipient: usize, outcome: Outcome) {
    if let (Some(so_far), Err(undelivered)) = (outcomes.get_mut(recipient), outcome)
        && (so_far.is_ok() || undelivered.may_pass())
    {
        *so_far = Err(undelivered);
    }
}
