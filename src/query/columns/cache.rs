//! The tables that are kept: found, brought up to date, read in, thrown out.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::history::{History, Taken};
use super::table::{Coders, Table, can_be_kept, width};
use super::{Columns, Kept};
use crate::model::{CollectionId, Slot};
use crate::query::{ReadError, Rows};
use crate::schema::Collection;

/// Versions of one table kept for readers that are a little behind.
const VERSIONS_MAX: usize = 3;
/// Changes that somebody in a hurry takes in, and rows that he brings up to date.
const HURRY_MAX: usize = 128;
/// Collections whose columns are read in at the same time.
const BUILDING_MAX: usize = 2;
/// Part of the budget that the cells of one column may take.
const CELLS_PART: usize = 4;
/// Collections that remember which columns are too large; more than any sane catalog has.
const UNFIT_MAX: usize = 4096;

/// How long whoever asks for a table may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::query) enum Effort {
    /// Microseconds: only what is nearly there already.
    Hurry,
    /// As long as reading all rows takes.
    Any,
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct State {
    history: History,
    entries: HashMap<CollectionId, Entry>,
    /// Columns that take too much memory, and how many rows there were.
    unfit: HashMap<(CollectionId, Slot), u64>,
    /// Rises with each use.
    clock: u64,
}

/// What is kept of one collection.
#[derive(Debug)]
struct Entry {
    /// Ascending by version; never empty. All share `coders`.
    versions: VecDeque<Arc<Table>>,
    coders: Coders,
    used: HashMap<Slot, u64>,
}

impl Entry {
    fn bytes(&self) -> usize {
        let newest = self.versions.back().map_or(0, |table| table.bytes());
        let copied: usize = self.versions.iter().map(|table| table.copied).sum();
        let cells: usize = self.coders.values().map(super::dictionary::Coder::bytes).sum();
        newest + copied + cells
    }

    fn add(&mut self, table: Arc<Table>) {
        let at = self.versions.partition_point(|other| other.version < table.version);
        self.versions.insert(at, table);
        while self.versions.len() > VERSIONS_MAX {
            self.versions.pop_front();
        }
    }

    /// Removes a column; false when nothing is left.
    fn remove(&mut self, slot: Slot) -> bool {
        for table in &mut self.versions {
            *table = Arc::new(table.without(slot));
        }
        self.coders.remove(&slot);
        self.used.remove(&slot);
        self.versions.back().is_some_and(|table| table.slots().next().is_some())
    }
}

impl Columns {
    /// The columns in `slots` of `collection` as they are in `rows`, whose state `kept` speaks of;
    /// `None` when they are not to be had with so much effort.
    pub(in crate::query) fn table(
        &self,
        kept: &Kept<'_>,
        rows: &dyn Rows,
        collection: &Arc<Collection>,
        slots: &[Slot],
        effort: Effort,
    ) -> Result<Option<Arc<Table>>, ReadError> {
        let Some(collection) = self.current(rows, collection) else {
            return Ok(None);
        };
        if effort == Effort::Hurry {
            let Some(mut state) = self.try_lock() else {
                return Ok(None);
            };
            let found = state.find(kept, rows, collection, slots, HURRY_MAX)?;
            state.shrink_to(self.budget);
            return Ok(found);
        }
        let found = {
            let mut state = self.lock();
            let found = state.find(kept, rows, collection, slots, usize::MAX)?;
            state.shrink_to(self.budget);
            found
        };
        if found.is_some() {
            return Ok(found);
        }
        if !self.has_room(rows, collection, slots)? {
            return Ok(None);
        }
        // Whoever needs the same at the same time waits for the one who reads it.
        let Some(building) = self.building_of(&collection.id) else {
            return Ok(None);
        };
        let _alone = building.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = self.lock().find(kept, rows, collection, slots, usize::MAX)? {
            return Ok(Some(table));
        }
        self.read(kept, rows, collection, slots)
    }

