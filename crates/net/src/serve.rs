//! The accept loop: every connection past the gate becomes a task, until the drain begins.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::conn::{Bounds, Conn, Stream};
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
    /// How long a connection waits for its peer, and how much waits for it.
    pub bounds: Bounds,
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
    let place = listener.place().clone();
    let listener = listener.activate().map_err(|source| ListenFault::System { place, source })?;
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

async fn accept(listener: &ActiveListener, name: &'static str) -> (Stream, SocketAddr) {
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
    stream: Stream,
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
    let mut conn = Conn::over(stream, peer, service.bounds).with_permit(permit);
    sessions.spawn(async move {
        let _counted = running;
        if let Some(tls) = tls
            && let Err(lost) = conn.handshake(&tls).await
        {
            tracing::info!(listener = name, %peer, reason = %lost, "connection over before TLS");
            return;
        }
        session(conn).await;
    });
}

fn turn_away(service: &Service, stream: &Stream, peer: SocketAddr, reason: TurnedAway) {
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use tokio::net::TcpStream;

    use super::*;
    use crate::drain::Drained;
    use crate::limit::Limits;

    fn service(limits: Limits) -> Service {
        Service {
            name: "test",
            implicit_tls: None,
            gate: Gate::new(limits),
            drain: Drain::new(),
            bounds: Bounds::default(),
            turned_away: b"* BYE full\r\n",
        }
    }

    /// Greets, and says goodbye when the drain begins.
    async fn greet(mut conn: Conn, drain: Drain) {
        if conn.send(b"hello\r\n").await.is_ok() && conn.flush().await.is_ok() {
            drain.begun().await;
            if conn.send(b"bye\r\n").await.is_ok() {
                conn.close().await;
            }
        }
    }

    #[tokio::test]
    async fn sessions_say_goodbye_before_the_drain_is_over() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = listener.local_addr().unwrap();
        let service = service(Limits::default());
        let (drain, gate) = (service.drain.clone(), service.gate.clone());
        let told = drain.clone();
        let serving = tokio::spawn(serve(listener, service, move |conn| greet(conn, told.clone())));

        let mut client = TcpStream::connect(addr).await.unwrap();
        let mut hello = [0; 7];
        client.read_exact(&mut hello).await.unwrap();
        assert_eq!((gate.open(), drain.sessions()), (1, 1));

        drain.begin();
        let mut rest = String::new();
        client.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "bye\r\n");
        assert_eq!(drain.drained(Duration::from_secs(10)).await, Drained::Whole);
        serving.await.unwrap().unwrap();
        assert_eq!(gate.open(), 0);
        assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
    }

    #[tokio::test]
    async fn who_is_turned_away_is_told_so() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = listener.local_addr().unwrap();
        let service = service(Limits { total: 1, ..Limits::default() });
        let drain = service.drain.clone();
        let serving = tokio::spawn(serve(listener, service, move |conn| greet(conn, drain.clone())));

        let mut first = TcpStream::connect(addr).await.unwrap();
        first.read_exact(&mut [0; 7]).await.unwrap();
        let mut second = TcpStream::connect(addr).await.unwrap();
        let mut told = String::new();
        second.read_to_string(&mut told).await.unwrap();
        assert_eq!(told, "* BYE full\r\n");
        serving.abort();
    }

    #[tokio::test]
    async fn a_session_that_panics_ends_alone() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = listener.local_addr().unwrap();
        let service = service(Limits::default());
        let gate = service.gate.clone();
        let serving = tokio::spawn(serve(listener, service, |mut conn: Conn| async move {
            let mut line = Vec::new();
            assert!(conn.fill(&mut line, Duration::from_secs(10)).await.is_ok() && line != b"panic");
            conn.out().append(&mut line);
            conn.close().await;
        }));
        for (line, answer) in [("panic", ""), ("fine", "fine")] {
            let mut client = TcpStream::connect(addr).await.unwrap();
            client.write_all(line.as_bytes()).await.unwrap();
            let mut got = String::new();
            client.read_to_string(&mut got).await.unwrap();
            assert_eq!(got, answer);
        }
        while gate.open() > 0 {
            tokio::task::yield_now().await;
        }
        serving.abort();
    }
}
