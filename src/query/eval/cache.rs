//! Related rows seen during one run.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{RowBuf, Slot};
use crate::query::bound::JoinId;

/// Rows kept at most. When full, everything is forgotten and the run goes on.
const ROWS_MAX: usize = 10_000;

/// Rows by the id that led to them.
type ById<T> = HashMap<Box<str>, T>;

/// Related rows seen during one run.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// By join and id. Every join has one collection, so the join stands for it.
    records: HashMap<JoinId, ById<Option<RowBuf>>>,
    /// Rows whose relation in the slot holds the id.
    referrers: HashMap<(JoinId, Slot), ById<Arc<[RowBuf]>>>,
    /// All rows of a collection, where they are few enough.
    all: HashMap<JoinId, Arc<[RowBuf]>>,
    /// Whether a comparison holds, by its number and the related id that decides it.
    verdicts: HashMap<usize, ById<bool>>,
    /// What `records`, `referrers` and `verdicts` hold together.
    rows: usize,
}

impl Cache {
    /// The record with this id, where it was looked for already.
    #[expect(clippy::option_option, reason = "not looked for, and known not to exist")]
    pub(super) fn record(&self, join: JoinId, id: &str) -> Option<Option<RowBuf>> {
        self.records.get(&join)?.get(id).cloned()
    }

    pub(super) fn keep_record(&mut self, join: JoinId, id: &str, row: Option<RowBuf>) {
        self.make_room(1);
        self.records.entry(join).or_default().insert(id.into(), row);
    }

    pub(super) fn referrers(&self, join: JoinId, slot: Slot, id: &str) -> Option<Arc<[RowBuf]>> {
        self.referrers.get(&(join, slot))?.get(id).cloned()
    }

    pub(super) fn keep_referrers(
        &mut self,
        join: JoinId,
        slot: Slot,
        id: &str,
        rows: &Arc<[RowBuf]>,
    ) {
        if rows.len() <= ROWS_MAX {
            self.make_room(rows.len() + 1);
            self.referrers.entry((join, slot)).or_default().insert(id.into(), Arc::clone(rows));
        }
    }

    pub(super) fn all(&self, join: JoinId) -> Option<Arc<[RowBuf]>> {
        self.all.get(&join).cloned()
    }

    /// Keeps all rows of a join's collection unless they are too many.
    pub(super) fn keep_all(&mut self, join: JoinId, rows: Arc<[RowBuf]>) {
        if rows.len() <= ROWS_MAX {
            self.all.insert(join, rows);
        }
    }

    /// What is known of comparison `number` for rows related to the record with this id.
    pub(super) fn verdict(&self, number: usize, id: &str) -> Option<bool> {
        self.verdicts.get(&number)?.get(id).copied()
    }

    pub(super) fn keep_verdict(&mut self, number: usize, id: &str, holds: bool) {
        self.make_room(1);
        self.verdicts.entry(number).or_default().insert(id.into(), holds);
    }

    /// How many rows of one collection are worth keeping.
    pub(super) const fn rows_max() -> usize {
        ROWS_MAX
    }

    fn make_room(&mut self, rows: usize) {
        self.rows += rows;
        if self.rows > ROWS_MAX {
            self.records.clear();
            self.referrers.clear();
            self.verdicts.clear();
            self.rows = rows;
        }
    }
}
