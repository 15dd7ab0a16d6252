//! A login from end to end: the name, the directory, the memory of recent logins, the password.
//!
//! An unknown user, a wrong password and a disabled user get one answer after the same wait and the same work, so that
//! nobody learns from it who exists. (A hash made at another cost than today's takes its own time.)

use std::net::IpAddr;
use std::sync::Arc;

use model::{AccountId, Clock};

use crate::cache::{CacheSettings, RecentLogins};
use crate::directory::{Directory, DirectoryFault, UserRecord};
use crate::login_name::LoginName;
use crate::password::{Cost, InvalidCost, Password};
use crate::pool::{HashFault, HashingPool, PoolError, PoolSettings};
use crate::sasl::Credentials;
use crate::scram::{Decoys, ITERATIONS_MIN, SECRET_BYTES};
use crate::throttle::{self, Throttle, ThrottleSettings, Turn};

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
    /// Too many logins of the user, or from the network, have failed and others wait; the same credentials may be right.
    #[error("too many logins have failed; try again in a while")]
    Throttled,
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
    /// How failed logins slow down later ones.
    pub throttle: ThrottleSettings,
    /// What becomes of SCRAM.
    pub scram: ScramSettings,
}

impl Settings {
    /// For tests and measurements: passwords cost next to nothing, and what should be secret is known.
    #[doc(hidden)]
    #[must_use]
    pub fn for_tests(default_domain: &str) -> Self {
        let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
        Self {
            default_domain: default_domain.to_owned(),
            pool: PoolSettings { cost, ..PoolSettings::default() },
            cache: CacheSettings::default(),
            throttle: ThrottleSettings::default(),
            scram: ScramSettings {
                mode: ScramMode::Offered,
                iterations: ITERATIONS_MIN,
                secret: [1; SECRET_BYTES],
            },
        }
    }
}

/// What becomes of SCRAM.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ScramSettings {
    /// Whether verifiers are stored and logins by them offered.
    pub mode: ScramMode,
    /// Iterations of PBKDF2 in new verifiers, from [`ITERATIONS_MIN`] to
    /// [`ITERATIONS_MAX`](crate::ITERATIONS_MAX).
    pub iterations: u32,
    /// What the salts of users who do not exist are made from; the same as long as the server lives.
    pub secret: [u8; SECRET_BYTES],
}

/// How far SCRAM goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramMode {
    /// No verifier is stored, and no login by one offered.
    Off,
    /// Verifiers are stored, so that logins by them can be offered later.
    Stored,
    /// Logins by them are offered.
    Offered,
}

/// What is stored of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// The Argon2 hash, as a PHC string.
    pub password_hash: String,
    /// The SCRAM verifier (RFC 5803), if any is to be stored.
    pub scram_verifier: Option<String>,
}

