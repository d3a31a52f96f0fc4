//! How many instructions the hottest paths take, against `counts.txt` beside this file.
//!
//! `make check-counts` runs it: each path in a process of its own under valgrind, so often, less the
//! same process without it. Such counts hardly depend on what else the machine does. A path that
//! takes more than the tolerance above what is recorded fails; `make counts` records anew.

#![expect(clippy::print_stdout, reason = "the counts are what this program is for")]

mod inside;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::BodyExt as _;
use inside::{Inside, Outcome, post, post_id};
use serde_json::json;

// The program's allocator; and not the one of the C library, whose version differs by machine.
#[cfg(any(target_os = "linux", target_os = "macos"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How many of a hundred more instructions fail.
///
/// What the threads of the server do by the clock differs from run to run by some millions, which the
/// numbers of calls below make small; so does what a processor's own instructions are.
const TOLERANCE_PERCENT: u64 = 10;
/// The paths, and how often each runs: about 350 million instructions of each.
const PATHS: [(&str, usize); 11] = [
    ("view", 6000),
    ("list-30", 1000),
    ("list-indexed", 800),
    ("list-scan", 1000),
    ("filter-plan", 2500),
    ("auth-refresh", 2500),
    ("create", 400),
    ("update", 700),
    ("delete", 500),
    ("batch-10", 130),
    ("realtime-20", 450),
];
/// Runs without a path, of which the middle one is taken off the others.
const EMPTY_RUNS: usize = 3;
/// How often each path runs before it counts, on both sides of the difference: first times cost more.
const WARM_UPS: usize = 5;
const POSTS: usize = 2000;
const STREAMS: usize = 20;
const PERSON: (&str, &str) = ("person@example.com", "correct horse battery");
/// What `cargo` and `make` put before the name of the path that a counted process runs.
const RUN: &str = "run";

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [run, name, times] if run == RUN => {
            // One thread of our own, so that every run takes the same turns.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run_path(name, times.parse()?))?;
            Ok(ExitCode::SUCCESS)
        }
        _ => compare(),
    }
}

/// Counts every path and compares with the record, or makes the record when `COUNTS_UPDATE` is set.
fn compare() -> Outcome<ExitCode> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("counts: not run, valgrind is not there");
        return Ok(ExitCode::SUCCESS);
    }
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/counts.txt");
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let rustc = rustc.unwrap_or_else(|_| "rustc ?".to_owned());
    let before = std::fs::read_to_string(&record).unwrap_or_default();
    let recorded = |name: &str| -> Option<u64> {
        before.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    };

    let mut lines =
        vec![format!("# Instructions of each path, as `make counts` saw them with {rustc}.")];
    let (mut is_fine, mut is_stale) = (true, false);
    let mut runs = vec![("view", 0); EMPTY_RUNS];
    runs.extend(PATHS);
    let mut counts = count_all(&runs)?;
    let (empty, counts) = counts.split_at_mut(EMPTY_RUNS);
    empty.sort_unstable();
    for ((name, times), count) in PATHS.into_iter().zip(counts) {
        let each = count.saturating_sub(empty[EMPTY_RUNS / 2]) / times as u64;
        lines.push(format!("{name} {each}"));
        let verdict = match recorded(name) {
            None => "not recorded".to_owned(),
            Some(old) => {
                let change = (each as f64 / old.max(1) as f64 - 1.0) * 100.0;
                let is_more = each * 100 > old * (100 + TOLERANCE_PERCENT);
                let is_less = each * 100 < old * (100 - TOLERANCE_PERCENT);
                is_fine &= !is_more;
                is_stale |= is_less;
                let note = if is_more { "  TOO MANY" } else { "" };
                format!("{change:+.1}% of {old}{note}")
            }
        };
        println!("{name:<14} {each:>10}  {verdict}");
    }
    if std::env::var_os("COUNTS_UPDATE").is_some() {
        std::fs::write(&record, lines.join("\n") + "\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    println!("{rustc}; {}", before.lines().next().unwrap_or("nothing is recorded"));
    if is_stale {
        println!("counts: some fell; make counts records them, so that they stay down");
    }
    if !is_fine {
        println!(
            "counts: more than {TOLERANCE_PERCENT}% above the record; where that is right, make counts"
        );
    }
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The instructions of each of the runs, as many of which go on at once as there are cores.
fn count_all(runs: &[(&str, usize)]) -> Outcome<Vec<u64>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut counts = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::SeqCst);
            let Some(&(name, times)) = runs.get(at) else {
                return Ok::<_, String>(counts);
            };
            counts.push((at, instructions(name, times).map_err(|error| error.to_string())?));
        }
    };
    let mut all = vec![0; runs.len()];
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let counts = worker.join().map_err(|_| "a thread that counts panicked")??;
            for (at, count) in counts {
                all[at] = count;
            }
        }
        Ok(all)
    })
}

/// The instructions of a process that runs the path so often.
fn instructions(name: &str, times: usize) -> Outcome<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args([RUN, name, &times.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{name}: {said}").into());
    }
    let line =
        said.lines().find_map(|line| line.split_once("I   refs:").or(line.split_once("I refs:")));
    let (_, count) = line.ok_or_else(|| format!("valgrind counted nothing: {said}"))?;
    Ok(count.trim().replace(',', "").parse()?)
}

