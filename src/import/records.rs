//! Records, streamed from the source's tables into the store.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use crate::model::{RowBuf, RowWriter, Value};
use crate::schema::{Collection, Field, FieldKind};
use crate::store::{Store, StoreError, Tx, WriteError};

use super::column;
use super::error::ImportError;
use super::source::Source;
use super::summary::Summary;
use super::{Progress, is_usable_id};

/// Rows and bytes of them that go into one transaction at most.
const BATCH_ROWS: usize = 2000;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Copies the records of `collection` in their order, and returns how many came over. Without a
/// store they are only read. Files that records name are looked for in `storage`.
pub(super) fn copy(
    source: &Source,
    collection: &Arc<Collection>,
    storage: Option<&Path>,
    store: Option<&Store>,
    summary: &mut Summary,
    progress: &mut dyn Progress,
) -> Result<u64, ImportError> {
    let columns = source.columns(&collection.name)?;
    if collection.is_view() || columns.is_empty() {
        if !collection.is_view() {
            summary.problem(&collection.name, None, None, "has no table, hence no records");
        }
        progress.collection(&collection.name, 0);
        return Ok(0);
    }
    let table = quoted(&collection.name);
    let count = format!("SELECT count(*) FROM {table}");
    let total = source.connection().query_row(&count, (), |row| row.get::<_, i64>(0))?;
    progress.collection(&collection.name, total.unsigned_abs());

    let (present, missing): (Vec<&Field>, Vec<&Field>) =
        collection.fields.iter().partition(|field| columns.contains(&field.name.to_lowercase()));
    for field in missing {
        let what = "has no column, so all its values are zero";
        summary.problem(&collection.name, None, Some(&field.name), what);
    }
    let names: Vec<String> = present.iter().map(|field| quoted(&field.name)).collect();
    let select = format!("SELECT {} FROM {table} ORDER BY _rowid_", names.join(", "));
    let mut statement = source.connection().prepare(&select)?;
    let mut rows = statement.query(())?;
    let folder = storage.map(|storage| storage.join(collection.id.as_str()));
    let mut sink = Sink::new(store, collection);
    while let Some(row) = rows.next()? {
        progress.record();
        if let Some(row) = read(row, collection, &present, folder.as_deref(), summary)? {
            sink.add(row, summary)?;
        }
    }
    sink.finish(summary)
}

/// A name as SQL writes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The row that holds the columns of `fields`; `None` when its id cannot be used.
fn read(
    columns: &rusqlite::Row<'_>,
    collection: &Collection,
    fields: &[&Field],
    folder: Option<&Path>,
    summary: &mut Summary,
) -> Result<Option<RowBuf>, ImportError> {
    let mut writer = RowWriter::new(collection.next_slot);
    // The id comes first, so that whatever else is wrong can be told with it.
    let mut id = String::new();
    for (at, field) in fields.iter().enumerate() {
        let reading = column::value(field, columns.get_ref(at)?);
        if field.name == "id" {
            reading.value.as_text().unwrap_or_default().clone_into(&mut id);
            if reading.fault.is_some() || !is_usable_id(&id) {
                let what = format!("the record was left out: {id:?} cannot be an id");
                summary.problem(&collection.name, None, Some("id"), what);
                return Ok(None);
            }
        } else if let Some(fault) = reading.fault {
            summary.problem(&collection.name, Some(&id), Some(&field.name), fault);
        }
        if let (FieldKind::File(_), Some(folder)) = (&field.kind, folder) {
            note_missing_files(&reading.value, folder, collection, &id, field, summary);
        }
        writer.set(field.slot, &reading.value);
    }
    Ok((!id.is_empty()).then(|| writer.finish()))
}

fn note_missing_files(
    value: &Value,
    folder: &Path,
    collection: &Collection,
    id: &str,
    field: &Field,
    summary: &mut Summary,
) {
    for name in value.items() {
        if !is_usable_id(name) || !folder.join(id).join(name).exists() {
            let what = format!("the file {name:?} does not exist");
            summary.problem(&collection.name, Some(id), Some(&field.name), what);
        }
    }
}

/// Rows on their way into a collection. One batch is written while the next one is read.
struct Sink<'a> {
    store: Option<&'a Store>,
    collection: &'a Arc<Collection>,
    batch: Vec<RowBuf>,
    batch_bytes: usize,
    written: Option<Receiver<Result<Vec<Refusal>, WriteError>>>,
    added: u64,
}

/// The id of a record that the store did not take, and why.
struct Refusal {
    id: String,
    why: String,
}

impl<'a> Sink<'a> {
    fn new(store: Option<&'a Store>, collection: &'a Arc<Collection>) -> Self {
        Self { store, collection, batch: Vec::new(), batch_bytes: 0, written: None, added: 0 }
    }

    fn add(&mut self, row: RowBuf, summary: &mut Summary) -> Result<(), ImportError> {
        self.added += 1;
        if self.store.is_none() {
            return Ok(());
        }
        self.batch_bytes += row.as_bytes().len();
        self.batch.push(row);
        if self.batch.len() >= BATCH_ROWS || self.batch_bytes >= BATCH_BYTES {
            self.submit(summary)?;
        }
        Ok(())
    }

    /// Writes what is left and returns how many rows were taken.
    fn finish(mut self, summary: &mut Summary) -> Result<u64, ImportError> {
        self.submit(summary)?;
        self.wait(summary)?;
        Ok(self.added)
    }

    fn submit(&mut self, summary: &mut Summary) -> Result<(), ImportError> {
        self.wait(summary)?;
        let Some(store) = self.store.filter(|_| !self.batch.is_empty()) else {
            return Ok(());
        };
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        let collection = Arc::clone(self.collection);
        let (answer, answered) = sync_channel(1);
        store.submit(
            move |tx| insert(tx, &collection, &batch),
            // An import that failed meanwhile does not wait for this.
            move |result| drop(answer.send(result)),
        );
        self.written = Some(answered);
        Ok(())
    }

    /// Waits for the batch that is being written.
    fn wait(&mut self, summary: &mut Summary) -> Result<(), ImportError> {
        let Some(written) = self.written.take() else {
            return Ok(());
        };
        let refusals = written.recv().map_err(|_| StoreError::Closed)??;
        for Refusal { id, why } in refusals {
            self.added -= 1;
            let what = format!("the record was left out: {why}");
            summary.problem(&self.collection.name, Some(&id), None, what);
        }
        Ok(())
    }
}

/// Inserts what does not conflict with what is there.
fn insert(
    tx: &mut Tx<'_>,
    collection: &Collection,
    batch: &[RowBuf],
) -> Result<Vec<Refusal>, WriteError> {
    let mut refusals = Vec::new();
    for row in batch {
        let why = match tx.insert_unlogged(collection, row) {
            Ok(_) => continue,
            Err(WriteError::IdTaken) => "an earlier one has the same id".to_owned(),
            Err(WriteError::NotUnique { index: number }) => {
                let index = collection.indexes.iter().find(|index| index.number == number);
                let name = index.map_or("", |index| &index.name);
                format!("an earlier one has the same values in the unique index {name}")
            }
            Err(error) => return Err(error),
        };
        let id = row.as_row().id().to_owned();
        refusals.push(Refusal { id, why });
    }
    Ok(refusals)
}
