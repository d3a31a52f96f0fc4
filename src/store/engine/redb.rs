//! The embedded engine: one redb file. Only this module and the one of its file name redb.
#![expect(clippy::disallowed_types, reason = "this module is the one that opens redb")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ::redb::backends::FileBackend;
use ::redb::{
    Database, DatabaseError, Durability, ReadOnlyTable, ReadTransaction, ReadableDatabase,
    ReadableTable, ReadableTableMetadata, TableDefinition, TableError, TableHandle,
    WriteTransaction,
};

use super::disk::{Disk, Health};
use super::{Commit, Engine, Keys, Read, WriteTxn};
use crate::query::{Direction, ReadError, Visit};
use crate::store::StoreError;
use crate::store::error::damaged;

type Bytes = &'static [u8];

fn definition(tree: &str) -> TableDefinition<'_, Bytes, Bytes> {
    TableDefinition::new(tree)
}

fn failed(error: impl Into<::redb::Error>) -> ReadError {
    match error.into() {
        ::redb::Error::Corrupted(what) => damaged(what),
        // Unwrapped, because redb does not name it as its source.
        ::redb::Error::Io(error) => ReadError(Box::new(StoreError::engine(error))),
        error @ (::redb::Error::PreviousIo | ::redb::Error::DatabaseClosed) => {
            ReadError(Box::new(StoreError::engine(error)))
        }
        error => ReadError(Box::new(error)),
    }
}

fn store_error(error: impl Into<::redb::Error>) -> StoreError {
    failed(error).into()
}

/// A redb file.
pub(in crate::store) struct RedbEngine {
    /// `None` while it cannot be opened again after a failure.
    database: RwLock<Option<Database>>,
    path: PathBuf,
    cache_bytes: usize,
    health: Arc<Health>,
    /// When there was no room the last time that somebody looked.
    looked_for_room: Mutex<Option<Instant>>,
}

/// How often room is looked for on a full disk.
const LOOK_FOR_ROOM_EVERY: Duration = Duration::from_millis(250);
/// What has to be free before a file that failed is opened anew: bytes, and a share of its size.
const ROOM_BYTES: u64 = 2 << 20;
const ROOM_SHARE: u64 = 1000;

/// From this size on every durable commit keeps the next open quick, at the price of a second
/// flush. Without that, opening after a crash reads the whole file: about a second per GB.
const QUICK_REPAIR_BYTES: u64 = 512 * 1024 * 1024;

impl RedbEngine {
    /// Opens or makes the file at `path`. Fails with [`StoreError::Locked`] when it is open.
    pub(in crate::store) fn open(path: &Path, cache_bytes: usize) -> Result<Self, StoreError> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
        Self::opened(path, file.map_err(StoreError::engine)?, cache_bytes, false)
    }

    /// As [`RedbEngine::open`], for a file that must be there, of which every page is compared with
    /// its checksum.
    pub(in crate::store) fn open_checked(
        path: &Path,
        cache_bytes: usize,
    ) -> Result<Self, StoreError> {
        let file = existing(path)?;
        if file.metadata().map_err(StoreError::engine)?.len() == 0 {
            return Err(StoreError::Damaged("the file is empty".to_owned()));
        }
        Self::opened(path, file, cache_bytes, true)
    }

    fn opened(
        path: &Path,
        file: File,
        cache_bytes: usize,
        is_checked: bool,
    ) -> Result<Self, StoreError> {
        let health = Arc::default();
        let database = database(file, cache_bytes, is_checked, &health)?;
        let database = RwLock::new(Some(database));
        Ok(Self {
            database,
            path: path.to_owned(),
            cache_bytes,
            health,
            looked_for_room: Mutex::default(),
        })
    }

    /// Fails as what is below did.
    fn refuse_if_failed(&self) -> Result<(), StoreError> {
        let failure = self.health.failure();
        failure.map_or(Ok(()), |kind| Err(StoreError::engine(io::Error::from(kind))))
    }

    /// Fails while the disk has no room for what opening the file may write. Looks every so often only.
    fn look_for_room(&self) -> Result<(), StoreError> {
        let full = || StoreError::engine(io::Error::from(ErrorKind::StorageFull));
        let mut looked = self.looked_for_room.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|at| at.elapsed() < LOOK_FOR_ROOM_EVERY) {
            return Err(full());
        }
        let size = self.path.metadata().map_or(0, |file| file.len());
        let wanted = ROOM_BYTES + size / ROOM_SHARE;
        let path = self.path.with_extension("room");
        let written = File::create(&path).and_then(|mut file| {
            io::copy(&mut io::repeat(1).take(wanted), &mut file)?;
            file.sync_all()
        });
        let _ = std::fs::remove_file(&path);
        *looked = written.is_err().then(Instant::now);
        written.map_err(|_| full())
    }

    /// Moves what the file holds to its beginning and cuts it. No snapshot may be held.
    pub(in crate::store) fn compact(&self) -> Result<(), StoreError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_mut().ok_or(StoreError::Closed)?;
        // Each call may leave something for the next one to move.
        while database.compact().map_err(store_error)? {}
        Ok(())
    }

    /// What is to fail, for tests.
    #[cfg(test)]
    pub(in crate::store) fn faults(&self) -> &super::Faults {
        &self.health.faults
    }
}

