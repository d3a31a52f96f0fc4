//! What the server counts about itself, and the text that Prometheus reads.
//!
//! Counting is a handful of atomic additions; nothing is allocated for a request.

use std::fmt::{Display, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use http::{Method, StatusCode};

use super::State;

/// Upper bounds of the histogram's buckets, in microseconds, and how they are written.
const BUCKETS: [(u64, &str); 12] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
];

/// Classes of statuses, from 1xx to 5xx.
const CLASSES: usize = 5;

/// How often a route answered what, and how long it took.
#[derive(Debug)]
pub(super) struct RouteStats {
    method: Method,
    pattern: Box<str>,
    by_class: [AtomicU64; CLASSES],
    buckets: [AtomicU64; BUCKETS.len()],
    micros: AtomicU64,
}

impl RouteStats {
    /// Nothing yet, for the route of `method` and `pattern`.
    pub(super) fn new(method: Method, pattern: &str) -> Self {
        Self {
            method,
            pattern: pattern.into(),
            by_class: Default::default(),
            buckets: Default::default(),
            micros: AtomicU64::new(0),
        }
    }

    /// Counts an answer that took so long.
    pub(super) fn record(&self, status: StatusCode, took: Duration) {
        let micros = took.as_micros() as u64;
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES) - 1;
        self.by_class[class].fetch_add(1, Relaxed);
        self.micros.fetch_add(micros, Relaxed);
        if let Some(at) = BUCKETS.iter().position(|(bound, _)| micros <= *bound) {
            self.buckets[at].fetch_add(1, Relaxed);
        }
    }

    fn count(&self) -> u64 {
        self.by_class.iter().map(|count| count.load(Relaxed)).sum()
    }

    fn labels(&self) -> String {
        format!("method=\"{}\",route=\"{}\"", self.method, self.pattern)
    }
}

/// What the server as a whole counts.
#[derive(Debug)]
pub(super) struct Metrics {
    started: (Instant, SystemTime),
    routes: Vec<Arc<RouteStats>>,
    /// Connections that are open.
    pub(super) connections: AtomicUsize,
}

impl Metrics {
    /// Begins to count what these routes answer.
    pub(super) fn new(routes: Vec<Arc<RouteStats>>) -> Self {
        let started = (Instant::now(), SystemTime::now());
        Self { started, routes, connections: AtomicUsize::new(0) }
    }

    /// How long the server has been up.
    pub(super) fn uptime(&self) -> Duration {
        self.started.0.elapsed()
    }
}

/// Everything in the text format of Prometheus, version 0.0.4. Blocks for a look at the disk.
pub(super) fn exposition(state: &State) -> String {
    let metrics = &state.metrics;
    let mut out = Exposition(String::with_capacity(16 << 10));
    let used: Vec<&RouteStats> =
        metrics.routes.iter().map(|route| &**route).filter(|route| route.count() > 0).collect();
    out.family("haversack_http_requests_total", "counter", "Answered requests.");
    for route in &used {
        for (at, count) in route.by_class.iter().enumerate() {
            let count = count.load(Relaxed);
            if count > 0 {
                let labels = format!("{},status=\"{}xx\"", route.labels(), at + 1);
                out.sample("haversack_http_requests_total", &labels, count);
            }
        }
    }
    let name = "haversack_http_request_duration_seconds";
    out.family(name, "histogram", "Time from the head of a request to the head of its answer.");
    for route in &used {
        let (labels, mut sum) = (route.labels(), 0);
        // Read first, so that no bucket holds more than all do.
        let buckets = route.buckets.each_ref().map(|bucket| bucket.load(Relaxed));
        for ((_, bound), count) in BUCKETS.iter().zip(buckets) {
            sum += count;
            out.sample(&format!("{name}_bucket"), &format!("{labels},le=\"{bound}\""), sum);
        }
        let count = route.count().max(sum);
        out.sample(&format!("{name}_bucket"), &format!("{labels},le=\"+Inf\""), count);
        let seconds = route.micros.load(Relaxed) as f64 / 1e6;
        out.sample(&format!("{name}_sum"), &labels, seconds);
        out.sample(&format!("{name}_count"), &labels, count);
    }
    let store = state.backend.store_load();
    let connections = metrics.connections.load(Relaxed);
    out.gauge("haversack_connections", "Open connections.", connections);
    let streams = state.realtime.hub().len();
    out.gauge("haversack_realtime_streams", "Open realtime streams.", streams);
    out.gauge("haversack_writer_queue", "Writes that wait for the writer.", store.waiting);
    let name = "haversack_store_commits_total";
    out.family(name, "counter", "Commits of the store since the start.");
    out.sample(name, "", store.commits);
    if let Some(bytes) = store.file_bytes {
        out.gauge("haversack_store_file_bytes", "Size of the store's file.", bytes);
    }
    let help = "Memory that columns of collections take.";
    out.gauge("haversack_column_cache_bytes", help, store.column_bytes);
    if let Ok(waiting) = state.backend.mails_waiting() {
        out.gauge("haversack_mails_waiting", "Mails that wait to be sent.", waiting);
    }
    let (hits, misses) = state.backend.view_cache_use();
    let name = "haversack_view_results_total";
    out.family(name, "counter", "Results of views that were at hand, or had to be worked out.");
    out.sample(name, "cache=\"hit\"", hits);
    out.sample(name, "cache=\"miss\"", misses);
    if let Some(bytes) = resident_bytes() {
        out.gauge("process_resident_memory_bytes", "Memory in use.", bytes);
    }
    let began = metrics.started.1.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let help = "When the process started, in seconds since 1970.";
    out.gauge("process_start_time_seconds", help, began.as_secs_f64());
    let name = "haversack_build_info";
    out.family(name, "gauge", "The version of the program.");
    out.sample(name, &format!("version=\"{}\"", env!("CARGO_PKG_VERSION")), 1);
    out.0
}

/// The text while it is written. Writing to a `String` cannot fail.
struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = if labels.is_empty() {
            writeln!(self.0, "{name} {value}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}")
        };
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, "", value);
    }
}

/// Memory of the process; `None` where nobody tells.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_class_and_time() {
        let stats = RouteStats::new(Method::GET, "/x");
        stats.record(StatusCode::OK, Duration::from_micros(700));
        stats.record(StatusCode::NOT_FOUND, Duration::from_mins(1));
        let classes = stats.by_class.each_ref().map(|count| count.load(Relaxed));
        assert_eq!((classes, stats.count()), ([0, 1, 0, 1, 0], 2));
        assert_eq!(stats.buckets[1].load(Relaxed), 1);
        assert_eq!(stats.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum::<u64>(), 1);
    }
}
