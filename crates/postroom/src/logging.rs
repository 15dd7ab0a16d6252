//! The log: lines on the standard error output, as text or JSON, with times in UTC.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::fmt::time::SystemTime;

use crate::config::{LogFormat, LogSettings};

/// Begins to log. A second call changes nothing.
pub(crate) fn begin(settings: LogSettings) {
    let lines = tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_max_level(settings.level)
        // RFC 3339 in UTC, whatever the machine's zone is.
        .with_timer(SystemTime)
        .with_ansi(stderr().is_terminal());
    // The only reason to fail is that somebody logs already.
    let _begun = match settings.format {
        LogFormat::Text => lines.try_init().is_ok(),
        LogFormat::Json => lines.json().flatten_event(true).try_init().is_ok(),
    };
}
