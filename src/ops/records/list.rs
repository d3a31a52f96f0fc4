//! Listing and viewing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::access::{Caller, Gate, RuleCache};
use crate::query::{ListQuery, ListSpec, Page, Plan, Rows, forbidden_token, shape};
use crate::schema::Collection;

use super::enrich::{Enricher, RecordView};
use super::expand::Expand;
use super::slow_log::SlowLog;
use super::{Error, collection_of};
use crate::ops::views::Reading;

/// Records on one page when the client does not say.
const PER_PAGE_DEFAULT: u64 = 30;
/// Most records on one page.
const PER_PAGE_MAX: u64 = 1000;
/// A page with expands stays on the async worker only up to this many records.
const INLINE_EXPAND_MAX: u64 = 50;

/// What a client asked a list for. Numbers are already numbers; ranges are brought into bounds here.
#[derive(Debug, Clone, Default)]
pub struct ListParams {
    /// From 1; anything less means 1.
    pub page: i64,
    /// 1 to 1000; anything less means 30.
    pub per_page: i64,
    /// Leaves the totals out.
    pub skip_total: bool,
    /// A filter; empty = none.
    pub filter: String,
    /// Sort keys; empty = order of insertion.
    pub sort: String,
    /// Relations to expand; empty = none.
    pub expand: String,
    /// Rows that the list may look at unless a superuser asks; `None` = any number.
    pub rows_max: Option<u64>,
    /// How long it may take before it is logged, and where that is counted; `None` = however long.
    pub slow: Option<(Duration, Arc<SlowLog>)>,
}

/// One page of records, as the caller may see them.
#[derive(Debug)]
pub struct RecordPage {
    /// Their collection.
    pub collection: Arc<Collection>,
    /// The records.
    pub records: Vec<RecordView>,
    /// The page's number, from 1.
    pub page: u64,
    /// How many fit on a page.
    pub per_page: u64,
    /// How many there are on all pages; `None` when not asked for.
    pub total: Option<u64>,
}

/// A list that was authorized and compiled, not yet run.
#[derive(Debug)]
pub struct Listing {
    reading: Reading,
    rules: Arc<RuleCache>,
    caller: Arc<Caller>,
    collection: Arc<Collection>,
    query: Arc<ListQuery>,
    expand: String,
    page: u64,
    per_page: u64,
    skip_total: bool,
    rows_max: Option<u64>,
    slow: Option<(Duration, Arc<SlowLog>)>,
    filter: String,
}

impl Listing {
    /// Checks that `caller` may list the collection, and compiles what it asked for.
    pub fn open(
        reading: Reading,
        rules: Arc<RuleCache>,
        caller: Arc<Caller>,
        collection: &str,
        params: ListParams,
    ) -> Result<Self, Error> {
        let collection = collection_of(&reading, collection)?;
        let granted = Gate::new(&reading, &rules, &caller).list(&collection)?;
        if !caller.is_unrestricted() {
            let forbidden =
                [&params.filter, &params.sort].into_iter().find_map(|t| forbidden_token(t));
            if let Some(token) = forbidden {
                return Err(Error::ForbiddenToken(token));
            }
        }
        let spec = ListSpec {
            rule: granted.rule(),
            filter: Some(params.filter.as_str()).filter(|text| !text.is_empty()),
            sort: Some(params.sort.as_str()).filter(|text| !text.is_empty()),
            superuser: caller.is_unrestricted(),
        };
        let query = rules.list(reading.catalog(), &collection, &spec)?;
        let per_page = match params.per_page {
            ..=0 => PER_PAGE_DEFAULT,
            asked => (asked as u64).min(PER_PAGE_MAX),
        };
        Ok(Self {
            collection,
            query,
            expand: params.expand,
            page: params.page.max(1) as u64,
            per_page,
            skip_total: params.skip_total,
            rows_max: params.rows_max.filter(|_| !caller.is_superuser()),
            slow: params.slow,
            filter: params.filter,
            reading,
            rules,
            caller,
        })
    }

    /// Runs the list if that takes no more than a fraction of a millisecond, so that an async
    /// worker can wait for it; `None` when it may take longer.
    pub fn run_if_short(&self) -> Option<Result<RecordPage, Error>> {
        let page = self.run_unless(&self.reading, |is_short| {
            !is_short || !self.expand.is_empty() && self.per_page > INLINE_EXPAND_MAX
        });
        match page {
            Err(Error::ViewNotReady(_)) => None,
            page => page.transpose(),
        }
    }

    /// Runs the list, however long it takes.
    pub fn run(&self) -> Result<RecordPage, Error> {
        let page = self.run_unless(&self.reading.at_leisure(), |_| false)?;
        page.ok_or_else(|| Error::internal("a list that must run did not"))
    }

    /// Plans the list over `rows` and shows the plan to `then`.
    pub(super) fn planned<T>(
        &self,
        rows: &dyn Rows,
        then: impl FnOnce(&Plan<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let page = Page {
            offset: (self.page - 1).saturating_mul(self.per_page),
            limit: self.per_page,
            total: !self.skip_total,
        };
        let request = self.caller.request();
        let plan = self.query.plan_within(rows, request, page, self.rows_max)?;
        then(&plan)
    }

    fn log_if_slow(&self, plan: &Plan<'_>, took: Duration) {
        let slow = self.slow.as_ref().filter(|(slow, _)| took >= *slow);
        if let Some(left_out) = slow.and_then(|(_, log)| log.admit(Instant::now())) {
            tracing::warn!(
                target: "haversack::slow",
                collection = self.collection.name,
                // What people look for is nobody's business who reads logs. Debug form: names may hold
                // what a terminal would obey.
                filter = ?shape(&self.filter),
                plan = %plan.explain().to_json(),
                looked = plan.looked(),
                millis = took.as_millis() as u64,
                left_out,
                "slow list"
            );
        }
    }

    fn run_unless(
        &self,
        rows: &dyn Rows,
        refuse: impl FnOnce(bool) -> bool,
    ) -> Result<Option<RecordPage>, Error> {
        let began = Instant::now();
        let found = self.planned(rows, |plan| {
            if refuse(plan.is_short()) {
                return Ok(None);
            }
            let found = plan.run(rows);
            self.log_if_slow(plan, began.elapsed());
            Ok(Some(found?))
        })?;
        let Some(found) = found else {
            return Ok(None);
        };
        let gate = Gate::new(rows, &self.rules, &self.caller);
        let expand = Expand::parse(&self.expand);
        let found_rows = found.rows.into_iter().map(|(_, row)| row).collect();
        let records = Enricher::new(gate).views(&self.collection, found_rows, expand.as_ref())?;
        Ok(Some(RecordPage {
            collection: self.collection.clone(),
            records,
            page: self.page,
            per_page: self.per_page,
            total: found.total,
        }))
    }
}

/// The record `id` of `collection`, if the caller may view it.
pub fn view(
    gate: Gate<'_>,
    collection: &Arc<Collection>,
    id: &str,
    expand: &str,
) -> Result<RecordView, Error> {
    gate.has_rule(collection.rules.view.as_deref())?;
    let rows = gate.rows();
    let rowid = rows.find(collection, id)?.ok_or(Error::NotFound)?;
    let row = rows.row(collection, rowid)?.ok_or(Error::NotFound)?;
    gate.view(collection, row.as_row())?;
    Enricher::new(gate).view(collection, row, Expand::parse(expand).as_ref())
}
