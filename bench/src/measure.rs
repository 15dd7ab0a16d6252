//! What a measurement is: a figure with what it cost, and workers that do one thing until their time is up.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::processes;
use crate::server::Server;

/// What a figure counts, and so whether more of it is better.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unit {
    /// Operations or messages a second.
    PerSecond,
    /// Megabytes a second.
    MegabytesPerSecond,
    /// How long something takes.
    Milliseconds,
    Seconds,
    /// Memory of one session.
    KibPerSession,
    /// What something takes on the disk.
    Megabytes,
    /// A share of something.
    Percent,
    /// Messages that were found, which is neither good nor bad.
    Hits,
}

impl Unit {
    /// As it stands in a table.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::PerSecond => "/s",
            Self::MegabytesPerSecond => "MB/s",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::KibPerSession => "KiB",
            Self::Megabytes => "MB",
            Self::Percent => "%",
            Self::Hits => "hits",
        }
    }

    /// How many times better the first is than the second; none if neither can be better.
    pub(crate) fn ratio(self, ours: f64, theirs: f64) -> Option<f64> {
        match self {
            Self::PerSecond | Self::MegabytesPerSecond => Some(ours / theirs),
            Self::Milliseconds | Self::Seconds | Self::KibPerSession | Self::Megabytes | Self::Percent => {
                Some(theirs / ours)
            }
            Self::Hits => None,
        }
    }
}

/// What a figure says something about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Subject {
    /// The server that the workload was run on.
    Server,
    /// The loop that writes the server's answer to a socket.
    Socket,
}

/// One measured value.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) subject: Subject,
    /// What was measured: a row of the table.
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) value: f64,
    /// What it cost, where that can be told.
    pub(crate) cost: Option<Cost>,
}

impl Figure {
    /// A value that cost nothing to speak of.
    pub(crate) fn plain(name: &str, unit: Unit, value: f64) -> Self {
        Self { subject: Subject::Server, name: name.to_owned(), unit, value, cost: None }
    }

    /// So many operations in the time of a cost.
    pub(crate) fn rate(name: &str, cost: Cost) -> Self {
        let value = cost.operations as f64 / cost.wall.as_secs_f64();
        Self { cost: Some(cost), ..Self::plain(name, Unit::PerSecond, value) }
    }

    /// The median of some times.
    pub(crate) fn median_time(name: &str, times: &[Duration]) -> Self {
        let mut milliseconds: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
        Self::plain(name, Unit::Milliseconds, median(&mut milliseconds))
    }

    /// The same figure, of the loop that writes to a socket.
    pub(crate) fn of_socket(self) -> Self {
        Self { subject: Subject::Socket, ..self }
    }

    /// How long one operation took.
    pub(crate) fn time(name: &str, cost: Cost) -> Self {
        let value = cost.wall.as_secs_f64() * 1000.0;
        Self { cost: Some(cost), ..Self::plain(name, Unit::Milliseconds, value) }
    }
}

/// The median, which is between the two in the middle if there are two; 0 of nothing. The values are sorted.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = |at: usize| values.get(at).copied().unwrap_or_default();
    f64::midpoint(at(values.len().saturating_sub(1) / 2), at(values.len() / 2))
}

/// What something cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) operations: u64,
    pub(crate) wall: Duration,
    /// Processor time of all processes of the server.
    pub(crate) server: Duration,
    /// Processor time of the load generator.
    pub(crate) generator: Duration,
}

/// A cost that is being incurred.
pub(crate) struct Meter {
    process: u32,
    start: Instant,
    server: Duration,
    generator: Duration,
}

impl Meter {
    /// Begins.
    pub(crate) fn start(server: &Server) -> Self {
        Self::of(server.process())
    }

    /// Begins with any process, which its descendants belong to.
    pub(crate) fn of(process: u32) -> Self {
        let (cpu, generator) = (processes::cpu(process), processes::own_cpu());
        Self { process, start: Instant::now(), server: cpu, generator }
    }

    /// Ends.
    pub(crate) fn stop(self, operations: u64) -> Cost {
        Cost {
            operations,
            wall: self.start.elapsed(),
            server: processes::cpu(self.process).saturating_sub(self.server),
            generator: processes::own_cpu().saturating_sub(self.generator),
        }
    }
}

/// Has each connection do something again and again until the time is up. The work is told which connection it is and
/// how often it has been done on it. Gives the connections back, with how often it was done on all.
pub(crate) async fn together<C: 'static>(
    connections: Vec<C>,
    time: Duration,
    work: impl AsyncFn(&mut C, usize, usize) -> io::Result<()> + 'static,
) -> io::Result<(Vec<C>, u64)> {
    let end = Instant::now() + time;
    let work = Rc::new(work);
    let mut workers = JoinSet::new();
    for (client, mut connection) in connections.into_iter().enumerate() {
        let work = Rc::clone(&work);
        workers.spawn_local(async move {
            let mut done = 0;
            while Instant::now() < end {
                work(&mut connection, client, done).await?;
                done += 1;
            }
            io::Result::Ok((connection, done))
        });
    }
    let (mut connections, mut total) = (Vec::new(), 0);
    while let Some(ended) = workers.join_next().await {
        let (connection, done) = ended.map_err(io::Error::other)??;
        connections.push(connection);
        total += done as u64;
    }
    Ok((connections, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_above_one_is_always_an_advantage() {
        assert_eq!(Unit::PerSecond.ratio(200.0, 100.0), Some(2.0));
        assert_eq!(Unit::Milliseconds.ratio(50.0, 100.0), Some(2.0));
        assert_eq!(Unit::Hits.ratio(1.0, 2.0), None);
    }

    #[test]
    fn the_median_needs_no_order() {
        assert_eq!(median(&mut [5.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 9.0]), 3.0);
        assert_eq!(median(&mut []), 0.0);
    }
}
