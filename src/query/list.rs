//! A list of records: rule, client filter and sort compiled together.

use std::sync::Arc;

use crate::model::{RowBuf, RowId};
use crate::schema::{Catalog, Collection};

use super::bind::Binder;
use super::bindings::Bindings;
use super::filter::{check_client_text, refuse_forbidden};
use super::parser::{CLIENT_TEXT_MAX, parse};
use super::plan::Plan;
use super::sort::{SortItem, parse_sort};
use super::{FilterError, Request, Rows};

/// What to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListSpec<'a> {
    /// The list rule where one applies; an empty one lets everything through.
    pub rule: Option<&'a str>,
    /// The client's filter; an empty one is none.
    pub filter: Option<&'a str>,
    /// The client's sort; an empty one is none.
    pub sort: Option<&'a str>,
    /// Whether the client is a superuser.
    pub superuser: bool,
}

/// A compiled list: rule and filter share their joins, so that both speak of the same related
/// record. Immutable and shareable, like [`super::Filter`].
#[derive(Debug)]
pub struct ListQuery {
    pub(super) collection: Arc<Collection>,
    bindings: Bindings,
}

/// Which part of the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Records to leave out.
    pub offset: u64,
    /// Records to return at most.
    pub limit: u64,
    /// Whether to count all records that match.
    pub total: bool,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Found {
    /// The records of the page in order.
    pub rows: Vec<(RowId, RowBuf)>,
    /// How many records match altogether, if that was asked for.
    pub total: Option<u64>,
}

impl ListQuery {
    /// Compiles rule, filter and sort.
    pub fn compile(
        catalog: &Arc<Catalog>,
        collection: &Arc<Collection>,
        spec: &ListSpec<'_>,
    ) -> Result<Self, FilterError> {
        let restricted = !spec.superuser;
        for text in [spec.filter, spec.sort].into_iter().flatten() {
            check_client_text(text, CLIENT_TEXT_MAX)?;
            if restricted {
                refuse_forbidden(text)?;
            }
        }
        let given = |text: Option<&'_ str>| text.filter(|text| !text.is_empty()).map(parse);
        let rule = given(spec.rule).transpose()?;
        let filter = given(spec.filter).transpose()?;
        let sort = spec.sort.unwrap_or_default().to_owned();
        let (catalog, base) = (Arc::clone(catalog), Arc::clone(collection));
        let bindings = Bindings::new(Box::new(move |auth| {
            let mut binder = Binder::new(&catalog, &base, auth);
            if let Some(rule) = &rule {
                binder.condition(rule, false)?;
            }
            if let Some(filter) = &filter {
                binder.condition(filter, restricted)?;
            }
            let items: Vec<SortItem<'_>> =
                if sort.is_empty() { Vec::new() } else { parse_sort(&sort)? };
            binder.sort(&items, restricted)?;
            binder.finish()
        }))?;
        Ok(Self { collection: Arc::clone(collection), bindings })
    }

    /// Chooses how to answer. The plan is good for these rows at this moment.
    pub fn plan<'q>(
        &'q self,
        rows: &dyn Rows,
        request: &'q Request,
        page: Page,
    ) -> Result<Plan<'q>, FilterError> {
        self.plan_within(rows, request, page, None)
    }

    /// The same, where planning and answering look at no more than `rows_max` rows, related ones
    /// included, and fail with [`FilterError::TooManyRows`] beyond that.
    pub fn plan_within<'q>(
        &'q self,
        rows: &dyn Rows,
        request: &'q Request,
        page: Page,
        rows_max: Option<u64>,
    ) -> Result<Plan<'q>, FilterError> {
        let bound = self.bindings.for_request(request)?;
        Plan::choose(&self.collection, &bound, rows, request, page, rows_max)
    }
}
