//! How much a login has to wait after others have failed: from the same network, or as the same user.
//!
//! Logins that are held to one another form a lane: a few are checked at a time, and once enough have failed, one after the
//! other, with a pause between them. Whoever would have to wait for longer than anybody should is told to come again, so that
//! a thousand at once try no more passwords than one. That must not keep a user out: who comes from a network that the
//! user has logged in from before has to wait for that network's failures alone.
//! What it knows is in memory, bounded, and forgotten after a while.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use model::{Clock, Timestamp, counted_as};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::password::Password;

/// How failed logins are held against later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// Failures that cost nothing: people mistype.
    pub free: u32,
    /// The longest that a login waits, and so the longest pause between two; who would have to wait for longer is refused.
    pub wait_max: Duration,
    /// After so long without a failure, those before are forgotten.
    pub memory: Duration,
    /// Networks, users, where users have logged in from, and wrong passwords that are remembered, of each so many; the least
    /// recent gives way.
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
    /// Logins as one user that are checked at the same time.
    pub const AT_ONCE_PER_USER: usize = 4;
    /// Logins from one network that are checked at the same time.
    pub const AT_ONCE_PER_NETWORK: usize = 32;
    /// How long a network is known as one that a user logs in from.
    pub const KNOWN_PLACE: Duration = Duration::from_secs(30 * 24 * 3600);
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
    users: LruCache<Digest, Lane>,
    /// Users, each with a network, and when each last logged in from there.
    places: LruCache<Digest, Timestamp>,
    /// Wrong passwords, each with its user, also with a network, and when each was last tried.
    wrong: LruCache<Digest, Timestamp>,
}

type Digest = [u8; blake3::OUT_LEN];

/// Logins that are held to one another.
struct Lane {
    /// Those that are being checked.
    at_once: Arc<Semaphore>,
    failures: u32,
    last_failure: Timestamp,
    /// When the next login may be checked: those that come together wait one behind the other.
    free_at: Timestamp,
}

/// A login's place among those that are checked at the same time, as long as it lives.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held")] Vec<OwnedSemaphorePermit>);

