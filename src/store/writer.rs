//! The writer: one thread that runs waiting jobs, many of them in one transaction.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::engine::{Commit, Engine};
use super::error::StoreError;
use super::seal::Sealer;
use super::snapshot::Snapshot;
use super::tx::{NextRowids, Staged, Tx};
use super::wal::Wal;
use super::{Listeners, Pulse, StoreOptions, names, open};
use crate::query::Columns;

/// Jobs that share a transaction at most.
const BATCH_MAX: usize = 1024;
/// How long the write-ahead log may grow between durable commits.
const WAL_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// How often an idle writer looks whether the engine failed under a reader.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// When the writer does what it puts off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How long the writer idles before it makes the next open quick.
    pub(super) idle: Duration,
    /// How long a relaxed commit may wait for the disk.
    pub(super) unsynced_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { idle: Duration::from_millis(100), unsynced_max: Duration::from_millis(100) }
    }
}

/// A job with its answer inside.
pub(super) trait Job: Send {
    /// Runs the job and remembers its answer; false when its changes must be taken back.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Gives the answer: that of the job, or `failure` when the batch could not be kept.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

/// A job as submitted.
pub(super) struct Submitted<T, E, J, D> {
    job: J,
    done: D,
    result: Option<Result<T, E>>,
}

impl<T, E, J, D> Submitted<T, E, J, D> {
    pub(super) fn new(job: J, done: D) -> Self {
        Self { job, done, result: None }
    }
}

impl<T, E, J, D> Job for Submitted<T, E, J, D>
where
    T: Send,
    E: From<StoreError> + Send,
    J: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    D: FnOnce(Result<T, E>) + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        // A panicking job is taken back as a whole, so it leaves nothing half-done in `tx`.
        let result = catch_unwind(AssertUnwindSafe(|| (self.job)(tx)))
            .unwrap_or_else(|_| Err(StoreError::Panicked.into()));
        self.result.insert(result).is_ok()
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let result = match failure {
            Some(failure) => Err(failure.into()),
            None => self.result.unwrap_or_else(|| Err(StoreError::Closed.into())),
        };
        let done = self.done;
        // What the submitter does with the answer must not take the writer down.
        let _ = catch_unwind(AssertUnwindSafe(|| done(result)));
    }
}

/// What the writer thread owns.
pub(super) struct Writer {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) options: StoreOptions,
    pub(super) pace: Pace,
    pub(super) published: Arc<ArcSwap<Snapshot>>,
    pub(super) listeners: Listeners,
    pub(super) pulse: Arc<Pulse>,
    /// What snapshots share.
    pub(super) columns: Arc<Columns>,
    pub(super) staged: Staged,
    pub(super) next_rowids: NextRowids,
    /// The write-ahead log of relaxed durability, and the sequence of its last record.
    pub(super) wal: Option<(Wal, u64)>,
    pub(super) sealer: Arc<Sealer>,
    /// When the oldest commit ran that is not on disk yet.
    pub(super) unsynced_since: Option<Instant>,
    /// When the last commit ran, unless the next open is quick already.
    pub(super) dirty_since: Option<Instant>,
    /// Whether what is published and staged may differ from what the engine has.
    pub(super) is_stale: bool,
}

impl Writer {
    /// Runs jobs until all senders are gone, then closes the data in good order.
    pub(super) fn run(mut self, jobs: &Receiver<Box<dyn Job>>) -> Result<(), StoreError> {
        while let Some(job) = self.next(jobs) {
            let mut batch = vec![job];
            while batch.len() < BATCH_MAX
                && let Ok(job) = jobs.try_recv()
            {
                batch.push(job);
            }
            self.pulse.waiting.fetch_sub(batch.len() as u64, Relaxed);
            self.run_batch(batch);
        }
        self.sync(Commit::QuickRepair)
    }

