//! Plans: how a list is answered, and the answering.
//!
//! The comparisons of single columns with constants that a condition cannot do without pick an
//! index range; alternatives and conditions on related records pick several. What they do not
//! prove is tested row by row. The cheapest way by a rough count of touched rows wins.

mod advice;
#[cfg(test)]
mod alternatives;
mod answers;
mod columns;
mod explain;
mod facts;
mod lookup;
mod range;
mod run;
mod topk;
mod walk;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::model::{RowId, Scalar, Slot, Timestamp};
use crate::schema::Collection;

use super::ast::Operator;
use super::bound::{BASE, Bound, JoinSet, Node, SortBy};
use super::columns::Table;
use super::eval::Run;
use super::{Direction, FilterError, Found, Page, Request, Rows};
use facts::{Fact, conjuncts, fact};
use lookup::{Budget, Lookup, lookups};
use range::{Candidate, candidates};
use walk::Walk;

pub use advice::Advice;
pub use explain::Explain;

/// Visits to estimate a lookup, and index entries counted to estimate a range of a small collection.
const PROBE_MAX: u64 = 256;
/// Index entries counted to estimate a range: one for so many records, within these bounds. The more
/// records there are, the more is lost by taking another way.
const RECORDS_PER_PROBE: u64 = 256;
const PROBES: (u64, u64) = (PROBE_MAX, 8_192);
/// Index entries that are looked at, and nothing else of their rows, in the time of one row of a scan.
const ENTRIES_PER_ROW: u64 = 8;
/// Visits of one lookup at most, which bounds the memory for what it finds.
const LOOKUP_MAX: u64 = 500_000;
/// Rows that a plan may touch and still count as short.
const SHORT_ROWS: u64 = 100;
/// Plans that touch fewer rows than this need no columns.
const COLUMNS_MIN: u64 = 200;
/// What fetching a row through an index costs, in rows of a scan.
const FETCH_COST: u64 = 3;

/// How one list is answered. Valid for the moment it was made at.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent properties of a plan")]
pub struct Plan<'q> {
    collection: &'q Arc<Collection>,
    bound: Arc<Bound>,
    request: &'q Request,
    page: Page,
    rows_max: Option<u64>,
    now: Timestamp,
    access: Access,
    /// Whether candidates come in the order of the answer.
    in_order: bool,
    /// Comparisons that need no test, since the access proves them.
    proven: Vec<usize>,
    /// Whether nothing is left to test.
    is_exact: bool,
    /// The total, where choosing the plan found it out.
    total: Option<u64>,
    /// Rows and entries that the plan expects to touch.
    estimate: u64,
    is_short: bool,
    /// Whether it is worth asking what others know of the answer.
    is_shareable: bool,
    /// The page, if it is known already.
    known: Option<Arc<[RowId]>>,
    /// Rows that were looked at.
    looked: AtomicU64,
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
    /// These rows, found by a lookup that was short enough to be made while choosing.
    Found { lookup: Lookup, rowids: Vec<RowId>, direction: Direction },
    /// What a lookup finds in so many visits, or a scan when it takes more.
    Lookup { lookup: Lookup, visits: u64, direction: Direction },
    /// Columns in memory; without a table they are read in by the run, or it scans.
    Columns { table: Option<Arc<Table>>, direction: Direction },
    /// Every row in order of rowid.
    Scan(Direction),
}

/// What the choice is based on.
struct Known<'r, 'b> {
    run: &'r Run<'b>,
    nodes: Vec<&'b Node>,
    /// What the conjuncts say about the base row.
    facts: Vec<Fact>,
    count: u64,
}

impl<'q> Plan<'q> {
    pub(super) fn choose(
        collection: &'q Arc<Collection>,
        bound: &Arc<Bound>,
        rows: &dyn Rows,
        request: &'q Request,
        page: Page,
        rows_max: Option<u64>,
    ) -> Result<Self, FilterError> {
        let now = Timestamp::now();
        let mut plan = Self {
            collection,
            bound: Arc::clone(bound),
            request,
            page,
            rows_max,
            now,
            access: Access::Nothing,
            in_order: true,
            proven: Vec::new(),
            is_exact: true,
            total: None,
            estimate: 0,
            is_short: true,
            is_shareable: false,
            known: None,
            looked: AtomicU64::new(0),
        };
        let run = Run::new(bound, rows, request, now).within(rows_max);
        if let Some(known) = known(&run, collection)? {
            plan.pick(&known)?;
            plan.is_short = plan.estimate <= SHORT_ROWS && plan.joins_are_cheap();
            if plan.estimate > COLUMNS_MIN || !plan.joins_are_cheap() {
                plan.look_up(&run)?;
            }
        }
        Ok(plan)
    }

