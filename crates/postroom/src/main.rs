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
mod say;
mod serve;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("postroom: {failure}");
            failure.exit_code()
        }
    }
}
