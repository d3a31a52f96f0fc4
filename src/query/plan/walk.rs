//! Walking an index in the order of an answer.

use std::ops::{Bound as RangeBound, ControlFlow};

use crate::model::RowId;
use crate::model::key::{KeyRange, parts_len, prefix_end};
use crate::query::{Direction, IndexTree, ReadError, Rows, Visit};
use crate::schema::Collection;

/// Rows with equal keys held back at most; larger groups are walked a second time instead.
const GROUP_MAX: usize = 128;

/// A range of an index and the way through it.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub(super) tree: IndexTree,
    pub(super) range: KeyRange,
    pub(super) direction: Direction,
    /// Whether rows with equal keys come in the opposite direction of the keys.
    pub(super) reverse_ties: bool,
    /// Columns in a key.
    pub(super) parts: usize,
}

impl Walk {
    /// Shows every entry of the range.
    pub(super) fn run(
        &self,
        rows: &dyn Rows,
        collection: &Collection,
        visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError> {
        if !self.reverse_ties {
            return rows.scan_index(collection, self.tree, &self.range, self.direction, visit);
        }
        let mut range = self.range.clone();
        while let Some(group) = self.run_to_large_group(rows, collection, &range, visit)? {
            let reversed = match self.direction {
                Direction::Forward => Direction::Backward,
                Direction::Backward => Direction::Forward,
            };
            let mut stopped = false;
            let whole = KeyRange::prefix(group.clone());
            rows.scan_index(collection, self.tree, &whole, reversed, &mut |key, rowid| {
                let flow = visit(key, rowid)?;
                stopped = flow.is_break();
                Ok(flow)
            })?;
            match (stopped, self.direction, prefix_end(&group)) {
                (false, Direction::Backward, _) => range.end = RangeBound::Excluded(group),
                (false, Direction::Forward, Some(next)) => range.start = RangeBound::Included(next),
                _ => break,
            }
        }
        Ok(())
    }

    /// Shows groups of equal keys, each turned around, up to one that is too large to hold back,
    /// whose key is the answer.
    fn run_to_large_group(
        &self,
        rows: &dyn Rows,
        collection: &Collection,
        range: &KeyRange,
        visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let mut key: Vec<u8> = Vec::new();
        let mut group: Vec<RowId> = Vec::new();
        let mut stopped = false;
        let mut flush = |key: &[u8], group: &mut Vec<RowId>| -> Visit {
            for rowid in group.drain(..).rev() {
                if visit(key, rowid)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        };
        rows.scan_index(collection, self.tree, range, self.direction, &mut |entry, rowid| {
            let columns = &entry[..parts_len(entry, self.parts)];
            if columns != key {
                if flush(&key, &mut group)?.is_break() {
                    stopped = true;
                    return Ok(ControlFlow::Break(()));
                }
                columns.clone_into(&mut key);
            }
            group.push(rowid);
            let full = group.len() > GROUP_MAX;
            Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if !stopped && group.len() > GROUP_MAX {
            return Ok(Some(key));
        }
        flush(&key, &mut group).map(|_| None)
    }
}
