//! What is printed while the workloads run, and written as Markdown at the end.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use crate::Outcome;
use crate::client::Travel;
use crate::measure::{Pace, Sample};
use crate::options::Options;
use crate::site::Site;
use crate::statistics::{Ratio, median, ratio};
use crate::table::{Column, Table, figure};
use crate::workload::Workload;

/// A measured row.
pub(crate) struct Row<'row> {
    pub(crate) workload: &'row Workload,
    pub(crate) travel: Travel,
    /// Of each site, each round.
    pub(crate) samples: &'row [Vec<Sample>],
    /// Of each site, how long the very first answer took.
    pub(crate) first_millis: Vec<f64>,
    /// How many requests were published, where it has fewer because they are slow.
    pub(crate) cut_from: Option<usize>,
}

/// The table, and what is told after it.
pub(crate) struct Report {
    table: Table,
    has_peer: bool,
    /// Of each site, the wall times of all rows that went as fast as they could.
    walls: Vec<f64>,
    after: Vec<String>,
}

impl Report {
    /// An empty report. Prints the headings.
    pub(crate) fn new(has_peer: bool) -> Self {
        let mut columns =
            vec![Column("workload", 46), Column("how", 3), Column("requests @clients", 17)];
        columns.extend(if has_peer {
            vec![
                Column("s", 7),
                Column("peer s", 7),
                Column("times faster", 19),
                Column("p50/p99 ms", 13),
                Column("peer p50/p99 ms", 15),
                Column("CPU us", 8),
                Column("peer CPU us", 11),
                Column("CPU times less", 14),
                Column("first ms", 8),
                Column("peer first", 10),
            ]
        } else {
            vec![
                Column("s", 7),
                Column("req/s", 8),
                Column("p50 ms", 8),
                Column("p99 ms", 8),
                Column("CPU us", 8),
                Column("first ms", 8),
                Column("errors", 6),
            ]
        });
        let report = Self {
            table: Table::new(columns),
            has_peer,
            walls: vec![0.0; if has_peer { 2 } else { 1 }],
            after: Vec::new(),
        };
        println!("{}", report.table.head());
        report
    }

    /// Prints a row and keeps it.
    pub(crate) fn add(&mut self, row: &Row<'_>) -> Outcome<()> {
        let Row { workload, travel, samples, .. } = row;
        // A slow row has fewer requests than published.
        let of = row.cut_from.map_or(String::new(), |published| format!(" of {published}"));
        let mut cells = vec![
            workload.name.clone(),
            travel.letter().to_owned(),
            format!("{}{of} @{}", workload.requests, workload.concurrency),
        ];
        let ours = samples.first().ok_or("a row of no server")?;
        cells.extend(match samples.get(1) {
            Some(peers) => compared(row, ours, peers),
            None => alone(row, ours),
        });
        println!("{}", self.table.add(cells));
        if let Pace::Closed = workload.pace {
            for (sum, samples) in self.walls.iter_mut().zip(*samples) {
                *sum += middle(samples, |sample| sample.wall);
            }
        }
        Ok(())
    }

    /// Prints what the servers have used in all, and starts ours anew to see how long that takes.
    pub(crate) async fn close(&mut self, sites: &mut [Site]) -> Outcome<()> {
        if let [ours, peer] = self.walls[..] {
            let (ours, peer, times) = (figure(ours), figure(peer), figure(peer / ours));
            self.tell(format!(
                "all rows but those of open loops: {ours} s, peer {peer} s, {times} times faster"
            ));
        }
        for site in &*sites {
            let server = &site.server;
            let megabytes = |bytes: Option<u64>| {
                bytes.map_or("unknown".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000))
            };
            let cpu = server.cpu_time().map_or("unknown".to_owned(), seconds);
            self.tell(format!(
                "{}: peak memory {}, CPU {cpu}, data folder {}",
                site.name,
                megabytes(server.peak_memory()),
                megabytes(server.data_size()),
            ));
        }
        for site in sites {
            let data = site.server.data_size().unwrap_or(0) / 1_000_000;
            if let Some(took) = site.server.restart().await? {
                let took = figure(took.as_secs_f64() * 1000.0);
                self.tell(format!(
                    "{}: {took} ms from its start on these {data} MB to its first answer",
                    site.name
                ));
            }
        }
        Ok(())
    }

    /// Writes the Markdown, if it is wanted.
    pub(crate) fn write(&self, options: &Options, faults: &[String]) -> Outcome<()> {
        let Some(out) = &options.out else {
            return Ok(());
        };
        let mut text = format!("{}\n\n{}\n", machine(), self.table.markdown());
        text += "N: a new connection for each request. K: kept connections. CPU: microseconds of the \
                 server per request. first: the first answer, before anything is warm.\n";
        if self.has_peer {
            let _ = writeln!(
                text,
                "Medians of {} rounds in turns; in parentheses the least and the most of a round. \
                 \"times faster\" compares wall times, in rows of an open loop p99.",
                options.rounds
            );
        }
        text.push('\n');
        for line in self.after.iter().chain(faults) {
            let _ = writeln!(text, "- {line}");
        }
        Ok(std::fs::write(out, text)?)
    }

    fn tell(&mut self, line: String) {
        println!("{line}");
        self.after.push(line);
    }
}