/// A login would have to wait for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Throttle {
    pub(crate) fn new(settings: ThrottleSettings, clock: Arc<dyn Clock>) -> Self {
        let memory = Memory {
            networks: LruCache::new(settings.entries),
            users: LruCache::new(settings.entries),
            places: LruCache::new(settings.entries),
            wrong: LruCache::new(settings.entries),
        };
        Self { settings, clock, key: model::env::random(), memory: Mutex::new(memory) }
    }

    /// Waits for a login's turn to be checked. The turn is to be given back when the outcome has been noted.
    pub(crate) async fn turn(
        &self,
        address: IpAddr,
        login: &str,
        password: Option<&Password>,
    ) -> Result<Turn, TooLong> {
        let lanes = self.lanes(address, login);
        let mut permits = Vec::with_capacity(lanes.len());
        for lane in lanes {
            // They are never closed.
            permits.extend(lane.acquire_owned().await.ok());
        }
        // Those before have been noted by now.
        let wait = self.wait(address, login, password)?;
        if !wait.is_zero() {
            tracing::debug!(login = ?login, peer = %address, ?wait, "a login has to wait");
            tokio::time::sleep(wait).await;
        }
        Ok(Turn(permits))
    }

    /// Where a login takes its place, in the order in which all do.
    fn lanes(&self, address: IpAddr, login: &str) -> Vec<Arc<Semaphore>> {
        let user = self.digest(&[login.as_bytes()]);
        let knows_place = self.knows_place(address, login);
        let mut memory = self.memory.lock();
        let network = network(address).map(|network| {
            let new = || Lane::new(ThrottleSettings::AT_ONCE_PER_NETWORK);
            memory.networks.get_or_insert_mut(network, new).at_once.clone()
        });
        let user = (!knows_place).then(|| {
            let new = || Lane::new(ThrottleSettings::AT_ONCE_PER_USER);
            memory.users.get_or_insert_mut(user, new).at_once.clone()
        });
        user.into_iter().chain(network).collect()
    }

    /// How long a login has to wait before it is checked, which it then is to be: its turn is taken.
    fn wait(&self, address: IpAddr, login: &str, password: Option<&Password>) -> Result<Duration, TooLong> {
        let now = self.clock.now();
        let user = self.digest(&[login.as_bytes()]);
        let knows_place = self.knows_place(address, login);
        // What is known to be wrong is no guess: a device with an old password keeps nobody waiting. What others know of
        // it does not show.
        let tried = self.tried_from(address, login, password);
        let mut memory = self.memory.lock();
        let is_no_guess = |tried| memory.wrong.peek(&tried).is_some_and(|at| self.is_recent(*at, now));
        if tried.is_some_and(is_no_guess) {
            return Ok(Duration::ZERO);
        }
        let Memory { networks, users, .. } = &mut *memory;
        let network = network(address).and_then(|network| networks.get_mut(&network));
        let user = users.get_mut(&user).filter(|_| !knows_place);
        let mut lanes: Vec<&mut Lane> = network.into_iter().chain(user).collect();
        let settings = &self.settings;
        let turns = lanes.iter().map(|lane| lane.next(now, settings)).collect::<Result<Vec<_>, _>>()?;
        for (lane, turn) in lanes.iter_mut().zip(&turns) {
            lane.free_at = *turn;
        }
        let latest = turns.into_iter().max().unwrap_or(now);
        Ok(Duration::from_millis(latest.0.saturating_sub(now.0)))
    }

    /// Counts a failed login. The password, where it was sent, counts once however often it is tried.
    pub(crate) fn failed(&self, address: IpAddr, login: &str, password: Option<&Password>) {
        let now = self.clock.now();
        let user = self.digest(&[login.as_bytes()]);
        let tried = password.map(|password| self.digest(&[login.as_bytes(), password.as_bytes()]));
        let tried_from = self.tried_from(address, login, password);
        let mut memory = self.memory.lock();
        if let Some(tried_from) = tried_from {
            memory.wrong.put(tried_from, now);
        }
        if let Some(tried) = tried
            && memory.wrong.put(tried, now).is_some_and(|before| self.is_recent(before, now))
        {
            return;
        }
        if let Some(network) = network(address) {
            let new = || Lane::new(ThrottleSettings::AT_ONCE_PER_NETWORK);
            memory.networks.get_or_insert_mut(network, new).fail(now, &self.settings);
        }
        let new = || Lane::new(ThrottleSettings::AT_ONCE_PER_USER);
        memory.users.get_or_insert_mut(user, new).fail(now, &self.settings);
    }

    /// The user has logged in: whoever failed before was the same, or will not get far.
    ///
    /// The network keeps its failures, or one good account would be enough to try all others.
    pub(crate) fn succeeded(&self, address: IpAddr, login: &str) {
        let user = self.digest(&[login.as_bytes()]);
        let (place, now) = (self.place(address, login), self.clock.now());
        let mut memory = self.memory.lock();
        memory.users.pop(&user);
        if let Some(place) = place {
            memory.places.put(place, now);
        }
    }

    /// Whether the user has logged in from that network lately.
    fn knows_place(&self, address: IpAddr, login: &str) -> bool {
        let Some(place) = self.place(address, login) else { return false };
        let (since, now) = (self.memory.lock().places.get(&place).copied(), self.clock.now());
        since.is_some_and(|since| is_within(since, now, ThrottleSettings::KNOWN_PLACE))
    }

    fn place(&self, address: IpAddr, login: &str) -> Option<Digest> {
        network(address).map(|network| self.digest(&[login.as_bytes(), network.to_string().as_bytes()]))
    }

    fn tried_from(&self, address: IpAddr, login: &str, password: Option<&Password>) -> Option<Digest> {
        let network = network(address).map(|network| network.to_string()).unwrap_or_default();
        password.map(|password| self.digest(&[login.as_bytes(), password.as_bytes(), network.as_bytes()]))
    }

    fn is_recent(&self, then: Timestamp, now: Timestamp) -> bool {
        is_within(then, now, self.settings.memory)
    }

    fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }
}

