//! Lists whose answer is known, or in the making.

use std::sync::{Arc, PoisonError};

use crate::model::RowId;
use crate::query::bound::{BASE, JoinKind};
use crate::query::columns::{Effort, Question};
use crate::query::eval::Run;
use crate::query::{FilterError, Found, Rows};

use super::run::{Keep, answered};
use super::{Plan, SHORT_ROWS};

/// What a list takes from its request may be so long for its answer to be kept.
const INPUT_BYTES_MAX: usize = 16 << 10;

impl Plan<'_> {
    /// Looks up what is known of the answer already.
    pub(super) fn look_up(&mut self, run: &Run<'_>) -> Result<(), FilterError> {
        self.is_shareable = true;
        let Some((question, kept)) = self.question(run, Effort::Hurry)?.zip(run.rows.kept()) else {
            return Ok(());
        };
        let (total, page) = kept.columns.answers.known(&question, self.page);
        self.total = self.total.or(total);
        if let Some(page) = page {
            self.is_short = page.len() as u64 <= SHORT_ROWS;
            self.known = Some(page);
        }
        Ok(())
    }

    /// What the list asks; `None` when its answer cannot be kept.
    fn question(&self, run: &Run<'_>, effort: Effort) -> Result<Option<Question>, FilterError> {
        let (Some(kept), Some(inputs)) = (run.rows.kept(), run.inputs()) else {
            return Ok(None);
        };
        let from_body = |kind: &JoinKind| {
            matches!(kind, JoinKind::BodyItems { .. } | JoinKind::BodyRecords { .. })
        };
        if inputs.len() > INPUT_BYTES_MAX {
            return Ok(None);
        }
        if self.bound.joins.iter().any(|join| from_body(&join.kind)) {
            return Ok(None);
        }
        let joined =
            self.bound.joins[BASE + 1..].iter().filter_map(|join| join.collection.as_ref());
        let collections = std::iter::once(self.collection).chain(joined);
        let states = kept.columns.states(&kept, run.rows, collections, effort)?;
        let (bound, rows_max) = (Arc::clone(&self.bound), self.rows_max);
        Ok(states.map(|states| Question { bound, states, inputs, rows_max }))
    }
}

/// Runs a plan, unless the answer is known or somebody else is about to know it.
pub(super) fn run(plan: &Plan<'_>, rows: &dyn Rows) -> Result<Found, FilterError> {
    if let Some(page) = &plan.known {
        return fetched(plan, rows, page, plan.total);
    }
    let run = Run::new(&plan.bound, rows, plan.request, plan.now);
    let question = if plan.is_shareable { plan.question(&run, Effort::Any)? } else { None };
    let Some((question, kept)) = question.zip(rows.kept()) else {
        return answered(plan, rows, Keep::Rows, None).map(|(found, _)| found);
    };
    let shared = kept.columns.answers.of(&question);
    let mut known = shared.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(page) = known.page(plan.page) {
        let total = known.total();
        drop(known);
        return fetched(plan, rows, &page, total);
    }
    let (found, _) = answered(plan, rows, Keep::Rows, known.total())?;
    let rowids: Arc<[RowId]> = found.rows.iter().map(|(rowid, _)| *rowid).collect();
    known.note(plan.page, rowids, found.total);
    Ok(found)
}

/// The answer with the rows of a page that is known.
fn fetched(
    plan: &Plan<'_>,
    rows: &dyn Rows,
    page: &[RowId],
    total: Option<u64>,
) -> Result<Found, FilterError> {
    let mut found = Vec::with_capacity(page.len());
    for rowid in page {
        let row = rows.row(plan.collection, *rowid)?;
        found.extend(row.map(|row| (*rowid, row)));
    }
    Ok(Found { rows: found, total: total.filter(|_| plan.page.total) })
}
