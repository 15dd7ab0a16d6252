//! Compares Postroom with other IMAP servers on one machine: starts them, gives each the same mail, measures them in
//! turn, and writes tables. `bench/run` builds and installs what it needs; `docs/benchmarks.md` has what came of it.
//!
//! It judges nothing, and it depends on none of the crates of the server: from `testkit` it has TLS.

mod connection;
mod contestant;
mod growth;
mod lmtp;
mod machine;
mod mail;
mod measure;
mod picture;
mod player;
mod processes;
mod report;
mod server;
mod table;
mod workload;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use clap::Parser;
use tokio::task::LocalSet;

use contestant::{Which, all_unless_given};
use measure::{Figure, Subject, Unit};
use server::Server;
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
    /// The same for what takes long: index, search, idle and mixed; as often as the rest unless given
    #[arg(long)]
    rounds_long: Option<usize>,
    /// Measure what operations cost as a mailbox grows, and nothing else; Postroom and Dovecot unless servers are given
    #[arg(long)]
    curve: bool,
    /// Messages of the largest mailbox of that
    #[arg(long, default_value_t = 1_000_000)]
    curve_max: usize,
    /// Where the curves are drawn (SVG); beside the page unless given
    #[arg(long)]
    picture: Option<PathBuf>,
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

impl Arguments {
    /// How often a workload is measured.
    fn rounds_of(&self, workload: Workload) -> usize {
        self.rounds_long.filter(|_| workload.is_long()).unwrap_or(self.rounds)
    }
}

fn main() -> io::Result<()> {
    if player::play_if_asked()? {
        return Ok(());
    }
    let arguments = Arguments::parse();
    // One thread: it is seldom what limits (the tables show its share), and nothing of it competes with itself.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        if arguments.curve { growth::draw(&arguments).await } else { compare(&arguments).await }
    })
}

/// A server that takes part.
struct Contestant {
    which: Which,
    server: Server,
}

async fn compare(arguments: &Arguments) -> io::Result<()> {
    let load = machine::load();
    let scene = Rc::new(Scene::new(arguments.sizes.clone()));
    let workloads = all_unless_given(&arguments.only);
    let chosen = all_unless_given(&arguments.servers);
    // Who would not be measured at anything is not started.
    let chosen: Vec<Which> = chosen
        .into_iter()
        .filter(|which| workloads.iter().any(|workload| which.takes_part(*workload)))
        .collect();
    let mut results = Results::new(chosen.iter().map(|which| which.name()));
    let mut contestants = Vec::new();
    for (at, which) in chosen.iter().enumerate() {
        let (server, figures) = prepared(arguments, *which, &chosen, &scene).await?;
        results.add(at, figures);
        contestants.push(Contestant { which: *which, server });
    }
    for workload in workloads {
        for round in 0..arguments.rounds_of(workload) {
            for (at, contestant) in contestants.iter_mut().enumerate() {
                if contestant.which.takes_part(workload) {
                    measure(workload, round, at, contestant, &scene, &mut results).await?;
                }
            }
        }
        for Contestant { which, server } in &mut contestants {
            if !which.is_main() {
                server.stop().await?;
            }
        }
    }
    let versions: BTreeSet<&str> = contestants.iter().map(|one| one.server.version.as_str()).collect();
    let heading = report::heading(arguments, &versions, &load);
    let main: Vec<&str> = chosen.iter().filter(|which| which.is_main()).map(|which| which.name()).collect();
    let tables = results.markdown(&main);
    for contestant in &mut contestants {
        contestant.server.stop().await?;
    }
    report::write(arguments, report::COMPARISON, &format!("{heading}\n{tables}"))
}

/// A server with its mail, all of which is in its text index. Who is not of the main table is stopped again.
async fn prepared(
    arguments: &Arguments,
    which: Which,
    all: &[Which],
    scene: &Scene,
) -> io::Result<(Server, Vec<Figure>)> {
    let mut server =
        Server::start(which.recipe(&arguments.peers, &arguments.data, arguments.sizes.users)).await?;
    let (name, mut figures) = (which.name(), Vec::new());
    eprintln!("{name}: started, {}", server.version);
    if which.is_filled(all) {
        let cost = workload::fill(scene, &server).await?;
        eprintln!("{name}: filled in {:.0} s", cost.wall.as_secs_f64());
        figures.push(Figure::rate("filling all mailboxes, 1 client, 100 messages a command", cost));
    }
    if let Some(time) = workload::catch_up(&server).await? {
        let seconds = time.as_secs_f64();
        eprintln!("{name}: the text index has everything after another {seconds:.1} s");
        // The plugin makes its index only now, which a workload of its own measures.
        if which.is_main() {
            let name = "until the text index has all mail after that";
            figures.push(Figure::plain(name, Unit::Seconds, seconds));
        }
    }
    if !which.is_main() {
        server.stop().await?;
    }
    Ok((server, figures))
}

async fn measure(
    workload: Workload,
    round: usize,
    at: usize,
    Contestant { which, server }: &mut Contestant,
    scene: &Rc<Scene>,
    results: &mut Results,
) -> io::Result<()> {
    let name = which.name();
    let failed = |error: io::Error| io::Error::other(format!("{name}, {workload:?}: {error}"));
    server.run_with(which.environment(workload)).await?;
    let figures = workload.run(scene, server).await.map_err(failed)?;
    for figure in &figures {
        let (value, of) =
            (table::number(figure.value), if figure.subject == Subject::Socket { " (socket)" } else { "" });
        eprintln!("round {}: {name}{of}: {}: {value} {}", round + 1, figure.name, figure.unit.text());
    }
    results.add(at, figures);
    results.add_memory(&format!("{workload:?}"), at, processes::pss_kib(server.process()));
    Ok(())
}
