//! SELECT of the large mailbox: warm, after many changes, after a restart, and with QRESYNC (RFC 7162).

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use super::{LARGE, Scene};
use crate::connection::{Answer, Connection};
use crate::measure::Figure;
use crate::server::Server;

/// How often a warm SELECT is timed in a round; the median counts.
const TIMES: usize = 11;

/// Changes between two SELECTs with QRESYNC.
const QRESYNC_CHANGES: usize = 100;

/// Commands that are sent before the first one's answer is awaited.
const PIPELINE: usize = 100;

pub(super) async fn run(scene: &Scene, server: &mut Server) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    figures.push(Figure::median_time("SELECT, warm", &warm(server).await?));
    figures.extend(qresync(scene, server).await?);
    let changed = after_changes(scene, server).await?;
    figures.push(Figure::median_time(&format!("SELECT after {} changes", scene.sizes.bulk), &[changed]));
    server.restart(drop_caches).await?;
    let cold = timed(server).await?;
    figures.push(Figure::median_time("SELECT, server restarted and page cache dropped", &[cold]));
    Ok(figures)
}

async fn warm(server: &Server) -> io::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        times.push(timed(server).await?);
    }
    Ok(times)
}

/// SELECT on a connection of its own.
async fn timed(server: &Server) -> io::Result<Duration> {
    let mut connection = server.login(0).await?;
    let start = Instant::now();
    connection.expect(&format!("SELECT {LARGE}")).await?;
    let took = start.elapsed();
    connection.expect("LOGOUT").await?;
    Ok(took)
}

/// Changes single messages, one command each, spread over the mailbox: a flag comes and goes again, so that each is
/// really a change.
pub(super) async fn change(connection: &mut Connection, changes: usize, messages: usize) -> io::Result<()> {
    let step = (messages * 2 / changes).max(1);
    for first in (0..changes).step_by(PIPELINE) {
        let stores = (first..(first + PIPELINE).min(changes)).map(|n| {
            let sign = if n % 2 == 0 { '+' } else { '-' };
            format!("UID STORE {} {sign}FLAGS.SILENT (\\Answered)", n / 2 * step % messages + 1)
        });
        connection.pipeline(stores).await?;
    }
    Ok(())
}

async fn after_changes(scene: &Scene, server: &Server) -> io::Result<Duration> {
    let mut connection = server.login(0).await?;
    connection.expect(&format!("SELECT {LARGE}")).await?;
    change(&mut connection, scene.sizes.bulk, scene.sizes.messages).await?;
    timed(server).await
}

async fn qresync(scene: &Scene, server: &Server) -> io::Result<Vec<Figure>> {
    let mut connection = server.login(0).await?;
    connection.expect("ENABLE QRESYNC").await?;
    let selected = connection.expect(&format!("SELECT {LARGE}")).await?;
    let Some((validity, modseq)) = validity_and_modseq(&selected) else { return Ok(Vec::new()) };
    change(&mut connection, QRESYNC_CHANGES, scene.sizes.messages).await?;
    let mut again = server.login(0).await?;
    again.expect("ENABLE QRESYNC").await?;
    let start = Instant::now();
    again.expect(&format!("SELECT {LARGE} (QRESYNC ({validity} {modseq}))")).await?;
    let took = start.elapsed();
    Ok(vec![Figure::median_time("SELECT with QRESYNC after 100 changes", &[took])])
}

/// What a later SELECT with QRESYNC has to tell.
pub(super) fn validity_and_modseq(selected: &Answer) -> Option<(u64, u64)> {
    let codes = selected.kept.join("\n");
    Some((number(&codes, "[UIDVALIDITY ")?, number(&codes, "[HIGHESTMODSEQ ")?))
}

/// The number that follows a name.
fn number(text: &str, name: &str) -> Option<u64> {
    let digits = text.split_once(name)?.1;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

/// Has the kernel forget what it has read. Without the right to ask for that, the server was only restarted.
async fn drop_caches() -> io::Result<()> {
    tokio::process::Command::new("sync").status().await?;
    if let Err(error) = fs::write("/proc/sys/vm/drop_caches", "3") {
        eprintln!("the page cache is not dropped: {error}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_out_of_a_response_code() {
        assert_eq!(number("* OK [UIDVALIDITY 17] ok", "[UIDVALIDITY "), Some(17));
        assert_eq!(number("* OK [NOMODSEQ]", "[HIGHESTMODSEQ "), None);
    }
}
