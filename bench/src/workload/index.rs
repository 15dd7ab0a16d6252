//! The text index, of the servers that have one: how fast it is made anew, and how large it is.
//!
//! Postroom's is made in the background, and anew by `postroom index rebuild`; Dovecot's plugin makes it at the first
//! search, and anew if it is not there. Both read the same messages from their own store.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::time::sleep;

use super::{LARGE_OWNER, Scene, TEXT, TEXT_OWNER, selected};
use crate::measure::{Cost, Figure, Meter, Unit};
use crate::server::{Server, TextIndex, user};

/// So many new messages of a user are too few for Postroom to index: a search looks at them.
const PENDING: u64 = 64;

/// How often is asked whether it is done.
const PAUSE: Duration = Duration::from_millis(500);

/// A search for what is nowhere, which also has Dovecot's plugin make its index.
pub(super) const ABSENT_WORD: &str = "SEARCH BODY \"xylophonist\"";

/// Waits until the text index has all mail. Gives how long that took, if there is an index.
pub(crate) async fn catch_up(server: &Server) -> io::Result<Option<Duration>> {
    let start = Instant::now();
    match server.text_index() {
        TextIndex::None => return Ok(None),
        TextIndex::Background => {
            while ask(server, &["show"]).await?.iter().any(|index| index.pending >= PENDING) {
                sleep(PAUSE).await;
            }
        }
        TextIndex::AtFirstSearch(folder) => {
            selected(server, TEXT_OWNER, TEXT).await?.expect(ABSENT_WORD).await?;
            is_there(folder)?;
        }
    }
    Ok(Some(start.elapsed()))
}

pub(super) async fn run(scene: &Scene, server: &mut Server) -> io::Result<Vec<Figure>> {
    let owners = [(LARGE_OWNER, scene.sizes.messages), (TEXT_OWNER, scene.sizes.text_messages)];
    let mut figures = Vec::new();
    match server.text_index().clone() {
        TextIndex::None => {}
        TextIndex::Background => {
            for (owner, messages) in owners {
                let meter = Meter::start(server);
                let built = ask(server, &["rebuild", "--user", &user(owner)]).await?;
                let cost = meter.stop(messages as u64);
                let index = built.first().ok_or_else(|| io::Error::other("no index was made"))?;
                let share = index.bytes * 100.0 / index.text_bytes.max(1.0);
                figures.extend(told(messages, cost, index.bytes));
                let name = format!("text index of {messages} messages, share of its texts' size");
                figures.push(Figure::plain(&name, Unit::Percent, share));
            }
        }
        TextIndex::AtFirstSearch(folder) => {
            let gone = || if folder.exists() { fs::remove_dir_all(&folder) } else { Ok(()) };
            server.restart(async || gone()).await?;
            let mut connection = selected(server, TEXT_OWNER, TEXT).await?;
            let meter = Meter::start(server);
            connection.expect(ABSENT_WORD).await?;
            let messages = scene.sizes.text_messages;
            let cost = meter.stop(messages as u64);
            is_there(&folder)?;
            figures.extend(told(messages, cost, bytes_below(&folder)? as f64));
        }
    }
    Ok(figures)
}

fn told(messages: usize, cost: Cost, bytes: f64) -> [Figure; 2] {
    let name = |what| format!("text index of {messages} messages, {what}");
    [Figure::rate(&name("made anew"), cost), Figure::plain(&name("size"), Unit::Megabytes, bytes / 1e6)]
}

/// What Postroom says of a user's index.
#[derive(Debug, PartialEq)]
struct Index {
    pending: u64,
    text_bytes: f64,
    bytes: f64,
}

/// Asks Postroom by its command line, beside the server that runs.
async fn ask(server: &Server, what: &[&str]) -> io::Result<Vec<Index>> {
    let program = std::env::var_os("POSTROOM").unwrap_or_else(|| OsString::from("postroom"));
    let mut command = Command::new(program);
    command.arg("index").args(what).arg("--config").arg(server.folder().join("postroom.toml"));
    let output = command.output().await?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let read = |line: &str| parse(line).ok_or_else(|| io::Error::other(format!("postroom index: {line}")));
    text.lines().map(read).collect()
}

/// Reads `u0: 2000 messages with 12.5 MiB of text in 3.1 MiB (24 %), 0 not yet`.
fn parse(line: &str) -> Option<Index> {
    let (text_bytes, rest) = line.split_once(" messages with ")?.1.split_once(" of text in ")?;
    let (takes, rest) = rest.split_once(" (")?;
    let pending = rest.split_once("), ")?.1.strip_suffix(" not yet")?.parse().ok()?;
    Some(Index { pending, text_bytes: bytes(text_bytes)?, bytes: bytes(takes)? })
}

/// A size with its unit.
fn bytes(text: &str) -> Option<f64> {
    let (number, unit) = text.split_once(' ')?;
    let unit = ["B", "KiB", "MiB", "GiB", "TiB"].iter().position(|name| *name == unit)?;
    Some(number.parse::<f64>().ok()? * 1024_f64.powi(i32::try_from(unit).ok()?))
}

/// A plugin that was not loaded would search as Dovecot does without it, and be taken for slow.
fn is_there(folder: &Path) -> io::Result<()> {
    if folder.exists() && bytes_below(folder)? > 0 {
        return Ok(());
    }
    Err(io::Error::other(format!("the plugin has made no index in {}", folder.display())))
}

fn bytes_below(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_below(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postroom_says_of_an_index_is_read() {
        let line = "u0: 2000 messages with 12.5 MiB of text in 512 KiB (4 %), 17 not yet";
        let index = Index { pending: 17, text_bytes: 13_107_200.0, bytes: 524_288.0 };
        assert_eq!(parse(line), Some(index));
        assert_eq!(parse("u0: nothing"), None);
    }
}