/// Checks logins for every front end.
pub struct Authenticator {
    directory: Arc<dyn Directory>,
    default_domain: String,
    pool: HashingPool,
    recent: RecentLogins,
    throttle: Throttle,
    scram: ScramSettings,
    pub(crate) decoys: Decoys,
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
            recent: RecentLogins::new(settings.cache, Arc::clone(&clock)),
            throttle: Throttle::new(settings.throttle, clock),
            scram: settings.scram,
            decoys: Decoys::new(settings.scram.secret, settings.scram.iterations),
        })
    }

    /// What to store of a new password.
    ///
    /// # Errors
    /// Too many passwords wait to be hashed, or hashing failed.
    pub async fn secrets(&self, password: Password) -> Result<Secrets, PoolError> {
        let scram_verifier = match self.scram.mode {
            ScramMode::Off => None,
            ScramMode::Stored | ScramMode::Offered => {
                Some(self.pool.verifier(password.clone(), self.scram.iterations).await?)
            }
        };
        Ok(Secrets { password_hash: self.pool.hash(password).await?, scram_verifier })
    }

    /// Whether logins by SCRAM are offered.
    #[must_use]
    pub fn offers_scram(&self) -> bool {
        self.scram.mode == ScramMode::Offered
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
        // Held until the outcome has been noted, for the logins that come behind.
        let mut turn = None;
        let answer = self.check(&login, &password, peer, &mut turn).await;
        self.note(&login, peer, Some(&password), &answer);
        answer
    }

    async fn check(
        &self,
        login: &str,
        password: &Password,
        peer: IpAddr,
        turn: &mut Option<Turn>,
    ) -> Result<Identity, LoginError> {
        if password.is_too_long() {
            // Nobody has such a password, so this tells nothing about anybody.
            return Err(Refusal::Credentials.into());
        }
        let found = self.find(login).await?;
        if let Some(user) = &found
            && user.enabled
            && self.recent.knows(user, password)
        {
            return Ok(identity(user));
        }
        *turn = Some(self.turn(login, peer, Some(password)).await?);
        let phc = found.as_ref().map(|user| user.password_hash.clone());
        let verified = self.pool.verify(password.clone(), phc).await.map_err(LoginError::from)?;
        match found {
            Some(user) if verified && user.enabled => {
                self.recent.remember(&user, password);
                self.complete(&user, password).await;
                Ok(identity(&user))
            }
            _ => Err(Refusal::Credentials.into()),
        }
    }

    /// Stores a verifier for a user who has none: only now the password is known.
    async fn complete(&self, user: &UserRecord, password: &Password) {
        if self.scram.mode == ScramMode::Off || user.scram_verifier.is_some() {
            return;
        }
        // Whoever logged in is in, and the next login tries again.
        match self.pool.verifier(password.clone(), self.scram.iterations).await {
            Ok(verifier) => {
                if let Err(error) = self.directory.keep_verifier(user, verifier).await {
                    tracing::warn!(login = user.login, %error, "a SCRAM verifier cannot be stored");
                }
            }
            Err(error) => tracing::debug!(login = user.login, %error, "no SCRAM verifier was made"),
        }
    }

    /// Waits for a login's turn, as earlier failures ask for. A password that was right lately does not wait.
    pub(crate) async fn turn(
        &self,
        login: &str,
        peer: IpAddr,
        password: Option<&Password>,
    ) -> Result<Turn, Refusal> {
        let turn = self.throttle.turn(peer, &self.key_of(login), password).await;
        turn.map_err(|throttle::TooLong| Refusal::Throttled)
    }

    /// Logs and counts how a login ended.
    pub(crate) fn note(
        &self,
        login: &str,
        peer: IpAddr,
        password: Option<&Password>,
        answer: &Result<Identity, LoginError>,
    ) {
        let result = match answer {
            Ok(identity) => {
                self.throttle.succeeded(peer, &identity.login);
                tracing::debug!(login = identity.login, %peer, "logged in");
                "ok"
            }
            Err(LoginError::Refused(reason)) => {
                tracing::info!(login = ?login, %peer, %reason, "login refused");
                if *reason == Refusal::Credentials {
                    self.throttle.failed(peer, &self.key_of(login), password);
                }
                "refused"
            }
            Err(LoginError::Directory(_) | LoginError::Hash(_)) => "failed",
        };
        metrics::counter!("postroom_logins_total", "result" => result).increment(1);
    }

    /// What a name counts as, whether it is anybody's or not.
    pub(crate) fn key_of(&self, login: &str) -> String {
        match LoginName::parse(login, &self.default_domain) {
            Ok(name) => name.as_str().to_owned(),
            Err(_) => login.to_owned(),
        }
    }

    /// A name that is none belongs to no user, and is refused like any other unknown one.
    pub(crate) async fn find(&self, login: &str) -> Result<Option<UserRecord>, DirectoryFault> {
        match LoginName::parse(login, &self.default_domain) {
            Ok(name) => self.directory.find(&name).await,
            Err(_) => Ok(None),
        }
    }
}

pub(crate) fn identity(user: &UserRecord) -> Identity {
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

impl std::fmt::Debug for ScramSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { mode, iterations, secret: _ } = self;
        f.debug_struct("ScramSettings")
            .field("mode", mode)
            .field("iterations", iterations)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

#[cfg(test)]
pub(crate) mod tests;
