//! What the server holds over time, which must not grow.
//!
//! The first third warms up: caches fill, the engine's buffers as well. From then on the last third is compared with
//! the second, each by its median, so that one flush or compaction counts for nothing.

use std::fmt;

use crate::server::Held;

/// Memory may grow by so many percent from the second third to the last, and by so many KiB: half the engine's write buffer, which
/// fills up and is given back.
const MEMORY_PERCENT: u64 = 5;
const MEMORY_SLACK_KIB: u64 = 32 << 10;
/// The engine opens and drops files as it goes.
const FILES_SLACK: u64 = 24;
/// Threads for what blocks come and go.
const THREADS_SLACK: u64 = 24;
/// With the same number of sessions; housekeeping may be under way.
const TASKS_SLACK: u64 = 16;
/// Connections of the metrics page that just end.
const SOCKETS_SLACK: u64 = 2;

/// Measurements at the quiet points.
#[derive(Default)]
pub(crate) struct Series(Vec<Held>);

impl Series {
    pub(crate) fn note(&mut self, held: Held) {
        println!("{held}");
        self.0.push(held);
    }

    pub(crate) fn assert_flat(&self) {
        let third = self.0.len() / 3;
        let of = |which: fn(&Held) -> u64| {
            (median(&self.0, third, which), median(&self.0, self.0.len() - third, which))
        };
        let flat = |what: &str, (earlier, later): (u64, u64), slack: u64| {
            assert!(later <= earlier + slack, "{what} grew from {earlier} to {later}:\n{self}");
        };
        let memory = of(|held| held.memory_kib);
        flat("memory (KiB)", memory, memory.0 * MEMORY_PERCENT / 100 + MEMORY_SLACK_KIB);
        flat("sockets", of(|held| held.sockets), SOCKETS_SLACK);
        flat("files", of(|held| held.files), FILES_SLACK);
        flat("threads", of(|held| held.threads), THREADS_SLACK);
        flat("tasks", of(|held| held.tasks), TASKS_SLACK);
    }
}

/// The median of a third of the measurements.
fn median(series: &[Held], from: usize, which: fn(&Held) -> u64) -> u64 {
    let mut values: Vec<u64> = series.iter().skip(from).take(series.len() / 3).map(which).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, held)| writeln!(f, "{at:6} {held}"))
    }
}
