//! A login from end to end: the name, the directory, the memory of recent logins, the password.
//!
//! An unknown user, a wrong password and a disabled user get one answer after the same work, so that
//! nobody learns from it who exists. (A hash made at another cost than today's takes its own time.)

use std::net::IpAddr;
use std::sync::Arc;

use model::{AccountId, Clock};

use crate::cache::{CacheSettings, RecentLogins};
use crate::directory::{Directory, DirectoryFault, UserRecord};
use crate::login_name::LoginName;
use crate::password::{InvalidCost, Password};
use crate::pool::{HashFault, HashingPool, PoolError, PoolSettings};
use crate::sasl::Credentials;

/// Who logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whose mail it is.
    pub account: AccountId,
    /// The full address.
    pub login: String,
}

/// Why nobody logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The credentials, or the moment, are not right.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The directory failed us.
    #[error(transparent)]
    Directory(#[from] DirectoryFault),
    /// Hashing failed us.
    #[error(transparent)]
    Hash(#[from] HashFault),
}

/// What the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such user, wrong password, or disabled: which, is not told.
    #[error("name or password is wrong")]
    Credentials,
    /// Too many logins wait; the same credentials may be right in a moment.
    #[error("too many logins at once; try again")]
    Busy,
}

/// How logins are checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The domain of names without one.
    pub default_domain: String,
    /// Where passwords are hashed.
    pub pool: PoolSettings,
    /// What is remembered of recent logins.
    pub cache: CacheSettings,
}

/// Checks logins for every front end.
pub struct Authenticator {
    directory: Arc<dyn Directory>,
    default_domain: String,
    pool: HashingPool,
    recent: RecentLogins,
}

