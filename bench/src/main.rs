//! Compares Postroom with other IMAP servers on one machine: starts them, gives each the same mail, measures them in
//! turn, and writes tables. `bench/run` builds and installs what it needs; `docs/benchmarks.md` has what came of it.
//!
//! It judges nothing, and it depends on none of the crates of the server: from `testkit` it has TLS.

mod connection;
mod lmtp;
mod machine;
mod mail;
mod measure;
mod processes;
mod report;
mod server;
mod table;
mod workload;

use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use clap::{Parser, ValueEnum};
use tokio::task::LocalSet;

use server::{Recipe, Server};
use table::Results;
use workload::{Scene, Sizes, Workload};

#[derive(Parser)]
#[command(about = "Compares IMAP servers on this machine")]
pub(crate) struct Arguments {
    /// Where the servers keep what they have; it is deleted afterwards by bench/run
    #[arg(long)]
    data: PathBuf,
    /// Where the scripts are that run the servers
    #[arg(long, default_value = "bench/peers")]
    peers: PathBuf,
    /// What is measured; everything unless given
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Workload>,
    /// The servers; all unless given
    #[arg(long, value_enum, value_delimiter = ',')]
    servers: Vec<Which>,
    /// How often each server is measured at everything, in turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// A page of documentation whose tables are replaced; they are printed in any case
    #[arg(long)]
    page: Option<PathBuf>,
    /// Leave the page as it is
    #[arg(long)]
    print: bool,
    /// The commit that is measured
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// What else a reader has to know, such as what else the machine was doing
    #[arg(long)]
    remark: Option<String>,
    #[command(flatten)]
    sizes: Sizes,
}

/// A server to measure.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Which {
    Postroom,
    Dovecot,
    Cyrus,
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Self::Postroom => "Postroom",
            Self::Dovecot => "Dovecot",
            Self::Cyrus => "Cyrus",
        }
    }
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    // One thread: it is seldom what limits (the tables show its share), and nothing of it competes with itself.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, compare(&arguments))
}

async fn compare(arguments: &Arguments) -> io::Result<()> {
    let load = machine::load();
    let scene = Rc::new(Scene::new(arguments.sizes.clone()));
    let mut servers = Vec::new();
    for which in all_unless_given(&arguments.servers) {
        let server = Server::start(recipe(arguments, which)).await?;
        eprintln!("{}: started", server.version);
        let seconds = workload::fill(&scene, &server).await?;
        eprintln!("{}: filled in {seconds:.0} s", server.version);
        servers.push(server);
    }
    let mut results = Results::new(servers.iter().map(|server| server.name().to_owned()).collect());
    for workload in all_unless_given(&arguments.only) {
        for round in 0..arguments.rounds {
            for (at, server) in servers.iter_mut().enumerate() {
                measure(workload, round, at, server, &scene, &mut results).await?;
            }
        }
    }
    let versions: Vec<String> = servers.iter().map(|server| server.version.clone()).collect();
    for server in &mut servers {
        server.stop().await?;
    }
    report::write(arguments, &versions, &load, &results.markdown())
}

async fn measure(
    workload: Workload,
    round: usize,
    at: usize,
    server: &mut Server,
    scene: &Rc<Scene>,
    results: &mut Results,
) -> io::Result<()> {
    let name = server.name();
    let failed = |error: io::Error| io::Error::other(format!("{name}, {workload:?}: {error}"));
    let figures = workload.run(scene, server).await.map_err(failed)?;
    for figure in &figures {
        let value = table::number(figure.value);
        eprintln!("round {}: {name}: {}: {value} {}", round + 1, figure.name, figure.unit.text());
    }
    results.add(at, figures);
    results.add_memory(&format!("{workload:?}"), at, processes::pss_kib(server.process()));
    Ok(())
}

fn recipe(arguments: &Arguments, which: Which) -> Recipe {
    let name = which.name();
    let lower = name.to_lowercase();
    Recipe {
        name,
        script: arguments.peers.join(format!("{lower}.sh")),
        folder: arguments.data.join(lower),
        users: arguments.sizes.users,
        more: Vec::new(),
    }
}

fn all_unless_given<T: ValueEnum + Copy>(given: &[T]) -> Vec<T> {
    if given.is_empty() { T::value_variants().to_vec() } else { given.to_vec() }
}
