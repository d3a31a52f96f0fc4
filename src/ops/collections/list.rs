//! Listing collections: the query language over the definitions themselves.

use std::ops::Bound;
use std::sync::Arc;

use crate::model::key::KeyRange;
use crate::model::{CollectionId, Row, RowBuf, RowId, RowWriter, Slot, Timestamp, Value};
use crate::ops::records::ListParams;
use crate::query::{
    Direction, IndexTree, ListQuery, ListSpec, Page, ReadError, Request, Rows, Visit,
};
use crate::schema::{
    Catalog, Collection, CollectionKind, DateOptions, Field, FieldKind, TextOptions, scaffold,
};

use super::Error;

/// Collections on one page when the client does not say.
const PER_PAGE_DEFAULT: u64 = 30;
/// Most collections on one page.
const PER_PAGE_MAX: u64 = 1000;

/// One page of collections.
#[derive(Debug)]
pub struct CollectionPage {
    /// The collections.
    pub collections: Vec<Arc<Collection>>,
    /// The page's number, from 1.
    pub page: u64,
    /// How many fit on a page.
    pub per_page: u64,
    /// How many there are on all pages; `None` when not asked for.
    pub total: Option<u64>,
}

/// The collections of `catalog` that `params` ask for; `expand` means nothing here. Filter and sort
/// know `id`, `created`, `updated`, `name`, `system` and `type`.
pub fn list(catalog: &Catalog, params: &ListParams) -> Result<CollectionPage, Error> {
    let rows = Definitions::new(catalog);
    let spec = ListSpec {
        rule: None,
        filter: Some(params.filter.as_str()).filter(|text| !text.is_empty()),
        sort: Some(params.sort.as_str()).filter(|text| !text.is_empty()),
        superuser: true,
    };
    let per_page = match params.per_page {
        ..=0 => PER_PAGE_DEFAULT,
        asked => (asked as u64).min(PER_PAGE_MAX),
    };
    let page = params.page.max(1) as u64;
    let wanted = Page {
        offset: (page - 1).saturating_mul(per_page),
        limit: per_page,
        total: !params.skip_total,
    };
    let query = ListQuery::compile(&rows.catalog, &rows.collection, &spec)?;
    let request = Request::default();
    let found = query.plan(&rows, &request, wanted)?.run(&rows)?;
    let ids = found.rows.iter().map(|(_, row)| row.as_row().id().to_owned());
    let collections = ids.filter_map(|id| catalog.by_id(&id).cloned()).collect();
    Ok(CollectionPage { collections, page, per_page, total: found.total })
}

/// The definitions as rows of a collection that exists nowhere else.
#[derive(Debug)]
struct Definitions {
    catalog: Arc<Catalog>,
    collection: Arc<Collection>,
    rows: Vec<RowBuf>,
}

impl Definitions {
    fn new(catalog: &Catalog) -> Self {
        let mut collection = scaffold(CollectionKind::Base);
        collection.id = CollectionId::from("_collections");
        "_collections".clone_into(&mut collection.name);
        let text = || FieldKind::Text(TextOptions::default());
        let date = || FieldKind::Date(DateOptions::default());
        let fields = [
            ("name", text()),
            ("type", text()),
            ("system", FieldKind::Bool),
            ("created", date()),
            ("updated", date()),
        ];
        for (name, kind) in fields {
            let slot = Slot(collection.next_slot);
            collection.next_slot += 1;
            collection.fields.push(Field { slot, ..Field::new(name, kind) });
        }
        let rows = catalog.all().iter().map(|defined| row(&collection, defined)).collect();
        let collection = Arc::new(collection);
        let catalog = Arc::new(Catalog::new(catalog.version(), vec![Arc::clone(&collection)]));
        Self { catalog, collection, rows }
    }

    /// The positions within `range`; rowids start at 1.
    fn positions(&self, range: (Bound<RowId>, Bound<RowId>)) -> std::ops::Range<usize> {
        let from = match range.0 {
            Bound::Unbounded => 0,
            Bound::Included(rowid) => rowid.0.saturating_sub(1),
            Bound::Excluded(rowid) => rowid.0,
        };
        let to = match range.1 {
            Bound::Unbounded => self.rows.len() as u64,
            Bound::Included(rowid) => rowid.0,
            Bound::Excluded(rowid) => rowid.0.saturating_sub(1),
        };
        let to = (to as usize).min(self.rows.len());
        (from as usize).min(to)..to
    }
}

fn row(collection: &Collection, defined: &Collection) -> RowBuf {
    let mut writer = RowWriter::new(collection.next_slot);
    let date = |date: Timestamp| Value::Date(Some(date));
    for field in &collection.fields {
        let value = match field.name.as_str() {
            "id" => Value::Text(defined.id.as_str().to_owned()),
            "name" => Value::Text(defined.name.clone()),
            "type" => Value::Text(defined.type_name().to_owned()),
            "system" => Value::Bool(defined.system),
            "created" => date(defined.created),
            _ => date(defined.updated),
        };
        writer.set(field.slot, &value);
    }
    writer.finish()
}

impl Rows for Definitions {
    fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    fn count(&self, _: &Collection) -> Result<u64, ReadError> {
        Ok(self.rows.len() as u64)
    }

    fn find(&self, _: &Collection, id: &str) -> Result<Option<RowId>, ReadError> {
        let position = self.rows.iter().position(|row| row.as_row().id() == id);
        Ok(position.map(|at| RowId(at as u64 + 1)))
    }

    fn row(&self, _: &Collection, rowid: RowId) -> Result<Option<RowBuf>, ReadError> {
        let at = rowid.0.checked_sub(1);
        Ok(at.and_then(|at| self.rows.get(at as usize)).cloned())
    }

    fn with_row(
        &self,
        collection: &Collection,
        rowid: RowId,
        visit: &mut dyn FnMut(Row<'_>),
    ) -> Result<bool, ReadError> {
        let row = self.row(collection, rowid)?;
        if let Some(row) = &row {
            visit(row.as_row());
        }
        Ok(row.is_some())
    }

    fn scan(
        &self,
        _: &Collection,
        range: (Bound<RowId>, Bound<RowId>),
        direction: Direction,
        visit: &mut dyn FnMut(RowId, Row<'_>) -> Visit,
    ) -> Result<(), ReadError> {
        let mut positions = self.positions(range);
        while let Some(at) = match direction {
            Direction::Forward => positions.next(),
            Direction::Backward => positions.next_back(),
        } {
            if visit(RowId(at as u64 + 1), self.rows[at].as_row())?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn scan_index(
        &self,
        _: &Collection,
        _: IndexTree,
        _: &KeyRange,
        _: Direction,
        _: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError> {
        Err(ReadError("definitions have no indexes".into()))
    }
}
