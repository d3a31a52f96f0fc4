//! Reading for programs: what transactions and snapshots have in common.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::access::{Caller, Gate, RuleCache};
use crate::hooks::Find;
use crate::ops::records::collection_of;
use crate::ops::{Error, console};
use crate::query::{FilterError, Found, ListQuery, ListSpec, Page, Rows, forbidden_token};
use crate::schema::{Collection, Record};

use super::session::only_superusers;

/// One reader: what is read, and who may read it.
pub(super) struct Reader<'a> {
    pub(super) rows: &'a dyn Rows,
    pub(super) rules: &'a RuleCache,
    pub(super) caller: &'a Caller,
}

impl Reader<'_> {
    pub(super) fn find(&self, collection: &str, id: &str) -> Result<Option<Record>, Error> {
        let collection = collection_of(self.rows, collection)?;
        let gate = Gate::new(self.rows, self.rules, self.caller);
        gate.has_rule(collection.rules.view.as_deref())?;
        let Some(rowid) = self.rows.find(&collection, id)? else { return Ok(None) };
        let Some(row) = self.rows.row(&collection, rowid)? else { return Ok(None) };
        match gate.view(&collection, row.as_row()).map_err(Error::from) {
            Ok(_) => Ok(Some(Record::from_row(collection, row.as_row()))),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn list(&self, collection: &str, find: &Find) -> Result<Vec<Record>, Error> {
        // More than memory could hold; the sum with the offset must not overflow.
        let limit = find.limit_max().min(u64::from(u32::MAX));
        let page = Page { offset: find.skipped(), limit, total: false };
        let (collection, found) = self.found(collection, find, find.sort_keys(), page)?;
        let record = |(_, row): (_, crate::model::RowBuf)| {
            Record::from_row(Arc::clone(&collection), row.as_row())
        };
        Ok(found.rows.into_iter().map(record).collect())
    }

    pub(super) fn count(&self, collection: &str, find: &Find) -> Result<u64, Error> {
        let page = Page { offset: 0, limit: 1, total: true };
        let (_, found) = self.found(collection, find, "", page)?;
        found.total.ok_or_else(|| Error::internal("a total that was asked for is missing"))
    }

    pub(super) fn passes(
        &self,
        collection: &str,
        id: &str,
        rule: Option<&str>,
    ) -> Result<bool, Error> {
        let collection = collection_of(self.rows, collection)?;
        let rowid = self.rows.find(&collection, id)?.ok_or(Error::NotFound)?;
        let row = self.rows.row(&collection, rowid)?.ok_or(Error::NotFound)?;
        let gate = Gate::new(self.rows, self.rules, self.caller);
        Ok(gate.satisfies(&collection, rule, row.as_row())?)
    }

    pub(super) fn select(&self, sql: &str) -> Result<Vec<Map<String, Json>>, Error> {
        only_superusers(self.caller)?;
        console::select(self.rows, sql)
    }

    fn found(
        &self,
        collection: &str,
        find: &Find,
        sort: &str,
        page: Page,
    ) -> Result<(Arc<Collection>, Found), Error> {
        let collection = collection_of(self.rows, collection)?;
        let granted = Gate::new(self.rows, self.rules, self.caller).list(&collection)?;
        let text = find.text().map_err(|error| Error::Refused(format!("{error}.")))?;
        let superuser = self.caller.is_superuser();
        if !superuser && let Some(token) = forbidden_token(&text).or(forbidden_token(sort)) {
            return Err(Error::ForbiddenToken(token));
        }
        // What a program asks for is as trusted, and may be as long, as a rule.
        let (rule, filter) =
            if superuser { (Some(&*text), None) } else { (granted.rule(), Some(&*text)) };
        let spec = ListSpec { rule, filter, sort: Some(sort), superuser };
        let query = self.query(&collection, &spec, find.has_values())?;
        let plan = query.plan(self.rows, self.caller.request(), page)?;
        let found = plan.run(self.rows)?;
        Ok((collection, found))
    }

    /// A query with values in it is asked once, and not worth keeping.
    fn query(
        &self,
        collection: &Arc<Collection>,
        spec: &ListSpec<'_>,
        is_single: bool,
    ) -> Result<Arc<ListQuery>, FilterError> {
        let catalog = self.rows.catalog();
        if is_single {
            return ListQuery::compile(catalog, collection, spec).map(Arc::new);
        }
        self.rules.list(catalog, collection, spec)
    }
}
