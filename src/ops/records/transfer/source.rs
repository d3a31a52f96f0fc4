//! The rows of a file that is imported, one after another.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Fault, Format, ImportSpec, cell, unusable};
use crate::ops::{Error, Failure};
use crate::schema::{Collection, Field, Violation, Violations};

/// Bytes of a row, quotes and all. More than any collection's fields hold by default.
const ROW_MAX: u64 = 16 << 20;
/// Columns of a file.
const COLUMNS_MAX: usize = 1000;
/// Members of an exported record that say where it came from, or that the server makes.
const IGNORED: [&str; 3] = ["collectionId", "collectionName", "expand"];

/// A row: where it begins, and its values or what is wrong with it.
#[derive(Debug)]
pub(super) struct SourceRow {
    pub(super) line: u64,
    pub(super) bytes: u64,
    pub(super) body: Result<Map<String, Json>, Fault>,
}

/// A file that is read as rows for one collection.
pub(super) struct Source<'s> {
    collection: Arc<Collection>,
    spec: &'s ImportSpec,
    reader: Reader,
    has_ended: bool,
}

enum Reader {
    Csv { reader: Box<csv::Reader<Bounded>>, columns: Vec<Option<String>>, size: u64 },
    JsonLines { reader: BufReader<File>, line: u64 },
}

/// A file of which only so much is read for each row, and whose quotes are counted.
struct Bounded {
    file: File,
    left: u64,
    quotes: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a row is too long"));
        }
        let count = self.file.read(buffer)?;
        self.left = self.left.saturating_sub(count as u64);
        self.quotes += buffer[..count].iter().map(|byte| u64::from(*byte == b'"')).sum::<u64>();
        Ok(count)
    }
}

impl<'s> Source<'s> {
    /// Begins to read `file` from its start. Of CSV the header is read.
    ///
    /// Errors: a header that names what is no field, or names something twice.
    pub(super) fn open(
        collection: Arc<Collection>,
        spec: &'s ImportSpec,
        file: File,
    ) -> Result<Self, Error> {
        for (column, field) in &spec.map {
            if !field.is_empty() && !is_known(&collection, field) {
                let violation = unknown(field);
                let name = format!("map[{column}]");
                return Err(Error::Rejected(Failure::Form, Violations::of(&name, violation)));
            }
        }
        let reader = match spec.format {
            Format::JsonLines => Reader::JsonLines { reader: BufReader::new(file), line: 0 },
            Format::Csv => {
                let size = file.metadata().map_err(Error::internal)?.len();
                let bounded = Bounded { file, left: ROW_MAX, quotes: 0 };
                let mut builder = csv::ReaderBuilder::new();
                let mut reader = builder.has_headers(false).flexible(true).from_reader(bounded);
                let columns = header(&collection, spec, &mut reader)?;
                Reader::Csv { reader: Box::new(reader), columns, size }
            }
        };
        Ok(Self { collection, spec, reader, has_ended: false })
    }

    /// The next row; `None` at the end. A row that is too long is the last one.
    pub(super) fn next_row(&mut self) -> Result<Option<SourceRow>, Error> {
        if self.has_ended {
            return Ok(None);
        }
        let Self { collection, spec, reader, has_ended } = self;
        match reader {
            Reader::Csv { reader, columns, size } => {
                let mut record = csv::ByteRecord::new();
                reader.get_mut().left = ROW_MAX;
                let line = reader.position().line();
                match reader.read_byte_record(&mut record) {
                    Ok(false) => return Ok(None),
                    Ok(true) => {}
                    Err(error) => {
                        *has_ended = true;
                        return broken_off(line, error).map(Some);
                    }
                }
                let line = record.position().map_or(line, csv::Position::line);
                let bytes = record.as_slice().len() as u64;
                // Quotes come in pairs, so that an odd one has swallowed the rest of the file.
                let is_last = reader.position().byte() >= *size;
                let body = if is_last && reader.get_ref().quotes % 2 == 1 {
                    Err(fault(line, "", "validation_invalid_csv", "A quote is never closed."))
                } else {
                    of_cells(collection, columns, &record, line, spec)
                };
                Ok(Some(SourceRow { line, bytes, body }))
            }
            Reader::JsonLines { reader, line } => {
                let mut text = Vec::new();
                loop {
                    text.clear();
                    *line += 1;
                    let count = reader.by_ref().take(ROW_MAX + 1).read_until(b'\n', &mut text);
                    if count.map_err(Error::internal)? == 0 {
                        return Ok(None);
                    }
                    if !text.iter().all(u8::is_ascii_whitespace) {
                        break;
                    }
                }
                let (line, bytes) = (*line, text.len() as u64);
                *has_ended = bytes > ROW_MAX;
                let body = if *has_ended {
                    Err(too_long(line))
                } else {
                    of_object(collection, &text, line, spec)
                };
                Ok(Some(SourceRow { line, bytes, body }))
            }
        }
    }
}

fn broken_off(line: u64, error: csv::Error) -> Result<SourceRow, Error> {
    match error.kind() {
        csv::ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => {
            Ok(SourceRow { line, bytes: ROW_MAX, body: Err(too_long(line)) })
        }
        _ => Err(Error::internal(error)),
    }
}

