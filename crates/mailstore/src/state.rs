//! An account's state after some commit, and the commit that leads to the next.
//!
//! An account has two: what is resolved (it may yet fail) and what is durable. Both take the same steps.

use crate::change::Change;
use crate::image::{Image, nothing_staged};
use crate::keywords::Keywords;
use crate::quota::Usage;
use crate::schema::{Head, MailboxRow};
use model::{MailboxId, MailboxName, ModSeq};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// An account after a commit.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) head: Head,
    pub(crate) keywords: Keywords,
    pub(crate) subscribed: Arc<BTreeSet<MailboxName>>,
    pub(crate) mailboxes: BTreeMap<MailboxId, Arc<MailboxRow>>,
    names: BTreeMap<MailboxName, MailboxId>,
    /// Of all mailboxes together.
    pub(crate) usage: Usage,
    /// Images of the mailboxes that were needed lately.
    pub(crate) images: HashMap<MailboxId, Image>,
}

/// What one commit makes of an account.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) head: Head,
    /// Whether clients are told: housekeeping takes no modseq and tells nobody.
    pub(crate) silent: bool,
    /// New rows of mailboxes; `None` for one that was deleted.
    pub(crate) rows: Vec<(MailboxId, Option<Arc<MailboxRow>>)>,
    /// New images, of mailboxes whose image was in memory.
    pub(crate) images: Vec<(MailboxId, Image)>,
    /// What sessions are told.
    pub(crate) changes: Changes,
    pub(crate) keywords: Option<Keywords>,
    pub(crate) subscribed: Option<Arc<BTreeSet<MailboxName>>>,
}

/// The changes of one commit, by mailbox.
pub(crate) type Changes = Arc<[(MailboxId, Arc<Change>)]>;

impl State {
    pub(crate) fn new(head: Head, keywords: Keywords, subscribed: BTreeSet<MailboxName>) -> Self {
        Self { head, keywords, subscribed: Arc::new(subscribed), ..Self::default() }
    }

    pub(crate) const fn modseq(&self) -> ModSeq {
        self.head.modseq
    }

    pub(crate) fn id_of(&self, name: &MailboxName) -> Option<MailboxId> {
        self.names.get(name).copied()
    }

    pub(crate) fn set_row(&mut self, id: MailboxId, row: Arc<MailboxRow>) {
        if let Some(old) = self.mailboxes.get(&id) {
            self.usage.subtract(old);
        }
        self.usage.add(&row);
        match self.mailboxes.insert(id, row.clone()) {
            Some(old) if old.name == row.name => {}
            old => {
                if let Some(old) = old {
                    self.forget_name(id, &old.name);
                }
                self.names.insert(row.name.clone(), id);
            }
        }
    }

    /// Two mailboxes may swap a name within one commit, so a name is forgotten only by the one that still has it.
    fn forget_name(&mut self, id: MailboxId, name: &MailboxName) {
        if self.names.get(name) == Some(&id) {
            self.names.remove(name);
        }
    }

    /// An image that was read while the commit was under way is not among those that the commit carries.
    fn catch_up(&mut self, commit: &Commit) {
        for (id, change) in commit.changes.iter() {
            if commit.images.iter().any(|(carried, _)| carried == id) {
                continue;
            }
            if let Some(image) = self.images.get_mut(id) {
                let Ok(()) = image.apply(commit.head.modseq, change, &mut nothing_staged);
            }
        }
    }

    pub(crate) fn apply(&mut self, commit: &Commit) {
        self.head = commit.head;
        for (id, row) in &commit.rows {
            match row {
                Some(row) => self.set_row(*id, row.clone()),
                None => {
                    if let Some(old) = self.mailboxes.remove(id) {
                        self.usage.subtract(&old);
                        self.forget_name(*id, &old.name);
                    }
                    self.images.remove(id);
                }
            }
        }
        for (id, image) in &commit.images {
            self.images.insert(*id, image.clone());
        }
        self.catch_up(commit);
        if let Some(keywords) = &commit.keywords {
            self.keywords = keywords.clone();
        }
        if let Some(subscribed) = &commit.subscribed {
            self.subscribed = subscribed.clone();
        }
    }
}
