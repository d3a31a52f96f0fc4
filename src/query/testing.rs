//! A naive store in memory, and short ways to describe schemas and records for tests.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::model::key::KeyRange;
use crate::model::{
    CollectionId, GeoPoint, JsonText, Row, RowBuf, RowId, RowWriter, Slot, Timestamp, Value,
};
use crate::schema::{
    AutodateOptions, Catalog, Collection, CollectionKind, Condition, DateOptions, Field, FieldKind,
    Index, IndexColumn, IndexNumber, JsonOptions, NumberOptions, Rules, TextOptions,
};

use super::entry::{declared_key, implied_keys, trees};
use super::{Columns, Direction, IndexTree, Kept, Log, ReadError, Rows, Visit};

type Entries = BTreeSet<(Vec<u8>, RowId)>;

/// Collections with their rows in memory. Indexes are built anew with every change.
#[derive(Debug)]
pub(super) struct Memory {
    catalog: Arc<Catalog>,
    tables: HashMap<CollectionId, Table>,
    /// What queries keep; `None` = nothing.
    columns: Option<Columns>,
    /// Collection and rowid of each change.
    changes: Vec<(CollectionId, RowId)>,
    /// From one rowid to the next.
    stride: u64,
}

#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<RowId, RowBuf>,
    indexes: HashMap<IndexTree, Entries>,
}

impl Memory {
    pub(super) fn new(collections: Vec<Collection>) -> Self {
        let collections = collections.into_iter().map(Arc::new).collect();
        Self {
            catalog: Arc::new(Catalog::new(1, collections)),
            tables: HashMap::new(),
            columns: None,
            changes: Vec::new(),
            stride: 1,
        }
    }

    /// Lets queries keep so many bytes, and rowids from now on lie so far apart.
    pub(super) fn keeping(self, bytes: usize, stride: u64) -> Self {
        Self { columns: Some(Columns::new(bytes)), stride, ..self }
    }

    pub(super) fn collection(&self, name: &str) -> &Arc<Collection> {
        self.catalog.by_name(name).expect("the collection exists")
    }

    /// Adds a record given as a JSON object with its id; fields left out stay zero.
    pub(super) fn insert(&mut self, name: &str, json: &Json) -> RowId {
        let collection = Arc::clone(self.collection(name));
        let row = row_of(&collection, json);
        let table = self.tables.entry(collection.id.clone()).or_default();
        let last = table.rows.last_key_value().map_or(0, |(last, _)| last.0);
        let rowid = RowId(last + self.stride);
        for tree in trees(&collection) {
            let entries = table.indexes.entry(tree).or_default();
            entries.extend(keys_in(&collection, tree, row.as_row(), rowid).map(|key| (key, rowid)));
        }
        table.rows.insert(rowid, row);
        self.changes.push((collection.id.clone(), rowid));
        rowid
    }

    /// Replaces a row of a collection without declared indexes, or removes it.
    pub(super) fn replace(&mut self, name: &str, rowid: RowId, json: Option<&Json>) {
        let collection = Arc::clone(self.collection(name));
        let table = self.tables.entry(collection.id.clone()).or_default();
        let new = json.map(|json| row_of(&collection, json));
        for tree in trees(&collection) {
            let entries = table.indexes.entry(tree).or_default();
            entries.retain(|(_, other)| *other != rowid);
            let keys = new.iter().flat_map(|row| keys_in(&collection, tree, row.as_row(), rowid));
            entries.extend(keys.map(|key| (key, rowid)));
        }
        match new {
            Some(row) => table.rows.insert(rowid, row),
            None => table.rows.remove(&rowid),
        };
        self.changes.push((collection.id.clone(), rowid));
    }

    pub(super) fn rows_of(&self, name: &str) -> Vec<(RowId, RowBuf)> {
        let table = self.tables.get(&self.collection(name).id);
        let rows = table.map(|table| table.rows.iter().map(|(id, row)| (*id, row.clone())));
        rows.into_iter().flatten().collect()
    }
}

