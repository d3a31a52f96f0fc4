//! A record as one caller may see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::Gate;
use crate::hooks::Enrichment;
use crate::model::{Cell, Row, RowBuf};
use crate::query::Subject;
use crate::schema::Collection;

use super::Error;
use super::expand::{Expand, Expanded, Expander};

/// A record as one caller may see it.
#[derive(Debug, Clone)]
pub struct RecordView {
    /// Its collection.
    pub collection: Arc<Collection>,
    /// Its values.
    pub row: RowBuf,
    /// Which of them may be shown.
    pub visibility: Visibility,
    /// Related records by segment; `None` when nothing was to be expanded.
    pub expand: Option<BTreeMap<String, Expanded>>,
    /// What hooks want shown differently; `None` = nothing.
    pub enrichment: Option<Arc<Enrichment>>,
}

/// Which fields of a record may be shown. Password and token key never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visibility {
    /// Hidden fields.
    pub hidden: bool,
    /// The email of an auth record.
    pub email: bool,
}

/// Decides what a caller sees of records, and expands relations.
#[derive(Debug)]
pub struct Enricher<'a> {
    gate: Gate<'a>,
}

impl<'a> Enricher<'a> {
    /// An enricher for the gate's caller.
    pub fn new(gate: Gate<'a>) -> Self {
        Self { gate }
    }

    /// One record.
    pub fn view(
        &self,
        collection: &Arc<Collection>,
        row: RowBuf,
        expand: Option<&Expand>,
    ) -> Result<RecordView, Error> {
        if expand.is_none() {
            return self.alone(collection, row);
        }
        let mut views = self.views(collection, vec![row], expand)?;
        views.pop().ok_or_else(|| Error::internal("one record became none"))
    }

    /// Several records of one collection, in their order.
    pub fn views(
        &self,
        collection: &Arc<Collection>,
        rows: Vec<RowBuf>,
        expand: Option<&Expand>,
    ) -> Result<Vec<RecordView>, Error> {
        if expand.is_none() {
            return rows.into_iter().map(|row| self.alone(collection, row)).collect();
        }
        let mut expander = Expander::new(self.gate);
        let expand = expand.and_then(|expand| expander.admissible(expand, collection));
        rows.into_iter().map(|row| expander.view(collection, row, expand.as_ref())).collect()
    }

    /// One record without related ones.
    fn alone(&self, collection: &Arc<Collection>, row: RowBuf) -> Result<RecordView, Error> {
        let visibility = visibility(self.gate, collection, row.as_row())?;
        let collection = Arc::clone(collection);
        Ok(RecordView { collection, row, visibility, expand: None, enrichment: None })
    }
}

/// What the gate's caller sees of `row`.
pub(super) fn visibility(
    gate: Gate<'_>,
    collection: &Arc<Collection>,
    row: Row<'_>,
) -> Result<Visibility, Error> {
    let caller = gate.caller();
    if caller.is_superuser() {
        return Ok(Visibility { hidden: true, email: true });
    }
    let email = !collection.is_auth()
        || shows_email(collection, row)
        || caller.is_record(collection.id.as_str(), row.id())
        || gate.manages(collection, caller.request(), Subject::Stored(row))?;
    Ok(Visibility { hidden: false, email })
}

fn shows_email(collection: &Collection, row: Row<'_>) -> bool {
    collection
        .field("emailVisibility")
        .is_some_and(|field| matches!(row.cell(field.slot), Cell::True))
}
