//! The users' records, kept in the store beside their mail.
//!
//! Who may log in is decided elsewhere; here a record is only kept. A user and the account's mailboxes are made in one
//! commit, so that there is never one without the other.

use crate::account::load;
use crate::codec::{Damaged, Reader, put_bytes, put_u64};
use crate::error::{Error, Fault, Refusal};
use crate::quota::{self, Limits, QuotaOf};
use crate::schema::{self, StoreRow};
use crate::state::State;
use crate::store::Store;
use crate::txn::Txn;
use model::{AccountId, MailboxName, SpecialUse};
use std::ops::ControlFlow;
use storage::Batch;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The full address.
    pub login: String,
    /// The account.
    pub account: AccountId,
    /// The password's hash (a PHC string).
    pub password_hash: String,
    /// The password's SCRAM verifier (RFC 5803), if there is one.
    pub scram_verifier: Option<String>,
    /// Whether the user may log in.
    pub enabled: bool,
    /// The address as it was written when the user was made, where that differs.
    pub spelling: Option<String>,
}

/// A user's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// In the form that it is found by.
    pub name: String,
    /// As it was written, where that differs.
    pub spelling: Option<String>,
}

impl<T: Into<String>> From<T> for Address {
    /// One that is written in the form that it is found by.
    fn from(name: T) -> Self {
        Self { name: name.into(), spelling: None }
    }
}

/// What is kept of a password. The store does not look into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// The password's hash (a PHC string).
    pub password_hash: String,
    /// The password's SCRAM verifier (RFC 5803), if there is one.
    pub scram_verifier: Option<String>,
}

impl<T: Into<String>> From<T> for Secrets {
    /// A hash alone.
    fn from(password_hash: T) -> Self {
        Self { password_hash: password_hash.into(), scram_verifier: None }
    }
}

impl User {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, self.account.0);
        put_bytes(&mut out, self.password_hash.as_bytes());
        put_u64(&mut out, self.enabled.into());
        // Absent in the rows of users who have neither, as older versions wrote them.
        if self.scram_verifier.is_some() || self.spelling.is_some() {
            put_bytes(&mut out, self.scram_verifier.as_deref().unwrap_or_default().as_bytes());
        }
        if let Some(spelling) = &self.spelling {
            put_bytes(&mut out, spelling.as_bytes());
        }
        out
    }

    pub(crate) fn decode(key: &[u8], value: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(value, "user");
        let login = key.get(1..).and_then(|login| std::str::from_utf8(login).ok());
        let login = login.ok_or_else(|| r.damaged())?.to_owned();
        let (account, password_hash, enabled) = (AccountId(r.u64()?), r.string()?, r.u64()? != 0);
        let scram_verifier = if r.is_empty() { None } else { Some(r.string()?) };
        let scram_verifier = scram_verifier.filter(|verifier| !verifier.is_empty());
        let spelling = if r.is_empty() { None } else { Some(r.string()?) };
        r.end()?;
        Ok(Self { login, account, password_hash, scram_verifier, enabled, spelling })
    }
}

