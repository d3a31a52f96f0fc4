//! Answering: candidates in, page and total out.

use std::ops::{Bound as RangeBound, ControlFlow};
use std::sync::atomic::Ordering::Relaxed;

use crate::model::key::has_cut_text;
use crate::model::{Row, RowId, Scalar};
use crate::query::bound::{JoinSet, Node, SortBy};
use crate::query::columns::Program;
use crate::query::eval::{Binding, Env, Run};
use crate::query::sort::KEYS_MAX;
use crate::query::{Direction, FilterError, Found, Rows};

use super::facts::conjuncts;
use super::lookup::Budget;
use super::topk::{Key, TopK};
use super::walk::Walk;
use super::{Access, Plan, lead};

/// The rowids of the page in order; nothing else of the rows is kept in memory.
pub(super) fn rowids(plan: &Plan<'_>, rows: &dyn Rows) -> Result<Vec<RowId>, FilterError> {
    answered(plan, rows, Keep::RowIds, None).map(|(_, rowids)| rowids)
}

/// What of the page is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Rows,
    RowIds,
}

/// The answer, with the total if that is known.
pub(super) fn answered(
    plan: &Plan<'_>,
    rows: &dyn Rows,
    keep: Keep,
    total: Option<u64>,
) -> Result<(Found, Vec<RowId>), FilterError> {
    let run = Run::new(&plan.bound, rows, plan.request, plan.now).within(plan.rows_max);
    let lead = lead(&plan.bound);
    let Some(mut nodes) = conjuncts(&run, lead)? else {
        let found = Found { rows: Vec::new(), total: plan.page.total.then_some(0) };
        return Ok((found, Vec::new()));
    };
    let all = nodes.clone();
    let is_proven = |node: &&Node| match node {
        Node::Compare(compare) => plan.proven.contains(&compare.number),
        _ => false,
    };
    nodes.retain(|node| !is_proven(node));
    let mut answer = Answer::new(plan, &run, nodes, lead, plan.in_order, keep);
    answer.total = plan.total.or(total);
    if answer.total.is_none() && plan.counts_collection() {
        answer.total = Some(rows.count(plan.collection)?);
    }
    match &plan.access {
        Access::Nothing => {}
        Access::Record(id) => {
            if let Some(rowid) = rows.find(plan.collection, id)? {
                answer.fetch(rows, rowid)?;
            }
        }
        Access::Found { rowids, direction, .. } => answer.fetch_all(rows, rowids, *direction)?,
        Access::Lookup { lookup, visits, direction } => {
            match lookup.collect(rows, &mut Budget::new(*visits))? {
                Some(rowids) => answer.fetch_all(rows, &rowids, *direction)?,
                None => answer.scan(rows, *direction)?,
            }
        }
        Access::Scan(direction) => answer.scan(rows, *direction)?,
        Access::Columns { table, direction } => {
            if !answer.columns(rows, table.as_ref(), *direction)? {
                answer.scan(rows, *direction)?;
            }
        }
        Access::Index { walk, .. } => {
            if !answer.walk(rows, walk)? {
                // Long texts are out of order in their index, so order the whole instead.
                answer = Answer::new(plan, &run, all, lead, false, keep);
                answer.scan(rows, Direction::Forward)?;
            }
        }
    }
    let found = answer.finish(rows);
    plan.looked.fetch_add(run.looked(), Relaxed);
    found
}

/// The page and the total while candidates come in.
pub(super) struct Answer<'p, 'r> {
    pub(super) plan: &'p Plan<'p>,
    pub(super) run: &'p Run<'r>,
    /// What is left to test.
    pub(super) nodes: Vec<&'r Node>,
    /// What is left to test, in a form that remembers; `None` before the first candidate, and where
    /// sort keys share joins with it.
    program: Option<Program<'r>>,
    /// Multi-valued joins that sort keys stand on.
    lead: JoinSet,
    /// Whether candidates come in the order of the answer.
    pub(super) in_order: bool,
    pub(super) end: u64,
    pub(super) matched: u64,
    /// The total, when it is known beforehand.
    total: Option<u64>,
    found: Vec<(RowId, crate::model::RowBuf)>,
    rowids: Vec<RowId>,
    keep: Keep,
    top: TopK,
    /// Memory that passes from one candidate to the next.
    bindings: Vec<Binding>,
    failure: Option<FilterError>,
}

