//! Every plan that could be chosen, for tests.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::query::columns::Effort;
use crate::query::eval::Run;
use crate::query::{FilterError, Rows};

use super::columns::ByColumns;
use super::lookup::{Budget, lookups};
use super::range::candidates;
use super::{Access, Plan, known};

impl Plan<'_> {
    /// This plan and those that use each access that could be used, cheap or not.
    pub(in crate::query) fn alternatives(&self, rows: &dyn Rows) -> Result<Vec<Self>, FilterError> {
        let copy = || Self {
            collection: self.collection,
            bound: Arc::clone(&self.bound),
            request: self.request,
            page: self.page,
            rows_max: self.rows_max,
            now: self.now,
            access: self.access.clone(),
            in_order: self.in_order,
            proven: self.proven.clone(),
            is_exact: self.is_exact,
            total: self.total,
            estimate: self.estimate,
            is_short: self.is_short,
            is_shareable: false,
            known: None,
            looked: AtomicU64::new(0),
        };
        let mut plans = vec![copy()];
        let run = Run::new(&self.bound, rows, self.request, self.now);
        let Some(known) = known(&run, self.collection)? else {
            return Ok(plans);
        };
        let mut scan = copy();
        scan.proven.clear();
        scan.total = None;
        scan.pick_scan(&known);
        plans.push(scan);
        for candidate in candidates(self.collection, Some(&self.bound), &known.facts) {
            let is_exact = candidate.proven.len() == known.nodes.len();
            let mut plan = copy();
            plan.total = None;
            plan.take(candidate, is_exact, 0);
            plans.push(plan);
        }
        let (in_order, direction) = self.rowid_order();
        let by_columns = ByColumns::new(&run, &known.nodes, &self.bound, in_order, self.page)?;
        if let (Some(by_columns), Some(kept)) = (by_columns, rows.kept()) {
            let table = by_columns.table(&kept, rows, self.collection, Effort::Any)?;
            for table in [None, table] {
                let mut plan = copy();
                plan.take_columns(table, direction, known.nodes.is_empty());
                plans.push(plan);
            }
        }
        for with_base in [false, true] {
            for lookup in lookups(&run, &known.nodes, with_base)? {
                for visits in [u64::MAX, 3] {
                    let mut plan = copy();
                    let lookup = lookup.clone();
                    plan.take_rowids(Access::Lookup { lookup, visits, direction });
                    plans.push(plan);
                }
                let mut budget = Budget::new(u64::MAX);
                if let Some(rowids) = lookup.collect(rows, &mut budget)? {
                    let mut plan = copy();
                    plan.take_rowids(Access::Found { lookup, rowids, direction });
                    plans.push(plan);
                }
            }
        }
        Ok(plans)
    }
}
