//! What the store promises, on both engines.

mod batches;
mod checks;
mod collections;
mod columns;
mod durability;
mod faults;
mod growth;
mod model;

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::engine::{ALL_KEYS, Engine};
use super::{Snapshot, Store, StoreError, StoreOptions, Tx, WriteError, index, names};
use crate::model::{RowBuf, RowId, RowWriter, Slot, Timestamp, Value};
use crate::query::{Direction, IndexTree, Rows, entry};
use crate::schema::{
    AutodateOptions, Collection, CollectionKind, Field, FieldKind, IndexNumber, JsonOptions,
    NumberOptions, RelationOptions, Rules, TextOptions, index_from_text,
};

/// What the jobs of these tests fail with.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("on purpose")]
    OnPurpose,
}

const TITLE: Slot = Slot(1);
const RANK: Slot = Slot(2);
const DATA: Slot = Slot(3);
const LINKS: Slot = Slot(4);
const CREATED: Slot = Slot(5);

const TITLE_INDEX: &str =
    "CREATE UNIQUE INDEX `idx_title` ON `posts` (`title` COLLATE NOCASE) WHERE `title` != ''";
const DATA_INDEX: &str = "CREATE UNIQUE INDEX `idx_data` ON `posts` (`data`)";
const RANK_INDEX: &str = "CREATE INDEX `idx_rank` ON `posts` (`rank`, `title`)";

/// Posts with a title that is unique but for case unless empty, unique data unless null, a rank,
/// links to other posts, and a date.
fn posts() -> Collection {
    let relation = |max_select| {
        let collection_id = "posts_id".into();
        RelationOptions { collection_id, cascade_delete: false, min_select: 0, max_select }
    };
    let kinds = [
        ("id", FieldKind::Text(TextOptions { primary_key: true, ..Default::default() })),
        ("title", FieldKind::Text(TextOptions::default())),
        ("rank", FieldKind::Number(NumberOptions::default())),
        ("data", FieldKind::Json(JsonOptions::default())),
        ("links", FieldKind::Relation(relation(5))),
        ("created", FieldKind::Autodate(AutodateOptions { on_create: true, on_update: false })),
    ];
    let field = |(at, (name, kind)): (usize, (&str, FieldKind))| Field {
        id: format!("field_{name}"),
        slot: Slot(at as u16),
        ..Field::new(name, kind)
    };
    let fields: Vec<Field> = kinds.into_iter().enumerate().map(field).collect();
    let mut posts = Collection {
        id: "posts_id".into(),
        name: "posts".to_owned(),
        system: false,
        kind: CollectionKind::Base,
        rules: Rules::default(),
        next_slot: fields.len() as u16,
        fields,
        indexes: Vec::new(),
        created: Timestamp::from_millis(0),
        updated: Timestamp::from_millis(0),
        next_index: 0,
    };
    for text in [TITLE_INDEX, DATA_INDEX, RANK_INDEX] {
        add_index(&mut posts, text);
    }
    posts
}

fn add_index(collection: &mut Collection, text: &str) {
    let number = IndexNumber(collection.next_index);
    let index = index_from_text(text, &collection.fields, number).expect("a good definition");
    collection.indexes.push(index);
    collection.next_index += 1;
}

fn row(values: &[(Slot, Value)]) -> RowBuf {
    let mut writer = RowWriter::new(posts().next_slot);
    for (slot, value) in values {
        writer.set(*slot, value);
    }
    writer.finish()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn post(id: &str, title: &str) -> RowBuf {
    row(&[(Slot::ID, text(id)), (TITLE, text(title))])
}

fn memory() -> Store {
    Store::in_memory(StoreOptions::default()).expect("memory always opens")
}

/// Makes the posts.
fn with_posts(store: Store) -> Store {
    store.write::<_, JobError>(|tx| Ok(tx.create_collection(posts())?)).expect("it is new");
    store
}

fn insert(store: &Store, row: RowBuf) -> Result<RowId, JobError> {
    store.write(move |tx| Ok(tx.insert(&posts(), &row)?))
}

/// The ids of all posts in order of rowid.
fn ids(rows: &dyn Rows) -> Vec<String> {
    all_rows(rows, &posts()).iter().map(|(_, row)| row.as_row().id().to_owned()).collect()
}

fn all_rows(rows: &dyn Rows, collection: &Collection) -> Vec<(RowId, RowBuf)> {
    let mut all = Vec::new();
    let everything = (Bound::Unbounded, Bound::Unbounded);
    rows.scan(collection, everything, Direction::Forward, &mut |rowid, row| {
        all.push((rowid, row.to_buf()));
        Ok(ControlFlow::Continue(()))
    })
    .expect("a good scan");
    all
}

/// Checks that ids and indexes hold exactly what the rows call for.
fn check_trees(snapshot: &Snapshot, collection: &Collection) {
    let rows = all_rows(snapshot, collection);
    assert_eq!(snapshot.count(collection).expect("a count"), rows.len() as u64);
    let tree = |name: &str| {
        let mut entries = Vec::new();
        let read = &snapshot.read;
        read.range(name, ALL_KEYS, Direction::Forward, &mut |key, value| {
            entries.push((key.to_vec(), value.to_vec()));
            Ok(ControlFlow::Continue(()))
        })
        .expect("a good scan");
        assert_eq!(read.len(name).expect("a length"), entries.len() as u64);
        entries
    };
    let id = |(rowid, row): &(RowId, RowBuf)| {
        (row.as_row().id().as_bytes().to_vec(), rowid.to_key().to_vec())
    };
    let mut expected: Vec<_> = rows.iter().map(id).collect();
    expected.sort();
    assert_eq!(tree(&names::ids(&collection.id)), expected);
    for index in entry::trees(collection) {
        let of_row = |(rowid, row): &(RowId, RowBuf)| {
            index::entries(collection, *rowid, row.as_row(), &|tree| tree == index)
        };
        let entries = rows.iter().flat_map(of_row);
        let mut expected: Vec<_> = entries.map(|entry| (entry.key, entry.value)).collect();
        expected.sort();
        assert_eq!(tree(&names::index(&collection.id, index)), expected, "{index:?}");
    }
}
