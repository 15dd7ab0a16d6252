//! `[http]`: how many may ask for health and metrics at once, and how long they may take.

use std::time::Duration;

use web::Settings;

use super::reader::Section;

/// The most connections that can be configured.
const CONNECTIONS_MAX: u64 = 100_000;
/// The longest time that can be configured.
const SECONDS_MAX: u64 = 24 * 3600;

/// Reads the section.
pub(super) fn http(section: &Section<'_>) -> Settings {
    let usual = Settings::default();
    let count = |key, usual| section.number(key, 1..=CONNECTIONS_MAX).unwrap_or(usual);
    let seconds = |key, usual| section.number(key, 1..=SECONDS_MAX).map_or(usual, Duration::from_secs);
    Settings {
        connections: count("connections", usual.connections),
        connections_per_address: count("connections_per_address", usual.connections_per_address),
        head: seconds("head_seconds", usual.head),
        connection: seconds("connection_seconds", usual.connection),
    }
}
