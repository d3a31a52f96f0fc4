//! Runs one kind of request on many connections and says how it went.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};

use crate::Outcome;
use crate::client::Connection;
use crate::server::Server;

/// When a measurement ends.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// After this long.
    Elapsed(Duration),
    /// After this many requests.
    Count(usize),
}

/// What one measurement saw.
pub(crate) struct Row {
    latencies_micros: Vec<u32>,
    elapsed: Duration,
    server_cpu: Option<Duration>,
}

/// Sends `request(0)`, `request(1)`, … over `connections` connections, each waiting for its reply.
///
/// The first reply outside 200–299 ends the measurement with its status and body.
pub(crate) async fn run(
    server: &Server,
    connections: usize,
    until: Until,
    request: impl Fn(usize) -> Vec<u8> + 'static,
) -> Outcome<Row> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(server.address()).await?);
    }

    let cpu_before = server.cpu_time();
    let start = Instant::now();
    let source = Rc::new(Source { request, next: Cell::new(0), until, start });
    let tasks = LocalSet::new();
    let mut workers = JoinSet::new();
    for connection in open {
        workers.spawn_local_on(work(connection, Rc::clone(&source)), &tasks);
    }
    let latencies = tasks
        .run_until(async {
            let mut all = Vec::new();
            while let Some(worker) = workers.join_next().await {
                all.extend(worker.map_err(|failure| failure.to_string())??);
            }
            Ok::<_, String>(all)
        })
        .await;

    let elapsed = start.elapsed();
    let server_cpu =
        server.cpu_time().zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
    let mut latencies_micros = latencies?;
    latencies_micros.sort_unstable();
    Ok(Row { latencies_micros, elapsed, server_cpu })
}

/// Where the workers of one measurement take their requests from.
struct Source<F> {
    request: F,
    next: Cell<usize>,
    until: Until,
    start: Instant,
}

impl<F: Fn(usize) -> Vec<u8>> Source<F> {
    fn take(&self) -> Option<Vec<u8>> {
        let is_over = match self.until {
            Until::Elapsed(time) => self.start.elapsed() >= time,
            Until::Count(count) => self.next.get() >= count,
        };
        (!is_over).then(|| (self.request)(self.next.replace(self.next.get() + 1)))
    }
}

async fn work<F: Fn(usize) -> Vec<u8>>(
    mut connection: Connection,
    source: Rc<Source<F>>,
) -> Result<Vec<u32>, String> {
    let mut latencies = Vec::new();
    while let Some(request) = source.take() {
        let sent = Instant::now();
        let status = connection.send(&request).await.map_err(|failure| failure.to_string())?;
        latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        if !(200..300).contains(&status) {
            return Err(format!("{status}: {}", String::from_utf8_lossy(connection.body())));
        }
    }
    Ok(latencies)
}

/// Prints the heading that rows print under.
pub(crate) fn print_header() {
    println!(
        "{:<32} {:>9} {:>9} {:>10} {:>10} {:>12}",
        "", "requests", "req/s", "p50 ms", "p99 ms", "CPU us/req"
    );
}

impl Row {
    /// How many requests were answered.
    pub(crate) fn requests(&self) -> usize {
        self.latencies_micros.len()
    }

    /// Prints the measurement as one line.
    pub(crate) fn print(&self, name: &str) {
        let requests = self.requests().max(1) as f64;
        let cpu = self.server_cpu.map_or_else(
            || "-".to_owned(),
            |cpu| format!("{:.1}", cpu.as_secs_f64() * 1e6 / requests),
        );
        println!(
            "{name:<32} {:>9} {:>9.0} {:>10.3} {:>10.3} {cpu:>12}",
            self.requests(),
            requests / self.elapsed.as_secs_f64(),
            self.percentile_millis(50),
            self.percentile_millis(99),
        );
    }

    fn percentile_millis(&self, percent: usize) -> f64 {
        let at = self.latencies_micros.len() * percent / 100;
        self.latencies_micros.get(at).map_or(0.0, |&micros| f64::from(micros) / 1000.0)
    }
}
