//! Stress: 200 sessions of random commands on a few mailboxes; whoever believes the server knows the mailbox.
//!
//! A fifth of the sessions belongs to each of five users with four shared mailboxes each, over every transport and in every dialect.
//! Each session keeps its view strictly from what it is told. At quiet points all pause, and each view is compared
//! with what a fresh session fetches; then the server's memory, descriptors, threads and tasks are measured, which
//! must stay flat. At the end everyone leaves, and what the server held for them has to go too.
//!
//! `STRESS_SECONDS` says for how long, `STRESS_SEED` repeats the dice of a run: what each session tries, in order.
//! Which numbers and UIDs it names depends on what the others did meanwhile.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

#[path = "stress/command.rs"]
mod command;
#[path = "stress/flat.rs"]
mod flat;
#[path = "stress/gate.rs"]
mod gate;
#[path = "stress/manner.rs"]
mod manner;
#[path = "stress/play.rs"]
mod play;
#[path = "stress/server.rs"]
mod server;
#[path = "stress/session.rs"]
mod session;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use flat::Series;
use gate::{Ended, Gate};
use manner::Manner;
use play::Player;
use server::Server;
use session::Session;
use testkit::view::View;

/// How many sessions are at work.
const SESSIONS: usize = 200;
/// How long the load lasts by default; the start, the comparisons and the end come on top.
const SECONDS: u64 = 60;
/// The longest time between two quiet points.
const QUIET_EVERY: Duration = Duration::from_secs(10);
/// How many quiet points there are at least: fewer measurements say nothing about growth.
const QUIET_POINTS_MIN: u32 = 9;
/// A session's stack: TLS and a few buffers.
const STACK_BYTES: usize = 512 << 10;

/// The mailboxes of each user that sessions share.
const MAILBOXES: [&str; 4] = ["INBOX", "alpha", "beta", "gamma"];

/// What is there, by user and mailbox, as a fresh session sees it.
type Truth = BTreeMap<(usize, &'static str), View>;

/// What all sessions share.
struct World {
    server: Server,
    seed: u64,
    gate: Gate,
    /// Whether sessions go to the gate after the step that they are at.
    pause: AtomicBool,
    /// Whether they leave after the comparison.
    last: AtomicBool,
    truth: Mutex<Arc<Truth>>,
    commands: AtomicU64,
    compared: AtomicU64,
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// One session from its login to the end of the run.
fn live(world: &World, number: usize) -> Result<(), Ended> {
    let mut player = world.gate.attempt(Player::login(world, number))?;
    world.gate.meet()?;
    loop {
        while !world.pause.load(Ordering::Relaxed) {
            world.gate.attempt(player.step())?;
            world.gate.goes_on()?;
        }
        world.gate.attempt(player.be_ready())?;
        world.gate.meet()?;
        // The others are still now, and the truth is being fetched.
        world.gate.meet()?;
        let truth = Arc::clone(&world.truth.lock().unwrap());
        world.gate.attempt(player.compare(&truth))?;
        world.compared.fetch_add(1, Ordering::Relaxed);
        world.gate.meet()?;
        if world.last.load(Ordering::Relaxed) {
            return world.gate.attempt(player.leave());
        }
    }
}

impl World {
    fn new(server: Server) -> Self {
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
        Self {
            server,
            seed: number_of("STRESS_SEED").unwrap_or_else(clock),
            gate: Gate::new(SESSIONS + 1),
            pause: AtomicBool::new(false),
            last: AtomicBool::new(false),
            truth: Mutex::default(),
            commands: AtomicU64::new(0),
            compared: AtomicU64::new(0),
        }
    }

    /// Makes the mailboxes.
    fn furnish(&self) -> Result<(), String> {
        for user in 0..server::USERS {
            let mut session = Session::login(self, user, Manner::PLAIN)?;
            for mailbox in MAILBOXES.into_iter().filter(|&mailbox| mailbox != "INBOX") {
                session.must(&format!("CREATE {mailbox}"))?;
            }
            session.leave()?;
        }
        Ok(())
    }

    /// What is there now.
    fn look(&self) -> Result<Truth, String> {
        let mut truth = Truth::new();
        for user in 0..server::USERS {
            let mut session = Session::login(self, user, Manner::FRESH)?;
            for mailbox in MAILBOXES {
                session.select("EXAMINE", mailbox, None)?;
                truth.insert((user, mailbox), session.view.clone());
            }
            session.leave()?;
        }
        Ok(truth)
    }

    /// Lets the sessions work, stops them for a comparison and a measurement, over and over.
    fn conduct(&self, length: Duration, series: &mut Series) -> Result<(), Ended> {
        let points = QUIET_POINTS_MIN.max((length.as_secs_f64() / QUIET_EVERY.as_secs_f64()).ceil() as u32);
        self.gate.meet()?;
        let start = Instant::now();
        for point in 1..=points {
            std::thread::sleep((start + length * point / points).saturating_duration_since(Instant::now()));
            self.pause.store(true, Ordering::Relaxed);
            self.gate.meet()?;
            self.pause.store(false, Ordering::Relaxed);
            self.last.store(point == points, Ordering::Relaxed);
            // What was sent by connections that are gone may still be under way.
            series.note(self.gate.attempt(self.server.settled(SESSIONS))?);
            *self.truth.lock().unwrap() = Arc::new(self.gate.attempt(self.look())?);
            self.gate.meet()?;
            self.gate.meet()?;
        }
        Ok(())
    }
}

#[test]
fn two_hundred_sessions_know_their_mailboxes() {
    let world = World::new(Server::start());
    let length = Duration::from_secs(number_of("STRESS_SECONDS").unwrap_or(SECONDS));
    println!("STRESS_SEED={} for {length:?}", world.seed);
    world.furnish().unwrap();
    let before = world.server.settled(0).unwrap();
    let (mut series, start) = (Series::default(), Instant::now());
    std::thread::scope(|scope| {
        for number in 0..SESSIONS {
            let (world, thread) = (&world, std::thread::Builder::new().stack_size(STACK_BYTES));
            thread.spawn_scoped(scope, move || live(world, number)).unwrap();
        }
        // A failure is kept by the gate.
        let _ended = world.conduct(length, &mut series);
    });
    if let Some(failure) = world.gate.failure() {
        panic!("STRESS_SEED={}: {failure}", world.seed);
    }
    let after = world.server.settled(0).unwrap();
    let (commands, seconds) = (world.commands.load(Ordering::Relaxed), start.elapsed().as_secs_f64());
    let compared = world.compared.load(Ordering::Relaxed);
    println!("{commands} commands, {:.0}/s, {compared} views compared", commands as f64 / seconds);
    println!("before {before}\n{series}after  {after}");
    series.assert_flat();
    after.assert_released(&before);
    world.server.check();
}
