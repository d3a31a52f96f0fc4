//! Answering: candidates in, page and total out.

use std::ops::{Bound as RangeBound, ControlFlow};

use crate::model::{Row, RowId, Scalar};
use crate::query::bound::{JoinSet, Node, SortBy};
use crate::query::eval::{Env, Run};
use crate::query::{FilterError, Found, Rows, Visit};

use super::topk::{Key, TopK};
use super::{Access, Plan};

pub(super) fn run(plan: &Plan<'_>, rows: &dyn Rows) -> Result<Found, FilterError> {
    let mut answer = Answer::new(plan, rows);
    let Access::Scan(direction) = plan.access;
    let all = (RangeBound::Unbounded, RangeBound::Unbounded);
    rows.scan(plan.collection, all, direction, &mut |rowid, row| answer.offer(rowid, row))?;
    answer.finish(rows)
}

/// The page and the total while candidates come in.
struct Answer<'p> {
    plan: &'p Plan<'p>,
    run: Run<'p>,
    nodes: Vec<&'p Node>,
    /// Multi-valued joins that sort keys stand on.
    lead: JoinSet,
    /// Whether candidates come in the order of the answer.
    in_order: bool,
    end: u64,
    matched: u64,
    found: Found,
    top: TopK,
    failure: Option<FilterError>,
}

impl<'p> Answer<'p> {
    fn new(plan: &'p Plan<'p>, rows: &'p dyn Rows) -> Self {
        let end = plan.page.offset.saturating_add(plan.page.limit);
        let lead = plan.bound.sort.iter().fold(0, |lead, key| match &key.by {
            SortBy::Term(term) => lead | term.needs,
            _ => lead,
        });
        Self {
            plan,
            run: Run::new(&plan.bound, rows, plan.request),
            nodes: plan.bound.root.iter().collect(),
            lead,
            in_order: plan.bound.sort.first().is_none_or(|key| matches!(key.by, SortBy::RowId)),
            end,
            matched: 0,
            found: Found { rows: Vec::new(), total: None },
            top: TopK::new(usize::try_from(end).unwrap_or(usize::MAX)),
            failure: None,
        }
    }

    /// Takes one candidate.
    fn offer(&mut self, rowid: RowId, row: Row<'_>) -> Visit {
        if let Err(failure) = self.take(rowid, row) {
            self.failure = Some(failure);
            return Ok(ControlFlow::Break(()));
        }
        let full = self.in_order && !self.plan.page.total && self.matched >= self.end;
        Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn take(&mut self, rowid: RowId, row: Row<'_>) -> Result<(), FilterError> {
        let Self { run, nodes, top, plan, in_order, .. } = self;
        let mut env = run.env(Some(row));
        let matches = if *in_order {
            run.all_hold(nodes.iter().copied(), &mut env)?
        } else {
            run.first_match(nodes, self.lead, &mut env, &mut |env| {
                top.offer(keys(run, plan, rowid, env)?, rowid);
                Ok(())
            })?
        };
        if matches {
            let wanted = (self.plan.page.offset..self.end).contains(&self.matched);
            if self.in_order && wanted {
                self.found.rows.push((rowid, row.to_buf()));
            }
            self.matched += 1;
        }
        Ok(())
    }

    fn finish(mut self, rows: &dyn Rows) -> Result<Found, FilterError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let skip = usize::try_from(self.plan.page.offset).unwrap_or(usize::MAX);
        for rowid in self.top.into_rowids().into_iter().skip(skip) {
            let row = rows.row(self.plan.collection, rowid)?;
            self.found.rows.extend(row.map(|row| (rowid, row)));
        }
        self.found.total = self.plan.page.total.then_some(self.matched);
        Ok(self.found)
    }
}

/// The sort keys of the row that `env` holds.
fn keys<'e>(
    run: &'e Run<'_>,
    plan: &'e Plan<'_>,
    rowid: RowId,
    env: &'e mut Env<'_>,
) -> Result<Vec<Key<'e>>, FilterError> {
    for key in &plan.bound.sort {
        if let SortBy::Term(term) = &key.by {
            run.prepare(term, env)?;
        }
    }
    let env = &*env;
    let keys = plan.bound.sort.iter().map(|key| {
        let value = match &key.by {
            SortBy::Term(term) => run.value(term, env),
            SortBy::Random => Scalar::Int(rand::random()),
            SortBy::RowId => Scalar::Int(rowid.0 as i64),
        };
        Key { value, descending: key.descending }
    });
    Ok(keys.collect())
}
