//! HTTP for those who run the server: is it alive, may it get traffic, and what does it do.
//!
//! Three paths and no more: `/healthz`, `/readyz` and `/metrics`. It is meant for an address that
//! only the machine or its network can reach, and asks nobody who they are.

mod http;
mod metrics;
mod routes;
mod settings;

pub use crate::http::serve;
pub use crate::metrics::{Metrics, MetricsFault};
pub use crate::settings::Settings;
