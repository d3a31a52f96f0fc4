//! What grows with the number of records, and what does not: `cargo bench --bench growth`.
//!
//! One collection grows to 10 thousand, 100 thousand and 1 million posts (10 million with
//! `GROWTH_MAX=10000000`), and answers the same questions at each size, in this process and without
//! a socket. Points, pages, totals and inserts must stay flat within the limits below.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::print_stderr, reason = "it takes minutes, and tells how far it is")]

mod inside;

use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use inside::{Inside, Outcome, post, post_id};

// The program's allocator, so that its memory is what the program's would be.
#[cfg(any(target_os = "linux", target_os = "macos"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const FIRST: usize = 10_000;
/// Differences below this many microseconds count as none: a timer and a queue cost as much.
const NOISE_MICROS: f64 = 3.0;
/// After this long, and five answers, the question is not asked again.
const SERIES_MAX: Duration = Duration::from_secs(1);
/// Inserts that are under way at once.
const INSERTS: usize = 500;
/// Hits of the counted range, at every size.
const HITS: usize = 1000;

/// A question, and how many times its time at the first size it may take at any later one; `None`
/// for what has to look at every record.
struct Question {
    name: &'static str,
    limit: Option<f64>,
    repeats: usize,
    path: fn(usize, usize) -> String,
}

const QUESTIONS: [Question; 9] = [
    Question {
        name: "point read by id",
        limit: Some(3.0),
        repeats: 2000,
        path: |n, count| format!("/{}", post_id(somewhere(n, count))),
    },
    Question {
        name: "first page of 20",
        limit: Some(2.0),
        repeats: 1000,
        path: |_, _| "?perPage=20&skipTotal=1".to_owned(),
    },
    Question {
        name: "first page with the total",
        limit: Some(1.1),
        repeats: 1000,
        path: |_, _| "?perPage=20".to_owned(),
    },
    Question {
        name: "newest page of 20",
        limit: Some(2.0),
        repeats: 1000,
        path: |_, _| "?perPage=20&skipTotal=1&sort=-@rowid".to_owned(),
    },
    Question {
        name: "last page of 20 by its number",
        limit: Some(2.0),
        repeats: 20,
        path: |_, count| format!("?perPage=20&skipTotal=1&page={}", count / 20),
    },
    Question {
        name: "indexed page of 20",
        limit: Some(2.0),
        repeats: 1000,
        path: |n, count| range(somewhere(n, count - HITS), 20, "perPage=20&skipTotal=1"),
    },
    Question {
        name: "indexed total of 1000",
        // The first size is counted in columns, which beat 1000 entries there.
        limit: Some(6.0),
        repeats: 300,
        path: |n, count| range(somewhere(n, count - HITS), HITS, "perPage=1"),
    },
    Question {
        name: "page in the middle by its number",
        limit: None,
        repeats: 20,
        path: |_, count| format!("?perPage=20&skipTotal=1&page={}", count / 40),
    },
    Question {
        name: "unindexed filter with the total",
        limit: None,
        repeats: 10,
        path: |n, _| format!("?perPage=20&filter=score%3D{}", somewhere(n, 1000)),
    },
];

fn main() -> Outcome<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run())
}

