//! The accept loop: every connection past the gate becomes a task, until the drain begins.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::conn::{Conn, Timeouts};
use crate::drain::Drain;
use crate::limit::{Gate, TurnedAway};
use crate::listener::{ActiveListener, ListenFault, Listener};
use crate::tls::Tls;

/// The pause after the system refuses to accept, for instance for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How the connections of one listener are received.
#[derive(Clone, Debug)]
pub struct Service {
    /// What the listener is called in the log.
    pub name: &'static str,
    /// TLS from the first byte, or none.
    pub implicit_tls: Option<Tls>,
    /// Who may come in; share it between listeners.
    pub gate: Gate,
    /// When to stop; share it between listeners.
    pub drain: Drain,
    /// How long a connection waits for its peer.
    pub timeouts: Timeouts,
    /// What a connection is told that may not come in, where it can be told without a handshake.
    pub turned_away: &'static [u8],
}

/// Accepts connections and runs `session` for each, after the handshake where TLS is implicit.
///
/// It returns when the drain has begun and all sessions have ended by themselves; dropping it ends
/// them at once. A session hears of the drain from a clone of the token that it was given.
///
/// # Errors
/// The socket cannot be handed to the runtime.
pub async fn serve<S, F>(listener: Listener, service: Service, session: S) -> Result<(), ListenFault>
where
    S: Fn(Conn) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let addr = listener.local_addr();
    let listener = listener.activate().map_err(|source| ListenFault::System { addr, source })?;
    let session = Arc::new(session);
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = service.drain.begun() => break,
            Some(ended) = sessions.join_next() => report(service.name, ended),
            (stream, peer) = accept(&listener, service.name) => {
                receive(&mut sessions, &service, Arc::clone(&session), stream, peer);
            }
        }
    }
    drop(listener);
    while let Some(ended) = sessions.join_next().await {
        report(service.name, ended);
    }
    Ok(())
}

async fn accept(listener: &ActiveListener, name: &'static str) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The peer was gone before we looked.
            Err(gone) if matches!(gone.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {
            }
            Err(error) => {
                tracing::warn!(listener = name, %error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn receive<S, F>(
    sessions: &mut JoinSet<()>,
    service: &Service,
    session: Arc<S>,
    stream: TcpStream,
    peer: SocketAddr,
) where
    S: Fn(Conn) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let permit = match service.gate.admit(peer.ip()) {
        Ok(permit) => permit,
        Err(reason) => return turn_away(service, &stream, peer, reason),
    };
    let running = service.drain.session();
    let tls = service.implicit_tls.clone();
    let name = service.name;
    let mut conn = Conn::tcp(stream, peer, service.timeouts);
    sessions.spawn(async move {
        let _counted = (permit, running);
        if let Some(tls) = tls
            && let Err(lost) = conn.handshake(&tls).await
        {
            tracing::debug!(listener = name, %peer, %lost, "no TLS");
            return;
        }
        session(conn).await;
    });
}

fn turn_away(service: &Service, stream: &TcpStream, peer: SocketAddr, reason: TurnedAway) {
    tracing::info!(listener = service.name, %peer, %reason, "turned away");
    if service.implicit_tls.is_none() {
        // A fresh socket takes a line at once; if not, the peer just sees the connection close.
        let _told = stream.try_write(service.turned_away).is_ok();
    }
}

fn report(name: &'static str, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(listener = name, %error, "a session broke off");
    }
}
