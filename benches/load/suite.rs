//! Runs the workloads on all servers in turn, and finds answers that differ.

use std::time::Duration;

use crate::Outcome;
use crate::client::Travel;
use crate::measure::{self, Load, Pace, Sample};
use crate::options::Options;
use crate::report::{Report, Row};
use crate::rounds;
use crate::site::Site;
use crate::traffic::{first_answer, traffic};
use crate::workload::{self, Unit, Workload};

/// Between two measurements, for what a server does after its last answer.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs what the options want, and answers what went wrong.
pub(crate) async fn run(
    sites: &[Site],
    options: &Options,
    report: &mut Report,
) -> Outcome<Vec<String>> {
    let mut faults = Vec::new();
    for unit in workload::all(options) {
        let is_wanted = unit.workloads.iter().any(|workload| options.wants(&workload.name));
        let is_needed = !unit.empties.is_empty() && unit.empties != ["messages"];
        if is_wanted {
            measure(sites, options, unit, report, &mut faults).await?;
        } else if is_needed {
            faults.extend(fill(sites, &unit).await?);
        }
    }
    Ok(faults)
}

/// Makes records on all servers without measuring that, and answers what went wrong.
pub(crate) async fn fill(sites: &[Site], unit: &Unit) -> Outcome<Vec<String>> {
    let mut faults = Vec::new();
    let samples = take_turns(sites, unit, &[Travel::Kept], 1, None).await?;
    note_errors(sites, unit, &samples[0], &mut faults);
    Ok(faults)
}

async fn measure(
    sites: &[Site],
    options: &Options,
    mut unit: Unit,
    report: &mut Report,
    faults: &mut Vec<String>,
) -> Outcome<()> {
    let (mut total, mut first_millis, mut cut_from) = (None, Vec::new(), None);
    if let [workload] = unit.workloads.as_mut_slice() {
        let (mut shapes, mut slowest) = (Vec::new(), Duration::ZERO);
        for site in sites {
            prepare(site, workload).await?;
            if let Some((shape, took)) = first_answer(site, workload).await? {
                shapes.push(shape);
                first_millis.push(took.as_secs_f64() * 1000.0);
                // The first answer may have been a cold one, or an unlucky one.
                let again = first_answer(site, workload).await?;
                slowest = slowest.max(again.map_or(took, |(_, again)| took.min(again)));
            }
        }
        if shapes.windows(2).any(|pair| pair[0] != pair[1]) {
            faults.push(format!("{}: answers differ: {shapes:?}", workload.name));
        }
        total = shapes.first().map(|shape| shape.total);
        let affordable = options.row_seconds / slowest.as_secs_f64().max(1e-9);
        let least = workload.concurrency.min(10);
        let is_closed = matches!(workload.pace, Pace::Closed);
        if is_closed && (affordable as usize) < workload.requests {
            cut_from = Some(workload.requests);
            workload.requests = (affordable as usize).max(least);
            workload.concurrency = workload.concurrency.min(workload.requests);
        }
    }
    if unit.shares {
        for workload in &mut unit.workloads {
            workload.requests = (workload.requests / options.rounds).max(1);
        }
    }
    let travels = if unit.shares { &options.travels[..1] } else { &options.travels[..] };
    let samples = take_turns(sites, &unit, travels, options.rounds, total).await?;
    for (&travel, samples) in travels.iter().zip(&samples) {
        note_errors(sites, &unit, samples, faults);
        for (workload, samples) in unit.workloads.iter().zip(samples) {
            if options.wants(&workload.name) {
                let first_millis = std::mem::take(&mut first_millis);
                report.add(&Row { workload, travel, samples, first_millis, cut_from })?;
            }
        }
    }
    check_counts(sites, &unit, faults).await
}

/// What was seen: of each way of connecting, each workload, each site, each round.
type Samples = Vec<Vec<Vec<Vec<Sample>>>>;

async fn take_turns(
    sites: &[Site],
    unit: &Unit,
    travels: &[Travel],
    rounds: usize,
    total: Option<i64>,
) -> Outcome<Samples> {
    let mut all = Vec::new();
    for &travel in travels {
        let mut samples = vec![vec![Vec::new(); sites.len()]; unit.workloads.len()];
        for round in 0..rounds {
            for turn in rounds::order(round, sites.len()) {
                let site = &sites[turn];
                for collection in &unit.empties {
                    site.empty(collection).await?;
                }
                for (workload, samples) in unit.workloads.iter().zip(&mut samples) {
                    prepare(site, workload).await?;
                    let traffic = traffic(site, workload, total).await?;
                    tokio::time::sleep(PAUSE).await;
                    let load = Load {
                        requests: workload.requests,
                        concurrency: workload.concurrency,
                        travel,
                        pace: workload.pace,
                        compose: traffic.compose,
                        accept: traffic.accept,
                    };
                    samples[turn].push(measure::run(&site.server, &load).await?);
                }
            }
        }
        all.push(samples);
    }
    Ok(all)
}

async fn prepare(site: &Site, workload: &Workload) -> Outcome<()> {
    match &workload.setup {
        Some(setup) => site.prepare(setup).await,
        None => Ok(()),
    }
}

fn note_errors(
    sites: &[Site],
    unit: &Unit,
    samples: &[Vec<Vec<Sample>>],
    faults: &mut Vec<String>,
) {
    for (workload, samples) in unit.workloads.iter().zip(samples) {
        for (site, samples) in sites.iter().zip(samples) {
            let errors: usize = samples.iter().map(|sample| sample.errors).sum();
            if let Some(first) = samples.iter().find_map(|sample| sample.first_error.as_ref()) {
                faults.push(format!("{}: {}: {errors} errors: {first}", workload.name, site.name));
            }
        }
    }
}

/// After what adds or deletes, everything must be as many on all servers.
async fn check_counts(sites: &[Site], unit: &Unit, faults: &mut Vec<String>) -> Outcome<()> {
    let mut collections = unit.empties.clone();
    if unit.shares {
        collections.push("users");
    }
    for collection in collections {
        let mut counts = Vec::new();
        for site in sites {
            counts.push(site.count(collection).await?);
        }
        let name = &unit.workloads[0].name;
        if counts.windows(2).any(|pair| pair[0] != pair[1]) {
            faults.push(format!("{name}: {collection} has different totals: {counts:?}"));
        }
        if !unit.empties.is_empty() && counts.contains(&0) {
            faults.push(format!("{name}: {collection} is empty on a server: {counts:?}"));
        }
    }
    Ok(())
}
