//! Answering from columns in memory.

use std::collections::BTreeSet;
use std::ops::{Bound as RangeBound, ControlFlow};
use std::sync::Arc;

use crate::model::{Row, RowId, Slot};
use crate::query::bound::{Bound, Node};
use crate::query::columns::{CHUNK, Effort, Kept, Mask, Program, Table, Top};
use crate::query::eval::Run;
use crate::query::{Direction, FilterError, Page, ReadError, Rows};
use crate::schema::Collection;

use super::run::Answer;
use super::{Access, FETCH_COST, Known, Plan};

/// Fewer rows than this are scanned rather than read into columns.
const READ_MIN: u64 = 1000;
/// Values of a column that are looked at in the time of one row of a scan.
const VALUES_PER_ROW: u64 = 1024;

/// Rows whose place in the order is looked at in the time of one row of a scan.
const SORTED_PER_ROW: u64 = 64;

/// How columns would answer.
pub(super) struct ByColumns<'b> {
    program: Program<'b>,
    /// `None` when the answer comes in order of rowid.
    top: Option<Top>,
    /// The columns it takes.
    slots: Vec<Slot>,
}

impl<'b> ByColumns<'b> {
    /// Takes the conjuncts apart; `None` when columns are of no use.
    pub(super) fn new(
        run: &Run<'b>,
        nodes: &[&'b Node],
        bound: &Bound,
        in_order: bool,
        page: Page,
    ) -> Result<Option<Self>, FilterError> {
        let end = usize::try_from(page.offset.saturating_add(page.limit)).unwrap_or(usize::MAX);
        let top = if in_order {
            None
        } else {
            let Some(top) = Top::new(bound, end) else {
                return Ok(None);
            };
            Some(top)
        };
        let program = Program::new(run, nodes)?;
        let mut slots = BTreeSet::new();
        program.add_slots(&mut slots);
        if let Some(top) = &top {
            top.add_slots(&mut slots);
        }
        let slots: Vec<Slot> = slots.into_iter().collect();
        let is_of_use = !slots.is_empty() && (program.tests_columns() || program.rest.is_empty());
        Ok(is_of_use.then_some(Self { program, top, slots }))
    }

    /// The table to answer from.
    pub(super) fn table(
        &self,
        kept: &Kept<'_>,
        rows: &dyn Rows,
        collection: &Arc<Collection>,
        effort: Effort,
    ) -> Result<Option<Arc<Table>>, ReadError> {
        kept.columns.table(kept, rows, collection, &self.slots, effort)
    }

    /// What answering costs, in rows of a scan.
    fn cost(&self, table: &Table, joins: u64) -> u64 {
        let values = table.rows().saturating_mul(self.slots.len() as u64);
        let asked = self.program.evaluations(table).saturating_mul(joins);
        let rest = if self.program.rest.is_empty() { 0 } else { table.rows() / 2 };
        let sorted = if self.top.is_some() { table.rows() / SORTED_PER_ROW } else { 0 };
        values / VALUES_PER_ROW + asked + rest + sorted
    }
}

impl Plan<'_> {
    /// Takes columns if they are cheaper than the access taken so far, or if a list that goes
    /// through all rows may as well read them in.
    pub(super) fn pick_columns(&mut self, known: &Known<'_, '_>) -> Result<(), FilterError> {
        let rows = known.run.rows;
        let Some(kept) = rows.kept() else {
            return Ok(());
        };
        let bound = Arc::clone(&self.bound);
        let (in_order, direction) = self.rowid_order();
        let by_columns = ByColumns::new(known.run, &known.nodes, &bound, in_order, self.page)?;
        let Some(by_columns) = by_columns else {
            return Ok(());
        };
        let table = by_columns.table(&kept, rows, self.collection, Effort::Hurry)?;
        let goes_through_all = self.page.total || !in_order;
        let scans = match self.access {
            Access::Scan(_) | Access::Lookup { .. } => true,
            // A range of which it is not known how long it is.
            Access::Index { .. } => self.is_exact && !self.in_order && self.total.is_none(),
            _ => false,
        };
        if let Some(table) = table {
            let cost = by_columns.cost(&table, bound.joins.len() as u64);
            if cost < self.estimate {
                self.take_columns(Some(table), direction, known.nodes.is_empty());
                self.estimate = cost;
            }
        } else {
            let is_worth_it = scans && goes_through_all && known.count >= READ_MIN;
            let slots = &by_columns.slots;
            if is_worth_it && kept.columns.has_room(rows, self.collection, slots)? {
                self.take_columns(None, direction, known.nodes.is_empty());
            }
        }
        Ok(())
    }

