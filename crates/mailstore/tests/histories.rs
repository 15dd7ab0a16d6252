//! Random histories: what the store does, a plain model does too, and after every crash both agree.
//!
//! A history runs random operations on a store over a simulated disk, with faults below it: a write or a sync that
//! fails, a commit whose outcome nobody knows, a power cut that takes whatever was not synced. An operation that was
//! not answered may or may not have happened; one that was, has. Clients that resynchronise by the log, by the modseq
//! column and from scratch must agree. Some histories end with the loss of the engine: what manifests tell is there again.
//! A failure prints its seed; `HISTORY=<seed> cargo test --test histories` repeats it.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

#[path = "histories/at_once.rs"]
mod at_once;
#[path = "histories/client.rs"]
mod client;
#[path = "histories/dice.rs"]
mod dice;
#[path = "histories/model.rs"]
mod model;
#[path = "histories/quota.rs"]
mod quota;
#[path = "histories/rebuild.rs"]
mod rebuild;
#[path = "histories/world.rs"]
mod world;

use dice::Dice;
use world::World;

/// How many histories run by default; `HISTORIES` says otherwise.
const HISTORIES: u64 = 300;
/// Operations in each.
const STEPS: u64 = 60;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

async fn history(seed: u64) {
    let mut world = World::new(Dice::new(seed)).await;
    for _ in 0..STEPS {
        world.step().await;
    }
    world.finish().await;
}

fn run(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(history(seed))));
    println!("history {seed} ended");
    if let Err(panic) = outcome {
        eprintln!("history {seed} failed; repeat it with HISTORY={seed}");
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn the_store_and_the_model_agree() {
    match number("HISTORY") {
        Some(seed) => run(seed),
        None => (0..number("HISTORIES").unwrap_or(HISTORIES)).for_each(run),
    }
}
