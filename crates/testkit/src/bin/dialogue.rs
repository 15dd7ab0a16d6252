//! Plays dialogue files against any IMAP server and prints one summary line.
//!
//! `dialogue --server 127.0.0.1:1143 --user 'user{n}:secret' --peer dovecot FILES...`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use testkit::dialogue::{Credentials, Manner, Outcome, Server, run_file_in};

/// Plays dialogue files against an IMAP server.
#[derive(Parser)]
struct Options {
    /// Where the server listens in plain text.
    #[arg(long, value_name = "ADDRESS")]
    server: SocketAddr,
    /// An account the dialogues may use and empty; `{n}` in the name makes each dialogue use a new one.
    #[arg(long = "user", value_name = "NAME:PASSWORD", required = true, value_parser = credentials)]
    users: Vec<Credentials>,
    /// The name by which the files' `differs` lines know the server.
    #[arg(long, default_value = "postroom")]
    peer: String,
    /// What every session switches on first: as-written, tls, compressed or uidonly.
    #[arg(long, default_value = "as-written", value_parser = manner)]
    manner: Manner,
    /// Names every dialogue, not only those that failed.
    #[arg(long, short)]
    verbose: bool,
    /// The dialogues.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

fn credentials(text: &str) -> Result<Credentials, &'static str> {
    let (user, password) = text.split_once(':').ok_or("expected NAME:PASSWORD")?;
    Ok(Credentials { user: user.to_owned(), password: password.to_owned() })
}

fn manner(text: &str) -> Result<Manner, &'static str> {
    let known = Manner::NAMES.iter().find(|(name, _)| *name == text);
    known.map(|&(_, manner)| manner).ok_or("expected as-written, tls, compressed or uidonly")
}

#[derive(Default)]
struct Tally {
    passed: usize,
    skipped: usize,
    differ: usize,
    failed: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut server = Server::new(options.server, &options.peer, options.users);
    let mut tally = Tally::default();
    for file in &options.files {
        let name = file.display();
        let line = match run_file_in(options.manner, file, &mut server) {
            Outcome::Passed => {
                tally.passed += 1;
                format!("pass {name}")
            }
            Outcome::Refused => {
                tally.passed += 1;
                format!("pass {name}: its message numbers are refused")
            }
            Outcome::Skipped(needs) => {
                tally.skipped += 1;
                format!("skip {name}: needs {needs}")
            }
            Outcome::Differs(reason) => {
                tally.differ += 1;
                format!("differs {name}: {reason}")
            }
            Outcome::Failed(failure) => {
                tally.failed += 1;
                println!("FAIL {failure}");
                continue;
            }
        };
        if options.verbose {
            println!("{line}");
        }
    }
    let Tally { passed, skipped, differ, failed } = tally;
    println!(
        "dialogues against {}: {passed} passed, {differ} differ as noted, {skipped} skipped, {failed} failed",
        options.peer
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