fn existing(path: &Path) -> Result<File, StoreError> {
    File::options().read(true).write(true).open(path).map_err(StoreError::engine)
}

fn database(
    file: File,
    cache_bytes: usize,
    is_checked: bool,
    health: &Arc<Health>,
) -> Result<Database, StoreError> {
    let file = FileBackend::new(file).map_err(store_error)?;
    let mut builder = Database::builder();
    builder.set_cache_size(cache_bytes).set_check_integrity_on_open(is_checked);
    match builder.create_with_backend(Disk::new(file, Arc::clone(health))) {
        Ok(database) => Ok(database),
        Err(DatabaseError::DatabaseAlreadyOpen) => Err(StoreError::Locked),
        Err(error) => Err(store_error(error)),
    }
}

impl Engine for RedbEngine {
    fn read(&self) -> Result<Box<dyn Read + Send + Sync>, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or(StoreError::Closed)?;
        let transaction = database.begin_read().map_err(store_error)?;
        Ok(Box::new(View { transaction, tables: RwLock::default() }))
    }

    fn write(
        &self,
        job: &mut dyn FnMut(&mut dyn WriteTxn) -> Result<Commit, StoreError>,
    ) -> Result<(), StoreError> {
        self.refuse_if_failed()?;
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or(StoreError::Closed)?;
        let mut transaction = database.begin_write().map_err(store_error)?;
        let commit = job(&mut Write { transaction: &transaction, tables: RefCell::default() })?;
        let durability = match commit {
            Commit::Abandon => return transaction.abort().map_err(store_error),
            Commit::Deferred => Durability::None,
            Commit::Durable | Commit::QuickRepair => Durability::Immediate,
        };
        transaction.set_durability(durability).map_err(store_error)?;
        let large = || self.path.metadata().is_ok_and(|file| file.len() >= QUICK_REPAIR_BYTES);
        let quick_repair = match commit {
            Commit::QuickRepair => true,
            Commit::Durable => large(),
            Commit::Deferred | Commit::Abandon => false,
        };
        transaction.set_quick_repair(quick_repair);
        transaction.commit().map_err(store_error)?;
        // After a failed write the engine goes on in memory, where it is of no use to anybody.
        self.refuse_if_failed()
    }

    fn has_failed(&self) -> bool {
        self.health.has_failed()
    }

    fn reopen(&self) -> Result<(), StoreError> {
        if self.health.failure() == Some(ErrorKind::StorageFull) {
            // Opening may take room. As long as there is none, what is committed can be read as it is.
            self.look_for_room()?;
        }
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        // Closing it lets go of the lock of the file, whoever still holds a snapshot.
        *database = None;
        self.health.begin_anew();
        let opened = existing(&self.path)
            .and_then(|file| self::database(file, self.cache_bytes, false, &self.health));
        *database = Some(opened?);
        Ok(())
    }
}

type ReadTable = Arc<ReadOnlyTable<Bytes, Bytes>>;

/// A snapshot. Opening a table costs as much as reading from it, so opened ones are kept; `None`
/// stands for a table that does not exist.
struct View {
    transaction: ReadTransaction,
    tables: RwLock<HashMap<String, Option<ReadTable>>>,
}

impl View {
    fn table(&self, tree: &str) -> Result<Option<ReadTable>, ReadError> {
        let opened = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = opened.get(tree) {
            return Ok(table.clone());
        }
        drop(opened);
        let table = match self.transaction.open_table(definition(tree)) {
            Ok(table) => Some(Arc::new(table)),
            Err(TableError::TableDoesNotExist(_)) => None,
            Err(error) => return Err(failed(error)),
        };
        let mut opened = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        opened.insert(tree.to_owned(), table.clone());
        Ok(table)
    }
}

impl Read for View {
    fn get(&self, tree: &str, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<bool, ReadError> {
        self.table(tree)?.map_or(Ok(false), |table| get(&*table, key, visit))
    }

    fn range(
        &self,
        tree: &str,
        keys: Keys<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> Visit,
    ) -> Result<(), ReadError> {
        self.table(tree)?.map_or(Ok(()), |table| range(&*table, keys, direction, visit))
    }

    fn len(&self, tree: &str) -> Result<u64, ReadError> {
        self.table(tree)?.map_or(Ok(0), |table| table.len().map_err(failed))
    }

    fn trees(&self) -> Result<Vec<String>, ReadError> {
        let tables = self.transaction.list_tables().map_err(failed)?;
        let mut names: Vec<String> = tables.map(|table| table.name().to_owned()).collect();
        names.sort();
        Ok(names)
    }
}

type OpenTable<'txn> = Rc<::redb::Table<'txn, Bytes, Bytes>>;

/// A write transaction with the tables it has opened so far.
///
/// A read clones the `Rc`, so that its visitor may open further tables. Writing needs `&mut self`,
/// so no read is under way then and the `Rc` is the only one.
struct Write<'txn> {
    transaction: &'txn WriteTransaction,
    tables: RefCell<HashMap<String, OpenTable<'txn>>>,
}

