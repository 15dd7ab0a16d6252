//! The program: configuration, wiring, signals and the command line. What it serves is in the other crates.

mod assembly;
mod cli;
mod config;
mod control;
mod demo;
mod directory;
mod failure;
mod folder;
mod import;
mod logging;
mod password;
mod rebuild;
mod say;
mod serve;

use std::process::ExitCode;

use clap::Parser;

/// Gives back what Argon2 and large images took: the C library's allocator keeps it, once for each thread that ever
/// hashed a password (docs/decisions/0007-allocator.md has the figures).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Keeps the kernel from filling up with huge pages what the allocator has given back: some minutes after a burst it
/// had made 200 MB of 30 again (docs/decisions/0007-allocator.md).
fn no_huge_pages() {
    if let Err(error) = nix::sys::prctl::set_thp_disable(true) {
        eprintln!("postroom: transparent huge pages stay on, which costs memory: {error}");
    }
}

fn main() -> ExitCode {
    no_huge_pages();
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("postroom: {failure}");
            failure.exit_code()
        }
    }
}