    /// The next job; does what must be done while waiting for it.
    fn next(&mut self, jobs: &Receiver<Box<dyn Job>>) -> Option<Box<dyn Job>> {
        loop {
            // Where it does not work out, it is tried again with the next job or the next look.
            let _ = self.recover_if_failed();
            let look_at = Instant::now() + LOOK_EVERY;
            let sync_at = self.unsynced_since.map(|since| since + self.pace.unsynced_max);
            let repair_at = self.dirty_since.map(|since| since + self.pace.idle);
            let (deadline, commit) = match (sync_at, repair_at) {
                (Some(sync), repair) if repair.is_none_or(|repair| sync < repair) => {
                    (sync, Some(Commit::Durable))
                }
                (_, Some(repair)) => (repair, Some(Commit::QuickRepair)),
                _ => (look_at, None),
            };
            let (deadline, commit) =
                if look_at < deadline { (look_at, None) } else { (deadline, commit) };
            match jobs.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    // A failure here loses nothing that was not lost already; it shows with the
                    // next write, and trying again at once would not help.
                    if commit.is_some_and(|commit| self.sync(commit).is_err()) {
                        (self.unsynced_since, self.dirty_since) = (None, None);
                    }
                }
            }
        }
    }

    /// After a failure, opens the engine anew and goes on with what is on disk: everything that was
    /// answered, and perhaps the batch that failed.
    fn recover_if_failed(&mut self) -> Result<(), StoreError> {
        if !self.is_stale && !self.engine.has_failed() {
            return Ok(());
        }
        self.is_stale = true;
        let recovered = catch_unwind(AssertUnwindSafe(|| self.recover()));
        let recovered = recovered.unwrap_or(Err(StoreError::Panicked));
        match &recovered {
            Ok(()) => {
                self.is_stale = false;
                tracing::warn!("the disk failed; the store was opened anew");
            }
            Err(error) => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::error!(%error, cause, "the disk failed; the store cannot be opened anew");
            }
        }
        recovered
    }

    fn recover(&mut self) -> Result<(), StoreError> {
        self.engine.reopen()?;
        if let Some((wal, sequence)) = &mut self.wal {
            let records = wal.read()?;
            *sequence = open::replay(&*self.engine, wal, &records)?;
        }
        self.staged = open::load(&*self.engine.read()?, &self.sealer)?;
        self.next_rowids.clear();
        // Changes that were published may be gone, and others get their numbers.
        self.columns = Arc::new(Columns::new(self.options.column_bytes));
        (self.unsynced_since, self.dirty_since) = (None, None);
        self.publish()
    }

    fn run_batch(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let recovered = self.recover_if_failed();
        let before = self.wal.as_ref().map(|(wal, sequence)| (wal.len_bytes(), *sequence));
        // Jobs catch their own panics; this is for an engine that panics over damaged data.
        let commit = || recovered.and_then(|()| self.commit_batch(&mut batch));
        let result = catch_unwind(AssertUnwindSafe(commit));
        let result = result.unwrap_or(Err(StoreError::Panicked));
        if let (Err(_), Some((wal, sequence)), Some((len_bytes, included))) =
            (&result, &mut self.wal, before)
        {
            // What was not kept must not be replayed either.
            *sequence = included;
            if wal.len_bytes() > len_bytes {
                wal.truncate_to(len_bytes);
            }
        }
        let published = result.and_then(|kept| if kept { self.publish() } else { Ok(()) });
        let Err(error) = published else {
            for job in batch {
                job.answer(None);
            }
            return;
        };
        let error = Arc::new(error);
        for job in batch {
            let shared = Shared(Arc::clone(&error));
            job.answer(Some(StoreError::Engine(Box::new(shared))));
        }
    }

    /// Runs the jobs in one transaction; false when nothing changed.
    fn commit_batch(&mut self, batch: &mut [Box<dyn Job>]) -> Result<bool, StoreError> {
        let overdue = self.unsynced_since.is_some_and(|at| at.elapsed() >= self.pace.unsynced_max);
        let log_is_full =
            |(wal, _): &(Wal, u64)| wal.is_broken() || wal.len_bytes() >= WAL_BYTES_MAX;
        let must_sync = overdue || self.wal.as_ref().is_some_and(log_is_full);
        let included = self.wal.as_ref().map_or(0, |(_, sequence)| *sequence);
        let Self { engine, options, staged, next_rowids, wal, sealer, .. } = self;
        let (mut outcome, mut ended) = (staged.clone(), Commit::Abandon);
        let mut grown = HashMap::new();
        engine.write(&mut |txn| {
            let mut tx = Tx::new(&mut *txn, staged.clone(), next_rowids, wal.is_some(), sealer);
            for job in batch.iter_mut() {
                let savepoint = tx.savepoint();
                let succeeded = job.run(&mut tx);
                // A job that panicked leaves it behind.
                drop(tx.detach::<()>());
                if succeeded {
                    tx.keep();
                } else {
                    tx.roll_back(savepoint)?;
                }
            }
            let finished = tx.finish(options)?;
            ended = finished.commit;
            if let (Some((wal, sequence)), true) = (wal.as_mut(), ended != Commit::Abandon) {
                *sequence = included + 1;
                let bytes = sequence.to_le_bytes();
                txn.put(names::COUNTERS, names::WAL_SEQUENCE.as_bytes(), &bytes)?;
                match finished.journal {
                    Some(journal) if !must_sync => wal.append(*sequence, &journal)?,
                    _ => ended = Commit::Durable,
                }
            }
            (outcome, grown) = (finished.staged, finished.grown);
            Ok(ended)
        })?;
        if ended == Commit::Abandon {
            return Ok(false);
        }
        // Only now the counters are known to be written.
        for (collection, reserved) in grown {
            if let Some(next) = self.next_rowids.get_mut(&collection) {
                next.reserved = reserved;
            }
        }
        self.staged = outcome;
        let now = Instant::now();
        self.dirty_since = Some(now);
        if ended == Commit::Deferred {
            self.unsynced_since.get_or_insert(now);
        } else {
            self.synced();
        }
        Ok(true)
    }

    /// Everything is on disk, so the log may start anew.
    fn synced(&mut self) {
        self.unsynced_since = None;
        if let Some((wal, _)) = &mut self.wal
            && (wal.len_bytes() > 0 || wal.is_broken())
        {
            wal.truncate_to(0);
        }
    }

    /// An empty commit.
    fn sync(&mut self, commit: Commit) -> Result<(), StoreError> {
        if self.unsynced_since.is_none() && self.dirty_since.is_none() {
            return Ok(());
        }
        self.engine.write(&mut |_| Ok(commit))?;
        self.synced();
        if commit == Commit::QuickRepair {
            self.dirty_since = None;
        }
        Ok(())
    }

    fn publish(&mut self) -> Result<(), StoreError> {
        let snapshot = Snapshot {
            read: self.engine.read()?,
            catalog: Arc::clone(&self.staged.catalog),
            last_change: self.staged.last_change,
            commit: self.pulse.commits.fetch_add(1, Relaxed) + 1,
            sealer: Arc::clone(&self.sealer),
            recording: self.staged.recording,
            columns: Arc::clone(&self.columns),
        };
        self.published.store(Arc::new(snapshot));
        for listener in &*self.listeners.lock().unwrap_or_else(PoisonError::into_inner) {
            listener();
        }
        Ok(())
    }
}

/// One failure, told to several.
#[derive(Debug)]
struct Shared(Arc<StoreError>);

impl std::fmt::Display for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Shared {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}
