//! The best k of many rows.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::model::{RowId, Scalar};

/// One key of a row, in its direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) value: Scalar<'a>,
    pub(super) descending: bool,
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let ordering = self.value.cmp(&other.value);
        if self.descending { ordering.reverse() } else { ordering }
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A row in the order of the answer: its keys, ties by rowid.
type Ranked = (Vec<Key<'static>>, RowId);

/// Keeps the first `capacity` rows in the order of the answer.
#[derive(Debug)]
pub(super) struct TopK {
    /// The worst one on top.
    heap: BinaryHeap<Ranked>,
    capacity: usize,
}

impl TopK {
    pub(super) fn new(capacity: usize) -> Self {
        Self { heap: BinaryHeap::new(), capacity }
    }

    /// Offers one row. Its keys are taken if it is kept.
    pub(super) fn offer(&mut self, keys: &mut [Key<'_>], rowid: RowId) {
        if self.heap.len() >= self.capacity {
            match self.heap.peek() {
                Some((worst, last)) if precedes(keys, rowid, worst, *last) => {
                    self.heap.pop();
                }
                _ => return,
            }
        }
        let owned = |key: &mut Key<'_>| {
            let value = std::mem::replace(&mut key.value, Scalar::Null).into_owned();
            Key { value, descending: key.descending }
        };
        self.heap.push((keys.iter_mut().map(owned).collect(), rowid));
    }

    /// The rows kept, in order.
    pub(super) fn into_rowids(self) -> Vec<RowId> {
        self.heap.into_sorted_vec().into_iter().map(|(_, rowid)| rowid).collect()
    }
}

fn precedes(keys: &[Key<'_>], rowid: RowId, others: &[Key<'_>], other: RowId) -> bool {
    let pairs = keys.iter().zip(others);
    let ordering = pairs.map(|(a, b)| a.cmp(b)).find(|ordering| ordering.is_ne());
    ordering.unwrap_or_else(|| rowid.cmp(&other)).is_lt()
}
