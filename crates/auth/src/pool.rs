//! Where passwords are hashed: a bounded number at a time, a bounded number waiting, and never on
//! the threads that serve connections.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Instant;

use argon2::password_hash;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::password::{self, Cost, InvalidCost, Password};
use crate::scram::Verifier;

/// The size of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// What new hashes, and users who do not exist, cost.
    pub cost: Cost,
    /// Passwords hashed at once; each takes [`Cost::memory_kib`] while it lasts.
    pub workers: NonZeroUsize,
    /// Passwords that may wait for that; one more is refused.
    pub queue: usize,
}

impl PoolSettings {
    /// Passwords that may wait, unless configured: some seconds of work.
    pub const QUEUE_DEFAULT: usize = 512;
}

impl Default for PoolSettings {
    fn default() -> Self {
        let workers = available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { cost: Cost::default(), workers, queue: Self::QUEUE_DEFAULT }
    }
}

/// Hashes and verifies passwords. Cloning it is cheap, and clones share the bounds.
#[derive(Clone, Debug)]
pub(crate) struct HashingPool {
    cost: Cost,
    decoy: Arc<str>,
    /// A permit for everyone at work or waiting.
    room: Arc<Semaphore>,
    /// A permit for everyone at work.
    workers: Arc<Semaphore>,
}

/// Why a pool gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// Too many wait already; trying again later helps.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// Hashing failed.
    #[error(transparent)]
    Fault(#[from] HashFault),
}

/// Hashing failed, through no fault of whoever logs in.
#[derive(Debug, thiserror::Error)]
pub enum HashFault {
    /// The stored hash cannot be used, or a new one not be made.
    #[error("the password hash cannot be used: {0}")]
    Hash(password_hash::Error),
    /// The thread that hashed is gone.
    #[error("hashing was broken off")]
    BrokenOff,
}

impl HashingPool {
    /// A pool with nothing to do.
    ///
    /// # Errors
    /// The cost is none that Argon2 can use.
    pub(crate) fn new(settings: PoolSettings) -> Result<Self, InvalidCost> {
        settings.cost.check()?;
        let decoy = password::decoy(settings.cost).map_err(|_| InvalidCost { cost: settings.cost })?;
        let workers = settings.workers.get();
        Ok(Self {
            cost: settings.cost,
            decoy: decoy.into(),
            room: Arc::new(Semaphore::new((workers + settings.queue).min(Semaphore::MAX_PERMITS))),
            workers: Arc::new(Semaphore::new(workers)),
        })
    }

    /// A hash to store for a new password.
    ///
    /// # Errors
    /// The pool is busy or hashing failed.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, PoolError> {
        let cost = self.cost;
        self.run(move || password::hash(&password, cost)).await
    }

    /// A SCRAM verifier to store for a password, as text (RFC 5803).
    ///
    /// # Errors
    /// The pool is busy or hashing failed.
    pub(crate) async fn verifier(&self, password: Password, iterations: u32) -> Result<String, PoolError> {
        self.run(move || Ok(Verifier::derive(&password, iterations, model::env::random()).to_string())).await
    }

    /// Whether `phc` is a hash of `password`. `None` stands for a user who does not exist: the answer
    /// is no, after the same work as for one whose hash has this pool's cost.
    ///
    /// # Errors
    /// The pool is busy, or `phc` is no hash that can be used.
    pub(crate) async fn verify(&self, password: Password, phc: Option<String>) -> Result<bool, PoolError> {
        let decoy = Arc::clone(&self.decoy);
        self.run(move || {
            let exists = phc.is_some();
            let verified = password::verify(&password, phc.as_deref().unwrap_or(&decoy))?;
            Ok(exists && verified)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T, PoolError> {
        let asked = Instant::now();
        let room = Place::new(Arc::clone(&self.room).try_acquire_owned().map_err(|_| PoolError::Busy)?);
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| HashFault::BrokenOff)?;
        // The permits go with the work: it runs to its end even when nobody waits for it any more.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (room, worker);
            work()
        });
        let answer = done.await.map_err(|_| HashFault::BrokenOff)?;
        metrics::histogram!("postroom_password_seconds").record(asked.elapsed());
        Ok(answer.map_err(HashFault::Hash)?)
    }
}

/// One of those at work or waiting, counted while it lasts.
struct Place(#[allow(dead_code, reason = "it is held, and given back")] OwnedSemaphorePermit);

impl Place {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        metrics::gauge!("postroom_passwords_waiting").increment(1.0);
        Self(permit)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        metrics::gauge!("postroom_passwords_waiting").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::password::CHEAP;

    fn pool(workers: usize, queue: usize) -> HashingPool {
        let workers = NonZeroUsize::new(workers).unwrap();
        HashingPool::new(PoolSettings { cost: CHEAP, workers, queue }).unwrap()
    }

    #[tokio::test]
    async fn a_hash_from_the_pool_is_verified_by_it() {
        let pool = pool(1, 1);
        let phc = pool.hash(Password::new("correct horse")).await.unwrap();
        assert!(pool.verify(Password::new("correct horse"), Some(phc.clone())).await.unwrap());
        assert!(!pool.verify(Password::new("wrong"), Some(phc)).await.unwrap());
        assert!(!pool.verify(Password::new("correct horse"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_recovers() {
        let pool = pool(1, 1);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let working = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(move || Ok(held.recv().is_ok())).await.is_ok() }
        });
        while pool.workers.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.verify(Password::new("x"), None).await.is_ok() }
        });
        while pool.room.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let refused = pool.verify(Password::new("x"), None).await.unwrap_err();
        assert!(matches!(refused, PoolError::Busy), "{refused}");
        release.send(()).unwrap();
        assert!(working.await.unwrap());
        assert!(waiting.await.unwrap());
        assert_eq!(pool.room.available_permits(), 2);
    }

    #[tokio::test]
    async fn a_damaged_hash_is_our_fault() {
        let fault = pool(1, 1).verify(Password::new("x"), Some("rubbish".to_owned())).await.unwrap_err();
        assert!(matches!(fault, PoolError::Fault(HashFault::Hash(_))), "{fault}");
    }

    #[test]
    fn an_impossible_cost_is_refused() {
        let settings =
            PoolSettings { cost: Cost { memory_kib: 0, passes: 0, lanes: 0 }, ..PoolSettings::default() };
        assert!(HashingPool::new(settings).is_err());
    }
}
