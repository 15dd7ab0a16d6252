//! The memory of recent logins, for clients that log in again and again: a phone that opens a
//! connection a minute should not cost an Argon2 each time.
//!
//! What is kept is a digest under a key that lives and dies with the process, over the login, the
//! password and the stored hash. So a memory dump gives away no more than the hashes do, and a new
//! password, which has a new hash, is a miss by itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, Timestamp};
use parking_lot::Mutex;

use crate::directory::UserRecord;
use crate::password::Password;

/// The bounds of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// Logins remembered; the oldest gives way. None are when it is 0.
    pub entries: usize,
    /// How long each is remembered after its password was verified.
    pub lifetime: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { entries: 100_000, lifetime: Duration::from_secs(60 * 60) }
    }
}

/// Logins whose password was verified lately.
pub struct RecentLogins {
    settings: CacheSettings,
    clock: Arc<dyn Clock>,
    key: [u8; blake3::KEY_LEN],
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_login: HashMap<String, Entry>,
    /// The same logins in the order that they were remembered in.
    by_age: BTreeMap<u64, String>,
    next_age: u64,
}

struct Entry {
    /// Its `==` takes the same time wherever the difference is.
    digest: blake3::Hash,
    since: Timestamp,
    age: u64,
}

impl RecentLogins {
    /// An empty memory under a new key.
    #[must_use]
    pub fn new(settings: CacheSettings, clock: Arc<dyn Clock>) -> Self {
        Self { settings, clock, key: model::env::random(), entries: Mutex::default() }
    }

    /// Whether this password was verified lately against the hash that the user has now.
    #[must_use]
    pub fn knows(&self, user: &UserRecord, password: &Password) -> bool {
        let digest = self.digest(user, password);
        let now = self.clock.now();
        let entries = self.entries.lock();
        entries
            .by_login
            .get(&user.login)
            .is_some_and(|entry| entry.digest == digest && self.is_fresh(entry, now))
    }

    /// Remembers a password that was verified just now, in place of the user's former one.
    pub fn remember(&self, user: &UserRecord, password: &Password) {
        if self.settings.entries == 0 {
            return;
        }
        let digest = self.digest(user, password);
        let since = self.clock.now();
        let mut entries = self.entries.lock();
        entries.remove(&user.login);
        while entries.by_login.len() >= self.settings.entries {
            entries.remove_oldest();
        }
        entries.insert(user.login.clone(), digest, since);
    }

    /// Forgets a user, by full login; for a removal or a change of password.
    pub fn forget(&self, login: &str) {
        self.entries.lock().remove(login);
    }

    /// A clock that was set back makes an entry stale, never younger.
    fn is_fresh(&self, entry: &Entry, now: Timestamp) -> bool {
        let lifetime = u64::try_from(self.settings.lifetime.as_millis()).unwrap_or(u64::MAX);
        now.0.checked_sub(entry.since.0).is_some_and(|age| age < lifetime)
    }

    fn digest(&self, user: &UserRecord, password: &Password) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in [user.login.as_bytes(), password.as_bytes(), user.password_hash.as_bytes()] {
            // Each with its length, so that no two triples run together into the same bytes.
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        hasher.finalize()
    }
}

impl Entries {
    fn insert(&mut self, login: String, digest: blake3::Hash, since: Timestamp) {
        let age = self.next_age;
        self.next_age += 1;
        self.by_age.insert(age, login.clone());
        self.by_login.insert(login, Entry { digest, since, age });
    }

    fn remove(&mut self, login: &str) {
        if let Some(entry) = self.by_login.remove(login) {
            self.by_age.remove(&entry.age);
        }
    }

    fn remove_oldest(&mut self) {
        if let Some((_, login)) = self.by_age.pop_first() {
            self.by_login.remove(&login);
        }
    }
}

impl std::fmt::Debug for RecentLogins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecentLogins").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use model::{AccountId, ManualClock};

    use super::*;

    fn user(login: &str, password_hash: &str) -> UserRecord {
        let (login, password_hash) = (login.to_owned(), password_hash.to_owned());
        UserRecord { account: AccountId(1), login, password_hash, scram_verifier: None, enabled: true }
    }

    fn memory(entries: usize) -> (RecentLogins, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp(1_000_000)));
        let settings = CacheSettings { entries, lifetime: Duration::from_secs(60) };
        (RecentLogins::new(settings, clock.clone()), clock)
    }

    #[test]
    fn only_the_same_login_password_and_hash_are_known() {
        let (memory, _) = memory(10);
        let (ada, good) = (user("ada@example.org", "hash"), Password::new("good"));
        assert!(!memory.knows(&ada, &good));
        memory.remember(&ada, &good);
        assert!(memory.knows(&ada, &good));
        assert!(!memory.knows(&ada, &Password::new("bad")));
        assert!(!memory.knows(&user("bob@example.org", "hash"), &good));
    }

    #[test]
    fn a_new_password_flushes_what_was_known() {
        let (memory, _) = memory(10);
        memory.remember(&user("ada@example.org", "old"), &Password::new("good"));
        assert!(!memory.knows(&user("ada@example.org", "new"), &Password::new("good")));
    }

    #[test]
    fn a_forgotten_login_is_unknown() {
        let (memory, _) = memory(10);
        let (ada, good) = (user("ada@example.org", "hash"), Password::new("good"));
        memory.remember(&ada, &good);
        memory.forget("ada@example.org");
        assert!(!memory.knows(&ada, &good));
    }

    #[test]
    fn what_is_known_expires() {
        let (memory, clock) = memory(10);
        let (ada, good) = (user("ada@example.org", "hash"), Password::new("good"));
        memory.remember(&ada, &good);
        clock.advance(59_999);
        assert!(memory.knows(&ada, &good));
        clock.advance(1);
        assert!(!memory.knows(&ada, &good));
    }

    #[test]
    fn the_oldest_gives_way_and_nothing_is_left_of_it() {
        let (memory, _) = memory(2);
        let good = Password::new("good");
        let users = ["a@x", "b@x", "c@x"].map(|login| user(login, "hash"));
        for user in &users {
            memory.remember(user, &good);
            memory.remember(user, &good);
        }
        assert_eq!(users.each_ref().map(|user| memory.knows(user, &good)), [false, true, true]);
        let entries = memory.entries.lock();
        assert_eq!((entries.by_login.len(), entries.by_age.len()), (2, 2));
    }
}