    fn pick(&mut self, known: &Known<'_, '_>) -> Result<(), FilterError> {
        if let Some(id) = record_id(&known.facts) {
            self.access = Access::Record(id);
            self.is_exact = false;
            self.estimate = 1;
            return Ok(());
        }
        let rows = known.run.rows;
        let mut best = self.pick_scan(known);
        for candidate in candidates(self.collection, Some(&self.bound.clone()), &known.facts) {
            // Without facts an index only gives an order, and its range is the whole of it.
            let narrows = candidate.fixed > 0 || candidate.has_range;
            let probed =
                if narrows { self.probe(rows, &candidate, known.count)? } else { Err(known.count) };
            let entries = match probed {
                Ok(entries) => entries,
                Err(at_least) if candidate.fixed > 0 => at_least.max(known.count / 3),
                Err(at_least) => at_least.max(known.count / 2),
            };
            let is_exact = candidate.proven.len() == known.nodes.len();
            let all = known.nodes.is_empty();
            let cost = self.index_cost(&candidate, entries, probed.is_ok(), is_exact, all);
            if candidate.is_single || cost < best {
                let is_counted = is_exact && narrows && !candidate.is_single;
                self.total = probed.ok().filter(|_| is_counted);
                self.take(candidate, is_exact, cost);
                best = cost;
                if best <= 1 {
                    break;
                }
            }
        }
        self.estimate = best;
        if best > FETCH_COST {
            self.pick_lookup(known)?;
        }
        if self.estimate > COLUMNS_MIN {
            self.pick_columns(known)?;
        }
        Ok(())
    }

    /// Takes a lookup if one is cheaper than the access taken so far.
    fn pick_lookup(&mut self, known: &Known<'_, '_>) -> Result<(), FilterError> {
        let (by_rowid, direction) = self.rowid_order();
        let mut unfinished = None;
        for lookup in lookups(known.run, &known.nodes, false)? {
            let mut budget = Budget::new(PROBE_MAX.min(self.estimate));
            match lookup.collect(known.run.rows, &mut budget)? {
                Some(rowids) => {
                    let cost = (rowids.len() as u64).saturating_mul(FETCH_COST);
                    if cost < self.estimate {
                        self.take_rowids(Access::Found { lookup, rowids, direction });
                        self.estimate = cost;
                    }
                }
                None => unfinished = unfinished.or(Some(lookup)),
            }
        }
        // A scan that may end early is not worth an attempt of unknown length.
        let goes_through_all = self.page.total || !by_rowid;
        if let (Access::Scan(_), true, Some(lookup)) = (&self.access, goes_through_all, unfinished)
        {
            let visits = (known.count / (2 * FETCH_COST)).min(LOOKUP_MAX);
            if visits > PROBE_MAX {
                self.take_rowids(Access::Lookup { lookup, visits, direction });
            }
        }
        Ok(())
    }

    fn take_rowids(&mut self, access: Access) {
        self.access = access;
        self.in_order = self.rowid_order().0;
        self.is_exact = false;
        self.proven.clear();
        self.total = None;
    }

    /// Whether the answer comes in order of rowid, and in which direction.
    fn rowid_order(&self) -> (bool, Direction) {
        match self.bound.sort.first() {
            Some(key) if !matches!(key.by, SortBy::RowId) => (false, Direction::Forward),
            Some(key) if key.descending => (true, Direction::Backward),
            _ => (true, Direction::Forward),
        }
    }

    /// Whether the answer comes in ascending order of rowid because nothing else was asked for.
    fn is_by_rowid_alone(&self) -> bool {
        self.bound.sort.is_empty()
    }

    fn pick_scan(&mut self, known: &Known<'_, '_>) -> u64 {
        let (in_order, direction) = self.rowid_order();
        self.in_order = in_order;
        self.is_exact = known.nodes.is_empty();
        self.access = Access::Scan(direction);
        let end = self.page.offset.saturating_add(self.page.limit);
        if self.in_order && self.is_exact { end.min(known.count) } else { known.count }
    }

