//! Runs one kind of request on many clients and says how it went.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};

use crate::Outcome;
use crate::client::{Client, Travel};
use crate::server::Server;
use crate::statistics::percentile;

/// When requests are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each client sends its next request as soon as it has its reply.
    Closed,
    /// So many in a second, however long replies take: what waits for its turn counts as waiting.
    Open(f64),
}

/// Request number `n`.
pub(crate) type Compose = Rc<dyn Fn(usize) -> Vec<u8>>;
/// What is wrong with the body of a reply to request number `n` whose status was fine.
pub(crate) type Accept = Rc<dyn Fn(usize, &[u8]) -> Result<(), String>>;

/// What is sent, and how.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) requests: usize,
    pub(crate) concurrency: usize,
    pub(crate) travel: Travel,
    pub(crate) pace: Pace,
    pub(crate) compose: Compose,
    pub(crate) accept: Accept,
}

/// What one measurement saw.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) wall: f64,
    pub(crate) p50_millis: f64,
    pub(crate) p99_millis: f64,
    /// Microseconds of the server's CPU per request, where they are known.
    pub(crate) cpu_micros: Option<f64>,
    pub(crate) errors: usize,
    pub(crate) first_error: Option<String>,
}

/// Sends requests 0, 1, … of the load, and counts the replies that are not what they should be.
///
/// Connections that requests share are opened before the time is taken.
pub(crate) async fn run(server: &Server, load: &Load) -> Outcome<Sample> {
    let mut clients = Vec::with_capacity(load.concurrency);
    for _ in 0..load.concurrency.min(load.requests) {
        let mut client = Client::new(server.address(), load.travel);
        client.prepare().await?;
        clients.push(client);
    }

    let cpu_before = server.cpu_clock();
    let start = Instant::now();
    let source = Rc::new(Source { load: load.clone(), next: Cell::new(0), start });
    let tasks = LocalSet::new();
    let mut workers = JoinSet::new();
    for client in clients {
        workers.spawn_local_on(work(client, Rc::clone(&source)), &tasks);
    }
    let seen = tasks
        .run_until(async {
            let mut all = Seen::default();
            while let Some(worker) = workers.join_next().await {
                all.add(worker?);
            }
            Ok::<_, tokio::task::JoinError>(all)
        })
        .await;

    let wall = start.elapsed().as_secs_f64();
    let cpu = cpu_before.and_then(|before| server.cpu_since(&before));
    let Seen { mut latencies_micros, errors, first_error } = seen?;
    latencies_micros.sort_unstable();
    let millis = |percent| f64::from(percentile(&latencies_micros, percent)) / 1000.0;
    Ok(Sample {
        wall,
        p50_millis: millis(50),
        p99_millis: millis(99),
        cpu_micros: cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / load.requests.max(1) as f64),
        errors,
        first_error,
    })
}

/// Where the workers of one measurement take their requests from.
struct Source {
    load: Load,
    next: Cell<usize>,
    start: Instant,
}

impl Source {
    /// The next request's number, and when it is due.
    fn take(&self) -> Option<(usize, Option<Instant>)> {
        let number = self.next.get();
        if number >= self.load.requests {
            return None;
        }
        self.next.set(number + 1);
        let due = match self.load.pace {
            Pace::Closed => None,
            Pace::Open(per_second) => {
                Some(self.start + Duration::from_secs_f64(number as f64 / per_second))
            }
        };
        Some((number, due))
    }
}

#[derive(Default)]
struct Seen {
    latencies_micros: Vec<u32>,
    errors: usize,
    first_error: Option<String>,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.latencies_micros.extend(other.latencies_micros);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

async fn work(mut client: Client, source: Rc<Source>) -> Seen {
    let mut seen = Seen::default();
    while let Some((number, due)) = source.take() {
        let request = (source.load.compose)(number);
        if let Some(due) = due {
            tokio::time::sleep_until(due.into()).await;
        }
        let sent = due.unwrap_or_else(Instant::now);
        let answered = client.send(&request).await;
        seen.latencies_micros.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        let verdict = match answered {
            Err(failure) => Err(failure.to_string()),
            Ok(200..300) => (source.load.accept)(number, client.body()),
            Ok(status) => Err(format!("{status}: {}", String::from_utf8_lossy(client.body()))),
        };
        if let Err(reason) = verdict {
            seen.errors += 1;
            seen.first_error.get_or_insert(reason);
        }
    }
    seen
}
