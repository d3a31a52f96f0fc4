//! Several writes of records in one transaction: all of them or none.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::access::{Caller, Gate, RuleCache};
use crate::auth::PasswordHasher;
use crate::hooks::Hooks;
use crate::query::Rows;
use crate::store::Tx;

use super::records::{
    DeleteRecord, Enricher, Expand, RecordView, WriteRecord, Written, collection_of,
};
use super::{Backend, Error};
use crate::ops::views::Writing;

/// One step of a batch.
#[derive(Debug)]
pub enum Step {
    /// A create or an update.
    Write(Box<Write>),
    /// An update if the record is there when the step's turn comes, else a create.
    Upsert(Box<Upsert>),
    /// A delete.
    Delete(DeleteRecord),
    /// A step that fails when its turn comes.
    Refused(Refusal),
}

/// A write that is an update or a create.
#[derive(Debug)]
pub struct Upsert {
    /// The collection, an id or a name.
    pub collection: String,
    /// The id of the record; empty for one that cannot be there.
    pub id: String,
    /// What to do when it is there.
    pub update: Write,
    /// What to do when it is not.
    pub create: Write,
}

impl Upsert {
    fn is_update(&self, rows: &dyn Rows) -> Result<bool, Error> {
        exists(rows, &self.collection, &self.id)
    }
}

/// A write, and what its answer shows.
#[derive(Debug)]
pub struct Write {
    /// Who writes, as rules see it in this step.
    pub caller: Arc<Caller>,
    /// What is written.
    pub record: WriteRecord,
    /// Related records to show.
    pub expand: Option<Expand>,
}

/// Why a step was refused before the batch began.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// It is none of the actions on records.
    UnknownAction,
    /// A rate limit was reached.
    TooManyRequests,
    /// Something about it cannot be used, as this sentence says.
    Unusable(&'static str),
}

/// A batch, ready to run. It may run more than once; only one run is committed.
pub struct Batch {
    steps: Vec<Step>,
    rules: Arc<RuleCache>,
    deadline: Instant,
    cancelled: Arc<AtomicBool>,
}

impl Batch {
    /// A batch that has to be done by `deadline`, and stops when `cancelled` becomes true.
    pub fn new(
        steps: Vec<Step>,
        rules: Arc<RuleCache>,
        deadline: Instant,
        cancelled: Arc<AtomicBool>,
    ) -> Self {
        Self { steps, rules, deadline, cancelled }
    }

    /// Leaves checks to the steps themselves where hooks may change what is checked.
    pub fn heed(&mut self, hooks: &Hooks, rows: &dyn Rows) {
        for step in &mut self.steps {
            match step {
                Step::Write(write) => write.record.heed(hooks, rows),
                Step::Upsert(upsert) => {
                    upsert.update.record.heed(hooks, rows);
                    upsert.create.record.heed(hooks, rows);
                }
                Step::Delete(_) | Step::Refused(_) => {}
            }
        }
    }

    /// Whether [`Self::prepare`] has to be called, and takes tens of milliseconds.
    pub fn has_password(&self, rows: &dyn Rows) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Write(write) => write.record.has_password(rows),
            Step::Upsert(upsert) => upsert.create.record.has_password(rows),
            Step::Delete(_) | Step::Refused(_) => false,
        })
    }

    /// Whether [`Self::prepare`] and [`Self::place_files`] have to be called.
    pub fn has_uploads(&self) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Write(write) => write.record.has_uploads(),
            Step::Upsert(upsert) => upsert.create.record.has_uploads(),
            Step::Delete(_) | Step::Refused(_) => false,
        })
    }

    /// Puts the uploaded files in their places, where they stay only if the batch succeeds. Blocks
    /// the thread, also for a commit for each step that has files.
    pub fn place_files(&mut self, rows: &dyn Rows, backend: &Backend) -> Result<(), Error> {
        for index in 0..self.steps.len() {
            self.check_time()?;
            let failed = |cause| Error::BatchStep { index, cause: Box::new(cause) };
            match &mut self.steps[index] {
                Step::Write(write) => write.record.place_files(rows, backend).map_err(failed)?,
                Step::Upsert(upsert) => {
                    // With an id both are about the same record, and without one it is a create.
                    let Upsert { update, create, .. } = &mut **upsert;
                    create.record.place_files(rows, backend).map_err(failed)?;
                    update.record.share_files(&create.record);
                }
                // Nothing after it will be done.
                Step::Refused(_) => break,
                Step::Delete(_) => {}
            }
        }
        Ok(())
    }

    /// Checks the steps that need it as far as can be told now, and hashes the submitted passwords.
    /// Blocks the thread.
    pub fn prepare(&mut self, rows: &dyn Rows, hasher: &PasswordHasher) -> Result<(), Error> {
        for index in 0..self.steps.len() {
            self.check_time()?;
            let hash = |record: &mut WriteRecord| {
                if !record.has_password(rows) && !record.has_uploads() {
                    Ok(())
                } else if index == 0 {
                    // Nothing comes before it, so what fails now fails for good.
                    let failed = |cause| Error::BatchStep { index, cause: Box::new(cause) };
                    record.prepare(rows, hasher).map_err(failed)
                } else {
                    record.prepare_after_others(rows, hasher).map_err(|error| match error {
                        cause @ Error::Rejected(..) => {
                            Error::BatchStep { index, cause: Box::new(cause) }
                        }
                        other => other,
                    })
                }
            };
            match &mut self.steps[index] {
                Step::Write(write) => hash(&mut write.record)?,
                Step::Upsert(upsert) => {
                    let is_update = upsert.is_update(rows)?;
                    let Upsert { update, create, .. } = &mut **upsert;
                    let (likely, other) = if is_update {
                        (&mut update.record, &mut create.record)
                    } else {
                        (&mut create.record, &mut update.record)
                    };
                    hash(likely)?;
                    other.share_hashes(likely);
                }
                // Nothing after it will be done.
                Step::Refused(_) => break,
                Step::Delete(_) => {}
            }
        }
        Ok(())
    }

    /// Runs the steps in order, each of which sees what those before it did. Returns what each
    /// answers: the record as it was then, or nothing for a delete.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<Option<RecordView>>, Error> {
        let mut outcomes = Vec::with_capacity(self.steps.len());
        for (index, step) in self.steps.iter().enumerate() {
            self.check_time()?;
            let outcome = self.run_step(step, tx);
            let failed = |cause| Error::BatchStep { index, cause: Box::new(cause) };
            outcomes.push(outcome.map_err(failed)?);
        }
        self.check_time()?;
        Ok(outcomes)
    }

    fn run_step(&self, step: &Step, tx: &mut Tx<'_>) -> Result<Option<RecordView>, Error> {
        match step {
            Step::Write(write) => self.run_write(write, tx).map(Some),
            Step::Upsert(upsert) => {
                let Upsert { update, create, .. } = &**upsert;
                let write = if upsert.is_update(tx)? { update } else { create };
                self.run_write(write, tx).map(Some)
            }
            Step::Delete(delete) => delete.run(tx).map(|()| None),
            Step::Refused(Refusal::UnknownAction) => Err(Error::UnknownBatchAction),
            Step::Refused(Refusal::TooManyRequests) => Err(Error::TooManyRequests),
            Step::Refused(Refusal::Unusable(why)) => Err(Error::Refused((*why).to_owned())),
        }
    }

    /// The record is looked at right after the write, because later steps may change or delete it.
    fn run_write(&self, write: &Write, tx: &mut Tx<'_>) -> Result<RecordView, Error> {
        let Written { collection, row } = write.record.run(tx)?;
        let with_views = Writing::over(tx);
        let gate = Gate::new(&with_views, &self.rules, &write.caller);
        Enricher::new(gate).view(&collection, row, write.expand.as_ref())
    }

    fn check_time(&self) -> Result<(), Error> {
        if self.cancelled.load(Ordering::Relaxed) || Instant::now() >= self.deadline {
            return Err(Error::BatchInterrupted);
        }
        Ok(())
    }
}

