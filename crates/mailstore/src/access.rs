//! What a user may do with an account: the only way to a mailbox, and the one place that decides on rights.

use crate::account::Account;
use crate::email::Email;
use crate::error::{During, Error, Fault, Refusal};
use crate::mailbox::{Mailbox, Status};
use crate::numbered::Table;
use crate::quota::Quota;
use crate::schema;
use crate::shared::Shared;
use crate::txn::Sources;
use crate::watch::Watch;
use model::{AccountId, EmailId, MailboxId, MailboxName, Rights, SpecialUse, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many e-mail rows one read takes at most.
pub const EMAILS_PER_READ_MAX: usize = 512;

/// A logged-in user's way to an account. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    account: Arc<Account>,
    user: AccountId,
}

/// The mailboxes that a user may see, at one moment.
#[derive(Clone, Debug)]
pub struct Tree {
    /// By name.
    pub mailboxes: Vec<Listed>,
    /// The names subscribed to, also those of no mailbox.
    pub subscribed: Arc<BTreeSet<MailboxName>>,
}

/// One mailbox of a [`Tree`].
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its id.
    pub id: MailboxId,
    /// Its name.
    pub name: MailboxName,
    /// Its role.
    pub special_use: Option<SpecialUse>,
    /// Its summary.
    pub status: Status,
    /// What the user may do with it.
    pub rights: Rights,
}

impl Access {
    pub(crate) const fn new(account: Arc<Account>, user: AccountId) -> Self {
        Self { account, user }
    }

    /// The rights check: who may do what with a mailbox of this account. Everything that touches a mailbox asks here.
    fn rights(&self, _mailbox: MailboxId) -> Rights {
        // An account's mailboxes are its owner's; sharing (RFC 4314) will be decided here too.
        if self.user == self.account.id { Rights::ALL } else { Rights::NONE }
    }

    /// A handle on a mailbox on which the user has all the rights in `need`.
    ///
    /// # Errors
    /// [`Refusal::MailboxMissing`] also where the user may not know that the mailbox exists.
    pub fn mailbox(&self, name: &MailboxName, need: Rights) -> Result<Mailbox, Refusal> {
        let id = self.account.lock().published.id_of(name);
        let missing = || Refusal::MailboxMissing { can_create: self.user == self.account.id };
        let id = id.ok_or_else(missing)?;
        let rights = self.rights(id);
        if !rights.contains(Rights::LOOKUP) {
            return Err(missing());
        }
        if !rights.contains(need) {
            return Err(Refusal::NeedRight(need));
        }
        Ok(Mailbox::new(self.account.clone(), id, rights))
    }

    /// All mailboxes the user may see, and the subscriptions.
    #[must_use]
    pub fn tree(&self) -> Tree {
        let inner = self.account.lock();
        let listed = inner.published.mailboxes.iter().map(|(&id, row)| Listed {
            id,
            name: row.name.clone(),
            special_use: row.special_use,
            status: Status::of(row, inner.recent_from(id)),
            rights: self.rights(id),
        });
        let mut mailboxes: Vec<Listed> = listed.filter(|m| m.rights.contains(Rights::LOOKUP)).collect();
        mailboxes.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Tree { mailboxes, subscribed: inner.published.subscribed.clone() }
    }