impl Lane {
    fn new(at_once: usize) -> Self {
        let at_once = Arc::new(Semaphore::new(at_once));
        Self { at_once, failures: 0, last_failure: Timestamp(0), free_at: Timestamp(0) }
    }

    fn fail(&mut self, now: Timestamp, settings: &ThrottleSettings) {
        if !is_within(self.last_failure, now, settings.memory) {
            self.failures = 0;
            self.free_at = now;
        }
        self.failures = self.failures.saturating_add(1);
        self.last_failure = now;
    }

    /// When the next turn is.
    fn next(&self, now: Timestamp, settings: &ThrottleSettings) -> Result<Timestamp, TooLong> {
        if !is_within(self.last_failure, now, settings.memory) {
            return Ok(now);
        }
        let interval = millis(self.interval(settings));
        if interval == 0 {
            return Ok(now);
        }
        let turn = self.free_at.0.max(now.0).saturating_add(interval);
        let latest = now.0.saturating_add(millis(settings.wait_max));
        if turn > latest { Err(TooLong) } else { Ok(Timestamp(turn)) }
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
fn is_within(then: Timestamp, now: Timestamp, memory: Duration) -> bool {
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
            self.try_wait(address, login).unwrap()
        }

        fn try_wait(&self, address: &str, login: &str) -> Result<u64, TooLong> {
            self.throttle.wait(address.parse().unwrap(), login, None).map(|wait| wait.as_secs())
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
        let waits: Vec<u64> = (0..10).map(|_| world.wait("192.0.2.1", "ben")).collect();
        assert_eq!(waits, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
        assert_eq!(world.try_wait("192.0.2.1", "ben"), Err(TooLong), "who comes together with so many");
        world.clock.advance(2 * SECOND);
        assert_eq!(world.wait("192.0.2.1", "ben"), 20);
    }

    #[test]
    fn a_thousand_at_once_try_no_more_passwords_than_one() {
        let world = world(100);
        world.fail_often("192.0.2.1", "ada", 20);
        let tried = (0..1000).filter(|_| world.try_wait("192.0.2.1", "ada").is_ok()).count();
        assert_eq!(tried, 1, "in the time of one pause");
    }

    #[tokio::test(start_paused = true)]
    async fn few_are_checked_at_a_time_before_any_has_failed() {
        let world = world(100);
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let mut turns = Vec::new();
        for _ in 0..ThrottleSettings::AT_ONCE_PER_USER {
            turns.push(world.throttle.turn(address, "ada", None).await.unwrap());
        }
        let waits = Duration::from_secs(3600);
        assert!(tokio::time::timeout(waits, world.throttle.turn(address, "ada", None)).await.is_err());
        assert!(world.throttle.turn(address, "ben", None).await.is_ok(), "as another user");
        turns.pop();
        assert!(world.throttle.turn(address, "ada", None).await.is_ok());
    }

    #[test]
    fn where_a_user_has_logged_in_from_before_the_failures_of_others_do_not_count() {
        let world = world(100);
        world.throttle.succeeded("192.0.2.1".parse().unwrap(), "ada");
        world.fail_often("198.51.100.1", "ada", 20);
        assert_eq!(world.wait("192.0.2.1", "ada"), 0);
        assert_eq!(world.wait("203.0.113.1", "ada"), 20);
        world.fail_often("192.0.2.1", "ben", 20);
        assert_eq!(world.wait("192.0.2.1", "ada"), 20, "those of the own network do");
    }

    #[test]
    fn who_tries_again_what_is_wrong_guesses_nothing_and_takes_no_turn() {
        let world = world(100);
        world.fail_often("192.0.2.1", "ada", 20);
        let wait = |address: &str, password: &str| {
            world.throttle.wait(address.parse().unwrap(), "ada", Some(&Password::new(password)))
        };
        assert_eq!(wait("192.0.2.1", "wrong 3"), Ok(Duration::ZERO));
        assert_eq!(wait("192.0.2.1", "a guess"), Ok(Duration::from_secs(20)));
        assert_eq!(wait("198.51.100.1", "wrong 3"), Err(TooLong), "elsewhere it is one");
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
        world.throttle.succeeded("192.0.2.9".parse().unwrap(), "ben");
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
