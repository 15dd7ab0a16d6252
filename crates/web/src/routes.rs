//! The three paths and what they answer.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use net::Drain;

use crate::metrics::Metrics;

/// The media type of Prometheus' text format.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

#[derive(Clone)]
struct Shown {
    metrics: Metrics,
    drain: Drain,
}

/// All paths.
pub(crate) fn router(metrics: Metrics, drain: Drain) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(Shown { metrics, drain })
}

/// The process runs; it should be restarted only when this does not answer.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether new connections should be sent here.
async fn readyz(State(shown): State<Shown>) -> (StatusCode, &'static str) {
    if shown.drain.has_begun() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

async fn scrape(State(shown): State<Shown>) -> impl IntoResponse {
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    metrics::gauge!("postroom_tasks").set(tasks as f64);
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], shown.metrics.render())
}