async fn run() -> Outcome<ExitCode> {
    let max = match std::env::var("GROWTH_MAX") {
        Ok(text) => text.parse()?,
        Err(_) => 1_000_000,
    };
    let inside = Rc::new(Inside::open().await?);
    let mut table: Vec<(&str, Option<f64>, Vec<f64>)> =
        QUESTIONS.iter().map(|question| (question.name, question.limit, Vec::new())).collect();
    table.push(("insert, 500 at once", Some(2.0), Vec::new()));
    table.push(("insert by itself, durable", None, Vec::new()));
    let (mut sizes, mut memory, mut filling) = (Vec::new(), Vec::new(), Vec::new());

    let (mut filled, mut next) = (0, FIRST);
    while next <= max {
        let began = Instant::now();
        inside.import(filled, next)?;
        filling.push((next - filled) as f64 / began.elapsed().as_secs_f64());
        filled = next;
        let mut columns = table.iter_mut().map(|(_, _, column)| column);
        for (question, column) in QUESTIONS.iter().zip(&mut columns) {
            column.push(ask(&inside, question, filled).await?);
        }
        let alone = insert_one_by_one(&inside).await?;
        let together = insert_together(&inside).await?;
        for (micros, column) in [together, alone].into_iter().zip(columns) {
            column.push(micros);
        }
        eprintln!("asked with {filled} posts");
        sizes.push(filled);
        memory.push(resident_megabytes());
        next *= 10;
    }

    let heads: Vec<String> = sizes.iter().map(|size| format!("{size} posts")).collect();
    println!(
        "| us | {} | may grow |\n| --- |{} --: |",
        heads.join(" | "),
        " --: |".repeat(sizes.len())
    );
    let mut is_flat = true;
    for (name, limit, column) in &table {
        let broken = limit.is_some_and(|limit| {
            column.iter().any(|&later| later > column[0] * limit + NOISE_MICROS)
        });
        is_flat &= !broken;
        let verdict = match limit {
            None => String::new(),
            Some(limit) if broken => format!("{limit}x: BROKEN"),
            Some(limit) => format!("{limit}x: holds"),
        };
        println!("| {name} | {} | {verdict} |", cells(column));
    }
    println!("| import, records/s | {} | |", cells(&filling));
    println!("| resident memory, MB | {} | |", cells(&memory));
    inside.app.close()?;
    Ok(if is_flat { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn cells(values: &[f64]) -> String {
    let cell =
        |&value: &f64| if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") };
    values.iter().map(cell).collect::<Vec<_>>().join(" | ")
}

/// The median time of an answer, in microseconds: the best of three series, because other programs
/// only ever add to it.
async fn ask(inside: &Inside, question: &Question, count: usize) -> Outcome<f64> {
    let mut best = f64::INFINITY;
    for series in 0..3 {
        let (mut micros, began) = (Vec::with_capacity(question.repeats), Instant::now());
        for n in 0..question.repeats {
            let path = (question.path)(series * question.repeats + n, count);
            let path = format!("/api/collections/posts/records{path}");
            let asked = Instant::now();
            inside.call("GET", &path, "", String::new()).await?;
            micros.push(asked.elapsed().as_secs_f64() * 1e6);
            if n >= 4 && began.elapsed() > SERIES_MAX {
                break;
            }
        }
        micros.sort_by(f64::total_cmp);
        best = best.min(micros[micros.len() / 2]);
    }
    Ok(best)
}

/// Adds posts that are taken away again, each when the one before is there. The median.
async fn insert_one_by_one(inside: &Inside) -> Outcome<f64> {
    let mut micros = Vec::new();
    for n in 0..50 {
        let began = Instant::now();
        let added = add(inside, n).await?;
        micros.push(began.elapsed().as_secs_f64() * 1e6);
        remove(inside, &added).await?;
    }
    micros.sort_by(f64::total_cmp);
    Ok(micros[micros.len() / 2])
}

/// The same, all at once: what one of them takes. The best of five.
async fn insert_together(inside: &Rc<Inside>) -> Outcome<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let began = Instant::now();
        let added = all_at_once(0..INSERTS, |n| {
            let inside = Rc::clone(inside);
            async move { add(&inside, n).await }
        });
        let added = added.await?;
        best = best.min(began.elapsed().as_secs_f64() * 1e6 / INSERTS as f64);
        let removed = all_at_once(added.into_iter(), |id| {
            let inside = Rc::clone(inside);
            async move { remove(&inside, &id).await }
        });
        removed.await?;
    }
    Ok(best)
}

/// What becomes of `work` on each of `things`, all of which are under way at the same time.
async fn all_at_once<T, F: Future<Output = Outcome<U>> + 'static, U: 'static>(
    things: impl Iterator<Item = T>,
    work: impl Fn(T) -> F,
) -> Outcome<Vec<U>> {
    let tasks = tokio::task::LocalSet::new();
    let mut under_way = tokio::task::JoinSet::new();
    for thing in things {
        let work = work(thing);
        let done = async move { work.await.map_err(|error| error.to_string()) };
        under_way.spawn_local_on(done, &tasks);
    }
    let done = tasks.run_until(under_way.join_all()).await;
    Ok(done.into_iter().collect::<Result<_, _>>()?)
}

async fn add(inside: &Inside, n: usize) -> Outcome<String> {
    let body = post(n, None);
    let answer = inside.call("POST", "/api/collections/posts/records", "", body).await?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    Ok(answer["id"].as_str().ok_or("a create without an id")?.to_owned())
}

async fn remove(inside: &Inside, id: &str) -> Outcome<()> {
    let path = format!("/api/collections/posts/records/{id}");
    inside.call("DELETE", &path, "", String::new()).await.map(drop)
}

fn range(from: usize, length: usize, rest: &str) -> String {
    format!("?{rest}&filter=rank%3E%3D{from}%26%26rank%3C{}", from + length)
}

/// A number below `count`, all over, the same ones on every run.
fn somewhere(n: usize, count: usize) -> usize {
    n.wrapping_mul(7_368_787) % count
}

fn resident_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1000.0
}
