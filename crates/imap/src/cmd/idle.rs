//! IDLE (RFC 2177): the client hears of changes as they happen, until it says DONE.
//!
//! While nothing happens, the session holds its view and no buffer.

use std::time::Duration;

use imap_proto::response::{self, Status};
use mailstore::Watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::io::Io;
use crate::pump::Tail;
use crate::reply::{Done, End, Failure, Wrong};
use crate::server::ImapServer;
use crate::state::State;

/// After a change has been told, further ones are gathered for so long before they are told together.
const GATHER: Duration = Duration::from_millis(10);

/// What an idling session wakes up for.
enum Woken {
    Line(Result<Vec<u8>, Failure>),
    Changed,
    KeepAlive,
    ShuttingDown,
}

/// Waits for DONE, telling what changes.
pub(crate) async fn run(state: &mut State, server: &ImapServer, io: &mut Io) -> Result<Done, Failure> {
    let mut watch = state.user()?.access.watch();
    response::continuation(io.out(), "idling");
    let client_gone_after = Instant::now() + server.settings.idle_timeout;
    let mut keep_alive = Instant::now() + server.settings.idle_keepalive;
    // What happened before the watch was made.
    tell(state, io).await?;
    loop {
        state.shrink();
        match wait(io, &mut watch, keep_alive.min(client_gone_after)).await {
            Woken::Line(line) => return done(&line?),
            Woken::Changed if watch.failed() => return Err(End::ShuttingDown.into()),
            Woken::Changed => {
                tell(state, io).await?;
                sleep(GATHER).await;
            }
            Woken::ShuttingDown => return Err(End::ShuttingDown.into()),
            Woken::KeepAlive if Instant::now() >= client_gone_after => return Err(End::Silent.into()),
            Woken::KeepAlive => {
                response::untagged(io.out(), Status::Ok, None, "still here");
                io.flush().await?;
                keep_alive = Instant::now() + server.settings.idle_keepalive;
            }
        }
    }
}

async fn wait(io: &mut Io, watch: &mut Watch, until: Instant) -> Woken {
    let drain = io.drain();
    tokio::select! {
        line = io.raw_line() => Woken::Line(line),
        () = watch.changed() => Woken::Changed,
        () = sleep_until(until) => Woken::KeepAlive,
        () = drain.begun() => Woken::ShuttingDown,
    }
}

async fn tell(state: &mut State, io: &mut Io) -> Result<(), Failure> {
    if let State::Selected(selected) = state {
        selected.pump(Tail::PLAIN, io).await?;
    }
    io.flush().await
}

fn done(line: &[u8]) -> Result<Done, Failure> {
    if line.eq_ignore_ascii_case(b"DONE") {
        return Ok(Done::new("IDLE completed"));
    }
    Err(Wrong::NotDone.into())
}
