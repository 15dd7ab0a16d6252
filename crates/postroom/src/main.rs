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

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("postroom: {failure}");
            failure.exit_code()
        }
    }
}
