//! How much a login has to wait after others have failed: from the same network, or as the same user.
//!
//! It slows down and never locks out: whoever waits is answered, and nobody can keep a user from logging in for good.
//! What it knows is in memory, bounded, and forgotten after a while.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use model::{Clock, Timestamp, counted_as};
use parking_lot::Mutex;

use crate::password::Password;

/// How failed logins are held against later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// Failures that cost nothing: people mistype.
    pub free: u32,
    /// The longest that a login waits. It is never refused.
    pub wait_max: Duration,
    /// After so long without a failure, those before are forgotten.
    pub memory: Duration,
    /// Networks, users and wrong passwords that are remembered, of each so many; the least recent gives way.
    pub entries: NonZeroUsize,
}

impl ThrottleSettings {
    /// Failures that cost nothing, unless configured.
    pub const FREE_DEFAULT: u32 = 5;
    /// The longest wait, unless configured: clients give up after a minute or so.
    pub const WAIT_DEFAULT: Duration = Duration::from_secs(20);
    /// How long failures are held against somebody, unless configured.
    pub const MEMORY_DEFAULT: Duration = Duration::from_secs(15 * 60);
    /// What is remembered, unless configured: some 10 MB at most.
    pub const ENTRIES_DEFAULT: usize = 50_000;
    /// The wait after the first failure that costs something; each further one doubles it.
    const STEP: Duration = Duration::from_secs(1);
}

impl Default for ThrottleSettings {
    fn default() -> Self {
        Self {
            free: Self::FREE_DEFAULT,
            wait_max: Self::WAIT_DEFAULT,
            memory: Self::MEMORY_DEFAULT,
            entries: NonZeroUsize::new(Self::ENTRIES_DEFAULT).unwrap_or(NonZeroUsize::MIN),
        }
    }
}

/// Failures, by network and by user.
pub(crate) struct Throttle {
    settings: ThrottleSettings,
    clock: Arc<dyn Clock>,
    /// Names and passwords are kept as digests under a key that lives and dies with the process.
    key: [u8; blake3::KEY_LEN],
    memory: Mutex<Memory>,
}

struct Memory {
    networks: LruCache<IpAddr, Lane>,
    users: LruCache<[u8; blake3::OUT_LEN], Lane>,
    /// Wrong passwords, each with its user, and when each was last tried.
    wrong: LruCache<[u8; blake3::OUT_LEN], Timestamp>,
}

/// Logins that are held to one another.
#[derive(Clone, Copy, Default)]
struct Lane {
    failures: u32,
    last_failure: Timestamp,
    /// When the next login may be checked: those that come together wait one behind the other.
    free_at: Timestamp,
}

impl Throttle {
    pub(crate) fn new(settings: ThrottleSettings, clock: Arc<dyn Clock>) -> Self {
        let memory = Memory {
            networks: LruCache::new(settings.entries),
            users: LruCache::new(settings.entries),
            wrong: LruCache::new(settings.entries),
        };
        Self { settings, clock, key: model::env::random(), memory: Mutex::new(memory) }
    }

    /// How long a login has to wait before it is checked, which it then is to be: its turn is taken.
    pub(crate) fn wait(&self, address: IpAddr, login: &str) -> Duration {
        let now = self.clock.now();
        let user = self.digest(&[login.as_bytes()]);
        let mut memory = self.memory.lock();
        let mut lanes = Vec::with_capacity(2);
        if let Some(network) = network(address) {
            lanes.extend(memory.networks.get_mut(&network).map(|lane| lane.turn(now, &self.settings)));
        }
        lanes.extend(memory.users.get_mut(&user).map(|lane| lane.turn(now, &self.settings)));
        lanes.into_iter().max().unwrap_or_default()
    }

    /// Counts a failed login. The password, where it was sent, counts once however often it is tried.
    pub(crate) fn failed(&self, address: IpAddr, login: &str, password: Option<&Password>) {
        let now = self.clock.now();
        let user = self.digest(&[login.as_bytes()]);
        let tried = password.map(|password| self.digest(&[login.as_bytes(), password.as_bytes()]));
        let mut memory = self.memory.lock();
        if let Some(tried) = tried
            && memory.wrong.put(tried, now).is_some_and(|before| is_recent(before, now, self.settings.memory))
        {
            return;
        }
        if let Some(network) = network(address) {
            memory.networks.get_or_insert_mut(network, Lane::default).fail(now, &self.settings);
        }
        memory.users.get_or_insert_mut(user, Lane::default).fail(now, &self.settings);
    }

    /// The user has logged in: whoever failed before was the same, or will not get far.
    ///
    /// The network keeps its failures, or one good account would be enough to try all others.
    pub(crate) fn succeeded(&self, login: &str) {
        let user = self.digest(&[login.as_bytes()]);
        self.memory.lock().users.pop(&user);
    }

    fn digest(&self, parts: &[&[u8]]) -> [u8; blake3::OUT_LEN] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }
}

impl Lane {
    fn fail(&mut self, now: Timestamp, settings: &ThrottleSettings) {
        if !is_recent(self.last_failure, now, settings.memory) {
            *self = Self::default();
        }
        self.failures = self.failures.saturating_add(1);
        self.last_failure = now;
    }

    /// Takes a turn: the wait until it.
    fn turn(&mut self, now: Timestamp, settings: &ThrottleSettings) -> Duration {
        if !is_recent(self.last_failure, now, settings.memory) {
            *self = Self::default();
            return Duration::ZERO;
        }
        let interval = millis(self.interval(settings));
        let latest = now.0.saturating_add(millis(settings.wait_max));
        let turn = self.free_at.0.max(now.0).saturating_add(interval).min(latest);
        self.free_at = Timestamp(turn);
        Duration::from_millis(turn - now.0)
    }

