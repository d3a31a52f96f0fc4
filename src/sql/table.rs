//! A collection as a table.

use std::fmt::Write as _;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
use rusqlite::{Connection, Statement};

use crate::model::{Cell, Row};
use crate::query::{Direction, Rows};
use crate::schema::{Collection, Field, FieldKind};

use super::SqlError;
use super::database::explain;
use super::guard::Guard;
use super::select::{check_outline, trimmed};

/// Rows between two looks at the clock.
const ROWS_PER_LOOK: usize = 1024;
/// The name of the row number, unless a field has it.
const ROW_NUMBER: &str = "_rowid_";

/// The table of a collection that is no view. It is made empty and filled with what a query reads.
#[derive(Debug)]
pub(super) struct Table {
    collection: Arc<Collection>,
}

impl Table {
    pub(super) fn new(collection: Arc<Collection>) -> Self {
        Self { collection }
    }

    /// The collection's name, in lower case.
    pub(super) fn key(&self) -> String {
        self.collection.name.to_lowercase()
    }

    /// The collection.
    pub(super) fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    /// The statement that makes the table.
    pub(super) fn definition(&self) -> String {
        let mut sql = format!("CREATE TABLE {}(", quoted(&self.collection.name));
        for (at, field) in self.collection.fields.iter().filter(|field| shown(field)).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let _ = write!(sql, "{comma}{} {}", quoted(&field.name), declared_type(&field.kind));
        }
        sql.push(')');
        sql
    }

    /// Copies the `wanted` columns, in lower case, of at most `rows_max` records; other columns
    /// keep their default.
    pub(super) fn fill(
        &self,
        connection: &Connection,
        guard: &Guard,
        rows: &dyn Rows,
        wanted: impl Fn(&str) -> bool,
        rows_max: usize,
    ) -> Result<(), SqlError> {
        let is_wanted = |field: &&Field| shown(field) && wanted(&field.name.to_lowercase());
        let fields: Vec<&Field> = self.collection.fields.iter().filter(is_wanted).collect();
        let has_number =
            self.collection.fields.iter().all(|f| !f.name.eq_ignore_ascii_case(ROW_NUMBER));
        let insert = insertion(&self.collection.name, &fields, has_number);
        let mut insert = connection.prepare(&insert).map_err(|e| explain(&e, guard))?;
        let (mut seen, mut failure) = (0usize, None);
        let everything = (Bound::Unbounded, Bound::Unbounded);
        let visited =
            rows.scan(&self.collection, everything, Direction::Forward, &mut |rowid, row| {
                if seen == rows_max {
                    return Ok(ControlFlow::Break(()));
                }
                seen += 1;
                let number = has_number.then_some(rowid.0);
                let inserted = if seen.is_multiple_of(ROWS_PER_LOOK) && guard.is_over() {
                    Err(guard.over())
                } else {
                    insert_row(&mut insert, number, &fields, row).map_err(|e| explain(&e, guard))
                };
                Ok(match inserted {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        failure = Some(error);
                        ControlFlow::Break(())
                    }
                })
            });
        visited.map_err(|error| SqlError::Read(error.0.to_string()))?;
        failure.map_or(Ok(()), Err)
    }
}

/// The statement that makes the view `collection`; its columns are those of its fields. `None`
/// when its query is not even shaped like one.
pub(super) fn view_definition(collection: &Collection, query: &str) -> Option<String> {
    let query = trimmed(query);
    check_outline(query).ok()?;
    let column = |field: &Field| match field.name.as_str() {
        "id" => "CAST(\"id\" AS TEXT) AS \"id\"".to_owned(),
        name => quoted(name),
    };
    let columns: Vec<String> = collection.fields.iter().map(column).collect();
    let (name, columns) = (quoted(&collection.name), columns.join(", "));
    Some(format!("CREATE VIEW {name} AS SELECT {columns} FROM (\n{query}\n)"))
}

/// `name` as a name in SQL, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether queries may see the field: secrets of accounts are not even columns.
fn shown(field: &Field) -> bool {
    let is_token_key = field.system && field.name == "tokenKey";
    !matches!(field.kind, FieldKind::Password(_)) && !is_token_key
}

/// Types and defaults as tools for the original know them; the types decide how values compare.
fn declared_type(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Number(_) => "NUMERIC DEFAULT 0 NOT NULL",
        FieldKind::Bool => "BOOLEAN DEFAULT FALSE NOT NULL",
        FieldKind::Json(_) => "JSON DEFAULT NULL",
        FieldKind::GeoPoint => "JSON DEFAULT '{\"lon\":0,\"lat\":0}' NOT NULL",
        _ if kind.is_multiple() => "JSON DEFAULT '[]' NOT NULL",
        _ => "TEXT DEFAULT '' NOT NULL",
    }
}

fn insertion(table: &str, fields: &[&Field], has_number: bool) -> String {
    let table = quoted(table);
    let names = has_number.then_some(ROW_NUMBER).into_iter();
    let names = names.chain(fields.iter().map(|field| field.name.as_str()));
    let names: Vec<String> = names.map(quoted).collect();
    if names.is_empty() {
        return format!("INSERT INTO {table} DEFAULT VALUES");
    }
    let (marks, names) = (vec!["?"; names.len()].join(", "), names.join(", "));
    format!("INSERT INTO {table}({names}) VALUES ({marks})")
}

fn insert_row(
    insert: &mut Statement<'_>,
    number: Option<u64>,
    fields: &[&Field],
    row: Row<'_>,
) -> rusqlite::Result<()> {
    let mut place = 0;
    if let Some(number) = number {
        place += 1;
        insert.raw_bind_parameter(place, number as i64)?;
    }
    for field in fields {
        place += 1;
        insert.raw_bind_parameter(place, column_value(field, row))?;
    }
    insert.raw_execute().map(|_| ())
}

/// The value of `field` in `row`, as a table holds it.
fn column_value<'a>(field: &Field, row: Row<'a>) -> ToSqlOutput<'a> {
    let text = |text: String| ToSqlOutput::Owned(Owned::Text(text));
    let borrowed = |text: &'a str| ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()));
    match row.cell(field.slot) {
        Cell::Text(value, _) => borrowed(value),
        Cell::Number(number) => ToSqlOutput::Owned(Owned::Real(number)),
        Cell::True => ToSqlOutput::Owned(Owned::Integer(1)),
        Cell::Date(date) => text(date.to_string()),
        Cell::List(list) => {
            let items: Vec<&str> = list.iter().collect();
            text(serde_json::Value::from(items).to_string())
        }
        Cell::Geo(point) => text(format!("{{\"lon\":{},\"lat\":{}}}", point.lon, point.lat)),
        Cell::Json(json) => borrowed(json),
        Cell::Zero => match &field.kind {
            FieldKind::Number(_) | FieldKind::Bool => ToSqlOutput::Owned(Owned::Integer(0)),
            FieldKind::Json(_) => ToSqlOutput::Owned(Owned::Null),
            FieldKind::GeoPoint => borrowed("{\"lon\":0,\"lat\":0}"),
            kind if kind.is_multiple() => borrowed("[]"),
            _ => borrowed(""),
        },
    }
}
