//! The best rows by sort keys that are columns.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::table::{Column, ColumnKind, Lane, Table, can_be_kept};
use crate::model::row::cell_text;
use crate::model::{RowId, Slot};
use crate::query::bound::{BASE, Bound, SortBy, TermKind};
use crate::schema::FieldKind;

/// A row by its chunk and its place in there; in order of rowid.
type Place = (u32, u32);

/// One key to sort by.
#[derive(Debug, Clone, Copy)]
struct Rank {
    /// `None` = rowid.
    slot: Option<Slot>,
    descending: bool,
}

/// How to sort by columns.
#[derive(Debug)]
pub(in crate::query) struct Top {
    ranks: Vec<Rank>,
    capacity: usize,
    /// The best so far, up to twice the capacity, in no order.
    kept: Vec<Place>,
    /// Whoever does not come before this one is not among the best.
    last: Option<Place>,
}

impl Top {
    /// Keeps the first `capacity` rows in the order that `bound` wants; `None` when columns do not
    /// give that order.
    pub(in crate::query) fn new(bound: &Bound, capacity: usize) -> Option<Self> {
        let rank = |by: &SortBy| match by {
            SortBy::RowId => Some(None),
            SortBy::Term(term) if !term.lower => match term.kind {
                TermKind::Column { join: BASE, field } => {
                    let field = bound.joins[BASE].field(field)?;
                    // Other cells have another order than their bytes.
                    let ordered = match field.kind {
                        FieldKind::Json(_) | FieldKind::GeoPoint | FieldKind::Password(_) => false,
                        _ => !field.kind.is_multiple(),
                    };
                    (ordered && can_be_kept(field)).then_some(Some(field.slot))
                }
                _ => None,
            },
            _ => None,
        };
        let ranks: Option<Vec<Rank>> = bound
            .sort
            .iter()
            .map(|key| rank(&key.by).map(|slot| Rank { slot, descending: key.descending }))
            .collect();
        Some(Self { ranks: ranks?, capacity, kept: Vec::new(), last: None })
    }

    /// Adds the columns that are needed.
    pub(in crate::query) fn add_slots(&self, slots: &mut BTreeSet<Slot>) {
        slots.extend(self.ranks.iter().filter_map(|rank| rank.slot));
    }

    /// Offers one row.
    pub(in crate::query) fn offer(&mut self, table: &Table, chunk: usize, place: usize) {
        let place = (chunk as u32, place as u32);
        if let Some(last) = self.last
            && self.compare(table, place, last).is_ge()
        {
            return;
        }
        self.kept.push(place);
        if self.kept.len() >= self.capacity.saturating_mul(2).max(1) {
            self.prune(table);
        }
    }

    fn prune(&mut self, table: &Table) {
        let mut kept = std::mem::take(&mut self.kept);
        if self.capacity == 0 {
            return;
        }
        if kept.len() >= self.capacity {
            let at = self.capacity - 1;
            let (_, last, _) = kept.select_nth_unstable_by(at, |a, b| self.compare(table, *a, *b));
            self.last = Some(*last);
            kept.truncate(self.capacity);
        }
        self.kept = kept;
    }

    /// The rows kept, in order.
    pub(in crate::query) fn into_rowids(mut self, table: &Table) -> Vec<RowId> {
        self.prune(table);
        let mut kept = std::mem::take(&mut self.kept);
        kept.sort_unstable_by(|a, b| self.compare(table, *a, *b));
        kept.into_iter().map(|(chunk, place)| table.rowid(chunk as usize, place as usize)).collect()
    }

    fn compare(&self, table: &Table, a: Place, b: Place) -> Ordering {
        for rank in &self.ranks {
            let ordering = match rank.slot {
                None => a.cmp(&b),
                Some(slot) => table.column(slot).map_or(Ordering::Equal, |column| by(column, a, b)),
            };
            let ordering = if rank.descending { ordering.reverse() } else { ordering };
            if ordering.is_ne() {
                return ordering;
            }
        }
        a.cmp(&b)
    }
}

fn by(column: &Column, a: Place, b: Place) -> Ordering {
    let lanes = (column.lane(a.0 as usize), column.lane(b.0 as usize));
    match (&column.kind, lanes) {
        (ColumnKind::Numbers, (Lane::Words(left), Lane::Words(right))) => {
            let (left, right) = (left[a.1 as usize], right[b.1 as usize]);
            f64::from_bits(left).partial_cmp(&f64::from_bits(right)).unwrap_or(Ordering::Equal)
        }
        (ColumnKind::Dates, (Lane::Words(left), Lane::Words(right))) => {
            (left[a.1 as usize] as i64).cmp(&(right[b.1 as usize] as i64))
        }
        (ColumnKind::Cells(dictionary), (Lane::Codes(left), Lane::Codes(right))) => {
            let (left, right) = (left[a.1 as usize], right[b.1 as usize]);
            if left == right {
                return Ordering::Equal;
            }
            let (left, right) = (dictionary.cell(left), dictionary.cell(right));
            // A bool has no text: its cell is there or not.
            match (cell_text(left), cell_text(right)) {
                (None, None) => left.len().cmp(&right.len()),
                (left, right) => left.cmp(&right),
            }
        }
        _ => Ordering::Equal,
    }
}
