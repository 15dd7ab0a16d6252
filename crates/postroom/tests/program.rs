//! The program as its users meet it: the built binary, its exit codes, and what it prints.

#![expect(clippy::unwrap_used, reason = "a test fails this way")]

#[path = "program/attachments.rs"]
mod attachments;
#[path = "program/config.rs"]
mod config;
#[path = "program/delivery.rs"]
mod delivery;
#[path = "program/demo.rs"]
mod demo;
#[path = "program/hostile.rs"]
mod hostile;
#[path = "program/http.rs"]
mod http;
#[path = "program/import.rs"]
mod import;
#[path = "program/limits.rs"]
mod limits;
#[path = "program/login.rs"]
mod login;
#[path = "program/metrics.rs"]
mod metrics;
#[path = "program/patience.rs"]
mod patience;
#[path = "program/quota.rs"]
mod quota;
#[path = "program/rebuild.rs"]
mod rebuild;
#[path = "program/running.rs"]
mod running;
#[path = "program/serving.rs"]
mod serving;
#[path = "program/tls.rs"]
mod tls;
#[path = "program/users.rs"]
mod users;