impl Store {
    /// A user by full address. Blocks for a look-up.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn user(&self, login: &str) -> Result<Option<User>, Error> {
        let key = schema::user(login);
        let row = self.shared.engine.snapshot().and_then(|s| s.get(&key)).map_err(Fault::from)?;
        Ok(row.map(|row| User::decode(&key, &row)).transpose().map_err(Fault::from)?)
    }

    /// As [`Store::user`], where nothing may block.
    pub(crate) async fn find_user(&self, login: &str) -> Result<Option<User>, Error> {
        let key = schema::user(login);
        let read = move |snapshot: &dyn storage::Snapshot| {
            let row = snapshot.get(&key)?;
            Ok(row.map(|row| User::decode(&key, &row)).transpose()?)
        };
        self.shared.read_soon(read).await
    }

    /// All users, by address.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn users(&self) -> Result<Vec<User>, Error> {
        let list = |snapshot: &dyn storage::Snapshot| {
            let mut all = Vec::new();
            load::scan(snapshot, schema::USERS, |key, value| {
                all.push(User::decode(key, value)?);
                Ok(())
            })?;
            Ok(all)
        };
        self.shared.read(list).await
    }

    /// Makes a user with an account: INBOX and the default folders, all subscribed.
    ///
    /// # Errors
    /// [`Refusal::UserExists`], or a fault.
    pub async fn add_user(
        &self,
        address: impl Into<Address>,
        secrets: impl Into<Secrets>,
        folders: &[(MailboxName, Option<SpecialUse>)],
    ) -> Result<AccountId, Error> {
        let Address { name: login, spelling } = address.into();
        let _one_at_a_time = self.directory.lock().await;
        if self.find_user(&login).await?.is_some() {
            return Err(Refusal::UserExists.into());
        }
        let mut store = self.store_row().await?;
        let account = AccountId(store.next_account);
        store.next_account += 1;
        let Secrets { password_hash, scram_verifier } = secrets.into();
        let user = User { login, account, password_hash, scram_verifier, enabled: true, spelling };
        let mut batch = self.new_account(account, folders)?;
        batch.put(schema::STORE.to_vec(), store.encode());
        batch.put(schema::user(&user.login), user.encode());
        batch.put(schema::owner_of(account), user.login.as_bytes().to_vec());
        self.shared.commit_rows(batch, Vec::new()).await?;
        self.shared.maintenance.manifest_due(account);
        Ok(account)
    }

    fn new_account(
        &self,
        account: AccountId,
        folders: &[(MailboxName, Option<SpecialUse>)],
    ) -> Result<Batch, Refusal> {
        let mut empty = State::default();
        empty.head.next_mailbox = 1;
        empty.head.next_email = 1;
        let now = self.shared.clock.now();
        let mut txn = Txn::new(account, &empty, now, self.shared.options.account);
        let inbox = [(MailboxName::inbox(), None)];
        for (name, special_use) in inbox.iter().chain(folders) {
            txn.create(name, *special_use)?;
            txn.subscribe(name, true)?;
        }
        Ok(txn.finish().batch)
    }

    /// Replaces what is kept of a user's password. The old password is refused from then on.
    ///
    /// # Errors
    /// [`Refusal::AccountMissing`], or a fault.
    pub async fn set_password(&self, login: &str, secrets: impl Into<Secrets>) -> Result<(), Error> {
        let _one_at_a_time = self.directory.lock().await;
        let mut user = self.find_user(login).await?.ok_or(Refusal::AccountMissing)?;
        Secrets { password_hash: user.password_hash, scram_verifier: user.scram_verifier } = secrets.into();
        self.put_user(&user).await
    }

    /// Keeps a SCRAM verifier of the password that `password_hash` is the hash of; nothing if the user has another
    /// password by now, or is gone.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn add_scram_verifier(
        &self,
        login: &str,
        password_hash: &str,
        verifier: String,
    ) -> Result<(), Error> {
        let _one_at_a_time = self.directory.lock().await;
        match self.find_user(login).await? {
            Some(mut user) if user.password_hash == password_hash => {
                user.scram_verifier = Some(verifier);
                self.put_user(&user).await
            }
            _ => Ok(()),
        }
    }

    async fn put_user(&self, user: &User) -> Result<(), Error> {
        let mut batch = Batch::default();
        batch.put(schema::user(&user.login), user.encode());
        self.shared.commit_rows(batch, Vec::new()).await?;
        self.shared.maintenance.manifest_due(user.account);
        Ok(())
    }

    /// Removes a user. The account's mailboxes are deleted; the sweeper gives their space back.
    ///
    /// # Errors
    /// [`Refusal::AccountMissing`], or a fault.
    pub async fn remove_user(&self, login: &str) -> Result<(), Error> {
        let _one_at_a_time = self.directory.lock().await;
        let user = self.find_user(login).await?.ok_or(Refusal::AccountMissing)?;
        let Some(account) = self.account(user.account).await? else {
            let mut batch = Batch::default();
            self.forget(&mut batch, &user);
            return self.shared.commit_rows(batch, Vec::new()).await;
        };
        // In one commit, so that no mail is left that belongs to nobody.
        let remove = |txn: &mut Txn<'_>| {
            self.forget(txn.batch(), &user);
            txn.delete_all()
        };
        account.commit(&[], remove).await?;
        self.shared.maintenance.manifest_due(user.account);
        self.shared.quotas.set(QuotaOf::User(user.login), Limits::default());
        Ok(())
    }

    /// All rows that are about a user and not the account's.
    fn forget(&self, batch: &mut Batch, user: &User) {
        batch.delete(schema::user(&user.login));
        batch.delete(schema::owner_of(user.account));
        quota::forget_user(batch, &user.login);
        crate::index::forget(batch, user.account);
    }

    pub(crate) async fn store_row(&self) -> Result<StoreRow, Error> {
        let read = |snapshot: &dyn storage::Snapshot| {
            let row = snapshot.get(schema::STORE)?.ok_or(Damaged { what: "store row" })?;
            Ok(StoreRow::decode(&row)?)
        };
        self.shared.read(read).await
    }

    /// Whether there is any user.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn has_users(&self) -> Result<bool, Error> {
        let any = |snapshot: &dyn storage::Snapshot| {
            let mut any = false;
            snapshot.scan(schema::USERS, &schema::after(schema::USERS), &mut |_, _| {
                any = true;
                ControlFlow::Break(())
            })?;
            Ok(any)
        };
        self.shared.read(any).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(scram_verifier: Option<&str>) -> User {
        User {
            login: "ada@example.org".to_owned(),
            account: AccountId(7),
            password_hash: "hash".to_owned(),
            scram_verifier: scram_verifier.map(str::to_owned),
            enabled: true,
            spelling: None,
        }
    }

    #[test]
    fn a_user_is_read_back_with_a_verifier_and_a_spelling_and_without() {
        let spelling = Some("Ada@example.org".to_owned());
        for verifier in [None, Some("SCRAM-SHA-256$4096:c2FsdA==$a:b")] {
            for user in [user(verifier), User { spelling: spelling.clone(), ..user(verifier) }] {
                assert_eq!(User::decode(&schema::user(&user.login), &user.encode()).unwrap(), user);
            }
        }
    }

    #[test]
    fn a_row_from_before_verifiers_still_reads() {
        let row = [&[7, 4], b"hash".as_slice(), &[1]].concat();
        assert_eq!(user(None).encode(), row);
        assert_eq!(User::decode(b"uada@example.org", &row).unwrap(), user(None));
    }
}
