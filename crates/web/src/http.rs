//! HTTP/1.1 over the connections that `net` accepts, with bounds on time and size.

use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use net::{Bounds, Conn, Drain, Gate, ListenFault, Listener, Service};

use crate::metrics::Metrics;
use crate::routes::router;
use crate::settings::Settings;

/// The largest head of a request, and what is buffered of anything.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The most header fields.
const HEADERS_MAX: usize = 64;
/// How often recorded metrics are filed away.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Answers on `listeners` while the mail server runs: it tells of the `serving` drain at `/readyz` and
/// goes on through it, so that a load balancer hears of it. It stops when the second token, `stop`,
/// begins to drain.
///
/// # Errors
/// A socket cannot be handed to the runtime.
pub async fn serve(
    listeners: Vec<Listener>,
    settings: Settings,
    metrics: Metrics,
    serving: Drain,
    stop: Drain,
) -> Result<(), ListenFault> {
    let gate = Gate::new(settings.limits());
    let mut accepting = tokio::task::JoinSet::new();
    for listener in listeners {
        let service = Service {
            name: "http",
            implicit_tls: None,
            gate: gate.clone(),
            drain: stop.clone(),
            bounds: Bounds::default(),
            turned_away:
                b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        };
        let (metrics, serving, stop) = (metrics.clone(), serving.clone(), stop.clone());
        let session = move |conn| connection(conn, settings, metrics.clone(), serving.clone(), stop.clone());
        accepting.spawn(net::serve(listener, service, session));
    }
    upkeep(&metrics, &stop).await;
    while let Some(ended) = accepting.join_next().await {
        // A task that broke off has been reported by the accept loop's own sessions already.
        ended.unwrap_or(Ok(()))?;
    }
    Ok(())
}

async fn upkeep(metrics: &Metrics, stop: &Drain) {
    let mut tick = tokio::time::interval(UPKEEP_EVERY);
    loop {
        tokio::select! {
            () = stop.begun() => return,
            _ = tick.tick() => metrics.file_away(),
        }
    }
}

async fn connection(conn: Conn, settings: Settings, metrics: Metrics, serving: Drain, stop: Drain) {
    let (peer, since) = (conn.peer_addr(), Instant::now());
    let service = TowerToHyperService::new(router(metrics, serving));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(conn.into_stream()), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = tokio::time::sleep(settings.connection) => Ok(()),
        () = stop.begun() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(settings.head, connection).await.unwrap_or(Ok(()))
        }
    };
    // At debug: it is a monitor's, every few seconds, and nobody's.
    let broke = ended.err().map(|error| error.to_string());
    tracing::debug!(%peer, broke, milliseconds = since.elapsed().as_millis(), "HTTP connection over");
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;
    use crate::metrics::tests::recorded;

    struct Served {
        addr: std::net::SocketAddr,
        serving: Drain,
        stop: Drain,
        task: tokio::task::JoinHandle<Result<(), ListenFault>>,
    }

    fn served() -> Served {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let addr = listener.local_addr().unwrap();
        let metrics = recorded(|| metrics::counter!("logins_total").increment(3));
        let (serving, stop) = (Drain::new(), Drain::new());
        let task =
            tokio::spawn(serve(vec![listener], Settings::default(), metrics, serving.clone(), stop.clone()));
        Served { addr, serving, stop, task }
    }

    async fn ask(addr: std::net::SocketAddr, head: &str) -> String {
        let mut client = TcpStream::connect(addr).await.unwrap();
        client.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A refused head may end in a reset after the answer.
        let _end = client.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    async fn get(addr: std::net::SocketAddr, path: &str) -> String {
        ask(addr, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
    }

    #[tokio::test]
    async fn the_three_paths_answer_until_told_to_stop() {
        let served = served();
        assert!(get(served.addr, "/healthz").await.starts_with("HTTP/1.1 200"));
        assert!(get(served.addr, "/readyz").await.starts_with("HTTP/1.1 200"));
        let metrics = get(served.addr, "/metrics").await;
        assert!(
            metrics.contains("text/plain; version=0.0.4") && metrics.contains("logins_total 3"),
            "{metrics}"
        );
        assert!(get(served.addr, "/").await.starts_with("HTTP/1.1 404"));
        served.stop.begin();
        served.task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_draining_server_is_alive_but_not_ready() {
        let served = served();
        served.serving.begin();
        assert!(get(served.addr, "/readyz").await.starts_with("HTTP/1.1 503"));
        assert!(get(served.addr, "/healthz").await.starts_with("HTTP/1.1 200"));
        served.stop.begin();
        served.task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn an_oversized_head_is_refused() {
        let served = served();
        let head = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(HEAD_BYTES_MAX));
        assert!(ask(served.addr, &head).await.starts_with("HTTP/1.1 431"));
        served.task.abort();
    }

    #[tokio::test]
    async fn a_head_of_too_many_fields_is_refused() {
        let served = served();
        let head = format!("GET /healthz HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(HEADERS_MAX + 1));
        assert!(ask(served.addr, &head).await.starts_with("HTTP/1.1 431"));
        served.task.abort();
    }

    #[tokio::test]
    async fn an_idle_connection_does_not_hold_up_the_stop() {
        let served = served();
        let mut idle = TcpStream::connect(served.addr).await.unwrap();
        assert!(get(served.addr, "/healthz").await.starts_with("HTTP/1.1 200"));
        served.stop.begin();
        served.task.await.unwrap().unwrap();
        assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0);
    }
}