/// The record as a row.
pub(super) fn row_of(collection: &Collection, json: &Json) -> RowBuf {
    let mut writer = RowWriter::new(collection.next_slot);
    for field in &collection.fields {
        if let Some(value) = json.get(&field.name) {
            writer.set(field.slot, &value_of(&field.kind, value));
        }
    }
    writer.finish()
}

fn value_of(kind: &FieldKind, json: &Json) -> Value {
    match kind {
        FieldKind::Number(_) => Value::Number(json.as_f64().expect("a number")),
        FieldKind::Bool => Value::Bool(json.as_bool().expect("a bool")),
        FieldKind::Date(_) | FieldKind::Autodate(_) => {
            Value::Date(Timestamp::parse(json.as_str().expect("a date")))
        }
        FieldKind::Json(_) if json.is_null() => Value::Null,
        FieldKind::Json(_) => Value::Json(JsonText::trusted(json.to_string())),
        FieldKind::GeoPoint => Value::Geo(GeoPoint {
            lon: json["lon"].as_f64().expect("a longitude"),
            lat: json["lat"].as_f64().expect("a latitude"),
        }),
        _ if kind.is_multiple() => {
            let items = json.as_array().expect("a list").iter();
            Value::List(items.map(|item| item.as_str().expect("a text").to_owned()).collect())
        }
        _ => Value::Text(json.as_str().expect("a text").to_owned()),
    }
}

/// The keys as a store keeps them: the rowid behind those that need not be unique.
fn keys_in(
    collection: &Collection,
    tree: IndexTree,
    row: Row<'_>,
    rowid: RowId,
) -> impl Iterator<Item = Vec<u8>> {
    let (keys, unique) = match tree {
        IndexTree::Declared(number) => {
            let index = collection.indexes.iter().find(|index| index.number == number);
            let index = index.expect("the index exists");
            let key = declared_key(collection, index, row);
            let unique = index.unique && key.as_ref().is_some_and(|key| !key.has_null);
            (key.map(|key| key.bytes).into_iter().collect(), unique)
        }
        IndexTree::Relation(slot) | IndexTree::Autodate(slot) => {
            (implied_keys(collection.field_at(slot).expect("the field exists"), row), false)
        }
    };
    keys.into_iter().map(move |mut key: Vec<u8>| {
        if !unique {
            key.extend(rowid.to_key());
        }
        key
    })
}

impl Rows for Memory {
    fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    fn count(&self, collection: &Collection) -> Result<u64, ReadError> {
        Ok(self.tables.get(&collection.id).map_or(0, |table| table.rows.len() as u64))
    }

    fn find(&self, collection: &Collection, id: &str) -> Result<Option<RowId>, ReadError> {
        let Some(table) = self.tables.get(&collection.id) else {
            return Ok(None);
        };
        let found = table.rows.iter().find(|(_, row)| row.as_row().id() == id);
        Ok(found.map(|(rowid, _)| *rowid))
    }

