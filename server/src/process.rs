//! What the operating system knows about this process: its limits, and figures for `/metrics`.

use metrics::gauge;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Bounds of histograms, so that figures of several servers can be added up.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const BATCH: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];

/// From now on, figures are kept for `/metrics`. Works once per process.
pub fn record_metrics() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_batch".into()), BATCH)?
        .install_recorder()
}

/// Raises the number of files that may be open to what the system allows. Answers it; none = without limit.
pub fn raise_open_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum || limit.maximum.is_none() {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit on open files stays as it is");
            return limit.current;
        }
    }
    getrlimit(Resource::Nofile).current
}

/// Resident memory in bytes.
pub fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Processor time used so far, in seconds.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may contain anything: count from behind it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / rustix::param::clock_ticks_per_second() as f64)
}

/// Since Linux 6.2 the size of the folder says it, without a walk through many thousands.
fn open_files() -> Option<u64> {
    let said = std::fs::metadata("/proc/self/fd").ok()?.len();
    if said > 0 { Some(said) } else { std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64) }
}

/// Records the figures of this moment, under the names that Prometheus dashboards know.
pub fn measure() {
    if let Some(bytes) = resident_bytes() {
        gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
    if let Some(seconds) = cpu_seconds() {
        gauge!("process_cpu_seconds_total").set(seconds);
    }
    if let Some(files) = open_files() {
        gauge!("process_open_fds").set(files as f64);
    }
    if let Some(max) = getrlimit(Resource::Nofile).current {
        gauge!("process_max_fds").set(max as f64);
    }
}
