//! One socketmap connection: a question, an answer, until the client has none left.

use std::time::Instant;

use net::{Conn, Drain, Lost};

use super::{SocketmapServer, netstring};

/// Serves a connection to its end.
pub(super) async fn run(server: &SocketmapServer, mut conn: Conn, drain: Drain) {
    let (peer, since, mut questions) = (conn.peer_addr(), Instant::now(), 0);
    let reason = tokio::select! {
        biased;
        () = drain.begun() => "shutting down".to_owned(),
        lost = answer_all(server, &mut conn, &mut questions) => lost.to_string(),
    };
    tracing::info!(%peer, questions, reason, seconds = since.elapsed().as_secs(), "socketmap connection over");
    conn.close().await;
}

async fn answer_all(server: &SocketmapServer, conn: &mut Conn, questions: &mut u64) -> Lost {
    let mut input = Vec::new();
    loop {
        match netstring::take(&mut input) {
            Ok(Some(request)) => {
                let since = Instant::now();
                let answer = server.answer(&request).await;
                *questions += 1;
                let took = since.elapsed();
                metrics::histogram!("postroom_socketmap_question_seconds").record(took);
                let (peer, answered) = (conn.peer_addr(), answer.name());
                tracing::debug!(%peer, answered, microseconds = took.as_micros(), "socketmap question answered");
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