    /// What the store's clock says.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.account.shared.clock.now()
    }

    /// Makes a mailbox.
    ///
    /// # Errors
    /// [`Refusal::MailboxExists`], the limits, and a role that is taken.
    pub async fn create(
        &self,
        name: &MailboxName,
        special_use: Option<SpecialUse>,
    ) -> Result<MailboxId, Error> {
        self.owner()?;
        let (_, id) = self.account.commit(&[], |txn| txn.create(name, special_use)).await?;
        Ok(id)
    }

    /// Deletes a mailbox with its messages; those below it stay.
    ///
    /// # Errors
    /// [`Refusal::MailboxMissing`], [`Refusal::InboxCannotBeDeleted`].
    pub async fn delete(&self, name: &MailboxName) -> Result<(), Error> {
        let mailbox = match self.mailbox(name, Rights::DELETE_MAILBOX) {
            Err(Refusal::MailboxMissing { .. }) => return Err(self.nothing_to_delete(name).into()),
            other => other?,
        };
        self.account.commit(&[], |txn| txn.delete(mailbox.id())).await?;
        Ok(())
    }

    /// Whether the name is at least a level above mailboxes.
    fn nothing_to_delete(&self, name: &MailboxName) -> Refusal {
        match self.tree().mailboxes.iter().any(|m| m.name.is_below(name)) {
            true => Refusal::HasChildren,
            false => Refusal::MailboxMissing { can_create: false },
        }
    }

    /// Renames a mailbox and all below it; INBOX gives its messages to a new mailbox and stays (RFC 9051 §6.3.6).
    ///
    /// # Errors
    /// [`Refusal::MailboxMissing`], [`Refusal::MailboxExists`], [`Refusal::NameBelowItself`], the limits.
    pub async fn rename(&self, from: &MailboxName, to: &MailboxName) -> Result<(), Error> {
        self.owner()?;
        if !from.is_inbox() {
            self.account.commit(&[], |txn| txn.rename(from, to)).await?;
            return Ok(());
        }
        let inbox = self.mailbox(from, Rights::READ)?;
        let rename = |txn: &mut crate::txn::Txn<'_>| {
            let uids = txn.image(inbox.id())?.uids();
            let new = txn.create(to, None)?;
            txn.rename_inbox(inbox.id(), new, &Sources::These(uids))
        };
        self.account.commit(&[inbox.id()], rename).await?;
        Ok(())
    }

    /// Subscribes to a name, or no longer; it need not be a mailbox's.
    ///
    /// # Errors
    /// [`Refusal::MailboxLimit`] when there are too many.
    pub async fn subscribe(&self, name: &MailboxName, on: bool) -> Result<(), Error> {
        self.owner()?;
        self.account.commit(&[], |txn| txn.subscribe(name, on)).await?;
        Ok(())
    }

    /// The owner's login, which names the quota root (RFC 9208 §3.2).
    #[must_use]
    pub fn owner_login(&self) -> &str {
        &self.account.owner
    }

    /// What the account has, and may have.
    #[must_use]
    pub fn quota(&self) -> Quota {
        let usage = self.account.lock().published.usage;
        Quota { usage, max: self.account.shared.quotas.max(&self.account.owner) }
    }

    /// What only the account's owner may do.
    fn owner(&self) -> Result<(), Refusal> {
        if self.user == self.account.id { Ok(()) } else { Err(Refusal::NeedRight(Rights::CREATE)) }
    }

    pub(crate) fn account_id(&self) -> AccountId {
        self.account.id
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.account.shared
    }

    /// Wakes whenever the account has moved on.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(self.account.watch(), self.account.shared.failed.subscribe())
    }

    /// The unchanging facts of messages, in the order asked for; `None` for one that is given up. At most
    /// [`EMAILS_PER_READ_MAX`] are looked at.
    ///
    /// # Errors
    /// A fault of the store, or a damaged row.
    pub async fn emails(&self, ids: &[EmailId]) -> Result<Vec<Option<Email>>, Error> {
        let account = self.account.id;
        let ids: Vec<EmailId> = ids.iter().copied().take(EMAILS_PER_READ_MAX).collect();
        self.account.shared.read_soon(move |snapshot| read_emails(snapshot, account, &ids)).await
    }

    /// Which of these sources have been imported into the account before, by their digests.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn imported(&self, sources: Vec<[u8; 32]>) -> Result<Vec<bool>, Error> {
        let account = self.account.id;
        let read = move |snapshot: &dyn storage::Snapshot| {
            let keys: Vec<Vec<u8>> = sources.iter().map(|s| schema::imported(account, s)).collect();
            Ok(snapshot.get_many(&keys).during("imported")?.iter().map(Option::is_some).collect())
        };
        self.account.shared.read(read).await
    }
}

/// Reads e-mails, in the order asked for.
pub(crate) fn read_emails(
    snapshot: &dyn storage::Snapshot,
    account: AccountId,
    ids: &[EmailId],
) -> Result<Vec<Option<Email>>, Fault> {
    let table = Table {
        key: |id| schema::email(account, EmailId(id)),
        number: |key: &[u8]| schema::email_of(key).map(|id| id.0),
    };
    let ids: Vec<u64> = ids.iter().map(|id| id.0).collect();
    table.read(snapshot, &ids, |id, row| Ok(Email::decode(EmailId(id), row)?))
}
