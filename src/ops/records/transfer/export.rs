//! A collection's records as a file, in pieces.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::vec::IntoIter;

use serde_json::{Map, Value as Json};

use super::{Format, cell, unusable};
use crate::access::{Caller, Gate, RuleCache};
use crate::model::{Row, RowId};
use crate::ops::records::collection_of;
use crate::ops::views::Reading;
use crate::ops::{Error, Failure};
use crate::query::{Direction, ListSpec, Page, Rows};
use crate::schema::{Collection, Field, FieldKind, Violation, Violations, values};

/// Bytes that a piece has at least, but for the last one.
const PIECE: usize = 128 << 10;
/// Records of an export that has a filter or a sort: their numbers are kept in memory.
const CHOSEN_MAX: u64 = 5_000_000;

/// What to export.
#[derive(Debug, Clone)]
pub struct ExportSpec {
    /// As what.
    pub format: Format,
    /// Which records; empty = all.
    pub filter: String,
    /// In which order; empty = that of insertion.
    pub sort: String,
    /// The names of fields, separated by commas; empty = all.
    pub fields: String,
    /// Whether texts are guarded against spreadsheets that take them for formulas.
    pub safe: bool,
}

/// An export under way. It shows one moment, however long it takes, and holds a piece in memory.
#[derive(Debug)]
pub struct Export {
    reading: Reading,
    collection: Arc<Collection>,
    fields: Vec<Field>,
    rows: Left,
    spec: ExportSpec,
    needs_header: bool,
}

/// The rows that are left.
#[derive(Debug)]
enum Left {
    /// All that come after this one.
    After(Option<RowId>),
    /// These.
    Chosen(IntoIter<RowId>),
    None,
}

impl Export {
    /// Checks that `caller` may see everything, and chooses the records. May take as long as going
    /// through all of them, when there is a filter or a sort.
    ///
    /// Errors: anybody but a superuser; what names no field; filter and sort as in lists.
    pub fn open(
        reading: &Reading,
        rules: &RuleCache,
        caller: &Caller,
        collection: &str,
        spec: ExportSpec,
    ) -> Result<Self, Error> {
        if !caller.is_unrestricted() {
            return Err(Error::Forbidden);
        }
        let reading = reading.at_leisure();
        let collection = collection_of(&reading, collection)?;
        let granted = Gate::new(&reading, rules, caller).list(&collection)?;
        let fields = fields_of(&collection, &spec.fields)?;
        let rows = if spec.filter.is_empty() && spec.sort.is_empty() {
            Left::After(None)
        } else {
            let given = |text: &'_ str| -> bool { !text.is_empty() };
            let list = ListSpec {
                rule: granted.rule(),
                filter: Some(spec.filter.as_str()).filter(|text| given(text)),
                sort: Some(spec.sort.as_str()).filter(|text| given(text)),
                superuser: true,
            };
            let query = rules.list(reading.catalog(), &collection, &list)?;
            let page = Page { offset: 0, limit: CHOSEN_MAX + 1, total: false };
            let rowids = query.plan(&reading, caller.request(), page)?.rowids(&reading)?;
            if rowids.len() as u64 > CHOSEN_MAX {
                return Err(Error::Refused(format!(
                    "More than {CHOSEN_MAX} records match. Narrow the filter down, or export all \
                     of them without filter and sort."
                )));
            }
            Left::Chosen(rowids.into_iter())
        };
        let needs_header = spec.format == Format::Csv;
        Ok(Self { reading, collection, fields, rows, spec, needs_header })
    }

    /// The collection.
    pub fn collection(&self) -> &Collection {
        &self.collection
    }

    /// The next bytes of the file; `None` at its end.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut out = Vec::new();
        if std::mem::take(&mut self.needs_header) {
            let names = self.fields.iter().map(|field| field.name.clone());
            push_csv(&mut out, names)?;
        }
        let Self { reading, collection, fields, rows, spec, .. } = self;
        match rows {
            Left::None => {}
            Left::After(after) => {
                let start = after.map_or(Bound::Unbounded, Bound::Excluded);
                let mut failure = None;
                let mut is_full = false;
                let range = (start, Bound::Unbounded);
                reading.scan(collection, range, Direction::Forward, &mut |rowid, row| {
                    *after = Some(rowid);
                    failure = push_row(&mut out, fields, row, spec).err();
                    is_full = out.len() >= PIECE;
                    let stop = is_full || failure.is_some();
                    Ok(if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })?;
                if let Some(failure) = failure {
                    return Err(failure);
                }
                if !is_full {
                    *rows = Left::None;
                }
            }
            Left::Chosen(rowids) => {
                for rowid in rowids.by_ref() {
                    let mut pushed = Ok(());
                    reading.with_row(collection, rowid, &mut |row| {
                        pushed = push_row(&mut out, fields, row, spec);
                    })?;
                    pushed?;
                    if out.len() >= PIECE {
                        break;
                    }
                }
            }
        }
        Ok(Some(out).filter(|out| !out.is_empty()))
    }
}

/// The fields called `names`, or all; what nobody may see is none of them.
fn fields_of(collection: &Collection, names: &str) -> Result<Vec<Field>, Error> {
    let is_secret = |field: &Field| {
        matches!(field.kind, FieldKind::Password(_))
            || collection.is_auth() && field.name == "tokenKey"
    };
    let known = |name: &str| collection.field(name).filter(|field| !is_secret(field));
    if names.trim().is_empty() {
        return Ok(collection.fields.iter().filter(|field| !is_secret(field)).cloned().collect());
    }
    let mut fields: Vec<Field> = Vec::new();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let Some(field) = known(name) else {
            let message = format!("There is no field {name} to export.");
            let violation = Violation::new("validation_unknown_field", message);
            return Err(Error::Rejected(Failure::Form, Violations::of("fields", violation)));
        };
        if !fields.iter().any(|chosen| chosen.name == field.name) {
            fields.push(field.clone());
        }
    }
    if fields.is_empty() { Err(unusable("fields", "Must name a field.")) } else { Ok(fields) }
}

fn push_row(
    out: &mut Vec<u8>,
    fields: &[Field],
    row: Row<'_>,
    spec: &ExportSpec,
) -> Result<(), Error> {
    let values = fields.iter().map(|field| {
        let value = row.value(field.slot, field.kind.zero());
        (field, values::to_json(&value))
    });
    match spec.format {
        Format::Csv => {
            push_csv(out, values.map(|(field, value)| cell::text(field, &value, spec.safe)))
        }
        Format::JsonLines => {
            let object: Map<String, Json> =
                values.map(|(field, value)| (field.name.clone(), value)).collect();
            serde_json::to_writer(&mut *out, &object).map_err(Error::internal)?;
            out.push(b'\n');
            Ok(())
        }
    }
}

fn push_csv(out: &mut Vec<u8>, cells: impl Iterator<Item = String>) -> Result<(), Error> {
    let mut builder = csv::WriterBuilder::new();
    builder.terminator(csv::Terminator::CRLF).buffer_capacity(1 << 10);
    let mut writer = builder.from_writer(out);
    writer.write_record(cells).map_err(Error::internal)?;
    writer.flush().map_err(Error::internal)
}
