//! A file's rows as records of a collection.

use std::fs::File;
use std::sync::Arc;

use super::source::{self, Source, SourceRow};
use super::{Format, Tally, unusable};
use crate::access::Caller;
use crate::ops::records::{Intent, WriteRecord, collection_of};
use crate::ops::{Backend, Error, batch, hooked};
use crate::query::Rows;
use crate::schema::{Collection, FieldKind};
use crate::store::Tx;

/// Rows and bytes that share a transaction.
const BATCH: (usize, u64) = (500, 4 << 20);
/// Rows and bytes of an import that is done whole or not at all.
const ATOMIC: (usize, u64) = (100_000, 32 << 20);
/// Stands for a password's hash in a dry run, which hashes nothing.
const UNHASHED: &str = "unhashed";

/// What to do with a row whose `id` is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The row fails.
    Create,
    /// The record is changed.
    Upsert,
}

impl Mode {
    /// The mode called `name`: `create` or `upsert`. Anything else is an error that names `mode`.
    pub fn parse(name: &str) -> Result<Self, Error> {
        match name {
            "create" => Ok(Self::Create),
            "upsert" => Ok(Self::Upsert),
            _ => Err(unusable("mode", "Must be create or upsert.")),
        }
    }
}

/// How to import a file.
#[derive(Debug, Clone)]
pub struct ImportSpec {
    /// What it is.
    pub format: Format,
    /// What to do with what is there already.
    pub mode: Mode,
    /// Whether to find out only. Without `atomic` a row sees those up to 500 before it.
    pub dry_run: bool,
    /// Whether one row that fails takes all others back.
    pub atomic: bool,
    /// Whether texts are guarded as an export guards them, and the guards are to be taken away.
    pub safe: bool,
    /// The field for each column that is called otherwise; an empty one leaves the column out.
    pub map: Vec<(String, String)>,
}

impl ImportSpec {
    /// The pairs for [`ImportSpec::map`] among parameters such as `map[column]=field`.
    pub fn mapping<'p>(
        parameters: impl Iterator<Item = (&'p str, &'p str)>,
    ) -> Result<Vec<(String, String)>, Error> {
        source::mapping(parameters)
    }
}

/// Writes the rows of `file` as records of `collection`, each as if it had been sent by `caller`.
/// Blocks the thread for as long as it takes.
///
/// Errors: anybody but a superuser; a header that cannot be used; of an atomic import
/// [`Error::ImportFailed`], when nothing was kept.
pub fn import(
    backend: &Backend,
    caller: &Arc<Caller>,
    collection: &str,
    spec: &ImportSpec,
    file: File,
) -> Result<Tally, Error> {
    if !caller.is_unrestricted() {
        return Err(Error::Forbidden);
    }
    let collection = collection_of(&*backend.snapshot(), collection)?;
    if collection.is_view() {
        return Err(Error::ViewIsReadOnly);
    }
    let mut source = Source::open(collection.clone(), spec, file)?;
    let mut tally = Tally::default();
    loop {
        let rows = read_batch(&mut source, spec)?;
        if rows.is_empty() {
            break;
        }
        let batch = Batch::prepare(backend, caller, &collection, spec, rows)?;
        tally.merge(batch.write(backend)?);
    }
    backend.sweep_soon();
    Ok(tally)
}

fn read_batch(source: &mut Source<'_>, spec: &ImportSpec) -> Result<Vec<SourceRow>, Error> {
    let (rows_max, bytes_max) = if spec.atomic { ATOMIC } else { BATCH };
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while rows.len() < rows_max && bytes < bytes_max {
        let Some(row) = source.next_row()? else { return Ok(rows) };
        bytes += row.bytes;
        rows.push(row);
    }
    if spec.atomic && source.next_row()?.is_some() {
        return Err(Error::Refused(format!(
            "An import of all or nothing has at most {rows_max} rows and {} MiB.",
            bytes_max >> 20
        )));
    }
    Ok(rows)
}

