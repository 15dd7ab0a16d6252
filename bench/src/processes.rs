//! What the processes of a server have cost: processor time and memory, read from proc(5).
//!
//! A server is the process that was started and all its descendants.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// Ticks a second in which Linux tells processor time (`USER_HZ`, which is 100 on every common machine).
const TICKS_PER_SECOND: u64 = 100;

/// What `/proc/PID/stat` says of a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Stat {
    parent: u32,
    /// Its own time and that of its children that have ended, in ticks.
    ticks: u64,
}

/// Processor time, user and system, of a process and all its descendants, including those that have ended.
pub(crate) fn cpu(root: u32) -> Duration {
    let ticks: u64 = tree(root).iter().map(|(_, stat)| stat.ticks).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// Processor time of this process.
pub(crate) fn own_cpu() -> Duration {
    let ticks = stat(std::process::id()).map_or(0, |stat| stat.ticks);
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// Memory of a process and all its descendants, pages that are shared counted by share, in KiB.
pub(crate) fn pss_kib(root: u32) -> u64 {
    tree(root).iter().filter_map(|(process, _)| pss_of(*process)).sum()
}

fn pss_of(process: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim_end_matches("kB").trim().parse().ok()
}

/// The process and its descendants. One that ends meanwhile is left out.
fn tree(root: u32) -> Vec<(u32, Stat)> {
    let processes: HashMap<u32, Stat> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|process| Some((process, stat(process)?)))
        .collect();
    let belongs = |mut process: u32| {
        while process != root {
            match processes.get(&process) {
                Some(stat) if stat.parent != process => process = stat.parent,
                _ => return false,
            }
        }
        true
    };
    processes.iter().filter(|(process, _)| belongs(**process)).map(|(p, s)| (*p, *s)).collect()
}

fn stat(process: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// The name of a program, in parentheses, may hold anything; what follows it are numbers.
fn parse(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), of which two precede the state.
    let ticks = (11..15).map(number).sum::<Option<u64>>()?;
    Some(Stat { parent: u32::try_from(number(1)?).ok()?, ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_spaces_and_parentheses_in_its_name() {
        let text = "42 (imap (idle) x) S 7 42 42 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7";
        assert_eq!(parse(text), Some(Stat { parent: 7, ticks: 100 }));
    }

    #[test]
    fn this_process_has_memory() {
        assert!(pss_kib(std::process::id()) > 0);
    }
}
