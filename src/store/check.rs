//! Whether a store agrees with itself: rows, ids, indexes, counters and the log of changes.

use std::collections::HashMap;
use std::ops::{Bound, ControlFlow};

use super::change;
use super::engine::ALL_KEYS;
use super::error::StoreError;
use super::{Snapshot, index, names, reading};
use crate::model::{Cell, Row, RowId};
use crate::query::{Direction, IndexTree, ReadError, Rows, entry};
use crate::schema::{Collection, Field};

/// Findings told one by one; of further ones only the number is kept.
const TOLD_MAX: usize = 100;

/// What is wrong, in sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The first hundred.
    pub told: Vec<String>,
    /// How many more there are.
    pub further: u64,
}

impl Findings {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.told.len() as u64 + self.further
    }

    /// Adds one.
    pub fn add(&mut self, what: impl FnOnce() -> String) {
        if self.told.len() < TOLD_MAX {
            self.told.push(what());
        } else {
            self.further += 1;
        }
    }
}

/// What a collection holds and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedCollection {
    /// Records that were read.
    pub records: u64,
    /// Index trees, those included that are kept without being declared.
    pub indexes: u64,
    /// Entries that the records call for in all index trees together.
    pub entries: u64,
    /// Related ids of which there is no record. That is allowed.
    pub dangling: u64,
    /// Damage.
    pub findings: Findings,
}

