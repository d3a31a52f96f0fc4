//! Load generator: replays PocketBase's published benchmark, and TrailBase's, over HTTP.
//!
//! `make bench` starts the release binary on a temporary folder and measures it. With `PEER`,
//! `PEER_EMAIL` and `PEER_PASSWORD` it measures a second server that speaks the same API, in turns
//! with the first, and compares; `PEER_PID` (for CPU and memory) and `PEER_DATA` (for the size of
//! its folder) tell more of it. `BENCH_URL`, `BENCH_EMAIL`, `BENCH_PASSWORD`, `BENCH_PID` and
//! `BENCH_DATA` measure a server that already runs in place of this one.
//!
//! Without `BENCH_FULL=1` two of the four collections of posts are left out, and the chat is
//! shorter. `BENCH_ONLY` is a regular expression for the names of rows, `BENCH_SCALE` a factor for
//! the numbers of records, `BENCH_MODE` `N` or `K` for one way of connecting, `BENCH_ROUNDS` how
//! often each row is measured (3 with a peer, else 1), `BENCH_ROW_SECONDS` (5) how long a row of
//! lists may take before it gets fewer requests, on both servers alike. `BENCH_OUT` names a file
//! for the table in Markdown.
//!
//! With `BENCH_LOGGING=1` it only tells what the log of requests costs: views and creates over kept
//! connections, with the log on and off in turns (5 rounds).
//!
//! It drops collections whose names start with `bench_`, and turns request logs and rate limits of
//! the servers off. Everything runs on one thread, because generator and server usually share a
//! machine. A reply outside 200–299 or a wrong one fails the run.

#![expect(clippy::print_stdout, reason = "the report is what this program is for")]
#![expect(clippy::print_stderr, reason = "and what went wrong")]

mod client;
mod logging;
mod measure;
mod options;
mod records;
mod report;
mod rounds;
mod server;
mod site;
mod statistics;
mod suite;
mod table;
mod traffic;
mod workload;

use std::error::Error;
use std::process::ExitCode;

use options::Options;
use report::Report;
use server::Server;
use site::Site;

/// What a step of the benchmark answers.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<ExitCode> {
    // One thread: a second one would take the core that the server needs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Outcome<ExitCode> {
    let peer = Server::peer()?;
    let options = Options::from_environment(peer.is_some())?;
    let ours = Server::start_or_find()?;

    let mut sites = vec![Site::define("haversack", ours, &options.sizes).await?];
    if let Some(peer) = peer {
        sites.push(Site::define("peer", peer, &options.sizes).await?);
    }
    if options.logging {
        return Ok(outcome(&logging::run(&sites[0], &options).await?));
    }
    let mut report = Report::new(sites.len() > 1);
    let faults = suite::run(&sites, &options, &mut report).await?;
    report.close(&mut sites).await?;
    report.write(&options, &faults)?;
    Ok(outcome(&faults))
}

/// Tells what went wrong, if anything did.
fn outcome(faults: &[String]) -> ExitCode {
    for fault in faults {
        eprintln!("WRONG: {fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
