//! The tables that come of the figures: medians with their spread, ratios, and what it cost.

use std::fmt::Write as _;

use crate::measure::{Cost, Figure, Subject, Unit, median};

/// The server that the others are compared with.
const OURS: &str = "Postroom";

/// The column of what is measured beside a server.
const SOCKET: &str = "a bare socket";

/// Figures of the same name and unit, of every server and round.
struct Row {
    name: String,
    unit: Unit,
    /// For each column, what was measured in each round.
    rounds: Vec<Vec<Figure>>,
}

/// All that has been measured.
pub(crate) struct Results {
    /// The servers, and at the end the bare socket.
    columns: Vec<String>,
    rows: Vec<Row>,
    /// For each workload its name and, for each server, its memory after each round in KiB.
    memory: Vec<(String, Vec<Vec<f64>>)>,
}

/// One table: some columns, and the rows that have something to say about them.
struct View {
    columns: Vec<usize>,
    ratio: Ratio,
}

/// What the last column of a table tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ratio {
    /// There is no such column.
    None,
    /// How many times better our server is than the best of the others.
    ToBest(&'static str),
    /// How many times the other one is faster.
    OfOther(&'static str),
}

impl Results {
    /// Nothing yet, of servers by name.
    pub(crate) fn new(servers: impl Iterator<Item = &'static str>) -> Self {
        let columns = servers.chain([SOCKET]).map(str::to_owned).collect();
        Self { columns, rows: Vec::new(), memory: Vec::new() }
    }

    /// Takes what a server was measured at.
    pub(crate) fn add(&mut self, server: usize, figures: Vec<Figure>) {
        for figure in figures {
            let same = |row: &Row| row.name == figure.name && row.unit == figure.unit;
            let at = self.rows.iter().position(same).unwrap_or_else(|| {
                let rounds = vec![Vec::new(); self.columns.len()];
                self.rows.push(Row { name: figure.name.clone(), unit: figure.unit, rounds });
                self.rows.len() - 1
            });
            let column = match figure.subject {
                Subject::Server => server,
                Subject::Socket => self.columns.len() - 1,
            };
            if let Some(rounds) = self.rows.get_mut(at).and_then(|row| row.rounds.get_mut(column)) {
                rounds.push(figure);
            }
        }
    }

    /// Takes a server's memory after a workload.
    pub(crate) fn add_memory(&mut self, workload: &str, server: usize, kib: u64) {
        if self.memory.last().is_none_or(|(name, _)| name != workload) {
            self.memory.push((workload.to_owned(), vec![Vec::new(); self.columns.len()]));
        }
        if let Some(rounds) = self.memory.last_mut().and_then(|(_, servers)| servers.get_mut(server)) {
            rounds.push(kib as f64);
        }
    }

    /// All tables: that of the servers in `main`, and those of who takes part in a few workloads.
    pub(crate) fn markdown(&self, main: &[&str]) -> String {
        let view = |names: &[&str], ratio| View { columns: self.numbers(names), ratio };
        let main = view(main, Ratio::ToBest("Postroom to the better peer"));
        let special = self.numbers(&SPECIAL.map(|(of, ..)| of));
        let is_of_main =
            |row: &&Row| row.says_something_of(&main.columns) && !row.says_something_of(&special);
        let rows: Vec<&Row> = self.rows.iter().filter(is_of_main).collect();
        let mut text = self.figures(&main, &rows);
        text.push_str("\nProcessor time of one operation, in microseconds: of the server, and after the plus sign of the load generator.\n\n");
        text.push_str(&self.costs(&main, &rows));
        text.push_str("\nMemory after a workload (PSS of all processes of the server), in MiB.\n\n");
        text.push_str(&self.memory(&main));
        for (of, beside, ratio, heading) in SPECIAL {
            let of = self.numbers(&[of]);
            let rows: Vec<&Row> = self.rows.iter().filter(|row| row.says_something_of(&of)).collect();
            if rows.is_empty() {
                continue;
            }
            let view = View { columns: self.numbers(&[beside]).into_iter().chain(of).collect(), ratio };
            let _ = write!(text, "\n{heading}\n\n{}", self.figures(&view, &rows));
            let _ = write!(text, "\nProcessor time of these, as above.\n\n{}", self.costs(&view, &rows));
        }
        text
    }

    /// The columns of these names, as far as there are such.
    fn numbers(&self, names: &[&str]) -> Vec<usize> {
        names.iter().filter_map(|name| self.columns.iter().position(|column| column == name)).collect()
    }

    fn figures(&self, view: &View, rows: &[&Row]) -> String {
        let last = match view.ratio {
            Ratio::None => Vec::new(),
            Ratio::ToBest(heading) | Ratio::OfOther(heading) => vec![heading],
        };
        let mut text = self.head("workload", &["unit"], view, &last);
        for row in rows {
            let cells = row.of(&view.columns).map(|figures| format!(" {} |", spread(figures)));
            let cells: String = cells.collect();
            let ratio = self.ratio(row, view).map_or_else(String::new, |ratio| format!(" {ratio} |"));
            let _ = writeln!(text, "| {} | {} |{cells}{ratio}", row.name, row.unit.text());
        }
        text
    }

    fn costs(&self, view: &View, rows: &[&Row]) -> String {
        let mut text = self.head("workload", &[], view, &[]);
        for row in rows.iter().filter(|row| row.of(&view.columns).flatten().any(|f| f.cost.is_some())) {
            let cells: String =
                row.of(&view.columns).map(|figures| format!(" {} |", cost(figures))).collect();
            let _ = writeln!(text, "| {} |{cells}", row.name);
        }
        text
    }

    fn memory(&self, view: &View) -> String {
        let mut text = self.head("after", &[], view, &[]);
        for (name, servers) in &self.memory {
            let rounds = view.columns.iter().filter_map(|column| servers.get(*column));
            if rounds.clone().all(Vec::is_empty) {
                continue;
            }
            let mebibytes = |rounds: &Vec<f64>| match rounds.as_slice() {
                [] => " – |".to_owned(),
                rounds => format!(" {:.0} |", median(&mut rounds.to_vec()) / 1024.0),
            };
            let _ = writeln!(text, "| {name} |{}", rounds.map(mebibytes).collect::<String>());
        }
        text
    }

    fn head(&self, first: &str, before: &[&str], view: &View, after: &[&str]) -> String {
        let servers = view.columns.iter().filter_map(|column| self.columns.get(*column));
        let columns: Vec<&str> = [first]
            .into_iter()
            .chain(before.iter().copied())
            .chain(servers.map(String::as_str))
            .chain(after.iter().copied())
            .collect();
        format!("| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len()))
    }

    /// What stands in the last column, if there is one.
    fn ratio(&self, row: &Row, view: &View) -> Option<String> {
        let of_other = match view.ratio {
            Ratio::None => return None,
            Ratio::ToBest(_) => false,
            Ratio::OfOther(_) => true,
        };
        let of = |column: &usize| row.rounds.get(*column).and_then(|figures| middle(figures));
        let (ours, peers): (Vec<usize>, Vec<usize>) = view
            .columns
            .iter()
            .partition(|column| self.columns.get(**column).is_some_and(|name| name == OURS));
        let ours = ours.first().and_then(of);
        let ratios = peers.iter().filter_map(of).filter_map(|peer| {
            if of_other { row.unit.ratio(peer, ours?) } else { row.unit.ratio(ours?, peer) }
        });
        let least = ratios.min_by(f64::total_cmp);
        Some(least.map_or_else(|| "–".to_owned(), |ratio| format!("**{ratio:.2}**")))
    }
}

/// Who takes part in a few workloads only, which make a table of their own: its column, that of the server beside it if
/// there is one, what the last column tells, and what stands above the table.
const SPECIAL: [(&str, &str, Ratio, &str); 3] = [
    (
        "Dovecot with fts-xapian",
        OURS,
        Ratio::ToBest("Postroom to it"),
        "Postroom beside Dovecot with its full-text plugin, on mail of a user of its own, all of which is in the index of both. \
         An index is made anew of what is in the server's own store, by one command while nothing else is done. What the plugin \
         finds is not exactly what IMAP asks for, so see the hits.",
    ),
    (
        SOCKET,
        OURS,
        Ratio::OfOther("times as fast as Postroom"),
        "Postroom beside a bare socket: its answers were recorded, and a process that does nothing else wrote them to a socket, \
         and through rustls over TLS, 64 KiB at a time; the same client read them. Of BODY[], the first 10,000 messages at most.",
    ),
    (
        "Postroom with its default passwords",
        "",
        Ratio::None,
        "Logins of a Postroom whose passwords cost what they do by default (Argon2id, 19 MiB, 2 passes), without TLS. A password \
         that was right is remembered for an hour, so a user's first login costs its hash, and others do not.",
    ),
];

impl Row {
    /// What was measured, for some columns.
    fn of<'a>(&'a self, columns: &'a [usize]) -> impl Iterator<Item = &'a Vec<Figure>> {
        columns.iter().filter_map(|column| self.rounds.get(*column))
    }

    /// Whether there is any figure of some columns.
    fn says_something_of(&self, columns: &[usize]) -> bool {
        self.of(columns).any(|figures| !figures.is_empty())
    }
}

fn middle(figures: &[Figure]) -> Option<f64> {
    let mut values: Vec<f64> = figures.iter().map(|figure| figure.value).collect();
    if values.is_empty() { None } else { Some(median(&mut values)) }
}

/// The median, and the least and the most that was measured.
fn spread(figures: &[Figure]) -> String {
    let Some(middle) = middle(figures) else { return "–".to_owned() };
    let values = || figures.iter().map(|figure| figure.value);
    let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
    if least == most {
        return number(middle);
    }
    format!("{} ({} to {})", number(middle), number(least), number(most))
}

fn cost(figures: &[Figure]) -> String {
    let per_operation = |time: fn(&Cost) -> std::time::Duration| {
        let each = figures.iter().filter_map(|figure| figure.cost.as_ref());
        let mut each: Vec<f64> =
            each.map(|cost| time(cost).as_secs_f64() * 1e6 / cost.operations.max(1) as f64).collect();
        if each.is_empty() { None } else { Some(number(median(&mut each))) }
    };
    match (per_operation(|cost| cost.server), per_operation(|cost| cost.generator)) {
        (Some(server), Some(generator)) => format!("{server} + {generator}"),
        _ => "–".to_owned(),
    }
}

/// Three digits that mean something, and thousands apart.
pub(crate) fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 => thousands(v.round() as u64),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// A whole number, its thousands apart.
pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!(number(999.0), "999");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(0.5), "0.50");
    }

    #[test]
    fn the_ratio_is_to_the_better_peer() {
        let mut results = Results::new(["Postroom", "Dovecot", "Cyrus"].into_iter());
        for (server, value) in [(0, 300.0), (1, 100.0), (2, 200.0)] {
            results.add(server, vec![Figure::plain("SELECT", Unit::PerSecond, value)]);
        }
        let text = results.markdown(&["Postroom", "Dovecot", "Cyrus"]);
        assert!(text.contains("| SELECT | /s | 300 | 100 | 200 | **1.50** |"), "{text}");
    }

    #[test]
    fn who_takes_part_in_a_few_workloads_has_a_table_of_them() {
        let mut results = Results::new(["Postroom", "Dovecot", "Dovecot with fts-xapian"].into_iter());
        let time = |value| vec![Figure::plain("SEARCH", Unit::Milliseconds, value)];
        results.add(0, time(10.0));
        results.add(2, time(50.0));
        results.add(0, vec![Figure::plain("answer", Unit::PerSecond, 100.0)]);
        results.add(0, vec![Figure::plain("answer", Unit::PerSecond, 150.0).of_socket()]);
        let text = results.markdown(&["Postroom", "Dovecot"]);
        assert!(text.contains("| SEARCH | ms | 10.0 | 50.0 | **5.00** |"), "{text}");
        assert!(text.contains("| answer | /s | 100 | 150 | **1.50** |"), "{text}");
        assert_eq!(text.matches("| answer |").count(), 1, "{text}");
    }
}
