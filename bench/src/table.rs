//! The tables that come of the figures: medians with their spread, ratios, and what it cost.

use std::fmt::Write as _;

use crate::measure::{Cost, Figure, Unit, median};

/// The server that the others are compared with.
const OURS: &str = "Postroom";

/// Figures of the same name and unit, of every server and round.
struct Row {
    name: String,
    unit: Unit,
    /// For each server, what was measured in each round.
    rounds: Vec<Vec<Figure>>,
}

/// All that has been measured.
pub(crate) struct Results {
    servers: Vec<String>,
    rows: Vec<Row>,
    /// For each workload its name and, for each server, its memory after each round in KiB.
    memory: Vec<(String, Vec<Vec<f64>>)>,
}

impl Results {
    pub(crate) fn new(servers: Vec<String>) -> Self {
        Self { servers, rows: Vec::new(), memory: Vec::new() }
    }

    /// Takes what a server was measured at.
    pub(crate) fn add(&mut self, server: usize, figures: Vec<Figure>) {
        for figure in figures {
            let same = |row: &Row| row.name == figure.name && row.unit == figure.unit;
            let at = self.rows.iter().position(same).unwrap_or_else(|| {
                let rounds = vec![Vec::new(); self.servers.len()];
                self.rows.push(Row { name: figure.name.clone(), unit: figure.unit, rounds });
                self.rows.len() - 1
            });
            if let Some(rounds) = self.rows.get_mut(at).and_then(|row| row.rounds.get_mut(server)) {
                rounds.push(figure);
            }
        }
    }

    /// Takes a server's memory after a workload.
    pub(crate) fn add_memory(&mut self, workload: &str, server: usize, kib: u64) {
        if self.memory.last().is_none_or(|(name, _)| name != workload) {
            self.memory.push((workload.to_owned(), vec![Vec::new(); self.servers.len()]));
        }
        if let Some(rounds) = self.memory.last_mut().and_then(|(_, servers)| servers.get_mut(server)) {
            rounds.push(kib as f64);
        }
    }

    /// All tables.
    pub(crate) fn markdown(&self) -> String {
        let ratio = format!("{OURS} to the better peer");
        let mut text = self.head("workload", &["unit"], &[&ratio]);
        for row in &self.rows {
            let cells: String = row.rounds.iter().map(|figures| format!(" {} |", spread(figures))).collect();
            let _ = writeln!(text, "| {} | {} |{cells} {} |", row.name, row.unit.text(), self.ratio(row));
        }
        text.push_str("\nProcessor time of one operation, in microseconds: of the server, and after the plus sign of the load generator.\n\n");
        text.push_str(&self.head("workload", &[], &[]));
        for row in self.rows.iter().filter(|row| row.rounds.iter().flatten().any(|f| f.cost.is_some())) {
            let cells: String = row.rounds.iter().map(|figures| format!(" {} |", cost(figures))).collect();
            let _ = writeln!(text, "| {} |{cells}", row.name);
        }
        text.push_str("\nMemory after a workload (PSS of all processes of the server), in MiB.\n\n");
        text.push_str(&self.head("after", &[], &[]));
        for (name, servers) in &self.memory {
            let mebibytes = |rounds: &Vec<f64>| match rounds.as_slice() {
                [] => " – |".to_owned(),
                rounds => format!(" {:.0} |", median(&mut rounds.to_vec()) / 1024.0),
            };
            let _ = writeln!(text, "| {name} |{}", servers.iter().map(mebibytes).collect::<String>());
        }
        text
    }

    fn head(&self, first: &str, before: &[&str], after: &[&str]) -> String {
        let servers = self.servers.iter().map(String::as_str);
        let columns: Vec<&str> = [first]
            .into_iter()
            .chain(before.iter().copied())
            .chain(servers)
            .chain(after.iter().copied())
            .collect();
        format!("| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len()))
    }

    fn ratio(&self, row: &Row) -> String {
        let medians: Vec<Option<f64>> = row.rounds.iter().map(|figures| middle(figures)).collect();
        let ours = self.servers.iter().position(|name| name == OURS);
        let Some(value) = ours.and_then(|at| *medians.get(at)?) else { return "–".to_owned() };
        let peers =
            medians.iter().enumerate().filter(|(at, _)| Some(*at) != ours).filter_map(|(_, peer)| *peer);
        let ratios = peers.filter_map(|peer| row.unit.ratio(value, peer));
        ratios.min_by(f64::total_cmp).map_or_else(|| "–".to_owned(), |ratio| format!("**{ratio:.2}**"))
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

fn thousands(value: u64) -> String {
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
        let mut results = Results::new(["Postroom", "Dovecot", "Cyrus"].map(str::to_owned).to_vec());
        for (server, value) in [(0, 300.0), (1, 100.0), (2, 200.0)] {
            results.add(server, vec![Figure::plain("SELECT", Unit::PerSecond, value)]);
        }
        assert!(results.markdown().contains("| SELECT | /s | 300 | 100 | 200 | **1.50** |"));
    }
}
