//! Everyday traffic: many sessions, a user each, that do now this and now that with pauses in between. What counts is how
//! long a command takes, at the median and at its worst.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::Scene;
use crate::connection::Connection;
use crate::measure::{Figure, Unit, together};
use crate::server::Server;

/// What the sessions work in. It is made before and deleted after.
const MAILBOX: &str = "Mixed";

/// The longest pause between two commands of a session; half of it is usual.
const PAUSE: Duration = Duration::from_millis(1_000);

/// The percentiles that are told.
const PERCENTILES: [f64; 3] = [50.0, 99.0, 99.9];

/// Times in milliseconds by command.
type Times = Rc<RefCell<BTreeMap<&'static str, Vec<f64>>>>;

pub(super) async fn run(scene: &Rc<Scene>, server: &Server) -> io::Result<Vec<Figure>> {
    let mut sessions = Vec::new();
    for client in 0..scene.sizes.mixed_sessions.min(scene.sizes.users - super::FIRST_SMALL) {
        let mut session = server.login(scene.own_user(client)).await?;
        session.expect(&format!("CREATE {MAILBOX}")).await?;
        session.expect("SELECT INBOX").await?;
        session.expect(&format!("COPY 1:* {MAILBOX}")).await?;
        session.expect(&format!("SELECT {MAILBOX}")).await?;
        sessions.push(session);
    }
    let times = Times::default();
    let (shared, noted) = (Rc::clone(scene), Rc::clone(&times));
    let work = async move |session: &mut Connection, _, _| {
        sleep(PAUSE.mul_f64(fastrand::f64())).await;
        let start = Instant::now();
        let name = one(&shared, session).await?;
        noted.borrow_mut().entry(name).or_default().push(start.elapsed().as_secs_f64() * 1000.0);
        Ok(())
    };
    let time = Duration::from_secs(scene.sizes.mixed_seconds);
    let (sessions, _) = together(sessions, time, work).await?;
    for mut session in sessions {
        session.expect("CLOSE").await?;
        session.expect(&format!("DELETE {MAILBOX}")).await?;
    }
    Ok(times.take().into_iter().flat_map(|(name, times)| percentiles(name, times)).collect())
}

/// One command, chosen at random. Gives its name.
async fn one(scene: &Scene, session: &mut Connection) -> io::Result<&'static str> {
    let message = fastrand::usize(1..=scene.sizes.small.max(1));
    let (name, command) = match fastrand::u8(0..100) {
        0..30 => ("FETCH BODY[]", format!("FETCH {message} BODY.PEEK[]")),
        30..45 => ("FETCH 1:* FLAGS", "FETCH 1:* FLAGS".to_owned()),
        45..65 => (
            "STORE",
            format!("STORE {message} +FLAGS ({})", if fastrand::bool() { "\\Flagged" } else { "\\Seen" }),
        ),
        65..75 => ("STATUS", "STATUS INBOX (MESSAGES UNSEEN UIDNEXT)".to_owned()),
        75..80 => ("SELECT", format!("SELECT {MAILBOX}")),
        80..85 => ("SEARCH", "SEARCH UNSEEN".to_owned()),
        85..90 => ("NOOP", "NOOP".to_owned()),
        _ => {
            let note = scene.fresh_note();
            session.append(MAILBOX, "", std::iter::once(note.as_slice())).await?;
            return Ok("APPEND");
        }
    };
    session.expect(&command).await?;
    Ok(name)
}

fn percentiles(name: &str, mut times: Vec<f64>) -> Vec<Figure> {
    times.sort_unstable_by(f64::total_cmp);
    let of = |percentile: f64| {
        let at = (times.len() as f64 * percentile / 100.0) as usize;
        let time = times.get(at.min(times.len().saturating_sub(1))).copied().unwrap_or_default();
        Figure::plain(&format!("mixed traffic, {name}, {percentile}th percentile"), Unit::Milliseconds, time)
    };
    PERCENTILES.map(of).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_in_order() {
        let figures = percentiles("NOOP", (0..1000).rev().map(f64::from).collect());
        assert_eq!(figures.iter().map(|figure| figure.value).collect::<Vec<_>>(), [500.0, 990.0, 999.0]);
    }
}
