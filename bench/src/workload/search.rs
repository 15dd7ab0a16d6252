//! SEARCH, SORT and THREAD over the large mailbox. How much was found is told too, since not every server finds all.

use std::io;

use super::index::ABSENT_WORD;
use super::{LARGE, LARGE_OWNER, Scene, TEXT, TEXT_OWNER, selected};
use crate::connection::{Answer, Connection};
use crate::measure::{Figure, Meter, Unit};
use crate::server::Server;

/// What is asked about texts only begins so.
const ABOUT_TEXTS: &str = "SEARCH BODY, ";

/// What is asked. Texts are those that `mail` plants; a literal says that there is more than ASCII in it.
const QUERIES: [(&str, &str); 17] = [
    ("SEARCH FLAGGED", "SEARCH FLAGGED"),
    ("SEARCH UNANSWERED", "SEARCH UNANSWERED"),
    ("SEARCH LARGER", "SEARCH LARGER 100000"),
    ("SEARCH SENTSINCE", "SEARCH SENTSINCE 1-Jul-2025"),
    ("SEARCH SUBJECT", "SEARCH SUBJECT \"77\""),
    ("SEARCH HEADER", "SEARCH HEADER List-Id \"lists.example\""),
    ("SEARCH BODY, common word", "SEARCH BODY \"meeting\""),
    ("SEARCH BODY, rare word", "SEARCH BODY \"quetzalcoatlus\""),
    ("SEARCH BODY, absent word", ABSENT_WORD),
    ("SEARCH BODY, middle of a word", "SEARCH BODY \"etzalcoat\""),
    ("SEARCH BODY, phrase", "SEARCH BODY \"the quarterly figures of\""),
    ("SEARCH BODY, Chinese", "SEARCH CHARSET UTF-8 BODY {12+}\r\n会议记录"),
    ("SEARCH BODY, accents in another case", "SEARCH CHARSET UTF-8 BODY {14+}\r\nRÉÉVALUATION"),
    ("SEARCH TEXT, rare word", "SEARCH TEXT \"quetzalcoatlus\""),
    ("SORT by date", "SORT (REVERSE DATE) UTF-8 ALL"),
    ("SORT by subject", "SORT (SUBJECT) UTF-8 ALL"),
    ("THREAD by references", "THREAD REFERENCES UTF-8 ALL"),
];

pub(super) async fn run(scene: &Scene, server: &Server) -> io::Result<Vec<Figure>> {
    let mut connection = selected(server, LARGE_OWNER, LARGE).await?;
    // Something to find by a flag.
    let some = (scene.sizes.messages / 20).max(1);
    connection.expect(&format!("STORE 1:{some} +FLAGS.SILENT (\\Flagged)")).await?;
    let capabilities = connection.expect("CAPABILITY").await?.kept.join(" ");
    let mut figures = Vec::new();
    for (name, query) in QUERIES {
        if is_served(query, &capabilities) {
            figures.extend(ask(server, &mut connection, name, query).await?);
        }
    }
    connection.expect("STORE 1:* -FLAGS.SILENT (\\Flagged)").await?;
    Ok(figures)
}

/// What is about texts only, of the mailbox that all servers with a text index have in it.
pub(super) async fn run_texts(scene: &Scene, server: &Server) -> io::Result<Vec<Figure>> {
    let mut connection = selected(server, TEXT_OWNER, TEXT).await?;
    let mut figures = Vec::new();
    for (name, query) in QUERIES {
        if name.starts_with(ABOUT_TEXTS) {
            let name = format!("{name}, of {} messages", scene.sizes.text_messages);
            figures.extend(ask(server, &mut connection, &name, query).await?);
        }
    }
    Ok(figures)
}

async fn ask(
    server: &Server,
    connection: &mut Connection,
    name: &str,
    query: &str,
) -> io::Result<Vec<Figure>> {
    let meter = Meter::start(server);
    let answer = connection.expect(query).await?;
    let mut figures = vec![Figure::time(name, meter.stop(1))];
    if query.starts_with("SEARCH") {
        figures.push(Figure::plain(name, Unit::Hits, found(&answer) as f64));
    }
    Ok(figures)
}

/// Whether a server says that it can do this at all.
fn is_served(query: &str, capabilities: &str) -> bool {
    match query.split_once(' ').map_or(query, |(verb, _)| verb) {
        "SORT" => capabilities.contains(" SORT"),
        "THREAD" => capabilities.contains(" THREAD=REFERENCES"),
        _ => true,
    }
}

fn found(answer: &Answer) -> usize {
    let lists = answer.kept.iter().filter_map(|line| line.strip_prefix("* SEARCH"));
    lists
        .flat_map(str::split_ascii_whitespace)
        .filter(|word| word.bytes().all(|b| b.is_ascii_digit()))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_of_literals_are_right() {
        for (_, query) in QUERIES {
            if let Some((head, literal)) = query.split_once("+}\r\n") {
                assert!(head.ends_with(&format!("{{{}", literal.len())), "{query}");
            }
        }
    }
}
