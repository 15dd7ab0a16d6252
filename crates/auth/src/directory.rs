//! Where users come from. The server's own users live in the store; tests keep them in memory.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::pin::Pin;

use model::AccountId;
use parking_lot::Mutex;

use crate::alias_name::AliasName;
use crate::login_name::LoginName;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One user, as a directory knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Whose mail it is.
    pub account: AccountId,
    /// The full address in its one form ([`LoginName::as_str`]).
    pub login: String,
    /// The Argon2 hash of the password, as a PHC string.
    pub password_hash: String,
    /// The password's SCRAM verifier (RFC 5803), if one was stored.
    pub scram_verifier: Option<String>,
    /// Whether the user may log in.
    pub enabled: bool,
}

/// A directory could not answer.
#[derive(Debug, thiserror::Error)]
#[error("directory: {op}: {source}")]
pub struct DirectoryFault {
    /// What was asked of it.
    pub op: &'static str,
    /// Why it failed.
    pub source: Box<dyn Error + Send + Sync>,
}

/// Finds users by the name that they log in with.
pub trait Directory: Send + Sync + 'static {
    /// The user of that name; `None` when there is none. Disabled users are found.
    ///
    /// # Errors
    /// The directory cannot be asked.
    fn find<'a>(&'a self, login: &'a LoginName) -> BoxFuture<'a, Result<Option<UserRecord>, DirectoryFault>>;

    /// The addresses that mail for an alias or a group goes to instead; `None` when there is none of that name.
    ///
    /// # Errors
    /// The directory cannot be asked.
    fn alias<'a>(
        &'a self,
        name: &'a AliasName,
    ) -> BoxFuture<'a, Result<Option<Vec<LoginName>>, DirectoryFault>>;

    /// Stores a SCRAM verifier for a user who has none, made of the password that `user.password_hash` is the hash
    /// of. Nothing is stored if the password was changed meanwhile.
    ///
    /// # Errors
    /// The directory cannot be changed.
    fn keep_verifier<'a>(
        &'a self,
        user: &'a UserRecord,
        verifier: String,
    ) -> BoxFuture<'a, Result<(), DirectoryFault>>;
}

impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRecord")
            .field("account", &self.account)
            .field("login", &self.login)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

/// Users and aliases in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryDirectory {
    users: Mutex<HashMap<String, UserRecord>>,
    aliases: Mutex<HashMap<String, Vec<LoginName>>>,
}

impl MemoryDirectory {
    /// Adds a user, or replaces the one with the same login.
    pub fn put(&self, user: UserRecord) {
        self.users.lock().insert(user.login.clone(), user);
    }

    /// Adds an alias, or replaces the one of the same name.
    pub fn put_alias(&self, name: &AliasName, targets: Vec<LoginName>) {
        self.aliases.lock().insert(name.to_string(), targets);
    }
}

impl Directory for MemoryDirectory {
    fn find<'a>(&'a self, login: &'a LoginName) -> BoxFuture<'a, Result<Option<UserRecord>, DirectoryFault>> {
        Box::pin(async move { Ok(self.users.lock().get(login.as_str()).cloned()) })
    }

    fn alias<'a>(
        &'a self,
        name: &'a AliasName,
    ) -> BoxFuture<'a, Result<Option<Vec<LoginName>>, DirectoryFault>> {
        Box::pin(async move { Ok(self.aliases.lock().get(&name.to_string()).cloned()) })
    }

    fn keep_verifier<'a>(
        &'a self,
        user: &'a UserRecord,
        verifier: String,
    ) -> BoxFuture<'a, Result<(), DirectoryFault>> {
        Box::pin(async move {
            let mut users = self.users.lock();
            if let Some(kept) =
                users.get_mut(&user.login).filter(|kept| kept.password_hash == user.password_hash)
            {
                kept.scram_verifier = Some(verifier);
            }
            Ok(())
        })
    }
}