impl Snapshot {
    /// Reads every row of `collection`, looks up each of its ids and index entries, and makes sure
    /// that there are no others. Shows each readable row to `visit`. Memory use does not depend on
    /// how much there is; what cannot be read is a finding.
    pub fn check_collection(
        &self,
        collection: &Collection,
        visit: &mut dyn FnMut(Row<'_>),
    ) -> CheckedCollection {
        let trees = entry::trees(collection);
        let mut checked =
            CheckedCollection { indexes: trees.len() as u64, ..CheckedCollection::default() };
        let mut expected: HashMap<IndexTree, u64> = trees.iter().map(|tree| (*tree, 0)).collect();
        let everything = (Bound::Unbounded, Bound::Unbounded);
        let mut last = None;
        let scanned = self.scan(collection, everything, Direction::Forward, &mut |rowid, row| {
            checked.records += 1;
            last = Some(rowid);
            if is_readable(row, collection) {
                visit(row);
            } else {
                checked.findings.add(|| format!("row {} cannot be read", rowid.0));
            }
            self.check_id(collection, rowid, row, &mut checked.findings)?;
            for entry in index::entries(collection, rowid, row, &|_| true) {
                *expected.entry(entry.tree).or_default() += 1;
                checked.entries += 1;
                let tree = names::index(&collection.id, entry.tree);
                let mut same = false;
                self.read.get(&tree, &entry.key, &mut |value| same = value == entry.value)?;
                if !same {
                    let what = || format!("row {} is missing in the tree {tree}", rowid.0);
                    checked.findings.add(what);
                }
            }
            checked.dangling += self.dangling(collection, row)?;
            Ok(ControlFlow::Continue(()))
        });
        note_failure(scanned, "rows", &mut checked.findings);
        let rest = self.check_surplus(collection, &expected, &mut checked).and_then(|()| {
            let counter = reading::counter(&*self.read, &names::rowid_counter(&collection.id))?;
            if last.is_some_and(|last| counter.is_none_or(|next| next <= last.0)) {
                checked.findings.add(|| "the next rowid is taken already".to_owned());
            }
            Ok(())
        });
        note_failure(rest, "indexes", &mut checked.findings);
        checked
    }

    /// Checks what belongs to no collection: trees that nobody knows, and the log of changes.
    pub fn check_rest(&self) -> Findings {
        let mut findings = Findings::default();
        let trees = self.check_trees(&mut findings);
        note_failure(trees, "trees", &mut findings);
        let mut last = None;
        let changes =
            self.read.range(names::CHANGES, ALL_KEYS, Direction::Forward, &mut |key, value| {
                let sequence = change::sequence(key);
                let follows = match (last, sequence) {
                    (Some(last), Some(sequence)) => sequence == last + 1,
                    (None, Some(_)) => true,
                    (_, None) => false,
                };
                let is_whole = sequence.is_some_and(|at| change::decode(at, value).is_some());
                if !follows || !is_whole {
                    findings.add(|| format!("change {sequence:?} in the log is damaged"));
                }
                last = sequence.or(last);
                Ok(ControlFlow::Continue(()))
            });
        note_failure(changes, "log of changes", &mut findings);
        findings
    }

    /// Whether the id of the row leads to it.
    fn check_id(
        &self,
        collection: &Collection,
        rowid: RowId,
        row: Row<'_>,
        findings: &mut Findings,
    ) -> Result<(), ReadError> {
        if row.id().is_empty() {
            findings.add(|| format!("row {} has no id", rowid.0));
        } else if self.find(collection, row.id())? != Some(rowid) {
            findings.add(|| format!("the id {:?} does not lead to row {}", row.id(), rowid.0));
        }
        Ok(())
    }

    /// How many ids in relations of the row are of no record.
    fn dangling(&self, collection: &Collection, row: Row<'_>) -> Result<u64, ReadError> {
        let mut dangling = 0;
        for field in &collection.fields {
            let Some(relation) = field.relation() else { continue };
            let target = self.catalog.by_id(relation.collection_id.as_str());
            for id in row.value(field.slot, field.kind.zero()).items() {
                let found = match target {
                    Some(target) => self.find(target, id)?,
                    None => None,
                };
                dangling += u64::from(found.is_none());
            }
        }
        Ok(dangling)
    }

    /// All entries that should be there were looked up; so the trees are right when their sizes are.
    fn check_surplus(
        &self,
        collection: &Collection,
        expected: &HashMap<IndexTree, u64>,
        checked: &mut CheckedCollection,
    ) -> Result<(), ReadError> {
        let ids = names::ids(&collection.id);
        if self.read.len(&ids)? != checked.records {
            self.read.range(&ids, ALL_KEYS, Direction::Forward, &mut |key, value| {
                let row = match RowId::from_key(value) {
                    Some(rowid) => self.row(collection, rowid)?,
                    None => None,
                };
                if row.is_none_or(|row| row.as_row().id().as_bytes() != key) {
                    let id = String::from_utf8_lossy(key);
                    checked.findings.add(|| format!("the id {id:?} leads to no record"));
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        for (tree, expected) in expected {
            let name = names::index(&collection.id, *tree);
            if self.read.len(&name)? == *expected {
                continue;
            }
            self.read.range(&name, ALL_KEYS, Direction::Forward, &mut |key, value| {
                let rowid = index::entry_rowid(key, value);
                let row = match rowid {
                    Some(rowid) => self.row(collection, rowid)?,
                    None => None,
                };
                let is_due = row.zip(rowid).is_some_and(|(row, rowid)| {
                    let entries = index::entries(collection, rowid, row.as_row(), &|t| t == *tree);
                    entries.iter().any(|entry| entry.key == key && entry.value == value)
                });
                if !is_due {
                    let rowid = rowid.map_or_else(String::new, |rowid| rowid.0.to_string());
                    let what = || format!("the tree {name} has an entry too many: row {rowid}");
                    checked.findings.add(what);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(())
    }

    fn check_trees(&self, findings: &mut Findings) -> Result<(), ReadError> {
        let known: Vec<String> = self
            .catalog
            .all()
            .iter()
            .flat_map(|collection| {
                let id = &collection.id;
                let indexes = entry::trees(collection);
                let indexes = indexes.into_iter().map(|tree| names::index(id, tree));
                indexes.chain([names::rows(id), names::ids(id)]).collect::<Vec<_>>()
            })
            .chain(
                [names::COLLECTIONS, names::CHANGES, names::HISTORY, names::COUNTERS]
                    .map(str::to_owned),
            )
            .collect();
        for tree in self.read.trees()? {
            let len = self.read.len(&tree)?;
            if len > 0 && !names::is_plain(&tree) && !known.contains(&tree) {
                findings.add(|| format!("the tree {tree} with {len} entries is of no collection"));
            }
        }
        Ok(())
    }
}

/// Whether every cell can be read and is of the kind of its field.
fn is_readable(row: Row<'_>, collection: &Collection) -> bool {
    row.check() && collection.fields.iter().all(|field| cell_fits(row.cell(field.slot), field))
}

/// Whether the cell stands for a value that the field can have; the values of a list are counted.
fn cell_fits(cell: Cell<'_>, field: &Field) -> bool {
    use crate::model::Value;
    match (cell, field.kind.zero()) {
        (Cell::List(list), Value::List(_)) => list.iter().count() == list.len(),
        (Cell::Json(json), Value::Null) => {
            serde_json::from_str::<&serde_json::value::RawValue>(json).is_ok()
        }
        (Cell::Zero, _)
        | (Cell::Text(..), Value::Text(_))
        | (Cell::Number(_), Value::Number(_))
        | (Cell::True, Value::Bool(_))
        | (Cell::Date(_), Value::Date(_))
        | (Cell::Geo(_), Value::Geo(_)) => true,
        _ => false,
    }
}

fn note_failure(result: Result<(), ReadError>, what: &str, findings: &mut Findings) {
    if let Err(error) = result {
        let error = StoreError::from(error);
        findings.add(|| format!("the {what} cannot be read: {error}"));
    }
}