    /// The time between one login and the next.
    fn interval(&self, settings: &ThrottleSettings) -> Duration {
        let Some(beyond) = self.failures.checked_sub(settings.free.saturating_add(1)) else {
            return Duration::ZERO;
        };
        let doubled = 1_u32.checked_shl(beyond).unwrap_or(u32::MAX);
        ThrottleSettings::STEP.saturating_mul(doubled).min(settings.wait_max)
    }
}

/// The network that failures are held against. Loopback is none: a webmail there speaks for everybody.
fn network(address: IpAddr) -> Option<IpAddr> {
    let network = counted_as(address);
    (!network.is_loopback()).then_some(network)
}

/// A clock that was set back makes nothing older.
fn is_recent(then: Timestamp, now: Timestamp, memory: Duration) -> bool {
    now.0.saturating_sub(then.0) < millis(memory)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use model::ManualClock;

    use super::*;

    const SECOND: u64 = 1000;

    struct World {
        clock: Arc<ManualClock>,
        throttle: Throttle,
    }

    fn world(entries: usize) -> World {
        let clock = Arc::new(ManualClock::new(Timestamp(1_000_000_000)));
        let entries = NonZeroUsize::new(entries).unwrap();
        let settings = ThrottleSettings { entries, ..ThrottleSettings::default() };
        World { clock: clock.clone(), throttle: Throttle::new(settings, clock) }
    }

    impl World {
        fn wait(&self, address: &str, login: &str) -> u64 {
            self.throttle.wait(address.parse().unwrap(), login).as_secs()
        }

        fn fail(&self, address: &str, login: &str, password: &str) {
            self.throttle.failed(address.parse().unwrap(), login, Some(&Password::new(password)));
        }

        fn fail_often(&self, address: &str, login: &str, times: u32) {
            for password in 0..times {
                self.fail(address, login, &format!("wrong {password}"));
            }
        }
    }

    #[test]
    fn some_failures_are_free_and_then_each_doubles_the_wait_up_to_the_most() {
        let world = world(100);
        world.fail_often("192.0.2.1", "ada", ThrottleSettings::FREE_DEFAULT);
        assert_eq!(world.wait("192.0.2.1", "ada"), 0);
        for (password, wait) in [("a", 1), ("b", 2), ("c", 4), ("d", 8), ("e", 16), ("f", 20), ("g", 20)] {
            world.fail("192.0.2.1", "ada", password);
            assert_eq!(world.wait("192.0.2.1", "ada"), wait);
            world.clock.advance(60 * SECOND);
        }
    }

    #[test]
    fn logins_that_come_together_wait_one_behind_the_other() {
        let world = world(100);
        world.fail_often("192.0.2.1", "ada", ThrottleSettings::FREE_DEFAULT + 2);
        let waits: Vec<u64> = (0..12).map(|_| world.wait("192.0.2.1", "ben")).collect();
        assert_eq!(waits, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 20, 20]);
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let world = world(100);
        world.fail_often("2001:db8:0:1::1", "ada", ThrottleSettings::FREE_DEFAULT + 1);
        assert_eq!(world.wait("2001:db8:0:1:ffff::9", "ben"), 1);
        assert_eq!(world.wait("2001:db8:0:2::1", "ben"), 0);
    }

    #[test]
    fn a_user_is_slowed_down_from_everywhere() {
        let world = world(100);
        for host in 1..=6 {
            world.fail(&format!("192.0.2.{host}"), "ada", &format!("wrong {host}"));
        }
        assert_eq!(world.wait("198.51.100.1", "ada"), 1);
        assert_eq!(world.wait("192.0.2.1", "ben"), 0);
    }

    #[test]
    fn the_same_wrong_password_counts_once() {
        let world = world(100);
        for _ in 0..100 {
            world.fail("192.0.2.1", "ada", "the password before");
        }
        assert_eq!(world.wait("192.0.2.1", "ada"), 0);
        // For each user: one password tried with many names is many tries.
        for user in 0..6 {
            world.fail("192.0.2.1", &format!("user{user}"), "the password before");
        }
        assert!(world.wait("192.0.2.1", "ben") > 0);
    }

    #[test]
    fn failures_are_forgotten_after_a_while_and_by_a_success() {
        let world = world(100);
        world.fail_often("192.0.2.1", "ada", 9);
        world.clock.advance(15 * 60 * SECOND - 1);
        assert_eq!((world.wait("192.0.2.1", "ben"), world.wait("192.0.2.2", "ada")), (8, 8));
        world.clock.advance(1);
        assert_eq!((world.wait("192.0.2.1", "ben"), world.wait("192.0.2.2", "ada")), (0, 0));
        world.fail("192.0.2.1", "ada", "once more");
        assert_eq!(world.wait("192.0.2.1", "ada"), 0, "it is the first again");
        world.fail_often("192.0.2.2", "ben", 9);
        world.throttle.succeeded("ben");
        assert_eq!(world.wait("192.0.2.3", "ben"), 0);
        assert!(world.wait("192.0.2.2", "ben") > 0, "the network keeps its failures");
    }

    #[test]
    fn loopback_is_slowed_down_by_user_only() {
        let world = world(100);
        world.fail_often("127.0.0.1", "ada", 9);
        assert_eq!(world.wait("127.0.0.1", "ben"), 0);
        assert!(world.wait("127.0.0.1", "ada") > 0);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let world = world(4);
        for host in 1..=200 {
            world.fail(&format!("192.0.2.{host}"), &format!("user{host}"), "wrong");
        }
        let memory = world.throttle.memory.lock();
        assert_eq!((memory.networks.len(), memory.users.len(), memory.wrong.len()), (4, 4, 4));
    }
}
