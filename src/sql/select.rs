//! One SELECT over collections.

use std::time::Duration;

use rusqlite::types::ValueRef;

use crate::model::{CollectionId, RowBuf};
use crate::query::Rows;
use crate::schema::{Catalog, Collection, Field};

use super::SqlError;
use super::cell;
use super::database::{Database, MEMORY_MIB, explain};
use super::fields::infer;
use super::guard::Reads;
use super::token::{TokenKind, tokens};

/// What a run may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// Rows that are read of each collection; later ones are left out.
    pub rows_read: usize,
    /// Rows of the result.
    pub rows: usize,
    /// Whether rows beyond that are left out, rather than refused.
    pub cut: bool,
    /// Bytes of the result.
    pub bytes: usize,
}

/// A query that was understood, over the collections of one catalog.
#[derive(Debug)]
pub struct Select {
    database: Database,
    /// The query within one of ours, so that it can be nothing else than a query.
    wrapped: String,
    query: String,
    columns: Vec<String>,
    reads: Reads,
}

/// A result as texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows; `None` is null.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Select {
    /// Understands `query`, which must be exactly one SELECT. `without` is a collection that it
    /// cannot speak of, as a view cannot of itself.
    pub fn prepare(
        catalog: &Catalog,
        query: &str,
        without: Option<&CollectionId>,
    ) -> Result<Self, SqlError> {
        let query = trimmed(query).to_owned();
        check_outline(&query)?;
        let database = Database::open(catalog, &query, without)?;
        let wrapped = format!("SELECT * FROM (\n{query}\n)");
        let (prepared, reads) = database.guard.closed(|| {
            let statement = database.connection.prepare(&wrapped)?;
            let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
            rusqlite::Result::Ok((statement.readonly(), columns))
        });
        let (is_readonly, columns) = prepared.map_err(|error| explain(&error, &database.guard))?;
        if !is_readonly {
            return Err(SqlError::NotSelect);
        }
        Ok(Self { database, wrapped, query, columns, reads })
    }

    /// The columns of the result.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The fields of a view with this query, without slots.
    pub(super) fn fields(&self, catalog: &Catalog) -> Result<Vec<Field>, SqlError> {
        infer(catalog, &self.query, &self.columns)
    }

    /// The collections, views left out, whose records decide the result.
    pub fn sources(&self) -> Vec<CollectionId> {
        let is_read = |key: String| self.database.reads_unnamed || self.reads.contains_key(&key);
        let read = self.database.tables.iter().filter(|table| is_read(table.key()));
        read.map(|table| table.collection().id.clone()).collect()
    }

    /// Runs the query and returns the result as rows of `view`, whose fields it must have.
    pub fn records(
        &self,
        rows: &dyn Rows,
        view: &Collection,
        limits: &Limits,
    ) -> Result<Vec<RowBuf>, SqlError> {
        let place = |field: &Field| self.columns.iter().position(|name| *name == field.name);
        let fields: Option<Vec<_>> =
            view.fields.iter().map(|field| Some((field, place(field)?))).collect();
        let fields = fields.ok_or(SqlError::Stale)?;
        let (mut records, mut bytes) = (Vec::new(), 0);
        self.run(rows, limits, |row| {
            let record = cell::record(view, &fields, |at| row.get_ref(at))?;
            bytes += record.as_bytes().len();
            records.push(record);
            Ok(bytes)
        })?;
        Ok(records)
    }

    /// Runs the query and returns the result as texts.
    pub fn texts(&self, rows: &dyn Rows, limits: &Limits) -> Result<Answer, SqlError> {
        let mut answer = Answer { columns: self.columns.clone(), rows: Vec::new() };
        let mut bytes = 0;
        self.run(rows, limits, |row| {
            let texts: rusqlite::Result<Vec<_>> =
                (0..answer.columns.len()).map(|at| row.get_ref(at).map(text)).collect();
            let texts = texts?;
            bytes += texts.iter().flatten().map(String::len).sum::<usize>();
            answer.rows.push(texts);
            Ok(bytes)
        })?;
        Ok(answer)
    }

    /// Fills the tables and shows each row of the result to `visit`, which answers how many bytes
    /// it has kept so far.
    fn run(
        &self,
        rows: &dyn Rows,
        limits: &Limits,
        mut visit: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<usize>,
    ) -> Result<(), SqlError> {
        let Database { connection, guard, tables, reads_unnamed } = &self.database;
        guard.stop_after(limits.time);
        let failed = |error: rusqlite::Error| explain(&error, guard);
        connection.execute_batch("BEGIN").map_err(failed)?;
        for table in tables {
            let columns = self.reads.get(&table.key());
            if columns.is_none() && !reads_unnamed {
                continue;
            }
            let read = |name: &str| columns.is_some_and(|columns| columns.contains(name));
            let wanted = |name: &str| *reads_unnamed || read(name);
            table.fill(connection, guard, rows, wanted, limits.rows_read)?;
        }
        connection.execute_batch("COMMIT").map_err(failed)?;
        let (prepared, _) = guard.closed(|| connection.prepare(&self.wrapped));
        let mut statement = prepared.map_err(failed)?;
        let mut found = statement.raw_query();
        let mut count = 0;
        while let Some(row) = found.next().map_err(failed)? {
            count += 1;
            if count > limits.rows && limits.cut {
                break;
            }
            if count > limits.rows {
                return Err(SqlError::TooManyRows(limits.rows));
            }
            if visit(row).map_err(failed)? > limits.bytes {
                return Err(SqlError::TooLarge(MEMORY_MIB.min(limits.bytes >> 20)));
            }
        }
        Ok(())
    }
}

/// `query` without the white space and semicolons around it.
pub(super) fn trimmed(query: &str) -> &str {
    query.trim_matches(|c: char| c == ';' || c.is_whitespace())
}

/// Refuses what is no single SELECT at first sight.
pub(super) fn check_outline(query: &str) -> Result<(), SqlError> {
    let tokens = tokens(query);
    let first = tokens.first().ok_or(SqlError::Empty)?;
    if !first.is_any(&["select", "with"]) {
        return Err(SqlError::NotSelect);
    }
    if tokens.iter().any(|token| token.is(";")) {
        return Err(SqlError::MultipleStatements);
    }
    // What is left open would swallow the end of the query around it.
    let is_open = |token: &super::token::Token<'_>| match token.kind {
        TokenKind::Text | TokenKind::Quoted => !token.is_closed(),
        _ => false,
    };
    if tokens.iter().any(is_open) {
        return Err(SqlError::Invalid("a quote is never closed".to_owned()));
    }
    let mut depth = 0i64;
    for token in &tokens {
        depth += i64::from(token.is("(")) - i64::from(token.is(")"));
        if depth < 0 {
            break;
        }
    }
    if depth != 0 || has_open_comment(query) {
        return Err(SqlError::Invalid("incomplete input".to_owned()));
    }
    Ok(())
}

/// Whether `query` ends inside of a `/*` comment.
fn has_open_comment(query: &str) -> bool {
    let probe = format!("{query}\n;");
    !tokens(&probe).last().is_some_and(|token| token.is(";"))
}

fn text(value: ValueRef<'_>) -> Option<String> {
    cell::text(value).map(std::borrow::Cow::into_owned)
}
