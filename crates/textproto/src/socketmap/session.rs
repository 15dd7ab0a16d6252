//! One socketmap connection: a question, an answer, until the client has none left.

use net::{Conn, Drain, Lost};

use super::{SocketmapServer, netstring};

/// Serves a connection to its end.
pub(super) async fn run(server: &SocketmapServer, mut conn: Conn, drain: Drain) {
    let peer = conn.peer_addr();
    tokio::select! {
        biased;
        () = drain.begun() => {}
        lost = answer_all(server, &mut conn) => tracing::debug!(%peer, %lost, "socketmap connection over"),
    }
    conn.close().await;
}

async fn answer_all(server: &SocketmapServer, conn: &mut Conn) -> Lost {
    let mut input = Vec::new();
    loop {
        match netstring::take(&mut input) {
            Ok(Some(request)) => {
                let answer = server.answer(&request).await;
                answer.write(conn.out());
                if let Err(lost) = conn.flush_if_full().await {
                    return lost;
                }
            }
            Ok(None) => {
                if let Err(lost) = conn.fill(&mut input, server.timeout).await {
                    return lost;
                }
            }
            Err(error) => {
                tracing::info!(peer = %conn.peer_addr(), %error, "a socketmap client is sent away");
                return Lost::Ended;
            }
        }
    }
}