/// A server with what the paths need; then the path, so often.
async fn run_path(name: &str, times: usize) -> Outcome<()> {
    let inside = Inside::open().await?;
    inside.import(0, POSTS)?;
    inside.add_posts("news").await?;
    inside.add_posts("nothing").await?;
    let people = json!({ "name": "people", "type": "auth", "authAlert": { "enabled": false } });
    inside.as_superuser("POST", "/api/collections", &people).await?;
    let (email, password) = PERSON;
    let person = json!({ "email": email, "password": password, "passwordConfirm": password });
    inside.as_superuser("POST", "/api/collections/people/records", &person).await?;
    let mut paths = Paths {
        token: inside.login("people", email, password).await?,
        streams: Vec::new(),
        deleted: 0,
        inside,
    };
    for _ in 0..STREAMS {
        paths.subscribe().await?;
    }
    for (each, _) in PATHS {
        for n in 0..WARM_UPS {
            paths.run(each, n).await?;
        }
    }
    for n in 0..times {
        paths.run(name, WARM_UPS + n).await?;
    }
    paths.inside.app.close()?;
    Ok(())
}

struct Paths {
    inside: Inside,
    /// A person's.
    token: String,
    streams: Vec<haversack::web::Payload>,
    deleted: usize,
}

impl Paths {
    /// Runs a path once, for the `n`th time.
    async fn run(&mut self, name: &str, n: usize) -> Outcome<()> {
        let posts = "/api/collections/posts/records";
        let anywhere = n.wrapping_mul(7919) % (POSTS / 2);
        let get =
            async |path: String| self.inside.call("GET", &path, "", String::new()).await.map(drop);
        match name {
            "view" => get(format!("{posts}/{}", post_id(anywhere))).await,
            "list-30" => get(format!("{posts}?perPage=30")).await,
            "list-indexed" => {
                let to = anywhere + 20;
                get(format!("{posts}?filter=rank%3E%3D{anywhere}%26%26rank%3C{to}")).await
            }
            "list-scan" => get(format!("{posts}?filter=score%3D{anywhere}")).await,
            "filter-plan" => {
                let filter = format!(
                    "(title~'post'||score>{n})%26%26public=true%26%26rank>{n}%26%26type:each!='c'"
                );
                let path = format!("/api/collections/nothing/records?filter={filter}&sort=-rank");
                get(path.replace('\'', "%27").replace('>', "%3E").replace('|', "%7C")).await
            }
            "auth-refresh" => {
                let path = "/api/collections/people/auth-refresh";
                self.inside.call("POST", path, &self.token, String::new()).await.map(drop)
            }
            "create" => self.inside.call("POST", posts, "", post(n, None)).await.map(drop),
            "update" => {
                let path = format!("{posts}/{}", post_id(anywhere));
                let body = format!(r#"{{"title":"title {n}"}}"#);
                self.inside.call("PATCH", &path, "", body).await.map(drop)
            }
            "delete" => {
                self.deleted += 1;
                let path = format!("{posts}/{}", post_id(POSTS - self.deleted));
                self.inside.call("DELETE", &path, "", String::new()).await.map(drop)
            }
            "batch-10" => {
                let create = |k: usize| {
                    format!(
                        r#"{{"method":"POST","url":"{posts}","body":{}}}"#,
                        post(n * 10 + k, None)
                    )
                };
                let requests: Vec<String> = (0..10).map(create).collect();
                let body = format!(r#"{{"requests":[{}]}}"#, requests.join(","));
                self.inside.call("POST", "/api/batch", "", body).await.map(drop)
            }
            "realtime-20" => self.fan_out(n).await,
            other => Err(format!("there is no path {other}").into()),
        }
    }

    /// Opens a stream that hears of news.
    async fn subscribe(&mut self) -> Outcome<()> {
        let mut stream =
            self.inside.send("GET", "/api/realtime", "", String::new()).await?.into_body();
        let first = stream.frame().await.ok_or("a stream without a greeting")?;
        let first = first.map_err(|error| error.to_string())?.into_data();
        let first = first.map_err(|_| "a greeting without data")?;
        let text = String::from_utf8_lossy(&first).into_owned();
        let id = text.split_once("\"clientId\":\"").and_then(|(_, rest)| rest.split_once('"'));
        let (id, _) = id.ok_or("a greeting without an id")?;
        let body = json!({ "clientId": id, "subscriptions": ["news/*"] }).to_string();
        self.inside.call("POST", "/api/realtime", "", body).await?;
        self.streams.push(stream);
        Ok(())
    }

    /// Writes news, and waits until all streams have heard of it.
    async fn fan_out(&mut self, n: usize) -> Outcome<()> {
        self.inside.call("POST", "/api/collections/news/records", "", post(n, None)).await?;
        for stream in &mut self.streams {
            let frame = stream.frame().await.ok_or("a stream that ended")?;
            frame.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}