/// The field of each column; `None` for those that are left out.
fn header(
    collection: &Collection,
    spec: &ImportSpec,
    reader: &mut csv::Reader<Bounded>,
) -> Result<Vec<Option<String>>, Error> {
    let mut record = csv::ByteRecord::new();
    let is_there = reader.read_byte_record(&mut record);
    if !matches!(is_there, Ok(true)) || record.len() > COLUMNS_MAX {
        let message = format!("The file must begin with a line of at most {COLUMNS_MAX} names.");
        return Err(Error::Refused(message));
    }
    let mut violations = Violations::new();
    let mut seen = BTreeSet::new();
    let mut columns = Vec::new();
    for name in &record {
        let Ok(name) = std::str::from_utf8(name) else {
            return Err(Error::Refused("The names of the columns must be UTF-8.".to_owned()));
        };
        let name = name.trim();
        let target = target(collection, spec, name);
        if let Ok(Some(field)) = &target
            && !seen.insert(field.clone())
        {
            let violation = Violation::new("validation_duplicated_column", "Comes twice.");
            violations.add(name, violation);
        }
        match target {
            Ok(target) => columns.push(target),
            Err(violation) => violations.add(name, violation),
        }
    }
    let columns = violations.into_result().map(|()| columns);
    columns.map_err(|violations| Error::Rejected(Failure::Form, violations))
}

/// The field that a column or member called `name` is for; `None` when it is left out.
fn target(
    collection: &Collection,
    spec: &ImportSpec,
    name: &str,
) -> Result<Option<String>, Violation> {
    let mapped = spec.map.iter().find(|(column, _)| column == name);
    let field = mapped.map_or(name, |(_, field)| field.as_str());
    if mapped.is_some() && field.is_empty() || IGNORED.contains(&field) {
        Ok(None)
    } else if is_known(collection, field) {
        Ok(Some(field.to_owned()))
    } else {
        Err(unknown(field))
    }
}

fn is_known(collection: &Collection, name: &str) -> bool {
    collection.field(name).is_some() || collection.is_auth() && name == "passwordConfirm"
}

fn unknown(field: &str) -> Violation {
    Violation::new("validation_unknown_field", format!("There is no field {field:?}."))
}

fn of_cells(
    collection: &Collection,
    columns: &[Option<String>],
    record: &csv::ByteRecord,
    line: u64,
    spec: &ImportSpec,
) -> Result<Map<String, Json>, Fault> {
    if record.len() != columns.len() {
        let message = format!("{} cells where the header has {}.", record.len(), columns.len());
        return Err(fault(line, "", "validation_invalid_csv", &message));
    }
    let mut body = Map::new();
    for (name, cell) in columns.iter().zip(record) {
        let Some(name) = name else { continue };
        let Ok(cell) = std::str::from_utf8(cell) else {
            return Err(fault(line, name, "validation_invalid_utf8", "Must be UTF-8."));
        };
        let value = match collection.field(name) {
            Some(field) => read(line, field, |field| cell::read(field, cell, spec.safe))?,
            None => cell.into(),
        };
        body.insert(name.clone(), value);
    }
    Ok(body)
}

fn of_object(
    collection: &Collection,
    text: &[u8],
    line: u64,
    spec: &ImportSpec,
) -> Result<Map<String, Json>, Fault> {
    let object = serde_json::from_slice::<Map<String, Json>>(text);
    let object = object.map_err(|error| {
        let message = format!("No JSON object: {error}.");
        fault(line, "", "validation_invalid_json", &message)
    })?;
    let mut body = Map::new();
    for (name, value) in object {
        let target = target(collection, spec, &name)
            .map_err(|violation| fault(line, &name, violation.code, &violation.message))?;
        let Some(name) = target else { continue };
        let value = match collection.field(&name) {
            Some(field) => read(line, field, |field| cell::member(field, &value))?,
            None => value,
        };
        body.insert(name, value);
    }
    Ok(body)
}

fn read(
    line: u64,
    field: &Field,
    read: impl FnOnce(&Field) -> Result<Json, Violation>,
) -> Result<Json, Fault> {
    read(field).map_err(|violation| fault(line, &field.name, violation.code, &violation.message))
}

fn too_long(line: u64) -> Fault {
    let message = format!("Longer than {ROW_MAX} bytes; what follows was not read.");
    fault(line, "", "validation_row_too_long", &message)
}

fn fault(line: u64, field: &str, code: &str, message: &str) -> Fault {
    Fault { line, field: field.to_owned(), code: code.to_owned(), message: message.to_owned() }
}

/// The pairs of `map[column]=field` among the parameters of a URL.
pub(super) fn mapping<'p>(
    parameters: impl Iterator<Item = (&'p str, &'p str)>,
) -> Result<Vec<(String, String)>, Error> {
    let mut map: Vec<(String, String)> = Vec::new();
    for (name, field) in parameters {
        let Some(column) = name.strip_prefix("map[").and_then(|rest| rest.strip_suffix(']')) else {
            continue;
        };
        if map.len() == COLUMNS_MAX {
            return Err(unusable("map", &format!("More than {COLUMNS_MAX} columns.")));
        }
        map.push((column.to_owned(), field.to_owned()));
    }
    Ok(map)
}