impl Authenticator {
    /// An authenticator of the users in `directory`.
    ///
    /// # Errors
    /// The configured cost is none that Argon2 can use.
    pub fn new(
        directory: Arc<dyn Directory>,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidCost> {
        Ok(Self {
            directory,
            default_domain: settings.default_domain,
            pool: HashingPool::new(settings.pool)?,
            recent: RecentLogins::new(settings.cache, clock),
        })
    }

    /// The pool, to hash the passwords of new users in the same bounds.
    #[must_use]
    pub fn pool(&self) -> &HashingPool {
        &self.pool
    }

    /// Forgets a recent login, by full address. A change of password does so by itself.
    pub fn forget(&self, login: &str) {
        self.recent.forget(login);
    }

    /// Who these credentials belong to. `peer` goes into the log; the password never does.
    ///
    /// # Errors
    /// They are refused, or we failed.
    pub async fn login(&self, credentials: Credentials, peer: IpAddr) -> Result<Identity, LoginError> {
        let Credentials { login, password } = credentials;
        let answer = self.check(&login, password).await;
        match &answer {
            Ok(identity) => tracing::debug!(login = identity.login, %peer, "logged in"),
            Err(LoginError::Refused(reason)) => {
                tracing::info!(login = ?login, %peer, %reason, "login refused")
            }
            Err(LoginError::Directory(_) | LoginError::Hash(_)) => {}
        }
        answer
    }

    async fn check(&self, login: &str, password: Password) -> Result<Identity, LoginError> {
        if password.is_too_long() {
            // Nobody has such a password, so this tells nothing about anybody.
            return Err(Refusal::Credentials.into());
        }
        let found = self.find(login).await?;
        if let Some(user) = &found
            && user.enabled
            && self.recent.knows(user, &password)
        {
            return Ok(identity(user));
        }
        let phc = found.as_ref().map(|user| user.password_hash.clone());
        let verified = self.pool.verify(password.clone(), phc).await.map_err(LoginError::from)?;
        match found {
            Some(user) if verified && user.enabled => {
                self.recent.remember(&user, &password);
                Ok(identity(&user))
            }
            _ => Err(Refusal::Credentials.into()),
        }
    }

    /// A name that is none belongs to no user, and is refused like any other unknown one.
    async fn find(&self, login: &str) -> Result<Option<UserRecord>, DirectoryFault> {
        match LoginName::parse(login, &self.default_domain) {
            Ok(name) => self.directory.find(&name).await,
            Err(_) => Ok(None),
        }
    }
}

fn identity(user: &UserRecord) -> Identity {
    Identity { account: user.account, login: user.login.clone() }
}

impl From<PoolError> for LoginError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Busy => Self::Refused(Refusal::Busy),
            PoolError::Fault(fault) => Self::Hash(fault),
        }
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("default_domain", &self.default_domain).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use model::SystemClock;

    use super::*;
    use crate::directory::MemoryDirectory;
    use crate::password::{CHEAP, hash};

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn user(login: &str, password: &str) -> UserRecord {
        let password_hash = hash(&Password::new(password), CHEAP).unwrap();
        UserRecord { account: AccountId(7), login: login.to_owned(), password_hash, enabled: true }
    }

    fn world() -> (Arc<MemoryDirectory>, Authenticator) {
        let directory = Arc::new(MemoryDirectory::default());
        directory.put(user("ada@example.org", "good password"));
        directory.put(UserRecord { enabled: false, ..user("eve@example.org", "good password") });
        let settings = Settings {
            default_domain: "example.org".to_owned(),
            pool: PoolSettings { cost: CHEAP, ..PoolSettings::default() },
            cache: CacheSettings::default(),
        };
        let authenticator = Authenticator::new(directory.clone(), settings, Arc::new(SystemClock)).unwrap();
        (directory, authenticator)
    }

    async fn login(
        authenticator: &Authenticator,
        login: &str,
        password: &str,
    ) -> Result<Identity, LoginError> {
        let credentials = Credentials { login: login.to_owned(), password: Password::new(password) };
        authenticator.login(credentials, PEER).await
    }

    #[tokio::test]
    async fn full_and_bare_names_lead_to_one_identity() {
        let (_, authenticator) = world();
        let ada = Identity { account: AccountId(7), login: "ada@example.org".to_owned() };
        for name in ["ada", "ADA@Example.org"] {
            assert_eq!(login(&authenticator, name, "good password").await.unwrap(), ada);
        }
    }

    #[tokio::test]
    async fn unknown_wrong_and_disabled_get_one_answer() {
        let (_, authenticator) = world();
        let too_long = "x".repeat(2000);
        for (name, password) in [
            ("bob", "good password"),
            ("ada", "bad password"),
            ("eve", "good password"),
            ("not a name", "good password"),
            ("ada@elsewhere.example", "good password"),
            ("ada", too_long.as_str()),
        ] {
            let refused = login(&authenticator, name, password).await.unwrap_err();
            assert!(matches!(refused, LoginError::Refused(Refusal::Credentials)), "{name}: {refused}");
        }
    }

    #[tokio::test]
    async fn a_new_password_is_the_only_one_at_once() {
        let (directory, authenticator) = world();
        login(&authenticator, "ada", "good password").await.unwrap();
        directory.put(user("ada@example.org", "better password"));
        assert!(login(&authenticator, "ada", "good password").await.is_err());
        login(&authenticator, "ada", "better password").await.unwrap();
    }

    #[tokio::test]
    async fn a_disabled_user_is_refused_though_remembered() {
        let (directory, authenticator) = world();
        login(&authenticator, "ada", "good password").await.unwrap();
        let ada = user("ada@example.org", "good password");
        directory.put(UserRecord { enabled: false, ..ada });
        assert!(login(&authenticator, "ada", "good password").await.is_err());
    }

    #[tokio::test]
    async fn a_remembered_login_needs_no_hashing() {
        let (_, authenticator) = world();
        login(&authenticator, "ada", "good password").await.unwrap();
        let ada = authenticator.find("ada").await.unwrap().unwrap();
        assert!(authenticator.recent.knows(&ada, &Password::new("good password")));
        authenticator.forget("ada@example.org");
        assert!(!authenticator.recent.knows(&ada, &Password::new("good password")));
    }
}
