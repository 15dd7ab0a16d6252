//! Sessions in IDLE (RFC 2177): what one costs in memory, and how soon all on one mailbox know of a new message.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{SHARED, Scene};
use crate::connection::Connection;
use crate::measure::{Figure, Unit};
use crate::processes;
use crate::server::{Doors, Server, TextIndex};
use crate::table::thousands;

/// How long a server is left alone after its start before its memory without sessions is read.
const SETTLE: Duration = Duration::from_secs(5);

/// Sessions that are opened at once.
const AT_ONCE: usize = 16;

/// Messages that arrive in a round.
const ARRIVALS: usize = 3;

/// Who has not heard of a message by now is taken never to hear of it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn run(scene: &Rc<Scene>, server: &mut Server) -> io::Result<Vec<Figure>> {
    let mut figures = memory(scene, server).await?;
    figures.extend(told(scene, server).await?);
    Ok(figures)
}

/// Every session over TLS and of a user of its own, as far as there are so many. The server is restarted before, so that
/// memory that it gives back meanwhile is not taken off the sessions'. Postroom has many more of them afterwards.
async fn memory(scene: &Rc<Scene>, server: &mut Server) -> io::Result<Vec<Figure>> {
    server.restart(async || Ok(())).await?;
    sleep(SETTLE).await;
    let without = processes::pss_kib(server.process());
    let mut counts = vec![scene.sizes.idle_sessions];
    if matches!(server.text_index(), TextIndex::Background) {
        counts.push(scene.sizes.idle_sessions_postroom);
    }
    let (mut sessions, mut figures) = (Vec::new(), Vec::new());
    for count in counts {
        let users = (sessions.len()..count).map(|client| scene.own_user(client)).collect();
        sessions.extend(idling(&server.doors, users).await?);
        sleep(Duration::from_secs(scene.sizes.idle_seconds)).await;
        let with = processes::pss_kib(server.process());
        let each = with.saturating_sub(without) as f64 / sessions.len().max(1) as f64;
        let name = format!("memory of an idle TLS session, one of {}", thousands(sessions.len() as u64));
        figures.push(Figure::plain(&name, Unit::KibPerSession, each));
    }
    Ok(figures)
}

async fn told(scene: &Rc<Scene>, server: &Server) -> io::Result<Vec<Figure>> {
    let mut sessions = idling(&server.doors, vec![SHARED; scene.sizes.told_sessions]).await?;
    let mut sender = server.login(SHARED).await?;
    let (mut times, mut missed) = (Vec::new(), 0);
    for _ in 0..ARRIVALS {
        let note = scene.fresh_note();
        let start = Instant::now();
        let mut waiting = JoinSet::new();
        for mut session in sessions.drain(..) {
            waiting.spawn_local(async move {
                let heard = timeout(PATIENCE, hear(&mut session)).await;
                (session, heard)
            });
        }
        sender.append("INBOX", "", std::iter::once(note.as_slice())).await?;
        while let Some(ended) = waiting.join_next().await {
            let (session, heard) = ended.map_err(io::Error::other)?;
            match heard {
                Ok(heard) => heard?,
                Err(_) => missed += 1,
            }
            sessions.push(session);
        }
        times.push(start.elapsed());
    }
    let count = scene.sizes.told_sessions;
    Ok(vec![
        Figure::median_time(&format!("until {count} idle sessions know of a message"), &times),
        Figure::plain(
            &format!("of {} such notices, missed", count * ARRIVALS),
            Unit::Hits,
            f64::from(missed),
        ),
    ])
}

async fn hear(session: &mut Connection) -> io::Result<()> {
    while !session.response().await?.ends_with(" EXISTS") {}
    Ok(())
}

/// Sessions in IDLE on INBOX, one for each user that is named.
async fn idling(doors: &Doors, users: Vec<usize>) -> io::Result<Vec<Connection>> {
    let mut sessions = Vec::new();
    for some in users.chunks(AT_ONCE) {
        let mut opening = JoinSet::new();
        for user in some {
            opening.spawn_local(idle(doors.clone(), *user));
        }
        while let Some(ended) = opening.join_next().await {
            sessions.push(ended.map_err(io::Error::other)??);
        }
    }
    Ok(sessions)
}

async fn idle(doors: Doors, user: usize) -> io::Result<Connection> {
    let mut session = doors.login_tls(user).await?;
    session.expect("SELECT INBOX").await?;
    session.begin(b"IDLE").await?;
    // Something about the mailbox may come before the continuation.
    while !session.response().await?.starts_with('+') {}
    session.read_little();
    Ok(session)
}