fn alone(row: &Row<'_>, samples: &[Sample]) -> Vec<String> {
    let wall = middle(samples, |sample| sample.wall);
    let errors: usize = samples.iter().map(|sample| sample.errors).sum();
    vec![
        figure(wall),
        format!("{:.0}", row.workload.requests as f64 / wall),
        figure(middle(samples, |sample| sample.p50_millis)),
        figure(middle(samples, |sample| sample.p99_millis)),
        cpu(samples).map_or("-".to_owned(), figure),
        row.first_millis.first().copied().map_or("-".to_owned(), figure),
        errors.to_string(),
    ]
}

fn compared(row: &Row<'_>, ours: &[Sample], peers: &[Sample]) -> Vec<String> {
    let each = |samples: &[Sample], value: fn(&Sample) -> f64| -> Vec<f64> {
        samples.iter().map(value).collect()
    };
    let value: fn(&Sample) -> f64 = match row.workload.pace {
        Pace::Closed => |sample| sample.wall,
        // Its wall time is what was asked for.
        Pace::Open(_) => |sample| sample.p99_millis,
    };
    let faster = ratio(&each(peers, value), &each(ours, value));
    let percentiles = |samples: &[Sample]| {
        let p50 = figure(middle(samples, |sample| sample.p50_millis));
        format!("{p50}/{}", figure(middle(samples, |sample| sample.p99_millis)))
    };
    let less = cpu(ours).zip(cpu(peers)).filter(|(ours, _)| *ours > 0.0);
    let first = |site: usize| row.first_millis.get(site).copied().map_or("-".to_owned(), figure);
    vec![
        figure(middle(ours, |sample| sample.wall)),
        figure(middle(peers, |sample| sample.wall)),
        faster.map_or("-".to_owned(), spread),
        percentiles(ours),
        percentiles(peers),
        cpu(ours).map_or("-".to_owned(), figure),
        cpu(peers).map_or("-".to_owned(), figure),
        less.map_or("-".to_owned(), |(ours, peer)| figure(peer / ours)),
        first(0),
        first(1),
    ]
}

fn spread(Ratio { median, min, max }: Ratio) -> String {
    let short = |value: f64| {
        if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") }
    };
    format!("{} ({}..{})", short(median), short(min), short(max))
}

fn middle(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    median(&samples.iter().map(value).collect::<Vec<_>>())
}

fn cpu(samples: &[Sample]) -> Option<f64> {
    let known: Vec<f64> = samples.iter().filter_map(|sample| sample.cpu_micros).collect();
    (!known.is_empty()).then(|| median(&known))
}

fn seconds(time: Duration) -> String {
    format!("{} s", figure(time.as_secs_f64()))
}

/// When and where this was measured, and of which state of the source.
pub(crate) fn machine() -> String {
    let output = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        text.filter(|text| !text.is_empty()).unwrap_or_else(|| "?".to_owned())
    };
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("?", |(_, model)| model.trim());
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, commit {}, {cores} cores ({model}), {} GB of memory, {}",
        output("date", &["-u", "+%F"]),
        output("git", &["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "--short", "HEAD"]),
        memory / 1_000_000,
        output("uname", &["-sr"]),
    )
}