    fn row(&self, collection: &Collection, rowid: RowId) -> Result<Option<RowBuf>, ReadError> {
        let table = self.tables.get(&collection.id);
        Ok(table.and_then(|table| table.rows.get(&rowid)).cloned())
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
        collection: &Collection,
        range: (Bound<RowId>, Bound<RowId>),
        direction: Direction,
        visit: &mut dyn FnMut(RowId, Row<'_>) -> Visit,
    ) -> Result<(), ReadError> {
        let Some(table) = self.tables.get(&collection.id) else {
            return Ok(());
        };
        let mut rows: Vec<_> = table.rows.range(range).collect();
        if direction == Direction::Backward {
            rows.reverse();
        }
        for (rowid, row) in rows {
            if visit(*rowid, row.as_row())?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn scan_index(
        &self,
        collection: &Collection,
        tree: IndexTree,
        range: &KeyRange,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError> {
        let Some(table) = self.tables.get(&collection.id) else {
            return Ok(());
        };
        let entries = table.indexes.get(&tree).expect("the index exists");
        let after_start = |key: &[u8]| match &range.start {
            Bound::Included(start) => key >= start.as_slice(),
            Bound::Excluded(start) => key > start.as_slice(),
            Bound::Unbounded => true,
        };
        let before_end = |key: &[u8]| match &range.end {
            Bound::Included(end) => key <= end.as_slice(),
            Bound::Excluded(end) => key < end.as_slice(),
            Bound::Unbounded => true,
        };
        let mut found: Vec<_> =
            entries.iter().filter(|(key, _)| after_start(key) && before_end(key)).collect();
        if direction == Direction::Backward {
            found.reverse();
        }
        for (key, rowid) in found {
            if visit(key, *rowid)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn kept(&self) -> Option<Kept<'_>> {
        self.columns.as_ref().map(|columns| Kept { columns, log: self })
    }
}

impl Log for Memory {
    fn last_change(&self) -> u64 {
        self.changes.len() as u64
    }

    fn changes_after(
        &self,
        after: u64,
        visit: &mut dyn FnMut(u64, &str, RowId) -> Visit,
    ) -> Result<(), ReadError> {
        for (at, (collection, rowid)) in self.changes.iter().enumerate().skip(after as usize) {
            if visit(at as u64 + 1, collection.as_str(), *rowid)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// A base collection whose id is its name; its fields follow the record id.
pub(super) fn collection(name: &str, fields: Vec<(&str, FieldKind)>) -> Collection {
    let id = ("id", FieldKind::Text(TextOptions::default()));
    let fields: Vec<Field> = std::iter::once(id)
        .chain(fields)
        .enumerate()
        .map(|(slot, (name, kind))| Field {
            id: name.to_owned(),
            name: name.to_owned(),
            slot: Slot(slot as u16),
            system: false,
            hidden: name.starts_with("hidden"),
            presentable: false,
            required: false,
            help: String::new(),
            kind,
        })
        .collect();
    Collection {
        id: CollectionId::new(name),
        name: name.to_owned(),
        system: false,
        kind: CollectionKind::Base,
        rules: Rules { list: Some(String::new()), ..Rules::default() },
        next_slot: fields.len() as u16,
        fields,
        indexes: Vec::new(),
        created: Timestamp::from_millis(0),
        updated: Timestamp::from_millis(0),
        next_index: 0,
    }
}

/// Adds an index over the named columns.
pub(super) fn add_index(
    collection: &mut Collection,
    unique: bool,
    columns: &[(&str, crate::schema::Collate)],
    condition: Option<Condition>,
) {
    let number = IndexNumber(collection.next_index);
    collection.next_index += 1;
    let column = |(name, collate): &(&str, crate::schema::Collate)| IndexColumn {
        slot: collection.field(name).expect("the field exists").slot,
        collate: *collate,
    };
    let columns = columns.iter().map(column).collect();
    let name = format!("{}_{}", collection.name, number.0);
    collection.indexes.push(Index {
        number,
        text: String::new(),
        name,
        unique,
        columns,
        condition,
    });
}

pub(super) fn text() -> FieldKind {
    FieldKind::Text(TextOptions::default())
}

pub(super) fn number() -> FieldKind {
    FieldKind::Number(NumberOptions::default())
}

pub(super) fn json() -> FieldKind {
    FieldKind::Json(JsonOptions::default())
}

pub(super) fn date() -> FieldKind {
    FieldKind::Date(DateOptions::default())
}

pub(super) fn created() -> FieldKind {
    FieldKind::Autodate(AutodateOptions { on_create: true, on_update: false })
}

pub(super) fn select(max_select: i64) -> FieldKind {
    FieldKind::Select(crate::schema::SelectOptions { values: Vec::new(), max_select })
}

pub(super) fn relation(target: &str, max_select: i64) -> FieldKind {
    FieldKind::Relation(crate::schema::RelationOptions {
        collection_id: CollectionId::new(target),
        cascade_delete: false,
        min_select: 0,
        max_select,
    })
}