    pub(super) fn take_columns(
        &mut self,
        table: Option<Arc<Table>>,
        direction: Direction,
        is_exact: bool,
    ) {
        self.take_rowids(Access::Columns { table, direction });
        self.is_exact = is_exact;
    }
}

impl<'r> Answer<'_, 'r> {
    /// Answers from `table`, or from columns that are read in now; false when they cannot be had.
    pub(super) fn columns(
        &mut self,
        rows: &dyn Rows,
        table: Option<&Arc<Table>>,
        direction: Direction,
    ) -> Result<bool, FilterError> {
        let plan = self.plan;
        let by_columns =
            ByColumns::new(self.run, &self.nodes, &plan.bound, self.in_order, plan.page)?;
        let Some(mut by_columns) = by_columns else {
            return Ok(false);
        };
        let read;
        let table = match (table, rows.kept()) {
            (Some(table), _) => table,
            (None, Some(kept)) => {
                match by_columns.table(&kept, rows, plan.collection, Effort::Any)? {
                    Some(table) => {
                        read = table;
                        &read
                    }
                    None => return Ok(false),
                }
            }
            (None, None) => return Ok(false),
        };
        let mut page = Vec::new();
        for at in 0..table.chunks() {
            if self.is_full() {
                break;
            }
            let chunk = match direction {
                Direction::Forward => at,
                Direction::Backward => table.chunks() - 1 - at,
            };
            let mut mask = *table.live(chunk);
            by_columns.program.narrow(self.run, table, chunk, &mut mask)?;
            if !by_columns.program.rest.is_empty() {
                self.test_rows(rows, &by_columns.program.rest, table, chunk, &mut mask)?;
            }
            let found = ones(&mask);
            if let Some(top) = &mut by_columns.top {
                each_bit(&mask, Direction::Forward, &mut |place| top.offer(table, chunk, place));
            } else if self.matched < self.end && self.matched + found > plan.page.offset {
                let mut matched = self.matched;
                each_bit(&mask, direction, &mut |place| {
                    if (plan.page.offset..self.end).contains(&matched) {
                        page.push(table.rowid(chunk, place));
                    }
                    matched += 1;
                });
            }
            self.matched += found;
        }
        if let Some(top) = by_columns.top {
            let skip = usize::try_from(plan.page.offset).unwrap_or(usize::MAX);
            page.extend(top.into_rowids(table).into_iter().skip(skip));
        }
        self.take_page(rows, page)?;
        Ok(true)
    }

    /// Takes those rows of a chunk out of `mask` that `rest` does not hold for.
    fn test_rows(
        &mut self,
        rows: &dyn Rows,
        rest: &[&'r Node],
        table: &Table,
        chunk: usize,
        mask: &mut Mask,
    ) -> Result<(), FilterError> {
        let collection = self.plan.collection;
        let (candidates, first) = (*mask, table.rowid(chunk, 0));
        let mut test = |rowid: RowId, row: Row<'_>| {
            let place = (rowid.0 - first.0) as usize;
            let bit = 1u64 << (place % 64);
            if candidates[place / 64] & bit != 0 && !self.holds(rest, row) {
                mask[place / 64] &= !bit;
            }
        };
        if ones(&candidates) * FETCH_COST < ones(table.live(chunk)) {
            let mut rowids = Vec::new();
            each_bit(&candidates, Direction::Forward, &mut |place| {
                rowids.push(table.rowid(chunk, place));
            });
            for rowid in rowids {
                rows.with_row(collection, rowid, &mut |row| test(rowid, row))?;
            }
        } else {
            let last = RowId(first.0 + CHUNK as u64 - 1);
            let range = (RangeBound::Included(first), RangeBound::Included(last));
            rows.scan(collection, range, Direction::Forward, &mut |rowid, row| {
                test(rowid, row);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        self.check()
    }
}

fn ones(mask: &Mask) -> u64 {
    mask.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// Shows the places whose bit is set.
fn each_bit(mask: &Mask, direction: Direction, visit: &mut dyn FnMut(usize)) {
    for at in 0..mask.len() {
        let at = if direction == Direction::Forward { at } else { mask.len() - 1 - at };
        let mut word = mask[at];
        while word != 0 {
            let bit = match direction {
                Direction::Forward => word.trailing_zeros(),
                Direction::Backward => word.ilog2(),
            };
            word &= !(1 << bit);
            visit(at * 64 + bit as usize);
        }
    }
}
