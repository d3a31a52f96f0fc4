//! The database that one query runs in: in memory, empty but for what the query speaks of.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::hooks::AuthContext;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode};

use crate::model::CollectionId;
use crate::schema::{Catalog, Collection, CollectionKind};

use super::SqlError;
use super::guard::Guard;
use super::table::{Table, view_definition};
use super::token::tokens;

/// Memory for copied columns, in pages of 4 KiB.
const PAGES_MAX: u32 = 64 * 1024;
/// Memory for copied columns in MiB, as errors tell it.
pub(super) const MEMORY_MIB: usize = 256;
/// Memory of all queries together, sorting included.
const HEAP_MAX: u64 = 1 << 30;
/// Virtual machine steps between two looks at the clock.
const STEPS_PER_LOOK: i32 = 4000;
/// Other limits that the engine knows.
const LIMITS: [(Limit, i32); 7] = [
    (Limit::SQLITE_LIMIT_LENGTH, 16 << 20),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 5000),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 2000),
];

/// A database with empty tables and with views for the collections that a query speaks of.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) guard: Arc<Guard>,
    pub(super) tables: Vec<Table>,
    /// Whether any query names columns in a way that only shows when it runs.
    pub(super) reads_unnamed: bool,
}

impl Database {
    /// The collections of `catalog` that `query` speaks of, directly or through views. `without`
    /// is left out: a view cannot be made of itself.
    pub(super) fn open(
        catalog: &Catalog,
        query: &str,
        without: Option<&CollectionId>,
    ) -> Result<Self, SqlError> {
        let guard = Arc::new(Guard::default());
        let connection = connect(&guard).map_err(|error| explain(&error, &guard))?;
        let mut database = Self { connection, guard, tables: Vec::new(), reads_unnamed: false };
        for collection in database.mentioned(catalog, query, without) {
            database.add(&collection)?;
        }
        Ok(database)
    }

    fn add(&mut self, collection: &Arc<Collection>) -> Result<(), SqlError> {
        if let CollectionKind::View { query } = &collection.kind {
            // A view that is broken is missing; who needs it will hear so.
            let Some(definition) = view_definition(collection, query) else { return Ok(()) };
            if self.connection.execute(&definition, []).is_err() {
                return Ok(());
            }
        } else {
            let table = Table::new(Arc::clone(collection));
            let made = self.connection.execute(&table.definition(), []);
            made.map_err(|error| explain(&error, &self.guard))?;
            self.tables.push(table);
        }
        self.guard.add_table(&collection.name);
        Ok(())
    }

    fn mentioned(
        &mut self,
        catalog: &Catalog,
        query: &str,
        without: Option<&CollectionId>,
    ) -> Vec<Arc<Collection>> {
        let mut seen: HashSet<CollectionId> = without.cloned().into_iter().collect();
        let mut found: Vec<Arc<Collection>> = Vec::new();
        let mut queries = vec![query.to_owned()];
        while let Some(query) = queries.pop() {
            for token in tokens(&query) {
                self.reads_unnamed |= token.is_any(&["using", "natural"]);
                let Some(collection) = catalog.by_name(&token.name()) else { continue };
                if !seen.insert(collection.id.clone()) {
                    continue;
                }
                if let CollectionKind::View { query } = &collection.kind {
                    queries.push(query.clone());
                }
                found.push(Arc::clone(collection));
            }
        }
        found
    }
}

fn connect(guard: &Arc<Guard>) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    for (limit, value) in LIMITS {
        connection.set_limit(limit, value)?;
    }
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = OFF; PRAGMA temp_store = MEMORY; PRAGMA page_size = 4096;
         PRAGMA max_page_count = {PAGES_MAX}; PRAGMA hard_heap_limit = {HEAP_MAX};
         PRAGMA trusted_schema = OFF;"
    ))?;
    let watch = Arc::clone(guard);
    connection.authorizer(Some(move |context: AuthContext<'_>| watch.authorize(context.action)))?;
    let watch = Arc::clone(guard);
    connection.progress_handler(STEPS_PER_LOOK, Some(move || watch.is_over()))?;
    Ok(connection)
}

/// What an error of the engine means to whoever wrote the query.
pub(super) fn explain(error: &rusqlite::Error, guard: &Guard) -> SqlError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => guard.over(),
        Some(ErrorCode::DiskFull | ErrorCode::OutOfMemory | ErrorCode::TooBig) => {
            SqlError::TooLarge(MEMORY_MIB)
        }
        Some(ErrorCode::AuthorizationForStatementDenied) => {
            SqlError::Invalid("not authorized".to_owned())
        }
        _ => match error {
            rusqlite::Error::MultipleStatement => SqlError::MultipleStatements,
            // The wrapped query around it is none of the writer's business.
            rusqlite::Error::SqlInputError { msg, .. } => SqlError::Invalid(msg.clone()),
            other => SqlError::Invalid(other.to_string()),
        },
    }
}