impl<'txn> Write<'txn> {
    fn table(&self, tree: &str) -> Result<OpenTable<'txn>, ReadError> {
        if let Some(table) = self.tables.borrow().get(tree) {
            return Ok(Rc::clone(table));
        }
        let table = Rc::new(self.transaction.open_table(definition(tree)).map_err(failed)?);
        self.tables.borrow_mut().insert(tree.to_owned(), Rc::clone(&table));
        Ok(table)
    }

    fn table_mut(
        &mut self,
        tree: &str,
    ) -> Result<&mut ::redb::Table<'txn, Bytes, Bytes>, ReadError> {
        drop(self.table(tree)?);
        let table = self.tables.get_mut().get_mut(tree).expect("it was opened just now");
        Ok(Rc::get_mut(table).expect("no read is under way while the transaction is borrowed"))
    }

    fn close(&mut self, tree: &str) {
        self.tables.get_mut().remove(tree);
    }
}

impl Read for Write<'_> {
    fn get(&self, tree: &str, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<bool, ReadError> {
        get(&*self.table(tree)?, key, visit)
    }

    fn range(
        &self,
        tree: &str,
        keys: Keys<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> Visit,
    ) -> Result<(), ReadError> {
        range(&*self.table(tree)?, keys, direction, visit)
    }

    fn len(&self, tree: &str) -> Result<u64, ReadError> {
        self.table(tree)?.len().map_err(failed)
    }

    fn trees(&self) -> Result<Vec<String>, ReadError> {
        let tables = self.transaction.list_tables().map_err(failed)?;
        let mut names: Vec<String> = tables.map(|table| table.name().to_owned()).collect();
        names.sort();
        Ok(names)
    }
}

impl WriteTxn for Write<'_> {
    fn put(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let old = self.table_mut(tree)?.insert(key, value).map_err(failed)?;
        Ok(old.map(|guard| guard.value().to_vec()))
    }

    fn delete(&mut self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let old = self.table_mut(tree)?.remove(key).map_err(failed)?;
        Ok(old.map(|guard| guard.value().to_vec()))
    }

    fn rename_tree(&mut self, from: &str, to: &str) -> Result<bool, ReadError> {
        self.close(from);
        match self.transaction.rename_table(definition(from), definition(to)) {
            Ok(()) => Ok(true),
            Err(TableError::TableDoesNotExist(_)) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    fn drop_tree(&mut self, tree: &str) -> Result<(), ReadError> {
        self.close(tree);
        self.transaction.delete_table(definition(tree)).map(drop).map_err(failed)
    }
}

fn get(
    table: &impl ReadableTable<Bytes, Bytes>,
    key: &[u8],
    visit: &mut dyn FnMut(&[u8]),
) -> Result<bool, ReadError> {
    let value = table.get(key).map_err(failed)?;
    if let Some(value) = &value {
        visit(value.value());
    }
    Ok(value.is_some())
}

fn range(
    table: &impl ReadableTable<Bytes, Bytes>,
    keys: Keys<'_>,
    direction: Direction,
    visit: &mut dyn FnMut(&[u8], &[u8]) -> Visit,
) -> Result<(), ReadError> {
    let mut entries = table.range::<&[u8]>(keys).map_err(failed)?;
    let mut next = || match direction {
        Direction::Forward => entries.next(),
        Direction::Backward => entries.next_back(),
    };
    while let Some(entry) = next() {
        let (key, value) = entry.map_err(failed)?;
        if let ControlFlow::Break(()) = visit(key.value(), value.value())? {
            break;
        }
    }
    Ok(())
}

/// Whether a copy of the file, which is what a kill would leave, needs a walk through all of it.
#[cfg(test)]
pub(in crate::store) fn needs_repair(path: &Path) -> bool {
    use std::sync::atomic::{AtomicBool, Ordering};
    let copy = path.with_extension("copy");
    std::fs::copy(path, &copy).expect("a readable file");
    let repaired = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&repaired);
    let mut builder = Database::builder();
    builder.set_repair_callback(move |_| noted.store(true, Ordering::SeqCst));
    // A copy made during a commit may be no database at all.
    let opened = builder.create(&copy).is_ok();
    !opened || repaired.load(Ordering::SeqCst)
}
