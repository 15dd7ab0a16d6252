//! Runs one hot path, for whoever counts its instructions: `instructions PATH`.

use std::process::ExitCode;

use instructions::{PATHS, Path};

/// The server's. What the system's takes depends on what was freed before, and so on which thread was quicker.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some(path) = Path::named(&name) else {
        let names = PATHS.map(|path| path.name).join(", ");
        eprintln!("usage: instructions PATH; the paths are: {names}");
        return ExitCode::from(2);
    };
    path.run();
    ExitCode::SUCCESS
}
