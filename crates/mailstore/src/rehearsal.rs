//! Intents that are resolved one after another and never committed: what `crates/instructions` counts.
//!
//! It does what [`Account::commit`] does under the account's lock, without the lock, on a copy of the account that
//! nobody else sees. Nothing else uses this.

use std::sync::Arc;

use crate::account::{Account, Inner};
use crate::error::{Error, Refusal};
use crate::intake::Arrival;
use crate::mailbox::Mailbox;
use crate::txn::{Expunge, Outcome, Sources, StoreFlags, Txn};
use model::{MailboxId, UidSet};

/// A copy of an account as it was at one moment, and one of its mailboxes.
pub struct Rehearsal {
    account: Arc<Account>,
    mailbox: MailboxId,
    inner: Inner,
}

impl Rehearsal {
    /// Of a mailbox and its account as they are now.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn of(mailbox: &Mailbox) -> Result<Self, Error> {
        let account = mailbox.account().clone();
        account.image(mailbox.id()).await?;
        let inner = Inner::new(account.lock().resolved.clone());
        Ok(Self { account, mailbox: mailbox.id(), inner })
    }

    /// As [`Mailbox::store`]: how many messages changed.
    ///
    /// # Errors
    /// The refusals of [`Mailbox::store`].
    pub fn store(&mut self, request: &StoreFlags) -> Result<u64, Refusal> {
        let id = self.mailbox;
        self.resolve(|txn| txn.store(id, request)).map(|resolved| resolved.changed.len())
    }

    /// As [`Mailbox::expunge`]: how many messages went.
    ///
    /// # Errors
    /// The refusals of [`Mailbox::expunge`].
    pub fn expunge(&mut self, which: &Expunge) -> Result<u64, Refusal> {
        let id = self.mailbox;
        self.resolve(|txn| txn.expunge(id, which)).map(|gone| gone.len())
    }

    /// As [`Mailbox::append`]: how many messages came.
    ///
    /// # Errors
    /// The refusals of [`Mailbox::append`].
    pub fn append(&mut self, messages: Vec<Arrival>) -> Result<u64, Refusal> {
        let id = self.mailbox;
        let parcels = messages.into_iter().map(Arrival::into_parcel).collect();
        self.resolve(|txn| txn.insert(id, parcels)).map(|came| came.len())
    }

    /// As [`Mailbox::copy`] of few messages: how many there are of them.
    ///
    /// # Errors
    /// The refusals of [`Mailbox::copy`].
    pub fn copy(&mut self, uids: &UidSet, to: &Mailbox) -> Result<u64, Refusal> {
        let id = self.mailbox;
        let sources = Sources::These(uids.clone());
        self.resolve(|txn| txn.copy(id, &sources, to.id())).map(|copies| copies.len())
    }

    fn resolve<T>(&mut self, resolve: impl FnOnce(&mut Txn<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let (value, outcome) = self.account.resolve(&self.inner, resolve)?;
        let Outcome { commit, threads, .. } = outcome;
        self.inner.advance(&commit, threads);
        Ok(value)
    }
}
