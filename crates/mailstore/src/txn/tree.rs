//! CREATE, DELETE, RENAME, SUBSCRIBE: the tree of mailboxes changes.

use super::{Sources, Txn};
use crate::error::Refusal;
use crate::schema::{self, MailboxRow};
use model::{MailboxId, MailboxName, SpecialUse};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Txn<'_> {
    fn id_of(&self, name: &MailboxName) -> Option<MailboxId> {
        let made = self.rows.iter().find(|(_, row)| row.as_ref().is_some_and(|row| row.name == *name));
        let before = || self.before.id_of(name).filter(|id| !self.rows.contains_key(id));
        made.map(|(&id, _)| id).or_else(before)
    }

    /// Makes a mailbox. Levels above it need not exist (RFC 9051 §6.3.4 leaves it to the server).
    pub(crate) fn create(
        &mut self,
        name: &MailboxName,
        special_use: Option<SpecialUse>,
    ) -> Result<MailboxId, Refusal> {
        if self.id_of(name).is_some() {
            return Err(Refusal::MailboxExists);
        }
        self.limits.check(name)?;
        if self.before.mailboxes.len() + self.rows.len() >= self.limits.mailboxes {
            return Err(Refusal::MailboxLimit { limit: self.limits.mailboxes });
        }
        if let Some(role) = special_use {
            self.role_is_free(role)?;
        }
        let id = MailboxId(self.head.next_mailbox);
        self.head.next_mailbox += 1;
        let uid_validity = self.head.next_uid_validity(self.now);
        let row = MailboxRow::new(name.clone(), special_use, uid_validity, self.modseq());
        self.rows.insert(id, Some(Arc::new(row)));
        Ok(id)
    }

    /// One mailbox per role, so that clients agree on it (RFC 6154 §3 lets the server refuse).
    fn role_is_free(&self, role: SpecialUse) -> Result<(), Refusal> {
        if matches!(role, SpecialUse::All | SpecialUse::Flagged) {
            return Err(Refusal::SpecialUseUnsupported(role));
        }
        match self.before.mailboxes.values().any(|row| row.special_use == Some(role)) {
            true => Err(Refusal::SpecialUseTaken(role)),
            false => Ok(()),
        }
    }

    /// Deletes a mailbox; those below it stay (RFC 9051 §6.3.5).
    pub(crate) fn delete(&mut self, id: MailboxId) -> Result<(), Refusal> {
        if self.row(id)?.name.is_inbox() {
            return Err(Refusal::InboxCannotBeDeleted);
        }
        self.rows.insert(id, None);
        self.batch.put(schema::tombstone(self.account, id), Vec::new());
        Ok(())
    }

    /// Deletes every mailbox, INBOX too: the user is no more.
    pub(crate) fn delete_all(&mut self) -> Result<(), Refusal> {
        for &id in self.before.mailboxes.keys() {
            self.rows.insert(id, None);
            self.batch.put(schema::tombstone(self.account, id), Vec::new());
        }
        Ok(())
    }

    /// Renames a mailbox and all below it (RFC 9051 §6.3.6). A name that exists only as a parent moves its children.
    pub(crate) fn rename(&mut self, from: &MailboxName, to: &MailboxName) -> Result<(), Refusal> {
        if to == from || to.is_below(from) {
            return Err(if to == from { Refusal::MailboxExists } else { Refusal::NameBelowItself });
        }
        if self.before.id_of(to).is_some() {
            return Err(Refusal::MailboxExists);
        }
        let moves = |name: &MailboxName| name == from || name.is_below(from);
        let moving: Vec<MailboxId> =
            self.before.mailboxes.iter().filter(|(_, row)| moves(&row.name)).map(|(&id, _)| id).collect();
        if moving.is_empty() {
            return Err(Refusal::MailboxMissing { can_create: false });
        }
        for id in moving {
            let name = self.row(id)?.name.moved(from, to)?;
            self.limits.check(&name)?;
            if self.before.id_of(&name).is_some() {
                return Err(Refusal::MailboxExists);
            }
            self.row_mut(id)?.name = name;
        }
        Ok(())
    }

    /// RENAME INBOX: its messages move to a new mailbox, and INBOX stays (RFC 9051 §6.3.6).
    pub(crate) fn rename_inbox(
        &mut self,
        inbox: MailboxId,
        to: MailboxId,
        messages: &Sources,
    ) -> Result<(), Refusal> {
        self.move_to(inbox, messages, to).map(drop)
    }

    /// Subscribes to a name, or no longer. It need not be a mailbox's (RFC 9051 §6.3.7).
    pub(crate) fn subscribe(&mut self, name: &MailboxName, on: bool) -> Result<(), Refusal> {
        let current = self.subscribed.as_ref().unwrap_or(&self.before.subscribed);
        if current.contains(name) == on {
            return Ok(());
        }
        let mut names: BTreeSet<MailboxName> = BTreeSet::clone(current);
        if on {
            // Each name may outlive its mailbox, so their number has its own bound.
            if names.len() >= self.limits.mailboxes {
                return Err(Refusal::MailboxLimit { limit: self.limits.mailboxes });
            }
            names.insert(name.clone());
        } else {
            names.remove(name);
        }
        self.subscribed = Some(Arc::new(names));
        Ok(())
    }
}
