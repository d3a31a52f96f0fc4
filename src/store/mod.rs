//! The store: collections, records, settings and the log of changes, kept and found again.
//!
//! Owns: [`Store`], [`Snapshot`], [`Tx`], the trees and their keys, the format on disk, and the
//! write-ahead log. The engine below is behind `engine`; only that module names redb. Knows nothing
//! of rules, of what makes a record valid, or of who is asking.
//! Invariant: every index tree holds exactly the entries that the rows of its collection call for,
//! and a job that fails leaves no trace.
//! Start reading at [`Store`].

mod catalog_codec;
mod change;
mod check;
mod compact;
mod dump;
mod engine;
mod error;
mod history;
mod index;
mod names;
mod open;
mod outbox;
mod reading;
mod replay;
mod reseal;
mod seal;
mod snapshot;
#[cfg(test)]
mod tests;
mod tx;
mod wal;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;

use crate::query::Columns;

pub use change::{Change, ChangeAction};
pub use check::{CheckedCollection, Findings};
pub use dump::{Definition, EntrySlice, RowSlice};
pub use error::{StoreError, WriteError};
pub use history::{Piece, Recording};
pub use outbox::OutboxKey;
pub use replay::{Moment, Replay};
pub use seal::{Keys, SealKey};
pub use snapshot::Snapshot;
pub use tx::Tx;

use engine::{Engine, MemoryEngine, RedbEngine};
use seal::Sealer;
use wal::Wal;
use writer::{Job, Pace, Submitted, Writer};

/// Jobs that may wait for the writer.
const QUEUE_MAX: usize = 4096;

/// How a store is kept.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Bytes of the file kept in memory at most. 64 MiB unless told otherwise.
    pub cache_bytes: usize,
    /// Bytes of columns kept for filters and sorts without an index at most; 0 = none. 64 MiB
    /// unless told otherwise.
    pub column_bytes: usize,
    /// What an answered write survives.
    pub durability: Durability,
    /// Seconds after which changes leave the log. 7 days unless told otherwise.
    pub change_age_seconds_max: u64,
    /// Changes in the log at most, the oldest leave first. 1,000,000 unless told otherwise.
    pub change_count_max: u64,
    /// The keys of sealed values. Without this, whether or not there are keys in it, values stay as
    /// they are stored, which is enough to copy them.
    pub keys: Option<Keys>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 * 1024 * 1024,
            column_bytes: 64 * 1024 * 1024,
            durability: Durability::Full,
            change_age_seconds_max: 7 * 24 * 60 * 60,
            change_count_max: 1_000_000,
            keys: None,
        }
    }
}

/// What an answered write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The loss of power.
    Full,
    /// The end of the process however it comes; the loss of power may take the last 100 ms.
    Relaxed,
}

/// How busy a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Jobs that wait for the writer.
    pub waiting: u64,
    /// Commits since it was opened.
    pub commits: u64,
    /// The size of its file; `None` when there is none.
    pub file_bytes: Option<u64>,
    /// Memory that columns take, in bytes.
    pub column_bytes: u64,
}

/// What the writer and those who wait for it count together.
#[derive(Debug, Default)]
struct Pulse {
    waiting: AtomicU64,
    commits: AtomicU64,
}

/// The name of the store of the data.
const DATA: &str = "data";

/// What runs after each commit.
type Listeners = Arc<Mutex<Vec<Box<dyn Fn() + Send>>>>;

/// The stack of the writer's thread: hooks in jobs may cause each other, each with an engine.
const WRITER_STACK_BYTES: usize = 16 << 20;

