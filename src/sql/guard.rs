//! What a query may do, and how long.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::hooks::{AuthAction, Authorization};

use super::SqlError;

/// Tables made of JSON documents, which any query may read.
const JSON_TABLES: [&str; 2] = ["json_each", "json_tree"];
/// How the engine's own tables are called.
const SYSTEM_PREFIXES: [&str; 5] = ["sqlite_", "pragma_", "dbstat", "fts", "rtree"];
/// Functions that reach outside of the query.
const FORBIDDEN_FUNCTIONS: [&str; 3] = ["load_extension", "fts3_tokenizer", "fts5"];

/// Columns by table, both in lower case.
pub(super) type Reads = BTreeMap<String, BTreeSet<String>>;

/// Watches over one database. It starts out open, for what we do to it ourselves.
#[derive(Debug, Default)]
pub(super) struct Guard {
    closed: AtomicBool,
    deadline: Mutex<Option<(Instant, Duration)>>,
    /// The tables that are there, in lower case.
    tables: Mutex<BTreeSet<String>>,
    reads: Mutex<Reads>,
}

impl Guard {
    /// Lets queries read this table from now on.
    pub(super) fn add_table(&self, name: &str) {
        lock(&self.tables).insert(name.to_lowercase());
    }

    /// Lets nothing pass but reading while `prepare` runs. Returns what was read.
    pub(super) fn closed<T>(&self, prepare: impl FnOnce() -> T) -> (T, Reads) {
        lock(&self.reads).clear();
        self.closed.store(true, Ordering::SeqCst);
        let outcome = prepare();
        self.closed.store(false, Ordering::SeqCst);
        (outcome, std::mem::take(&mut lock(&self.reads)))
    }

    /// Stops what runs longer than `time` from now.
    pub(super) fn stop_after(&self, time: Duration) {
        *lock(&self.deadline) = Some((Instant::now() + time, time));
    }

    /// Whether the time is over.
    pub(super) fn is_over(&self) -> bool {
        lock(&self.deadline).is_some_and(|(deadline, _)| Instant::now() >= deadline)
    }

    /// The error to answer when the time is over.
    pub(super) fn over(&self) -> SqlError {
        SqlError::TooLong(lock(&self.deadline).map_or(0, |(_, time)| time.as_secs()))
    }

    /// Whether a statement that does this may be prepared.
    pub(super) fn authorize(&self, action: AuthAction<'_>) -> Authorization {
        if !self.closed.load(Ordering::SeqCst) {
            return Authorization::Allow;
        }
        let is_fine = match action {
            AuthAction::Select | AuthAction::Recursive => true,
            AuthAction::Function { function_name } => {
                !FORBIDDEN_FUNCTIONS.iter().any(|name| name.eq_ignore_ascii_case(function_name))
            }
            AuthAction::Read { table_name, column_name } => self.reads(table_name, column_name),
            _ => false,
        };
        if is_fine { Authorization::Allow } else { Authorization::Deny }
    }

    fn reads(&self, table: &str, column: &str) -> bool {
        let table = table.to_lowercase();
        if JSON_TABLES.contains(&&*table) {
            return true;
        }
        if !lock(&self.tables).contains(&table) {
            // What `WITH` made is asked about only when it is counted without any column.
            return column.is_empty() && !SYSTEM_PREFIXES.iter().any(|p| table.starts_with(p));
        }
        lock(&self.reads).entry(table).or_default().insert(column.to_lowercase());
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