    fn index_cost(
        &self,
        candidate: &Candidate<'_>,
        entries: u64,
        is_counted: bool,
        is_exact: bool,
        all: bool,
    ) -> u64 {
        if candidate.is_single {
            return 1;
        }
        let end = self.page.offset.saturating_add(self.page.limit);
        let fetch_page = end.min(entries).saturating_mul(FETCH_COST);
        match (candidate.in_order, is_exact, self.page.total && !all) {
            (true, true, false) => fetch_page,
            (true, true, true) => (entries / FETCH_COST).saturating_add(fetch_page),
            // Where the number is a guess, a scan may end early unless there is a total to find out,
            // and few records are soon scanned.
            (false, true, total)
                if self.is_by_rowid_alone() && (is_counted || total && entries > PROBES.1) =>
            {
                (entries / ENTRIES_PER_ROW).saturating_add(fetch_page)
            }
            // One candidate in ten is a guess at how many the rest of the condition lets through.
            (true, false, false) => entries.min(end.saturating_mul(10)).saturating_mul(FETCH_COST),
            _ => entries.saturating_mul(FETCH_COST),
        }
    }

    fn take(&mut self, candidate: Candidate<'_>, is_exact: bool, cost: u64) {
        self.in_order = candidate.in_order;
        self.is_exact = is_exact;
        self.proven = candidate.proven;
        self.access = Access::Index { name: candidate.name.to_owned(), walk: candidate.walk };
        self.estimate = cost;
    }

    /// How many entries a range has; `Err` with what was counted when there are more.
    fn probe(
        &self,
        rows: &dyn Rows,
        candidate: &Candidate<'_>,
        count: u64,
    ) -> Result<Result<u64, u64>, FilterError> {
        if candidate.is_single {
            return Ok(Ok(1));
        }
        let most = (count / RECORDS_PER_PROBE).clamp(PROBES.0, PROBES.1);
        let walk = &candidate.walk;
        let mut entries = 0;
        let forward = Direction::Forward;
        rows.scan_index(self.collection, walk.tree, &walk.range, forward, &mut |_, _| {
            entries += 1;
            let full = entries > most;
            Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(if entries > most { Err(entries) } else { Ok(entries) })
    }

    /// Whether joined rows keep the work within the same bound.
    fn joins_are_cheap(&self) -> bool {
        // What is asked of columns counts the joins that lead to few rows already.
        if let Access::Columns { table, .. } = &self.access {
            use super::bound::JoinKind::{Auth, Base, ItemRecord, Items, Single};
            let leads_to_few =
                |kind| matches!(kind, &(Base | Single { .. } | Items { .. } | ItemRecord | Auth));
            return table.is_some() && self.bound.joins.iter().all(|join| leads_to_few(&join.kind));
        }
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

    /// The rows that running the plan has tested so far, related ones included.
    pub fn looked(&self) -> u64 {
        self.looked.load(Relaxed)
    }

    /// Runs the plan.
    pub fn run(&self, rows: &dyn Rows) -> Result<Found, FilterError> {
        answers::run(self, rows)
    }

    /// The rowids of the page in order: eight bytes for each, however large the rows are.
    pub fn rowids(&self, rows: &dyn Rows) -> Result<Vec<RowId>, FilterError> {
        run::rowids(self, rows)
    }
}

/// What is known before choosing; `None` when the condition cannot hold.
fn known<'r, 'b>(
    run: &'r Run<'b>,
    collection: &Collection,
) -> Result<Option<Known<'r, 'b>>, FilterError> {
    let Some(nodes) = conjuncts(run, lead(run.bound))? else {
        return Ok(None);
    };
    let mut facts = Vec::new();
    for node in &nodes {
        facts.extend(fact(run, node)?.filter(|fact| fact.join == BASE));
    }
    let count = run.rows.count(collection)?;
    Ok(Some(Known { run, nodes, facts, count }))
}

/// The multi-valued joins that sort keys stand on.
fn lead(bound: &Bound) -> JoinSet {
    bound.sort.iter().fold(0, |lead, key| match &key.by {
        SortBy::Term(term) => lead | term.needs,
        _ => lead,
    })
}

/// The comparison with a constant that is all that `node` says, where it is one of the column in
/// `slot` and a key range could stand for it.
pub(super) fn sole_fact(
    run: &Run<'_>,
    node: &Node,
    slot: Slot,
) -> Result<Option<(Operator, Scalar<'static>)>, FilterError> {
    let fact = fact(run, node)?;
    let fact = fact.filter(|fact| fact.join == BASE && fact.slot == slot && fact.exact);
    Ok(fact.map(|fact| (fact.operator, fact.value)))
}

fn record_id(facts: &[Fact]) -> Option<String> {
    let by_id = |fact: &&Fact| fact.slot == Slot::ID && fact.operator == Operator::Equal;
    facts.iter().find(by_id).and_then(|fact| match &fact.value {
        Scalar::Text(id) => Some(id.clone().into_owned()),
        _ => None,
    })
}