/// All collections and their records. Clones are the same store.
///
/// Reads go through [`Store::snapshot`] and never wait. Writes are jobs that one thread runs in the
/// order they came, those that wait together in one transaction.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    published: Arc<ArcSwap<Snapshot>>,
    listeners: Listeners,
    pulse: Arc<Pulse>,
    file: OnceLock<PathBuf>,
    /// `None` once closed.
    jobs: RwLock<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("snapshot", &self.snapshot()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in the folder `dir`, or makes folder and store.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when it is open already, [`StoreError::Format`] when another version
    /// wrote it, and what the disk says.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        Self::open_paced(dir, DATA, options, Pace::default())
    }

    /// As [`Store::open`], for the store called `name` in the folder `dir`: what is not part of the
    /// data, such as a log.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_beside(dir: &Path, name: &str, options: StoreOptions) -> Result<Self, StoreError> {
        Self::open_paced(dir, name, options, Pace::default())
    }

    /// Whether `keys` fit the store in the folder `dir`, which must exist.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when they do not, and those of [`Store::open`].
    pub fn check_keys(dir: &Path, keys: &Keys) -> Result<(), StoreError> {
        let path = dir.join(DATA).with_extension("redb");
        let engine = RedbEngine::open(&path, StoreOptions::default().cache_bytes)?;
        let found = reading::counter(&*engine.read()?, names::SEALED)?;
        reseal::key_of(found, keys).map(drop)
    }

    /// As [`Store::open`], for a store that exists. Every page of the file is compared with its
    /// checksum, which takes as long as reading the file.
    ///
    /// # Errors
    /// Those of [`Store::open`], and [`StoreError::Damaged`] when a page is not as it was written.
    pub fn open_checked(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let path = dir.join(DATA).with_extension("redb");
        let engine = RedbEngine::open_checked(&path, options.cache_bytes)?;
        Self::open_engine(&path, engine, options, Pace::default())
    }

    fn open_paced(
        dir: &Path,
        name: &str,
        options: StoreOptions,
        pace: Pace,
    ) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir).map_err(StoreError::engine)?;
        let path = dir.join(name).with_extension("redb");
        let engine = RedbEngine::open(&path, options.cache_bytes)?;
        // A new file is safe from the loss of power only once its folder is. Where folders cannot
        // be opened as files, the system sees to it.
        if let Ok(folder) = std::fs::File::open(dir) {
            let _ = folder.sync_all();
        }
        Self::open_engine(&path, engine, options, pace)
    }

    fn open_engine(
        path: &Path,
        engine: RedbEngine,
        options: StoreOptions,
        pace: Pace,
    ) -> Result<Self, StoreError> {
        open::check_format(&engine)?;
        // The log is read whatever the durability is now: it may have been another before.
        let (mut wal, records) = Wal::open(&path.with_extension("wal"))?;
        let sequence = open::replay(&engine, &mut wal, &records)?;
        let (engine, sealer) = match &options.keys {
            Some(keys) => reseal::settle(path, engine, options.cache_bytes, keys)?,
            None => (engine, Sealer::default()),
        };
        let wal = (options.durability == Durability::Relaxed).then_some((wal, sequence));
        let store = Self::start(Arc::new(engine), options, pace, wal, sealer)?;
        // It was made just now, so nothing is there yet.
        let _ = store.0.file.set(path.to_owned());
        Ok(store)
    }

    /// A store that keeps nothing when it goes.
    pub fn in_memory(options: StoreOptions) -> Result<Self, StoreError> {
        Self::with_engine(Arc::new(MemoryEngine::default()), options)
    }

    fn with_engine(engine: Arc<dyn Engine>, options: StoreOptions) -> Result<Self, StoreError> {
        open::check_format(&*engine)?;
        Self::start(engine, options, Pace::default(), None, Sealer::default())
    }

    fn start(
        engine: Arc<dyn Engine>,
        options: StoreOptions,
        pace: Pace,
        wal: Option<(Wal, u64)>,
        sealer: Sealer,
    ) -> Result<Self, StoreError> {
        let sealer = Arc::new(sealer);
        let read = engine.read()?;
        let staged = open::load(&*read, &sealer)?;
        let (catalog, last_change) = (Arc::clone(&staged.catalog), staged.last_change);
        let columns = Arc::new(Columns::new(options.column_bytes));
        let snapshot = Snapshot {
            read,
            catalog,
            last_change,
            commit: 0,
            recording: staged.recording,
            columns: Arc::clone(&columns),
            sealer: Arc::clone(&sealer),
        };
        let published = Arc::new(ArcSwap::from_pointee(snapshot));
        let (listeners, pulse) = (Listeners::default(), Arc::<Pulse>::default());
        let (jobs, waiting) = sync_channel(QUEUE_MAX);
        let writer = Writer {
            engine,
            options,
            pace,
            published: Arc::clone(&published),
            listeners: Arc::clone(&listeners),
            pulse: Arc::clone(&pulse),
            columns,
            staged,
            next_rowids: tx::NextRowids::new(),
            wal,
            sealer,
            unsynced_since: None,
            dirty_since: Some(std::time::Instant::now()),
            is_stale: false,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .stack_size(WRITER_STACK_BYTES)
            .spawn(move || writer.run(&waiting))
            .map_err(StoreError::engine)?;
        Ok(Self(Arc::new(Inner {
            published,
            listeners,
            pulse,
            file: OnceLock::new(),
            jobs: RwLock::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// What is committed now. Drop it soon; while it is held, the file grows instead of using the
    /// space of overwritten data again.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.published.load_full()
    }

    /// The version of the catalog that is committed now.
    pub fn catalog_version(&self) -> u64 {
        self.0.published.load().catalog.version()
    }

    /// How busy the store is now. Asks the disk for the size of the file.
    pub fn load(&self) -> Load {
        let file = self.0.file.get().and_then(|file| std::fs::metadata(file).ok());
        Load {
            waiting: self.0.pulse.waiting.load(Relaxed),
            commits: self.0.pulse.commits.load(Relaxed),
            file_bytes: file.map(|file| file.len()),
            column_bytes: self.snapshot().columns.bytes() as u64,
        }
    }

    /// Runs `listener` after each commit, once the new snapshot can be had. It runs on the writer's
    /// thread, so it must be quick and never wait.
    pub fn on_commit(&self, listener: impl Fn() + Send + 'static) {
        let mut listeners = self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.push(Box::new(listener));
    }

    /// Runs `job` in a transaction and returns its answer once that is committed. Blocks meanwhile,
    /// also while the queue is full, so neither a job nor an answer may call this.
    ///
    /// When `job` fails or panics, nothing of it is kept. It may run more than once, so it must not
    /// do what cannot be repeated.
    ///
    /// # Errors
    /// What `job` says; [`StoreError::Closed`], [`StoreError::Panicked`] and what the engine says.
    pub fn write<T, E>(
        &self,
        job: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_then(job, |answer| answer)
    }

    /// As [`Store::write`], with what `then` makes of the answer on the writer's thread, so in the
    /// order of the commits.
    ///
    /// # Errors
    /// Those of [`Store::write`].
    pub fn write_then<T, U, E>(
        &self,
        job: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, E>
    where
        T: Send + 'static,
        U: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = sync_channel(1);
        let done = move |result: Result<T, E>| {
            // The receiver waits below for as long as the sender lives.
            let _ = answer.send(result.map(then));
        };
        let Some(jobs) = self.sender() else {
            return Err(StoreError::Closed.into());
        };
        self.0.pulse.waiting.fetch_add(1, Relaxed);
        if jobs.send(Box::new(Submitted::new(job, done))).is_err() {
            self.0.pulse.waiting.fetch_sub(1, Relaxed);
            return Err(StoreError::Closed.into());
        }
        drop(jobs);
        answered.recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Like [`Store::write`], but returns at once. `done` gets the answer on the writer's thread
    /// after the commit, so it must be quick.
    ///
    /// # Errors
    /// As [`Store::write`], and [`StoreError::Busy`] when 4096 jobs are waiting already; then, and
    /// when the store is closed, `done` runs before this returns.
    pub fn submit<T, E>(
        &self,
        job: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        done: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let job: Box<dyn Job> = Box::new(Submitted::new(job, done));
        self.0.pulse.waiting.fetch_add(1, Relaxed);
        let (job, failure) = match self.sender() {
            None => (job, StoreError::Closed),
            Some(jobs) => match jobs.try_send(job) {
                Ok(()) => return,
                Err(TrySendError::Full(job)) => (job, StoreError::Busy),
                Err(TrySendError::Disconnected(job)) => (job, StoreError::Closed),
            },
        };
        self.0.pulse.waiting.fetch_sub(1, Relaxed);
        job.answer(Some(failure));
    }

    /// The way to the writer, unless closed. A clone, because waiting for a place in the queue
    /// under the lock could hold up the writer's own answers, and with them the queue.
    fn sender(&self) -> Option<SyncSender<Box<dyn Job>>> {
        self.0.jobs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Finishes the waiting jobs, brings everything to disk and ends the writer. Writes after this
    /// fail with [`StoreError::Closed`]; snapshots stay readable. Does nothing the second time.
    pub fn close(&self) -> Result<(), StoreError> {
        self.0.close()
    }
}

impl Inner {
    fn close(&self) -> Result<(), StoreError> {
        // Without a sender the writer runs dry and ends.
        drop(self.jobs.write().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread {
            // The last handle may be dropped by an answer, on the writer's own thread.
            Some(thread) if thread.thread().id() != std::thread::current().id() => {
                thread.join().unwrap_or(Err(StoreError::Panicked))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Whoever wants to know whether this succeeds calls `close`.
        let _ = self.close();
    }
}
