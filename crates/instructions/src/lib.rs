//! The hot paths whose instructions are counted: each runs the server's own code over input that never changes.
//!
//! The program of this crate goes one of them; the test of this crate has valgrind count what happens in [`counted`] and on its
//! thread: neither start-up, nor a store to work on, nor a login. Nothing here links an engine.

#![allow(clippy::unwrap_used, reason = "a path ends where something is not as it has to be")]

mod fetch;
mod intent;
mod parse;
mod view;
mod world;

/// A hot path.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    /// What it is called.
    pub name: &'static str,
    /// What one round of it does.
    pub round: &'static str,
    /// So many rounds are counted: enough for the allocator, which fills its caches now and then, to take the same each time.
    pub rounds: u32,
    run: fn(u32),
}

/// Every path. `instructions.txt` has one line for each.
pub const PATHS: [Path; 10] = [
    Path { name: "parse-fetch", round: "6 commands", rounds: 50, run: parse::fetch },
    Path { name: "parse-search", round: "5 commands", rounds: 50, run: parse::search },
    Path { name: "parse-store", round: "6 commands", rounds: 50, run: parse::store },
    Path { name: "fetch-flags", round: "200 messages", rounds: 10, run: fetch::flags },
    Path { name: "fetch-structure", round: "200 messages", rounds: 5, run: fetch::structure },
    Path { name: "view-changes", round: "4 commits", rounds: 50, run: view::changes },
    Path { name: "intent-append", round: "1 message", rounds: 60, run: intent::append },
    Path { name: "intent-store-one", round: "1 message of 4,096", rounds: 500, run: intent::store_one },
    Path { name: "intent-store-many", round: "1,000 messages of 4,096", rounds: 10, run: intent::store_many },
    Path { name: "intent-archive", round: "COPY and EXPUNGE of 10", rounds: 200, run: intent::archive },
];

/// The function in which instructions are counted, as valgrind is told.
pub const COUNTED: &str = "instructions::counted*";

impl Path {
    /// The path of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        PATHS.into_iter().find(|path| path.name == name)
    }

    /// Goes the path [`Path::rounds`] times.
    ///
    /// # Panics
    /// What comes of it is not what has to.
    pub fn run(self) {
        (self.run)(self.rounds);
    }
}

/// Runs rounds, all but the first of which are counted: what is only done once, such as buffers that grow, is no part of a path.
fn count(rounds: u32, mut round: impl FnMut(u32)) {
    round(0);
    counted(&mut || (1..=rounds).for_each(&mut round));
}

// It has to be a function of its own, or valgrind does not find it.
#[inline(never)]
fn counted(rounds: &mut dyn FnMut()) {
    rounds();
    // Not a jump instead of a call, behind which it would have ended.
    std::hint::black_box(());
}
