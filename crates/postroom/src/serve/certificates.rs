//! Certificates while the server runs: read again when asked for, and their end announced in time.

use std::time::Duration;

use model::{Clock, SystemClock, Timestamp};
use net::{CertificateState, Tls};
use tokio::signal::unix::Signal;

/// From so long before its end on, a certificate is warned of.
const WARN_WITHIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often to look.
const LOOK_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Looks after the certificates until the server ends; a signal of `hang_up` has them read again.
pub(super) async fn keep(tls: Option<Tls>, mut hang_up: Signal) {
    loop {
        if let Some(tls) = &tls {
            for certificate in tls.certificates() {
                announce(&certificate, SystemClock.now());
            }
        }
        tokio::select! {
            _ = hang_up.recv() => reload(tls.as_ref()),
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

/// Tells the metrics how long a certificate lasts, and the log if that is not long.
fn announce(certificate: &CertificateState, now: Timestamp) {
    let path = certificate.path.display().to_string();
    let Some(expires) = certificate.expires else {
        tracing::warn!(certificate = path, "it cannot be read when the certificate expires");
        return;
    };
    let left = seconds_left(expires, now);
    #[expect(clippy::cast_precision_loss, reason = "nobody counts the seconds of a thousand years")]
    metrics::gauge!("postroom_tls_certificate_left_seconds", "certificate" => path.clone()).set(left as f64);
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
