//! The program: configuration, wiring, signals and the command line. What it serves is in the other crates.

mod assembly;
mod attachments;
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

/// Gives back what Argon2, large images and RocksDB took, whichever thread it was: the C library's allocator keeps it, once for
/// each thread (docs/decisions/0007-allocator.md has the figures). It is the allocator of all C and C++ in the program too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What is freed goes back to the system within a second, by a thread that does nothing else; few threads allocate at the same
/// time, so four arenas are enough, and what is free in one of them serves all its threads.
#[expect(unsafe_code, reason = "this is the name that jemalloc looks its settings up by")]
#[unsafe(export_name = "malloc_conf")]
#[used]
static ALLOCATOR_SETTINGS: &[u8; 70] =
    b"background_thread:true,narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0\0";

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
