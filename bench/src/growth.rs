//! What operations cost as a mailbox grows from a thousand messages to a million: a table, and a picture of the curves.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;

use crate::contestant::Which;
use crate::mail::Mail;
use crate::picture::{self, Curve, Panel};
use crate::server::Server;
use crate::table::{number, thousands};
use crate::workload::{Workload, grow, measured};
use crate::{Arguments, machine, report};

/// How large the mailbox is when it is measured.
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Whom is measured unless servers are named.
const SERVERS: [Which; 2] = [Which::Postroom, Which::Dovecot];

/// Measures one server after another, writes the table into the page and the picture beside it.
pub(crate) async fn draw(arguments: &Arguments) -> io::Result<()> {
    let load = machine::load();
    let mail = Mail::new();
    let mut servers = arguments.servers.clone();
    servers.retain(|which| which.is_main());
    if servers.is_empty() {
        servers.extend(SERVERS);
    }
    let (mut panels, mut versions) = (Vec::new(), BTreeSet::new());
    for which in servers {
        versions.insert(measure(arguments, which, &mail, &mut panels).await?);
    }
    let versions = versions.iter().map(String::as_str).collect();
    let text = format!(
        "{}\n\nMedians of up to 21 times each; messages of 1 KB; on every server what is written is synced before it is answered.\n\n\
         ![Curves of the table](benchmarks-growth.svg)\n\n{}",
        report::origin(arguments, &versions, &load),
        table(&panels),
    );
    let beside = arguments.page.as_ref().filter(|_| !arguments.print);
    let beside = beside.map(|page| page.with_file_name("benchmarks-growth.svg"));
    if let Some(file) = arguments.picture.clone().or(beside) {
        fs::write(file, picture::svg(&panels))?;
    }
    report::write(arguments, report::GROWTH, &text)
}

/// Gives its version.
async fn measure(
    arguments: &Arguments,
    which: Which,
    mail: &Mail,
    panels: &mut Vec<Panel>,
) -> io::Result<String> {
    let name = which.name();
    let failed = |error: io::Error| io::Error::other(format!("{name}: {error}"));
    let mut server = Server::start(which.recipe(&arguments.peers, &arguments.data, 1)).await?;
    let mut before = 0;
    for size in SIZES.into_iter().filter(|size| *size <= arguments.curve_max) {
        // To fill it is not what is measured.
        server.run_with(which.environment(Workload::Select)).await?;
        let start = std::time::Instant::now();
        grow(&server, mail, before, size).await.map_err(failed)?;
        eprintln!("{name}: {size} messages, after {:.0} s more", start.elapsed().as_secs_f64());
        server.run_with(which.environment(Workload::Append)).await?;
        for (operation, seconds) in measured(&server, mail, size).await.map_err(failed)? {
            eprintln!("{name}: {size} messages: {operation}: {} µs", number(seconds * 1e6));
            add(panels, operation, name, (size, seconds));
        }
        before = size;
    }
    server.stop().await?;
    Ok(server.version.clone())
}

fn add(panels: &mut Vec<Panel>, operation: &str, server: &str, point: (usize, f64)) {
    let at = panels.iter().position(|panel| panel.title == operation).unwrap_or_else(|| {
        panels.push(Panel { title: operation.to_owned(), curves: Vec::new() });
        panels.len() - 1
    });
    let Some(Panel { curves, .. }) = panels.get_mut(at) else { return };
    match curves.iter_mut().find(|curve| curve.server == server) {
        Some(curve) => curve.points.push(point),
        None => curves.push(Curve { server: server.to_owned(), points: vec![point] }),
    }
}

/// A row for each operation and server, in microseconds.
fn table(panels: &[Panel]) -> String {
    let sizes: BTreeSet<usize> = panels
        .iter()
        .flat_map(|panel| &panel.curves)
        .flat_map(|curve| curve.points.iter().map(|(size, _)| *size))
        .collect();
    let mut text = "| µs, in a mailbox of so many messages | server |".to_owned();
    for size in &sizes {
        let _ = write!(text, " {} |", thousands(*size as u64));
    }
    let _ = writeln!(text, "\n|{}", " --- |".repeat(sizes.len() + 2));
    for Panel { title, curves } in panels {
        for Curve { server, points } in curves {
            let _ = write!(text, "| {title} | {server} |");
            for size in &sizes {
                let point = points.iter().find(|(of, _)| of == size);
                let cell = point.map_or_else(|| "–".to_owned(), |(_, seconds)| number(seconds * 1e6));
                let _ = write!(text, " {cell} |");
            }
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_a_row_for_each_server() {
        let mut panels = Vec::new();
        for (server, point) in [("A", (1_000, 0.001)), ("A", (10_000, 0.002)), ("B", (1_000, 0.5))] {
            add(&mut panels, "SELECT", server, point);
        }
        let text = table(&panels);
        assert!(text.contains("| server | 1,000 | 10,000 |\n"), "{text}");
        assert!(text.contains("| SELECT | A | 1,000 | 2,000 |\n| SELECT | B | 500,000 | – |\n"), "{text}");
    }
}
