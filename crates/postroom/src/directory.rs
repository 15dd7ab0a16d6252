//! The users and aliases of the store as a directory for logins and deliveries.

use std::sync::Arc;

use auth::{AliasName, BoxFuture, Directory, DirectoryFault, LoginName, UserRecord};
use mailstore::{Store, User};

/// Finds users in the store, of the domains that are configured.
pub(crate) struct StoredUsers {
    /// Where they are.
    pub(crate) store: Arc<Store>,
    /// The domains whose users may log in.
    pub(crate) domains: Vec<String>,
}

impl Directory for StoredUsers {
    fn find<'a>(&'a self, login: &'a LoginName) -> BoxFuture<'a, Result<Option<UserRecord>, DirectoryFault>> {
        Box::pin(async move {
            if !self.domains.iter().any(|domain| domain == login.domain()) {
                return Ok(None);
            }
            let (store, name) = (self.store.clone(), login.clone());
            let found = tokio::task::spawn_blocking(move || store.user(name.as_str())).await;
            match found {
                Ok(Ok(user)) => Ok(user.map(record)),
                Ok(Err(error)) => Err(DirectoryFault { op: "look up user", source: error.into() }),
                Err(error) => Err(DirectoryFault { op: "look up user", source: error.into() }),
            }
        })
    }

    fn alias<'a>(
        &'a self,
        name: &'a AliasName,
    ) -> BoxFuture<'a, Result<Option<Vec<LoginName>>, DirectoryFault>> {
        Box::pin(async move {
            if !self.domains.iter().any(|domain| domain == name.domain()) {
                return Ok(None);
            }
            let fault = |source| DirectoryFault { op: "look up alias", source };
            let found = self.store.alias(&name.to_string()).await.map_err(|error| fault(error.into()))?;
            let read = |target: &String| LoginName::parse(target, name.domain());
            let targets = found.map(|alias| alias.targets.iter().map(read).collect());
            targets.transpose().map_err(|error: auth::InvalidLogin| fault(error.into()))
        })
    }

    fn keep_verifier<'a>(
        &'a self,
        user: &'a UserRecord,
        verifier: String,
    ) -> BoxFuture<'a, Result<(), DirectoryFault>> {
        Box::pin(async move {
            let kept = self.store.add_scram_verifier(&user.login, &user.password_hash, verifier).await;
            kept.map_err(|error| DirectoryFault { op: "keep a SCRAM verifier", source: error.into() })
        })
    }
}

fn record(user: User) -> UserRecord {
    let User { login, account, password_hash, scram_verifier, enabled, spelling: _ } = user;
    UserRecord { account, login, password_hash, scram_verifier, enabled }
}
