//! Plans: how a list is answered, and the answering.

mod explain;
mod run;
mod topk;

use std::sync::Arc;

use crate::schema::Collection;

use super::bound::{Bound, SortBy};
use super::{Direction, FilterError, Found, Page, Request, Rows};

pub use explain::Explain;

/// Rows that a plan may touch and still count as short.
const SHORT_ROWS: u64 = 100;

/// How one list is answered. Valid for the moment it was made at.
#[derive(Debug)]
pub struct Plan<'q> {
    collection: &'q Arc<Collection>,
    bound: Arc<Bound>,
    request: &'q Request,
    page: Page,
    access: Access,
    /// Rows that the plan expects to touch.
    estimate: u64,
}

/// Where candidate rows come from.
#[derive(Debug, Clone)]
enum Access {
    /// Every row in order of rowid.
    Scan(Direction),
}

impl<'q> Plan<'q> {
    pub(super) fn choose(
        collection: &'q Arc<Collection>,
        bound: Arc<Bound>,
        rows: &dyn Rows,
        request: &'q Request,
        page: Page,
    ) -> Result<Self, FilterError> {
        let estimate = rows.count(collection)?;
        let direction = match bound.sort.first() {
            Some(key) if key.descending && matches!(key.by, SortBy::RowId) => Direction::Backward,
            _ => Direction::Forward,
        };
        Ok(Self { collection, bound, request, page, access: Access::Scan(direction), estimate })
    }

    /// Whether running takes no longer than about 200 microseconds.
    pub fn is_short(&self) -> bool {
        self.estimate <= SHORT_ROWS && self.bound.joins.len() == 1
    }

    /// Runs the plan.
    pub fn run(&self, rows: &dyn Rows) -> Result<Found, FilterError> {
        run::run(self, rows)
    }
}
