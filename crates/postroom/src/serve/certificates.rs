//! Certificates while the server runs: read again when asked for, and their end announced in time.

use std::time::{Duration, Instant};

use model::{Clock, SystemClock, Timestamp};
use net::{CertificateState, Tls};
use tokio::signal::unix::Signal;

/// From so long before its end on, a certificate is warned of.
const WARN_WITHIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often the metrics are told how long certificates last.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often the log is.
const WARN_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Looks after the certificates until the server ends; a signal of `hang_up` has them read again.
pub(super) async fn keep(tls: Option<Tls>, mut hang_up: Signal) {
    let mut warned: Option<Instant> = None;
    loop {
        let warns = warned.is_none_or(|warned| warned.elapsed() >= WARN_EVERY);
        for certificate in tls.iter().flat_map(Tls::certificates) {
            measure(&certificate, SystemClock.now());
            if warns {
                warn(&certificate, SystemClock.now());
            }
        }
        if warns {
            warned = Some(Instant::now());
        }
        tokio::select! {
            _ = hang_up.recv() => {
                reload(tls.as_ref());
                warned = None;
            }
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

fn reload(tls: Option<&Tls>) {
    match tls.map(Tls::reload) {
        None => {}
        Some(Ok(())) => tracing::info!("certificates are read again, for connections from now on"),
        Some(Err(fault)) => tracing::error!(%fault, "certificates stay as they were"),
    }
}

/// Tells the metrics how long a certificate lasts.
fn measure(certificate: &CertificateState, now: Timestamp) {
    let path = certificate.path.display().to_string();
    if let Some(expires) = certificate.expires {
        let left = seconds_left(expires, now);
        #[expect(clippy::cast_precision_loss, reason = "nobody counts the seconds of a thousand years")]
        metrics::gauge!("postroom_tls_certificate_left_seconds", "certificate" => path).set(left as f64);
    }
}

/// Tells the log if a certificate does not last long.
fn warn(certificate: &CertificateState, now: Timestamp) {
    let path = certificate.path.display().to_string();
    let Some(expires) = certificate.expires else {
        tracing::warn!(certificate = path, "it cannot be read when the certificate expires");
        return;
    };
    let left = seconds_left(expires, now);
    let days = left / (24 * 60 * 60);
    if left <= 0 {
        tracing::error!(certificate = path, "the certificate has expired");
    } else if left.unsigned_abs() < WARN_WITHIN.as_secs() {
        tracing::warn!(certificate = path, days, "the certificate expires soon");
    }
}

/// Below 0 once it has expired.
fn seconds_left(expires: Timestamp, now: Timestamp) -> i64 {
    let seconds = |at: Timestamp| i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    seconds(expires).saturating_sub(seconds(now))
}
