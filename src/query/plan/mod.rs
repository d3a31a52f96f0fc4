//! Plans: how a list is answered, and the answering.
//!
//! The comparisons of single columns with constants that a condition cannot do without pick an
//! index range; what the range does not prove is tested row by row. The cheapest way by a rough
//! count of touched rows wins.

mod explain;
mod facts;
mod range;
mod run;
mod topk;
mod walk;

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::model::{Scalar, Slot, Timestamp};
use crate::schema::Collection;

use super::ast::Operator;
use super::bound::{Bound, JoinSet, SortBy};
use super::eval::Run;
use super::{Direction, FilterError, Found, Page, Request, Rows};
use facts::{Fact, conjuncts, fact};
use range::{Candidate, candidates};
use walk::Walk;

pub use explain::Explain;

/// Index entries counted to estimate a range.
const PROBE_MAX: u64 = 256;
/// Rows that a plan may touch and still count as short.
const SHORT_ROWS: u64 = 100;
/// What fetching a row through an index costs, in rows of a scan.
const FETCH_COST: u64 = 3;

/// How one list is answered. Valid for the moment it was made at.
#[derive(Debug)]
pub struct Plan<'q> {
    collection: &'q Arc<Collection>,
    bound: Arc<Bound>,
    request: &'q Request,
    page: Page,
    now: Timestamp,
    access: Access,
    /// Whether candidates come in the order of the answer.
    in_order: bool,
    /// Comparisons that need no test, since the access proves them.
    proven: Vec<usize>,
    /// Whether nothing is left to test.
    is_exact: bool,
    /// Rows and entries that the plan expects to touch.
    estimate: u64,
    is_short: bool,
}

/// Where candidate rows come from.
#[derive(Debug, Clone)]
enum Access {
    /// The condition cannot hold.
    Nothing,
    /// The record with this id.
    Record(String),
    /// A range of an index.
    Index { name: String, walk: Walk },
    /// Every row in order of rowid.
    Scan(Direction),
}

/// What the choice is based on.
struct Known {
    facts: Vec<Fact>,
    conjuncts: usize,
    count: u64,
}

impl<'q> Plan<'q> {
    pub(super) fn choose(
        collection: &'q Arc<Collection>,
        bound: Arc<Bound>,
        rows: &dyn Rows,
        request: &'q Request,
        page: Page,
    ) -> Result<Self, FilterError> {
        let now = Timestamp::now();
        let known = known(&bound, rows, request, now, collection)?;
        let mut plan = Self {
            collection,
            bound,
            request,
            page,
            now,
            access: Access::Nothing,
            in_order: true,
            proven: Vec::new(),
            is_exact: true,
            estimate: 0,
            is_short: true,
        };
        if let Some(known) = known {
            plan.pick(rows, &known)?;
            plan.is_short = plan.estimate <= SHORT_ROWS && plan.joins_are_cheap();
        }
        Ok(plan)
    }

    fn pick(&mut self, rows: &dyn Rows, known: &Known) -> Result<(), FilterError> {
        if let Some(id) = record_id(&known.facts) {
            self.access = Access::Record(id);
            self.is_exact = false;
            self.estimate = 1;
            return Ok(());
        }
        let scan_cost = self.pick_scan(known);
        let mut best = scan_cost;
        for candidate in candidates(self.collection, &self.bound, &known.facts) {
            // Without facts an index only gives an order, and its range is the whole of it.
            let narrows = candidate.fixed > 0 || candidate.has_range;
            let probed =
                if narrows { self.probe(rows, &candidate.walk)? } else { Err(known.count) };
            let entries = match probed {
                Ok(entries) => entries,
                Err(at_least) if candidate.fixed > 0 => at_least.max(known.count / 3),
                Err(at_least) => at_least.max(known.count / 2),
            };
            let is_exact = candidate.proven.len() == known.conjuncts;
            let cost = self.index_cost(&candidate, entries, is_exact, known.conjuncts == 0);
            if candidate.is_single || cost < best {
                self.take(candidate, is_exact, cost);
                best = cost;
                if best <= 1 {
                    break;
                }
            }
        }
        self.estimate = best;
        Ok(())
    }

    fn pick_scan(&mut self, known: &Known) -> u64 {
        let by_rowid = self.bound.sort.first().map(|key| (matches!(key.by, SortBy::RowId), key));
        let direction = match by_rowid {
            Some((true, key)) if key.descending => Direction::Backward,
            _ => Direction::Forward,
        };
        self.in_order = by_rowid.is_none_or(|(by_rowid, _)| by_rowid);
        self.is_exact = known.conjuncts == 0;
        self.access = Access::Scan(direction);
        let end = self.page.offset.saturating_add(self.page.limit);
        if self.in_order && self.is_exact { end.min(known.count) } else { known.count }
    }

