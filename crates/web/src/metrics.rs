//! What is counted and timed, for Prometheus to fetch.
//!
//! Other crates record through the macros of the `metrics` crate and need nothing of this one. Labels
//! must come from a fixed set (a command's name, never a user's): every value is a series for ever.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// The ends of the buckets of all durations, in seconds: from a cached answer to a slow disk.
const SECONDS_BUCKETS: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// The ends of the buckets of all sizes, in bytes.
const BYTES_BUCKETS: [f64; 7] = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// All that was recorded since the start. Cloning it is cheap.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// Recording could not begin.
#[derive(Debug, thiserror::Error)]
#[error("cannot record metrics: {0}")]
pub struct MetricsFault(#[from] BuildError);

impl Metrics {
    /// Begins to record, for the whole process. What was recorded before is lost. Names end with
    /// their unit: `_seconds` and `_bytes` are histograms in buckets.
    ///
    /// # Errors
    /// Something records already.
    pub fn install() -> Result<Self, MetricsFault> {
        Ok(Self(builder()?.install_recorder()?))
    }

    /// Everything in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Files away what was recorded; without it, what nobody fetches would pile up.
    pub(crate) fn file_away(&self) {
        self.0.run_upkeep();
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES_BUCKETS)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Metrics with what `record` records, without touching the process's own.
    pub(crate) fn recorded(record: impl FnOnce()) -> Metrics {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, record);
        Metrics(recorder.handle())
    }

    #[test]
    fn counters_and_durations_are_rendered() {
        let metrics = recorded(|| {
            metrics::counter!("logins_total", "result" => "ok").increment(2);
            metrics::histogram!("command_seconds").record(0.003);
        });
        metrics.file_away();
        let text = metrics.render();
        assert!(text.contains("logins_total{result=\"ok\"} 2"), "{text}");
        assert!(text.contains("command_seconds_bucket{le=\"0.005\"} 1"), "{text}");
        assert!(text.contains("command_seconds_bucket{le=\"0.0025\"} 0"), "{text}");
    }
}