impl<'p, 'r> Answer<'p, 'r> {
    fn new(
        plan: &'p Plan<'p>,
        run: &'p Run<'r>,
        nodes: Vec<&'r Node>,
        lead: JoinSet,
        in_order: bool,
        keep: Keep,
    ) -> Self {
        let end = plan.page.offset.saturating_add(plan.page.limit);
        let top = TopK::new(usize::try_from(end).unwrap_or(usize::MAX));
        let (found, rowids, bindings) = (Vec::new(), Vec::new(), Vec::new());
        let (matched, total, failure) = (0, None, None);
        Self {
            plan,
            run,
            nodes,
            program: None,
            lead,
            in_order,
            end,
            matched,
            total,
            found,
            rowids,
            keep,
            top,
            bindings,
            failure,
        }
    }

    /// Whether more candidates cannot change the answer.
    pub(super) fn is_full(&self) -> bool {
        let counting = self.plan.page.total && self.total.is_none();
        self.in_order && !counting && self.matched >= self.end
    }

    fn flow(&self) -> ControlFlow<()> {
        let stop = self.failure.is_some() || self.is_full();
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn scan(&mut self, rows: &dyn Rows, direction: Direction) -> Result<(), FilterError> {
        if self.is_full() {
            return Ok(());
        }
        let all = (RangeBound::Unbounded, RangeBound::Unbounded);
        rows.scan(self.plan.collection, all, direction, &mut |rowid, row| {
            self.offer(rowid, row);
            Ok(self.flow())
        })?;
        Ok(())
    }

    /// Goes through a range of an index; false when it turns out not to be in order.
    fn walk(&mut self, rows: &dyn Rows, walk: &Walk) -> Result<bool, FilterError> {
        let mut sorted = true;
        // Only entries matter where nothing is left to test and their order is that of the answer.
        let entries_only = self.nodes.is_empty() && self.in_order;
        // Nor do rows where the order is that of rowids, which entries tell.
        let rowids_only = self.nodes.is_empty() && !self.in_order && self.plan.is_by_rowid_alone();
        let checks_order = self.in_order && !self.plan.bound.sort.is_empty();
        walk.run(rows, self.plan.collection, &mut |key, rowid| {
            // Behind the page only their number matters.
            if checks_order && self.matched < self.end && has_cut_text(key, walk.parts) {
                sorted = false;
                return Ok(ControlFlow::Break(()));
            }
            if rowids_only {
                self.top.offer(&mut [], rowid);
                self.matched += 1;
            } else if entries_only && !self.is_wanted() {
                self.matched += 1;
            } else if !self.is_full() {
                let collection = self.plan.collection;
                rows.with_row(collection, rowid, &mut |row| self.offer(rowid, row))?;
            }
            Ok(self.flow())
        })?;
        Ok(sorted)
    }

    fn fetch(&mut self, rows: &dyn Rows, rowid: RowId) -> Result<(), FilterError> {
        rows.with_row(self.plan.collection, rowid, &mut |row| {
            self.offer(rowid, row);
        })?;
        Ok(())
    }

    /// Goes through rows that were looked up, given in order.
    fn fetch_all(
        &mut self,
        rows: &dyn Rows,
        rowids: &[RowId],
        direction: Direction,
    ) -> Result<(), FilterError> {
        for at in 0..rowids.len() {
            if self.flow().is_break() {
                break;
            }
            let at = if direction == Direction::Forward { at } else { rowids.len() - 1 - at };
            self.fetch(rows, rowids[at])?;
        }
        Ok(())
    }

    /// Whether the next match belongs to the page, when matches come in order.
    fn is_wanted(&self) -> bool {
        (self.plan.page.offset..self.end).contains(&self.matched)
    }

    /// Takes one candidate.
    fn offer(&mut self, rowid: RowId, row: Row<'_>) {
        match self.matches(rowid, row) {
            Ok(true) => {
                if self.in_order && self.is_wanted() {
                    match self.keep {
                        Keep::Rows => self.found.push((rowid, row.to_buf())),
                        Keep::RowIds => self.rowids.push(rowid),
                    }
                }
                self.matched += 1;
            }
            Ok(false) => {}
            Err(failure) => self.failure = Some(failure),
        }
    }

    /// Whether a candidate passes; ranks it if so and if that is needed.
    fn matches(&mut self, rowid: RowId, row: Row<'_>) -> Result<bool, FilterError> {
        if self.nodes.is_empty() && self.in_order {
            return Ok(true);
        }
        self.run.look()?;
        if self.lead == 0 && self.program.is_none() {
            self.program = Some(Program::new(self.run, &self.nodes)?);
        }
        let Self { run, program, top, plan, .. } = self;
        let nodes = match program {
            Some(program) => {
                if !program.holds(run, row)? {
                    return Ok(false);
                }
                &program.rest
            }
            None => &self.nodes,
        };
        if self.in_order && nodes.is_empty() {
            return Ok(true);
        }
        let mut env = run.env_within(row, std::mem::take(&mut self.bindings));
        let matches = if self.in_order {
            run.all_hold(nodes.iter().copied(), &mut env)
        } else {
            run.first_match(nodes, self.lead, &mut env, &mut |env| {
                top.offer(&mut keys(run, plan, rowid, env)?[..plan.bound.sort.len()], rowid);
                Ok(())
            })
        };
        self.bindings = env.into_bindings();
        matches
    }

    /// Whether all `nodes` hold for a row. A failure is remembered.
    pub(super) fn holds(&mut self, nodes: &[&'r Node], row: Row<'_>) -> bool {
        if self.failure.is_some() {
            return false;
        }
        let mut env = self.run.env_within(row, std::mem::take(&mut self.bindings));
        let looked = self.run.look();
        let holds = looked.and_then(|()| self.run.all_hold(nodes.iter().copied(), &mut env));
        self.bindings = env.into_bindings();
        holds.unwrap_or_else(|failure| {
            self.failure = Some(failure);
            false
        })
    }

    /// Fails with the failure that was remembered.
    pub(super) fn check(&mut self) -> Result<(), FilterError> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Takes the page as found.
    pub(super) fn take_page(
        &mut self,
        rows: &dyn Rows,
        page: Vec<RowId>,
    ) -> Result<(), FilterError> {
        if self.keep == Keep::RowIds {
            self.rowids = page;
            return Ok(());
        }
        for rowid in page {
            let row = rows.row(self.plan.collection, rowid)?;
            self.found.extend(row.map(|row| (rowid, row)));
        }
        Ok(())
    }

    fn finish(mut self, rows: &dyn Rows) -> Result<(Found, Vec<RowId>), FilterError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let skip = usize::try_from(self.plan.page.offset).unwrap_or(usize::MAX);
        for rowid in self.top.into_rowids().into_iter().skip(skip) {
            if self.keep == Keep::RowIds {
                self.rowids.push(rowid);
                continue;
            }
            let row = rows.row(self.plan.collection, rowid)?;
            self.found.extend(row.map(|row| (rowid, row)));
        }
        let total = self.plan.page.total.then(|| self.total.unwrap_or(self.matched));
        Ok((Found { rows: self.found, total }, self.rowids))
    }
}

/// The sort keys of the row that `env` holds; those beyond the sort are null.
fn keys<'e>(
    run: &'e Run<'_>,
    plan: &'e Plan<'_>,
    rowid: RowId,
    env: &'e mut Env<'_>,
) -> Result<[Key<'e>; KEYS_MAX], FilterError> {
    for key in &plan.bound.sort {
        if let SortBy::Term(term) = &key.by {
            run.prepare(term, env)?;
        }
    }
    let env = &*env;
    Ok(std::array::from_fn(|at| {
        let Some(key) = plan.bound.sort.get(at) else {
            return Key { value: Scalar::Null, descending: false };
        };
        let value = match &key.by {
            SortBy::Term(term) => run.value(term, env),
            SortBy::Random => Scalar::Int(rand::random()),
            SortBy::RowId => Scalar::Int(rowid.0 as i64),
        };
        Key { value, descending: key.descending }
    }))
}