/// Whether there is a record `id` in `collection`.
pub fn exists(rows: &dyn Rows, collection: &str, id: &str) -> Result<bool, Error> {
    match collection_of(rows, collection) {
        Ok(collection) if !id.is_empty() => Ok(rows.find(&collection, id)?.is_some()),
        _ => Ok(false),
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("steps", &self.steps.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::files::Storage;
    use crate::ops::records::Intent;
    use crate::ops::{Backend, bootstrap};
    use crate::store::{Store, StoreOptions};

    fn backend() -> Backend {
        let store = Store::in_memory(StoreOptions::default()).unwrap();
        // No file is touched here, so the folder is never made.
        let files = Storage::new(&std::env::temp_dir().join("haversack-without-files"));
        let backend = Backend::new(store, PasswordHasher::new(1, 8), files);
        bootstrap(&backend).unwrap();
        backend
    }

    fn run(
        backend: &Backend,
        deadline: Instant,
        is_cancelled: bool,
    ) -> Result<Vec<Option<RecordView>>, Error> {
        let caller = Arc::new(Caller::system());
        let body = json!({
            "email": "a@b.co", "password": "1234567890", "passwordConfirm": "1234567890",
        });
        let Json::Object(body) = body else { unreachable!() };
        let rules = backend.rules().clone();
        let record = WriteRecord::new(caller.clone(), rules, "users", Intent::Create, body);
        let step = Step::Write(Box::new(Write { caller, record, expand: None }));
        let cancelled = Arc::new(AtomicBool::new(is_cancelled));
        let mut batch = Batch::new(vec![step], backend.rules().clone(), deadline, cancelled);
        batch.prepare(&*backend.snapshot(), backend.hasher())?;
        backend.write(move |tx| batch.run(tx))
    }

    #[test]
    fn a_batch_that_is_late_or_unwanted_leaves_nothing() {
        let backend = backend();
        let later = Instant::now() + Duration::from_mins(10);
        for (deadline, is_cancelled) in [(Instant::now(), false), (later, true)] {
            let outcome = run(&backend, deadline, is_cancelled);
            assert!(matches!(outcome, Err(Error::BatchInterrupted)), "{outcome:?}");
        }
        let snapshot = backend.snapshot();
        let users = collection_of(&*snapshot, "users").unwrap();
        assert_eq!(snapshot.count(&users).unwrap(), 0);
        assert_eq!(run(&backend, later, false).unwrap().len(), 1);
    }

    #[test]
    fn nothing_is_hashed_for_who_may_not_write_at_all() {
        let backend = backend();
        let guest = Arc::new(Caller::default());
        let write = |body: Json| {
            let Json::Object(body) = body else { unreachable!() };
            let rules = backend.rules().clone();
            WriteRecord::new(guest.clone(), rules, "_superusers", Intent::Create, body)
        };
        let mut record = write(json!({ "email": "a@b.co", "password": "1234567890" }));
        record.prepare_after_others(&*backend.snapshot(), backend.hasher()).unwrap();
        assert!(!record.has_hashes());
    }
}
