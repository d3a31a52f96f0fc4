//! Lists whose answer is known, or in the making.

use std::sync::{Arc, PoisonError};

use crate::model::RowId;
use crate::query::bound::{BASE, JoinKind};
use crate::query::columns::Question;
use crate::query::eval::Run;
use crate::query::{FilterError, Found, Rows};
use crate::schema::Collection;

use super::run::{Keep, answered};
use super::{Plan, SHORT_ROWS};

impl Plan<'_> {
    /// Looks up what is known of the answer already.
    pub(super) fn look_up(&mut self, run: &Run<'_>) -> Result<(), FilterError> {
        let Some(kept) = run.rows.kept() else {
            return Ok(());
        };
        let Some(inputs) = run.inputs() else {
            return Ok(());
        };
        let joins = self.bound.joins.iter();
        let from_body = |kind: &JoinKind| {
            matches!(kind, JoinKind::BodyItems { .. } | JoinKind::BodyRecords { .. })
        };
        if joins.clone().any(|join| from_body(&join.kind)) {
            return Ok(());
        }
        let joined = joins.skip(BASE + 1).filter_map(|join| join.collection.as_ref());
        let collections: Vec<&Arc<Collection>> =
            std::iter::once(self.collection).chain(joined).collect();
        let versions = kept.columns.versions(&kept, run.rows, collections.into_iter())?;
        let Some(states) = versions else {
            return Ok(());
        };
        let (bound, rows_max) = (Arc::clone(&self.bound), self.rows_max);
        let question = Question { bound, states, inputs, rows_max };
        let (total, page) = kept.columns.answers.known(&question, self.page);
        self.total = self.total.or(total);
        if let Some(page) = page {
            self.is_short = page.len() as u64 <= SHORT_ROWS;
            self.known = Some(page);
        }
        self.question = Some(question);
        Ok(())
    }
}

/// Runs a plan, unless the answer is known or somebody else is about to know it.
pub(super) fn run(plan: &Plan<'_>, rows: &dyn Rows) -> Result<Found, FilterError> {
    if let Some(page) = &plan.known {
        return fetched(plan, rows, page, plan.total);
    }
    let (Some(question), Some(kept)) = (&plan.question, rows.kept()) else {
        return answered(plan, rows, Keep::Rows, None).map(|(found, _)| found);
    };
    let shared = kept.columns.answers.of(question);
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