    /// The definition of a collection whose columns can be kept, the very one of this moment:
    /// compiled lists may hold an equal one.
    fn current<'r>(
        &self,
        rows: &'r dyn Rows,
        collection: &Collection,
    ) -> Option<&'r Arc<Collection>> {
        let current = rows.catalog().by_id(collection.id.as_str());
        current.filter(|collection| !collection.is_view() && self.budget > 0)
    }

    /// The lock of those who read columns of a collection; `None` while enough others are read.
    fn building_of(&self, id: &CollectionId) -> Option<Arc<Mutex<()>>> {
        let mut building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        building.retain(|_, lock| Arc::strong_count(lock) > 1);
        if building.len() >= BUILDING_MAX && !building.contains_key(id) {
            return None;
        }
        Some(Arc::clone(building.entry(id.clone()).or_default()))
    }

    /// Reads what is missing from the rows.
    fn read(
        &self,
        kept: &Kept<'_>,
        rows: &dyn Rows,
        collection: &Arc<Collection>,
        slots: &[Slot],
    ) -> Result<Option<Arc<Table>>, ReadError> {
        let (base, version) = {
            let mut state = self.lock();
            let base = state.find(kept, rows, collection, &[], usize::MAX)?;
            (base, state.history.version_at(collection.id.as_str(), kept.log.last_change()))
        };
        let has = |slot: &Slot| base.as_ref().is_some_and(|base| base.column(*slot).is_some());
        let missing: Vec<Slot> = slots.iter().copied().filter(|slot| !has(slot)).collect();
        // Without a version nobody else can use it.
        let number = version.unwrap_or(0);
        let cells_max = self.budget / CELLS_PART;
        let read = Table::read(rows, collection, &missing, number, cells_max, self.budget)?;
        let (fresh, coders) = match read {
            Ok(read) => read,
            Err(unfit) => {
                let count = rows.count(collection)?;
                let mut state = self.lock();
                if state.unfit.len() + unfit.len() > UNFIT_MAX {
                    state.unfit.clear();
                }
                let keys = unfit.into_iter().map(|slot| ((collection.id.clone(), slot), count));
                state.unfit.extend(keys);
                return Ok(None);
            }
        };
        let mut state = self.lock();
        let table = match version {
            Some(_) => state.keep(collection, base.as_ref(), fresh, coders, slots),
            None if missing.len() == slots.len() => Some(Arc::new(fresh)),
            None => None,
        };
        state.shrink_to(self.budget);
        Ok(table)
    }

    /// Whether columns for `slots` can be read into memory, as far as is known.
    pub(in crate::query) fn has_room(
        &self,
        rows: &dyn Rows,
        collection: &Arc<Collection>,
        slots: &[Slot],
    ) -> Result<bool, ReadError> {
        let Some(collection) = self.current(rows, collection) else {
            return Ok(false);
        };
        let count = rows.count(collection)?;
        let fields: Option<Vec<_>> = slots
            .iter()
            .map(|slot| collection.field_at(*slot).filter(|field| can_be_kept(field)))
            .collect();
        let Some(fields) = fields else {
            return Ok(false);
        };
        let needed: usize = fields.iter().map(|field| width(field)).sum();
        let is_unfit = self.try_lock().is_some_and(|state| {
            slots.iter().any(|slot| {
                // With half of the rows gone it may be worth another try.
                let then = state.unfit.get(&(collection.id.clone(), *slot));
                then.is_some_and(|then| count > then / 2)
            })
        });
        let bytes = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(needed);
        Ok(!is_unfit && bytes <= self.budget / 2)
    }

    /// The bytes that are in use.
    pub fn bytes(&self) -> usize {
        self.lock().entries.values().map(Entry::bytes).sum()
    }

    /// The last change of each of `collections` as of `kept`, and how many rows it has, which together tell its states
    /// apart; `None` when that is not known.
    pub(in crate::query) fn states<'c>(
        &self,
        kept: &Kept<'_>,
        rows: &dyn Rows,
        collections: impl Iterator<Item = &'c Arc<Collection>>,
        effort: Effort,
    ) -> Result<Option<Vec<(u64, u64)>>, ReadError> {
        let (state, max) = match effort {
            Effort::Hurry => (self.try_lock(), HURRY_MAX as u64),
            Effort::Any => (Some(self.lock()), u64::MAX),
        };
        let Some(mut state) = state.filter(|_| self.budget > 0) else {
            return Ok(None);
        };
        state.take(kept, max)?;
        let mut states = Vec::new();
        for collection in collections {
            let version = state.history.version_at(collection.id.as_str(), kept.log.last_change());
            let (Some(version), false) = (version, collection.is_view()) else {
                return Ok(None);
            };
            // Rows that the log does not mention are only ever added.
            states.push((version, rows.count(collection)?));
        }
        Ok(Some(states))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl State {
    fn take(&mut self, kept: &Kept<'_>, max: u64) -> Result<bool, ReadError> {
        match self.history.take(kept.log, max)? {
            Taken::All => Ok(true),
            Taken::TooMany => Ok(false),
            Taken::Forgotten => {
                self.entries.clear();
                Ok(true)
            }
        }
    }

    /// The table of this moment with all of `slots`, if it is here or can be made of one that is.
    fn find(
        &mut self,
        kept: &Kept<'_>,
        rows: &dyn Rows,
        collection: &Arc<Collection>,
        slots: &[Slot],
        rows_max: usize,
    ) -> Result<Option<Arc<Table>>, ReadError> {
        if !self.take(kept, rows_max as u64)? {
            return Ok(None);
        }
        let id = collection.id.as_str();
        let Some(version) = self.history.version_at(id, kept.log.last_change()) else {
            return Ok(None);
        };
        let Some(entry) = self.entries.get_mut(id) else {
            return Ok(None);
        };
        let up_to = entry.versions.partition_point(|table| table.version <= version);
        let Some(base) = up_to.checked_sub(1).and_then(|at| entry.versions.get(at)) else {
            return Ok(None);
        };
        if slots.iter().any(|slot| base.column(*slot).is_none()) {
            return Ok(None);
        }
        if !Arc::ptr_eq(&base.collection, collection) {
            self.entries.remove(id);
            return Ok(None);
        }
        let mut table = Arc::clone(base);
        if table.version != version {
            let Some(rowids) = self.history.changed(id, table.version, version) else {
                self.entries.remove(id);
                return Ok(None);
            };
            if rowids.len() > rows_max {
                return Ok(None);
            }
            match table.advanced(rows, &rowids, version, &mut entry.coders)? {
                Some(advanced) => table = Arc::new(advanced),
                None => {
                    self.entries.remove(id);
                    return Ok(None);
                }
            }
            entry.add(Arc::clone(&table));
        }
        // The log does not mention rows that fill a new store.
        if table.rows() != rows.count(collection)? {
            self.entries.remove(id);
            return Ok(None);
        }
        self.clock += 1;
        entry.used.extend(slots.iter().map(|slot| (*slot, self.clock)));
        Ok(Some(table))
    }

    /// Keeps columns that were read, beside those of `base`, the table of the same moment.
    fn keep(
        &mut self,
        collection: &Arc<Collection>,
        base: Option<&Arc<Table>>,
        fresh: Table,
        coders: Coders,
        slots: &[Slot],
    ) -> Option<Arc<Table>> {
        self.clock += 1;
        let clock = self.clock;
        let is_kept = |table: &Arc<Table>| base.is_some_and(|base| Arc::ptr_eq(base, table));
        let entry = self.entries.get_mut(&collection.id);
        if let Some((entry, base)) = entry.zip(base)
            && entry.versions.iter().any(is_kept)
        {
            entry.coders.extend(coders);
            if let Some(table) = base.joined(&fresh, &entry.coders) {
                let table = Arc::new(table);
                // Newer versions do not have the new columns; they are made again when needed.
                entry.versions = [Arc::clone(&table)].into();
                entry.used.extend(slots.iter().map(|slot| (*slot, clock)));
                return Some(table);
            }
            self.entries.remove(&collection.id);
            return None;
        }
        let table = Arc::new(fresh);
        let is_whole = slots.iter().all(|slot| table.column(*slot).is_some());
        let entry = Entry {
            versions: [Arc::clone(&table)].into(),
            coders,
            used: table.slots().map(|slot| (slot, clock)).collect(),
        };
        self.entries.insert(collection.id.clone(), entry);
        is_whole.then_some(table)
    }

    /// Throws out the columns that were not used for longest until the rest fits.
    fn shrink_to(&mut self, budget: usize) {
        while self.entries.values().map(Entry::bytes).sum::<usize>() > budget {
            let uses = self.entries.iter().flat_map(|(id, entry)| {
                entry.used.iter().map(move |(slot, clock)| (*clock, id, *slot))
            });
            let Some((_, id, slot)) = uses.min_by_key(|(clock, ..)| *clock) else {
                self.entries.clear();
                return;
            };
            let id = id.clone();
            if self.entries.get_mut(&id).is_some_and(|entry| !entry.remove(slot)) {
                self.entries.remove(&id);
            }
        }
    }
}

/// Locks by collection, held while columns are read in.
pub(super) type Building = Mutex<HashMap<CollectionId, Arc<Mutex<()>>>>;