    fn index_cost(&self, candidate: &Candidate, entries: u64, is_exact: bool, all: bool) -> u64 {
        if candidate.is_single {
            return 1;
        }
        let end = self.page.offset.saturating_add(self.page.limit);
        let fetch_page = end.min(entries).saturating_mul(FETCH_COST);
        match (candidate.in_order, is_exact, self.page.total && !all) {
            (true, true, false) => fetch_page,
            (true, true, true) => (entries / FETCH_COST).saturating_add(fetch_page),
            // One candidate in ten is a guess at how many the rest of the condition lets through.
            (true, false, false) => entries.min(end.saturating_mul(10)).saturating_mul(FETCH_COST),
            _ => entries.saturating_mul(FETCH_COST),
        }
    }

    fn take(&mut self, candidate: Candidate, is_exact: bool, cost: u64) {
        self.in_order = candidate.in_order;
        self.is_exact = is_exact;
        self.proven = candidate.proven;
        self.access = Access::Index { name: candidate.name, walk: candidate.walk };
        self.estimate = cost;
    }

    /// How many entries a range has; `Err` with what was counted when there are more.
    fn probe(&self, rows: &dyn Rows, walk: &Walk) -> Result<Result<u64, u64>, FilterError> {
        let mut entries = 0;
        let forward = Direction::Forward;
        rows.scan_index(self.collection, walk.tree, &walk.range, forward, &mut |_, _| {
            entries += 1;
            let full = entries > PROBE_MAX;
            Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(if entries > PROBE_MAX { Err(entries) } else { Ok(entries) })
    }

    /// Whether joined rows keep the work within the same bound.
    fn joins_are_cheap(&self) -> bool {
        let lookups = (self.bound.joins.len() as u64 - 1).saturating_mul(self.estimate);
        self.bound.many.is_empty() && lookups <= SHORT_ROWS
    }

    /// Whether running takes no longer than about 200 microseconds. When unsure, it is not.
    pub fn is_short(&self) -> bool {
        self.is_short
    }

    /// What was chosen.
    pub fn explain(&self) -> Explain {
        explain::explain(self)
    }

    /// Runs the plan.
    pub fn run(&self, rows: &dyn Rows) -> Result<Found, FilterError> {
        run::run(self, rows)
    }
}

#[cfg(test)]
impl Plan<'_> {
    /// This plan and those that use each index that could be used, cheap or not.
    pub(super) fn alternatives(&self, rows: &dyn Rows) -> Result<Vec<Self>, FilterError> {
        let copy = || Self {
            collection: self.collection,
            bound: Arc::clone(&self.bound),
            request: self.request,
            page: self.page,
            now: self.now,
            access: self.access.clone(),
            in_order: self.in_order,
            proven: self.proven.clone(),
            is_exact: self.is_exact,
            estimate: self.estimate,
            is_short: self.is_short,
        };
        let mut plans = vec![copy()];
        let known = known(&self.bound, rows, self.request, self.now, self.collection)?;
        if let Some(known) = known {
            let mut scan = copy();
            scan.proven.clear();
            scan.pick_scan(&known);
            plans.push(scan);
            for candidate in candidates(self.collection, &self.bound, &known.facts) {
                let is_exact = candidate.proven.len() == known.conjuncts;
                let mut plan = copy();
                plan.take(candidate, is_exact, 0);
                plans.push(plan);
            }
        }
        Ok(plans)
    }
}

/// What is known before choosing; `None` when the condition cannot hold.
fn known(
    bound: &Bound,
    rows: &dyn Rows,
    request: &Request,
    now: Timestamp,
    collection: &Collection,
) -> Result<Option<Known>, FilterError> {
    let run = Run::new(bound, rows, request, now);
    let Some(nodes) = conjuncts(&run, lead(bound))? else {
        return Ok(None);
    };
    let mut facts = Vec::new();
    for node in &nodes {
        facts.extend(fact(&run, node)?);
    }
    let count = rows.count(collection)?;
    Ok(Some(Known { facts, conjuncts: nodes.len(), count }))
}

/// The multi-valued joins that sort keys stand on.
fn lead(bound: &Bound) -> JoinSet {
    bound.sort.iter().fold(0, |lead, key| match &key.by {
        SortBy::Term(term) => lead | term.needs,
        _ => lead,
    })
}

fn record_id(facts: &[Fact]) -> Option<String> {
    let by_id = |fact: &&Fact| fact.slot == Slot::ID && fact.operator == Operator::Equal;
    facts.iter().find(by_id).and_then(|fact| match &fact.value {
        Scalar::Text(id) => Some(id.clone().into_owned()),
        _ => None,
    })
}
