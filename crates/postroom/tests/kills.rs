//! Real kills: a server under load is killed, and nothing that it acknowledged is missing.
//!
//! Clients append, store, move and expunge, each in its own two mailboxes, and note what was answered OK. The server is
//! killed with SIGKILL at a random moment and started again; then every acknowledged change is there, and the one that
//! was under way has happened or has not. SIGKILL leaves the page cache, so the same is done with a preloaded library
//! (`testkit/power-loss`) that lets only synced bytes survive: the strictest reading of a power cut.
//!
//! `KILLS` says how many of each.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

#[path = "kills/delivery.rs"]
mod delivery;
#[path = "kills/load.rs"]
mod load;
#[path = "kills/server.rs"]
#[allow(dead_code, reason = "clients use other parts of it")]
mod server;

use load::Worker;
use server::{PowerLoss, Server};
use std::sync::{Barrier, Mutex};
use std::time::Duration;

/// Kills of each kind by default.
const KILLS: u64 = 4;
/// Clients at work.
const WORKERS: usize = 6;
/// The longest time the load goes on before a kill.
const LOAD_MILLISECONDS: u64 = 700;

/// One server at a time: two would share the processors, and the kills would come too early.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn kills() -> u64 {
    std::env::var("KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS)
}

/// Runs load, kills, starts again and compares, over and over on one folder.
fn rounds(mut server: Server) {
    let mut workers: Vec<Worker> = (0..WORKERS).map(Worker::new).collect();
    let mut done = 0;
    for round in 0..kills() {
        let address = server.address();
        let ready = Barrier::new(WORKERS + 1);
        std::thread::scope(|scope| {
            for worker in &mut workers {
                let ready = &ready;
                scope.spawn(move || worker.work(address, round, ready));
            }
            ready.wait();
            std::thread::sleep(Duration::from_millis(50 + (round * 7919) % LOAD_MILLISECONDS));
            server.kill();
        });
        server = server.start_again();
        for worker in &mut workers {
            worker.compare(server.address());
        }
        let acknowledged = workers.iter().map(Worker::acknowledged).sum::<u64>();
        assert!(acknowledged > done, "no change was acknowledged in round {round}");
        done = acknowledged;
    }
    server.check();
    println!("{} kills, {done} acknowledged changes, none missing", kills());
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    rounds(Server::start(None));
}

#[test]
fn no_delivery_that_was_acknowledged_is_lost() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    delivery::rounds(Server::start(Some(PowerLoss::build())));
}

#[test]
fn nothing_acknowledged_is_lost_when_only_synced_bytes_survive() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    rounds(Server::start(Some(PowerLoss::build())));
}
