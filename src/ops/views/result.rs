//! The worked out rows of one view.

use std::collections::HashMap;
use std::ops::{Bound, ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::key::KeyRange;
use crate::model::{RowBuf, RowId};
use crate::query::{Direction, IndexTree, ReadError, Visit, entry};
use crate::schema::Collection;

/// Keys with the places of their rows, sorted.
type Index = Vec<(Vec<u8>, u32)>;

/// The rows of one view as of one moment, in the order of its query. Rowids start at 1.
#[derive(Debug)]
pub struct ViewResult {
    rows: Vec<RowBuf>,
    /// Places of rows by id; of those with the same id, the first one counts.
    by_id: Vec<u32>,
    /// Made when they are first asked for.
    indexes: Mutex<HashMap<IndexTree, Arc<Index>>>,
}

impl ViewResult {
    /// A result of at most 2^32 rows.
    pub(super) fn new(rows: Vec<RowBuf>) -> Self {
        let mut by_id: Vec<u32> = (0..rows.len() as u32).collect();
        let id = |at: u32| rows[at as usize].as_row().id();
        by_id.sort_by(|a, b| id(*a).cmp(id(*b)));
        Self { rows, by_id, indexes: Mutex::default() }
    }

    /// About how many bytes this takes.
    pub(super) fn bytes(&self) -> usize {
        const PER_ROW: usize = 48;
        self.rows.iter().map(|row| row.as_bytes().len() + PER_ROW).sum()
    }

    pub(super) fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    pub(super) fn find(&self, id: &str) -> Option<RowId> {
        let id_at = |at: u32| self.rows[at as usize].as_row().id();
        let place = self.by_id.partition_point(|at| id_at(*at) < id);
        let at = self.by_id.get(place).filter(|at| id_at(**at) == id)?;
        Some(rowid(*at))
    }

    pub(super) fn row(&self, rowid: RowId) -> Option<&RowBuf> {
        self.rows.get(rowid.0.checked_sub(1)? as usize)
    }

    pub(super) fn scan(
        &self,
        range: (Bound<RowId>, Bound<RowId>),
        direction: Direction,
        visit: &mut dyn FnMut(RowId, &RowBuf) -> Visit,
    ) -> Result<(), ReadError> {
        let mut places = self.places(range);
        while let Some(at) = next(&mut places, direction) {
            if visit(rowid(at as u32), &self.rows[at])?.is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn scan_index(
        &self,
        view: &Collection,
        tree: IndexTree,
        range: &KeyRange,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError> {
        let index = self.index(view, tree)?;
        let below = |key: &[u8]| match &range.start {
            Bound::Unbounded => false,
            Bound::Included(start) => key < &start[..],
            Bound::Excluded(start) => key <= &start[..],
        };
        let within = |key: &[u8]| match &range.end {
            Bound::Unbounded => true,
            Bound::Included(end) => key <= &end[..],
            Bound::Excluded(end) => key < &end[..],
        };
        let from = index.partition_point(|(key, _)| below(key));
        let to = index.partition_point(|(key, _)| within(key)).max(from);
        let mut places = from..to;
        while let Some(place) = next(&mut places, direction) {
            let (key, at) = &index[place];
            if visit(key, rowid(*at))? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn index(&self, view: &Collection, tree: IndexTree) -> Result<Arc<Index>, ReadError> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = indexes.get(&tree) {
            return Ok(Arc::clone(index));
        }
        let field = view.fields.iter().find(|field| entry::implied_tree(field) == Some(tree));
        let field = field.ok_or_else(|| ReadError("a view has no declared indexes".into()))?;
        let mut index = Index::new();
        for (at, row) in self.rows.iter().enumerate() {
            for mut key in entry::implied_keys(field, row.as_row()) {
                key.extend_from_slice(&rowid(at as u32).to_key());
                index.push((key, at as u32));
            }
        }
        index.sort_unstable();
        let index = Arc::new(index);
        indexes.insert(tree, Arc::clone(&index));
        Ok(index)
    }

    fn places(&self, range: (Bound<RowId>, Bound<RowId>)) -> Range<usize> {
        let from = match range.0 {
            Bound::Unbounded => 0,
            Bound::Included(rowid) => rowid.0.saturating_sub(1),
            Bound::Excluded(rowid) => rowid.0,
        };
        let to = match range.1 {
            Bound::Unbounded => self.count(),
            Bound::Included(rowid) => rowid.0.min(self.count()),
            Bound::Excluded(rowid) => rowid.0.saturating_sub(1).min(self.count()),
        };
        from.min(to) as usize..to as usize
    }
}

fn next(places: &mut Range<usize>, direction: Direction) -> Option<usize> {
    match direction {
        Direction::Forward => places.next(),
        Direction::Backward => places.next_back(),
    }
}

fn rowid(at: u32) -> RowId {
    RowId(u64::from(at) + 1)
}
