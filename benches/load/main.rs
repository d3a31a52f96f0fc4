//! Load generator: fills a server with posts over HTTP, then measures the calls that matter.
//!
//! `make bench` starts the release binary on a temporary folder. With `BENCH_URL`, `BENCH_EMAIL`
//! and `BENCH_PASSWORD` it measures a server that already runs (any that speaks the same API), and
//! with `BENCH_PID` it also reports that process's CPU time. `BENCH_RECORDS` (100000) and
//! `BENCH_SECONDS` per row (5) make it shorter.
//!
//! Everything runs on one thread over keep-alive connections, because generator and server usually
//! share a machine. Compare server CPU per request first: it moves less than requests per second.

#![expect(clippy::print_stdout, reason = "the report is what this program is for")]

mod client;
mod measure;
mod posts;
mod server;

use std::error::Error;
use std::time::Duration;

use client::Connection;
use measure::Until;
use posts::Posts;
use server::Server;

/// What a step of the benchmark answers.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

const LOAD_CONNECTIONS: usize = 100;
const READ_CONNECTIONS: usize = 64;
const LOGIN_CONNECTIONS: usize = 50;

fn main() -> Outcome<()> {
    // One thread: a second one would take the core that the server needs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Outcome<()> {
    let records: usize = from_env("BENCH_RECORDS", 100_000)?;
    let each = Until::Elapsed(Duration::from_secs(from_env("BENCH_SECONDS", 5)?));
    let server = Server::start_or_find()?;

    // Leaked, because the workers hold on to them and they live as long as the program.
    let posts: &'static Posts = Box::leak(Box::new(Posts::create(&server).await?));
    println!("{} posts into {}", records, server.address());
    measure::print_header();

    let load = measure::run(&server, LOAD_CONNECTIONS, Until::Count(records), move |n| {
        posts.create_request(n)
    })
    .await?;
    load.print(&format!("load {records}, c={LOAD_CONNECTIONS}"));
    let ids: &'static [String] = posts.some_ids(&server).await?.leak();

    // New posts continue the numbering, so every row of creates does the same work.
    let mut next = records;
    for connections in [1, 16, 100] {
        let row = measure::run(&server, connections, each, move |n| posts.create_request(next + n))
            .await?;
        next += row.requests();
        row.print(&format!("create, c={connections}"));
    }

    let view = measure::run(&server, READ_CONNECTIONS, each, move |n| {
        posts::view_request(&ids[n % ids.len()])
    })
    .await?;
    view.print(&format!("view by id, c={READ_CONNECTIONS}"));
    // What logins do to everybody else: the p99 of this row against that of the one before.
    let (beside, logins) = tokio::join!(
        measure::run(&server, READ_CONNECTIONS, each, move |n| {
            posts::view_request(&ids[n % ids.len()])
        }),
        measure::run(&server, LOGIN_CONNECTIONS, each, server.login_request()),
    );
    beside?.print(&format!("view beside logins, c={READ_CONNECTIONS}"));
    logins?.print(&format!("auth-with-password, c={LOGIN_CONNECTIONS}"));
    let list =
        measure::run(&server, READ_CONNECTIONS, each, move |_| posts::list_request()).await?;
    list.print(&format!("list page 1 of 30, c={READ_CONNECTIONS}"));
    let indexed =
        measure::run(&server, READ_CONNECTIONS, each, move |n| posts::indexed_request(n, records))
            .await?;
    indexed.print(&format!("list, indexed filter, c={READ_CONNECTIONS}"));
    let scanned = measure::run(&server, READ_CONNECTIONS, each, posts::unindexed_request).await?;
    scanned.print(&format!("list, unindexed filter, c={READ_CONNECTIONS}"));
    Ok(())
}

fn from_env<T: std::str::FromStr>(name: &str, default: T) -> Outcome<T> {
    match std::env::var(name) {
        Ok(text) => {
            text.parse().map_err(|_| format!("{name} must be a number, not {text:?}").into())
        }
        Err(_) => Ok(default),
    }
}

/// Sends one request on a connection of its own and answers the body as JSON.
pub(crate) async fn call(address: &str, request: &[u8]) -> Outcome<serde_json::Value> {
    let mut connection = Connection::open(address).await?;
    let status = connection.send(request).await?;
    let body = connection.body();
    if !(200..300).contains(&status) {
        return Err(format!("{status}: {}", String::from_utf8_lossy(body)).into());
    }
    Ok(if body.is_empty() { serde_json::Value::Null } else { serde_json::from_slice(body)? })
}
