//! Each hot path takes no more instructions than `instructions.txt` says, or hardly more. `UPDATE_EXPECT=1` writes it anew.
//!
//! valgrind counts, so that neither another machine nor others on it change anything. What counts is what the release profile
//! makes of the code on x86-64; elsewhere nothing is compared.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use instructions::{COUNTED, PATHS, Path};

const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");
/// How much dearer a path may get before the test fails, in percent; a path that much cheaper is pointed out.
const PERCENT: u64 = 10;
/// The same in an incremental build, where the compiler does less across its units: paths take up to 13 % more there.
const PERCENT_INCREMENTAL: u64 = 25;
/// A path is counted so often before it is called too dear. What a count differs by is mostly the allocator's, whose state
/// depends on what other threads did before: up to three percent.
const COUNTS: usize = 3;
/// How the figures are written anew: with the whole workspace, as the features of dependencies are those of all crates.
const RENEW: &str =
    "CARGO_INCREMENTAL=0 UPDATE_EXPECT=1 cargo test --release --workspace --test instructions";

#[test]
fn no_path_is_dearer_than_recorded() {
    if cfg!(debug_assertions) || !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        say("skipped: the figures are those of the release profile on x86-64 Linux");
        return;
    }
    let percent = if is_whole() { PERCENT } else { PERCENT_INCREMENTAL };
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        assert!(is_whole(), "the figures are not those of an incremental build; write them with: {RENEW}");
        std::fs::write(FIGURES, page(&count_all(|_| 0))).unwrap();
    }
    let text = std::fs::read_to_string(FIGURES).unwrap_or_default();
    let recorded = figures(&text);
    let limit = |name: &str| recorded.get(name).map_or(u64::MAX, |figure| figure * (100 + percent) / 100);
    let counted = count_all(limit);
    let (table, dearer) = compare(&recorded, &counted, percent);
    say(&table);
    assert!(dearer.is_empty(), "{}", advice(&dearer, &text, percent));
    let names = |figures: &BTreeMap<String, u64>| figures.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&recorded), names(&counted), "instructions.txt has other paths; renew it: {RENEW}");
}

/// Tells also where all is well: what a test prints, its runner keeps to itself then.
fn say(text: &str) {
    // Not `eprintln`, which the runner would keep, too.
    std::io::stderr().write_all(format!("\n{text}\n").as_bytes()).unwrap();
}

/// Whether this is the build that CI makes (`.ci/run`), whose figures are recorded.
fn is_whole() -> bool {
    option_env!("CARGO_INCREMENTAL") == Some("0")
}

/// Instructions of a round of each path: the first count that is no more than wanted, or the least of all. As many are
/// counted at the same time as there are processors.
fn count_all(wanted: impl Fn(&str) -> u64 + Sync) -> BTreeMap<String, u64> {
    let next = AtomicUsize::new(0);
    let least = |path: &Path| {
        let mut least = u64::MAX;
        for _ in 0..COUNTS {
            least = least.min(count(path));
            if least <= wanted(path.name) {
                break;
            }
        }
        (path.name.to_owned(), least)
    };
    let work = || {
        let take = || PATHS.get(next.fetch_add(1, Ordering::Relaxed));
        std::iter::from_fn(take).map(least).collect::<Vec<_>>()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

fn count(path: &Path) -> u64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"]);
    // Otherwise it gives back memory when some time has passed.
    valgrind.env("MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1");
    valgrind.arg(format!("--toggle-collect={COUNTED}"));
    valgrind.args([env!("CARGO_BIN_EXE_instructions"), path.name]);
    let output = valgrind.output();
    let output = output.unwrap_or_else(|error| {
        panic!("valgrind cannot be run ({error}): crates/testkit/install-packages.sh installs it")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {}\n{said}", path.name, output.status);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let total: u64 = collected.and_then(|(_, total)| total.trim().parse().ok()).unwrap_or_default();
    assert!(total > 0, "{}: valgrind counted nothing in {COUNTED}\n{said}", path.name);
    total / u64::from(path.rounds)
}

/// A table of what was recorded and counted, and the names of paths that are too dear.
fn compare(
    recorded: &BTreeMap<String, u64>,
    counted: &BTreeMap<String, u64>,
    percent: u64,
) -> (String, Vec<String>) {
    let mut table = format!("{:<18} {:>10} {:>10} {:>8}\n", "path", "recorded", "counted", "ratio");
    let mut dearer = Vec::new();
    for (name, &now) in counted {
        let Some(&before) = recorded.get(name) else {
            writeln!(table, "{name:<18} {:>10} {now:>10}", "-").unwrap();
            continue;
        };
        let note = if now * 100 > before * (100 + percent) {
            dearer.push(name.clone());
            "  TOO DEAR"
        } else if now * 100 < before * (100 - percent) {
            "  cheaper: renew the figure, so that it stays so"
        } else {
            ""
        };
        let ratio = now as f64 / before as f64;
        writeln!(table, "{name:<18} {before:>10} {now:>10} {ratio:>8.3}{note}").unwrap();
    }
    (table, dearer)
}

/// What to do about paths that are too dear.
fn advice(dearer: &[String], text: &str, percent: u64) -> String {
    let mut advice = format!(
        "more than {percent} % dearer than recorded: {}.\nWhat costs so much is told by\n\
         valgrind --tool=callgrind --collect-atstart=no --toggle-collect='{COUNTED}' {} PATH; callgrind_annotate callgrind.out.*\n\
         If it is worth it, renew the figures, and say why in the commit: {RENEW}",
        dearer.join(", "),
        env!("CARGO_BIN_EXE_instructions"),
    );
    let (then, now) = (compiler_of(text), compiler());
    if then != now {
        write!(advice, "\nThe figures are those of {then}, and this is {now}: that alone can change them.")
            .unwrap();
    }
    advice
}

fn page(counted: &BTreeMap<String, u64>) -> String {
    let mut page = format!(
        "# Instructions that a round of each hot path takes (crates/instructions/src/lib.rs says what a round is).\n\
         # `{RENEW}` writes them anew.\n\
         # They are those of the release profile on x86-64 without incremental compilation, and of this compiler:\n\
         {COMPILER}{}\n",
        compiler()
    );
    for (name, count) in counted {
        writeln!(page, "{name} {count}").unwrap();
    }
    page
}

/// What stands before the compiler's version.
const COMPILER: &str = "# compiler: ";

fn compiler_of(text: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix(COMPILER)).unwrap_or("an unknown compiler").to_owned()
}

fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output().unwrap();
    String::from_utf8_lossy(&version.stdout).trim().to_owned()
}

fn figures(text: &str) -> BTreeMap<String, u64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, figure) = line.split_once(' ').unwrap();
            (name.to_owned(), figure.parse().unwrap())
        })
        .collect()
}

#[test]
fn a_path_is_too_dear_beyond_ten_percent() {
    let recorded = figures("# head\nparse 1000\nfetch 1000\nview 1000\n");
    let counted = figures("parse 1100\nfetch 1101\nview 899\nnew 5\n");
    let (table, dearer) = compare(&recorded, &counted, PERCENT);
    assert_eq!(dearer, ["fetch"]);
    let cheaper: Vec<&str> = table.lines().filter(|line| line.contains("cheaper")).collect();
    assert!(matches!(cheaper[..], [line] if line.starts_with("view")), "{table}");
}
