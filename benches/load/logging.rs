//! What the log of requests costs: the same requests to the same server, with the log on and off in
//! turns.

use std::time::Duration;

use crate::Outcome;
use crate::client::Travel;
use crate::measure::{self, Load, Sample};
use crate::options::Options;
use crate::report::machine;
use crate::rounds;
use crate::site::Site;
use crate::statistics::{Ratio, median, ratio};
use crate::suite;
use crate::table::{Column, Table, figure};
use crate::traffic::traffic;
use crate::workload::{self, Workload};

/// After the log was switched: longer than entries wait until they are written.
const PAUSE: Duration = Duration::from_millis(1500);

/// Measures it, prints the table, and answers what went wrong.
pub(crate) async fn run(site: &Site, options: &Options) -> Outcome<Vec<String>> {
    let (accounts, rows) = workload::logging(&options.sizes);
    let sites = std::slice::from_ref(site);
    let mut faults = suite::fill(sites, &accounts).await?;
    // Of each row, without the log and with it, each round.
    let mut samples = vec![[Vec::new(), Vec::new()]; rows.len()];
    for round in 0..options.rounds {
        for turn in rounds::order(round, 2) {
            site.keep_log(turn == 1).await?;
            site.empty(workload::LOGGED).await?;
            for (row, samples) in rows.iter().zip(&mut samples) {
                tokio::time::sleep(PAUSE).await;
                samples[turn].push(measure_one(site, row).await?);
            }
        }
    }
    site.keep_log(false).await?;

    let mut table = Table::new(vec![
        Column("workload", 30),
        Column("requests @clients", 17),
        Column("off req/s", 9),
        Column("on req/s", 9),
        Column("share of time %", 22),
        Column("off CPU us", 10),
        Column("on CPU us", 9),
        Column("share of CPU %", 22),
    ]);
    println!("{}", table.head());
    for (row, [off, on]) in rows.iter().zip(&samples) {
        for sample in off.iter().chain(on) {
            faults.extend(sample.first_error.iter().map(|error| format!("{}: {error}", row.name)));
        }
        println!("{}", table.add(cells(row, off, on)));
    }
    if let Some(out) = &options.out {
        let rounds = options.rounds;
        let note = format!(
            "Kept connections. Medians of {rounds} rounds with the log off and on in turns; in \
             parentheses the least and the most of a round. A share is what the log takes of all."
        );
        std::fs::write(out, format!("{}\n\n{}\n{note}\n", machine(), table.markdown()))?;
    }
    Ok(faults)
}

async fn measure_one(site: &Site, row: &Workload) -> Outcome<Sample> {
    let traffic = traffic(site, row, None).await?;
    let load = Load {
        requests: row.requests,
        concurrency: row.concurrency,
        travel: Travel::Kept,
        pace: row.pace,
        compose: traffic.compose,
        accept: traffic.accept,
    };
    measure::run(&site.server, &load).await
}

fn cells(row: &Workload, off: &[Sample], on: &[Sample]) -> Vec<String> {
    let each = |samples: &[Sample], value: fn(&Sample) -> f64| -> Vec<f64> {
        samples.iter().map(value).collect()
    };
    let wall: fn(&Sample) -> f64 = |sample| sample.wall;
    let cpu: fn(&Sample) -> f64 = |sample| sample.cpu_micros.unwrap_or(0.0);
    let speed = |samples| format!("{:.0}", row.requests as f64 / median(&each(samples, wall)));
    let share = |value| {
        let less = ratio(&each(off, value), &each(on, value));
        less.map_or("-".to_owned(), |Ratio { median, min, max }| {
            let percent = |ratio: f64| 100.0 * (1.0 - ratio);
            format!("{:.1} ({:.1}..{:.1})", percent(median), percent(max), percent(min))
        })
    };
    vec![
        row.name.clone(),
        format!("{} @{}", row.requests, row.concurrency),
        speed(off),
        speed(on),
        share(wall),
        figure(median(&each(off, cpu))),
        figure(median(&each(on, cpu))),
        share(cpu),
    ]
}
