//! What one operation costs in a mailbox of so many small messages: measured again and again while the mailbox grows.
//! Every operation is undone, so that the mailbox has the same messages afterwards.

use std::io;
use std::time::{Duration, Instant};

use super::fill::append_all;
use super::index::ABSENT_WORD;
use super::select::{change, validity_and_modseq};
use super::{LARGE_OWNER, catch_up, selected};
use crate::connection::Connection;
use crate::mail::Mail;
use crate::measure::median;
use crate::server::Server;

/// The mailbox that grows.
const MAILBOX: &str = "Growing";

/// Where messages are copied to; made before and deleted after.
const COPIES: &str = "Copies";

/// Bytes of a message.
const BYTES: usize = 1_024;

/// How often an operation is timed, unless that takes too long; the median counts.
const TIMES: usize = 21;

/// After this time an operation is not repeated.
const LONG: Duration = Duration::from_secs(3);

/// Changes before a SELECT with QRESYNC.
const CHANGES: usize = 10;

/// Lets the mailbox grow to so many messages, and waits until they are in the text index.
pub(crate) async fn grow(server: &Server, mail: &Mail, from: usize, to: usize) -> io::Result<()> {
    let mut connection = server.login(LARGE_OWNER).await?;
    if from == 0 {
        connection.expect(&format!("CREATE {MAILBOX}")).await?;
    }
    append_all(&mut connection, MAILBOX, (from..to).map(|number| mail.note(number, BYTES))).await?;
    catch_up(server).await.map(drop)
}

/// Measures everything once. Gives the name of each operation with the seconds that it took.
pub(crate) async fn measured(
    server: &Server,
    mail: &Mail,
    size: usize,
) -> io::Result<Vec<(&'static str, f64)>> {
    let mut results = vec![
        ("SELECT", select(server).await?),
        ("SELECT with QRESYNC after 10 changes", select_changed(server, size).await?),
    ];
    let mut connection = selected(server, LARGE_OWNER, MAILBOX).await?;
    let any = || fastrand::usize(1..=size);
    for (name, command) in [
        ("FETCH FLAGS of one message", &(|_| format!("FETCH {} FLAGS", any())) as &dyn Fn(usize) -> String),
        ("FETCH BODY[] of one message", &|_| format!("FETCH {} BODY.PEEK[]", any())),
        ("STORE of one message", &|_| format!("STORE {} +FLAGS.SILENT (\\Answered)", any())),
        ("SEARCH UID of one message", &|_| format!("SEARCH UID {}", any())),
        ("SEARCH BODY, absent word", &|_| ABSENT_WORD.to_owned()),
    ] {
        results.push((name, timed(&mut connection, command).await?));
    }
    connection.expect(&format!("CREATE {COPIES}")).await?;
    let copy = timed(&mut connection, &|_| format!("COPY {} {COPIES}", any())).await?;
    results.push(("COPY of one message", copy));
    connection.expect(&format!("DELETE {COPIES}")).await?;
    results.extend(append_and_expunge(&mut connection, mail, size).await?);
    let all = timed(&mut connection, &|_| "FETCH 1:* FLAGS".to_owned()).await?;
    results.push(("FETCH 1:* FLAGS, each message", all / size as f64));
    connection.expect("STORE 1:* -FLAGS.SILENT (\\Answered)").await?;
    Ok(results)
}

async fn select(server: &Server) -> io::Result<f64> {
    let mut connection = server.login(LARGE_OWNER).await?;
    timed(&mut connection, &|_| format!("SELECT {MAILBOX}")).await
}

async fn select_changed(server: &Server, size: usize) -> io::Result<f64> {
    let mut changing = selected(server, LARGE_OWNER, MAILBOX).await?;
    let mut connection = server.login(LARGE_OWNER).await?;
    connection.expect("ENABLE QRESYNC").await?;
    let mut seconds = Vec::new();
    for _ in 0..TIMES {
        let answer = connection.expect(&format!("SELECT {MAILBOX}")).await?;
        let (validity, modseq) = validity_and_modseq(&answer)
            .ok_or_else(|| io::Error::other("no UIDVALIDITY or HIGHESTMODSEQ"))?;
        connection.expect("UNSELECT").await?;
        change(&mut changing, CHANGES, size).await?;
        let start = Instant::now();
        connection.expect(&format!("SELECT {MAILBOX} (QRESYNC ({validity} {modseq}))")).await?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    Ok(median(&mut seconds))
}

/// What is appended is expunged again, one at a time.
async fn append_and_expunge(
    connection: &mut Connection,
    mail: &Mail,
    size: usize,
) -> io::Result<[(&'static str, f64); 2]> {
    let mut seconds = Vec::new();
    for number in 0..TIMES {
        let note = mail.note(usize::MAX / 2 + number, BYTES);
        let start = Instant::now();
        connection.append(MAILBOX, "\\Deleted", std::iter::once(note.as_slice())).await?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let uids = connection.record(&format!("FETCH {}:* UID", size + 1)).await?;
    let uids = String::from_utf8_lossy(&uids).into_owned();
    let uids: Vec<&str> =
        uids.lines().filter_map(|line| line.split_once("UID ")?.1.split([' ', ')']).next()).collect();
    let mut expunge = Vec::new();
    for uid in uids {
        let start = Instant::now();
        connection.expect(&format!("UID EXPUNGE {uid}")).await?;
        expunge.push(start.elapsed().as_secs_f64());
    }
    Ok([("APPEND of one message", median(&mut seconds)), ("EXPUNGE of one message", median(&mut expunge))])
}

/// The median of the seconds that a command takes.
async fn timed(connection: &mut Connection, command: &dyn Fn(usize) -> String) -> io::Result<f64> {
    let (mut seconds, begin) = (Vec::new(), Instant::now());
    for time in 0..TIMES {
        let start = Instant::now();
        connection.expect(&command(time)).await?;
        seconds.push(start.elapsed().as_secs_f64());
        if begin.elapsed() > LONG {
            break;
        }
    }
    Ok(median(&mut seconds))
}
