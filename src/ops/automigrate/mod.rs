//! Changes of collections that clients make, written down as migrations.
//!
//! Owns: the files that the server writes into the folder of migrations, and when they count.
//! Invariant: a file is there exactly if its change was committed, together with the note that it
//! was made here. It is written under a name that nobody reads, gets its own after the commit, and
//! [`recover`] settles at the next start what a crash left in between.
//! Start reading at [`submit`].

mod difference;
mod journal;
mod source;

use std::sync::{Arc, Mutex, PoisonError};

pub use journal::{Journal, recover};

use crate::model::Timestamp;
use crate::query::Rows;
use crate::schema::{Catalog, Collection};
use crate::store::Tx;

use super::{Backend, Error};
use journal::Pending;

/// Runs `job` as [`Backend::submit`] does. With a journal, what it did to the collection that
/// `subject` names becomes a migration, or what it did to all when `subject` names none. A file that
/// cannot be written is logged, and the change is made without it.
pub fn submit<T: Send + 'static>(
    backend: &Backend,
    mut job: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    subject: impl Fn(&T) -> Option<&Collection> + Send + 'static,
    done: impl FnOnce(Result<T, Error>) + Send + 'static,
) {
    let Some(journal) = backend.journal().cloned() else { return backend.submit(job, done) };
    let slot: Arc<Mutex<Option<Pending>>> = Arc::default();
    let take =
        |slot: &Mutex<Option<Pending>>| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let settled = Arc::clone(&slot);
    backend.submit(
        move |tx| {
            // What an earlier run of the job left was not committed.
            if let Some(pending) = take(&slot) {
                pending.discard();
            }
            let before = Arc::clone(tx.catalog());
            let answer = job(tx)?;
            let change = migration(&before, tx.catalog(), subject(&answer));
            let Some((what, text)) = change else { return Ok(answer) };
            let pending = match journal.write(tx, &what, &text)? {
                Ok(pending) => Some(pending),
                Err(error) => {
                    let folder = journal.folder().display();
                    tracing::error!(%error, what, %folder, "a migration was not written");
                    None
                }
            };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = pending;
            Ok(answer)
        },
        move |outcome| {
            if let Some(pending) = take(&settled) {
                if outcome.is_ok() { pending.publish() } else { pending.discard() }
            }
            done(outcome);
        },
    );
}

/// Writes a migration that gives new data folders all collections of this one, and notes that it was
/// made here. Returns the path of the file. Blocks.
///
/// # Errors
/// When the file cannot be written, and what the store says.
pub fn write_snapshot(backend: &Backend, journal: &Arc<Journal>) -> Result<String, Error> {
    let journal = Arc::clone(journal);
    let pending = backend.write(move |tx| {
        let text = source::snapshot(tx.catalog().all());
        let folder = journal.folder().display();
        let failed = |error| Error::Refused(format!("{folder}: {error}"));
        journal.write(tx, "collections_snapshot", &text)?.map_err(failed)
    })?;
    let path = pending.path().display().to_string();
    pending.publish();
    Ok(path)
}

/// What a change is called, and its file; `None` when nothing changed.
fn migration(
    before: &Catalog,
    after: &Catalog,
    subject: Option<&Collection>,
) -> Option<(String, String)> {
    let is_same = |a: &Collection, b: &Collection| source::update(a, b).is_none();
    let single = |id: &str| match (before.by_id(id), after.by_id(id)) {
        (None, None) => None,
        (None, Some(new)) => Some((format!("created_{}", new.name), source::creation(new))),
        (Some(old), None) => Some((format!("deleted_{}", old.name), source::deletion(old))),
        (Some(old), Some(new)) => {
            Some((format!("updated_{}", old.name), source::update(old, new)?))
        }
    };
    if let Some(subject) = subject {
        return single(subject.id.as_str());
    }
    let gone = before.all().iter().filter(|old| after.by_id(old.id.as_str()).is_none());
    let new = after
        .all()
        .iter()
        .filter(|new| before.by_id(new.id.as_str()).is_none_or(|old| !is_same(old, new)));
    let changed: Vec<&str> = gone.chain(new).map(|one| one.id.as_str()).collect();
    match changed[..] {
        [] => None,
        [one] => single(one),
        _ => {
            let name = format!("imported_{}_collections", changed.len());
            Some((name, source::import(before.all(), after.all())))
        }
    }
}

/// Seconds since 1970.
fn seconds() -> u64 {
    u64::try_from(Timestamp::now().millis() / 1000).unwrap_or_default()
}
