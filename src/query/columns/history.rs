//! What changed lately, and so of which moment a table is.

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Log;
use crate::model::RowId;
use crate::query::ReadError;

/// Changes remembered one by one; tables that are behind by more are read anew.
const RECENT_MAX: usize = 16_384;
/// Changes taken in at once; after more than that everything is forgotten.
const TAKEN_MAX: u64 = 65_536;

/// The log of changes up to some sequence, as far as tables need it.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Of what is before this nothing is known.
    floor: u64,
    /// The last change taken in; `None` before the first.
    seen: Option<u64>,
    /// The last change of each collection above the floor.
    changed: HashMap<Arc<str>, u64>,
    /// The last changes of all, without gaps.
    recent: VecDeque<(u64, Arc<str>, RowId)>,
}

/// What taking changes in came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Everything up to the moment asked for is known.
    All,
    /// There are more than may be taken in now.
    TooMany,
    /// Changes in between are not in the log any more, or too many to look at. What was known of
    /// collections says nothing of now.
    Forgotten,
}

impl History {
    /// Takes in what `log` has beyond what was seen, unless that is more than `max`.
    pub(super) fn take(&mut self, log: &dyn Log, max: u64) -> Result<Taken, ReadError> {
        let last = log.last_change();
        let Some(seen) = self.seen else {
            self.forget(last);
            return Ok(Taken::Forgotten);
        };
        if last <= seen {
            return Ok(Taken::All);
        }
        if last - seen > TAKEN_MAX {
            self.forget(last);
            return Ok(Taken::Forgotten);
        }
        if last - seen > max {
            return Ok(Taken::TooMany);
        }
        let mut next = seen + 1;
        log.changes_after(seen, &mut |sequence, collection, rowid| {
            if sequence != next || sequence > last {
                return Ok(ControlFlow::Break(()));
            }
            let id = match self.changed.get_key_value(collection) {
                Some((id, _)) => Arc::clone(id),
                None => Arc::from(collection),
            };
            self.changed.insert(Arc::clone(&id), sequence);
            if self.recent.len() >= RECENT_MAX {
                self.recent.pop_front();
            }
            self.recent.push_back((sequence, id, rowid));
            next += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        if next <= last {
            self.forget(last);
            return Ok(Taken::Forgotten);
        }
        self.seen = Some(last);
        Ok(Taken::All)
    }

    fn forget(&mut self, last: u64) {
        *self = Self { floor: last, seen: Some(last), ..Self::default() };
    }

    /// The last change of `collection` up to `sequence`, or the floor when there was none since;
    /// `None` when that is not known any more.
    pub(super) fn version_at(&self, collection: &str, sequence: u64) -> Option<u64> {
        if sequence < self.floor || self.seen.is_none_or(|seen| sequence > seen) {
            return None;
        }
        let last = self.changed.get(collection).copied().unwrap_or(self.floor);
        if last <= sequence {
            return Some(last);
        }
        let end = self.recent.partition_point(|(at, ..)| *at <= sequence);
        let before = self.recent.range(..end).rev().find(|(_, id, _)| **id == *collection);
        match before {
            Some((at, ..)) => Some(*at),
            None => self.knows_after(self.floor).then_some(self.floor),
        }
    }

    /// The rows of `collection` that changed after `from` and up to `to`, each once and in order;
    /// `None` when that is not known any more.
    pub(super) fn changed(&self, collection: &str, from: u64, to: u64) -> Option<Vec<RowId>> {
        if !self.knows_after(from) {
            return None;
        }
        let start = self.recent.partition_point(|(at, ..)| *at <= from);
        let end = self.recent.partition_point(|(at, ..)| *at <= to);
        let of_it =
            self.recent.range(start..end.max(start)).filter(|(_, id, _)| **id == *collection);
        let mut rowids: Vec<RowId> = of_it.map(|(_, _, rowid)| *rowid).collect();
        rowids.sort_unstable();
        rowids.dedup();
        Some(rowids)
    }

    /// Whether every change after `sequence` is among the recent ones.
    fn knows_after(&self, sequence: u64) -> bool {
        let first = self.recent.front().map(|(at, ..)| *at);
        sequence >= self.floor && first.is_none_or(|first| first <= sequence + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Visit;

    struct Fake(Vec<(u64, &'static str, u64)>, u64);

    impl Log for Fake {
        fn last_change(&self) -> u64 {
            self.1
        }

        fn changes_after(
            &self,
            after: u64,
            visit: &mut dyn FnMut(u64, &str, RowId) -> Visit,
        ) -> Result<(), ReadError> {
            for (sequence, collection, rowid) in self.0.iter().filter(|change| change.0 > after) {
                if visit(*sequence, collection, RowId(*rowid))?.is_break() {
                    break;
                }
            }
            Ok(())
        }
    }

    #[test]
    fn versions_and_changed_rows_are_those_of_the_moment_asked_for() {
        let mut history = History::default();
        assert_eq!(history.take(&Fake(vec![], 10), 100).unwrap(), Taken::Forgotten);
        let log = Fake(vec![(11, "a", 5), (12, "b", 1), (13, "a", 3), (14, "a", 5)], 14);
        assert_eq!(history.take(&log, 3).unwrap(), Taken::TooMany);
        assert_eq!(history.take(&log, 100).unwrap(), Taken::All);
        let versions = [9, 10, 11, 12, 13, 14, 15].map(|at| history.version_at("a", at));
        let expected = [None, Some(10), Some(11), Some(11), Some(13), Some(14), None];
        assert_eq!(versions, expected);
        assert_eq!(history.version_at("b", 14), Some(12));
        assert_eq!(history.version_at("c", 14), Some(10));
        assert_eq!(history.changed("a", 10, 14), Some(vec![RowId(3), RowId(5)]));
        assert_eq!(history.changed("a", 11, 13), Some(vec![RowId(3)]));
        assert_eq!(history.changed("a", 9, 14), None);
    }

    #[test]
    fn a_gap_in_the_log_makes_it_forget() {
        let mut history = History::default();
        history.take(&Fake(vec![], 10), 100).unwrap();
        let log = Fake(vec![(12, "b", 1)], 12);
        assert_eq!(history.take(&log, 100).unwrap(), Taken::Forgotten);
        assert_eq!(history.version_at("a", 11), None);
        assert_eq!(history.version_at("a", 12), Some(12));
    }
}