/// Rows that share a transaction.
struct Batch {
    collection: Arc<Collection>,
    writes: Vec<(u64, WriteRecord)>,
    /// Rows that were no records.
    unread: Tally,
    mode: Mode,
    /// Whether failures take everything back.
    is_whole: bool,
    is_rehearsal: bool,
}

impl Batch {
    fn prepare(
        backend: &Backend,
        caller: &Arc<Caller>,
        collection: &Arc<Collection>,
        spec: &ImportSpec,
        rows: Vec<SourceRow>,
    ) -> Result<Self, Error> {
        let (mut writes, mut unread) = (Vec::new(), Tally::default());
        let snapshot = backend.snapshot();
        for SourceRow { line, body, .. } in rows {
            let mut body = match body {
                Ok(body) => body,
                Err(fault) => {
                    unread.add_fault(fault);
                    continue;
                }
            };
            if let Some(password) = body.get("password").filter(|_| collection.is_auth())
                && !body.contains_key("passwordConfirm")
            {
                body.insert("passwordConfirm".to_owned(), password.clone());
            }
            let rules = backend.rules().clone();
            let id = collection.id.as_str();
            let mut write = WriteRecord::new(caller.clone(), rules, id, Intent::Create, body);
            choose_intent(&mut write, &*snapshot, spec.mode)?;
            if spec.dry_run {
                pretend_hashes(&mut write, collection);
            } else if write.has_password(&*snapshot) {
                write.prepare_after_others(&*snapshot, backend.hasher())?;
            }
            writes.push((line, write));
        }
        Ok(Self {
            collection: collection.clone(),
            writes,
            unread,
            mode: spec.mode,
            is_whole: spec.atomic,
            is_rehearsal: spec.dry_run,
        })
    }

    fn write(mut self, backend: &Backend) -> Result<Tally, Error> {
        let is_rehearsal = self.is_rehearsal;
        let is_whole = self.is_whole;
        match backend.write(move |tx| self.run(tx)) {
            Err(Error::ImportFailed(tally)) if is_rehearsal || !is_whole => Ok(*tally),
            outcome => outcome,
        }
    }

    /// Writes what can be written. A failure is how everything is taken back, also after a
    /// rehearsal.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<Tally, Error> {
        // Faults of reading come first, whatever their lines: they are known before.
        let mut tally = self.unread.clone();
        for (line, write) in &mut self.writes {
            let is_update = choose_intent(write, tx, self.mode)?;
            match hooked::attempt(tx, |tx| write.run(tx)) {
                Ok(_) if is_update => tally.updated += 1,
                Ok(_) => tally.created += 1,
                Err(error @ (Error::Internal(_) | Error::Busy)) => return Err(error),
                Err(error) => tally.add_error(*line, &error),
            }
        }
        tally.faults.sort_by_key(|fault| fault.line);
        // The collection may have gone meanwhile, which is no fault of the rows.
        collection_of(tx, self.collection.id.as_str())?;
        if self.is_rehearsal {
            return Err(Error::ImportFailed(Box::new(tally)));
        }
        if self.is_whole && tally.failed > 0 {
            let (created, updated) = (0, 0);
            return Err(Error::ImportFailed(Box::new(Tally { created, updated, ..tally })));
        }
        Ok(tally)
    }
}

/// Makes the write a create or an update; true when it is an update.
fn choose_intent(write: &mut WriteRecord, rows: &dyn Rows, mode: Mode) -> Result<bool, Error> {
    let id = write.body.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
    let is_update = mode == Mode::Upsert && batch::exists(rows, &write.collection, id)?;
    write.intent = if is_update { Intent::Update { id: id.to_owned() } } else { Intent::Create };
    Ok(is_update)
}

fn pretend_hashes(write: &mut WriteRecord, collection: &Collection) {
    for field in &collection.fields {
        if matches!(field.kind, FieldKind::Password(_)) && write.body.contains_key(&field.name) {
            write.passwords.hashes.insert(field.name.clone(), UNHASHED.to_owned());
        }
    }
}
