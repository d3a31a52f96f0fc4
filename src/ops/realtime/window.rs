//! A stretch of the log of changes as events.

use crate::ops::views::Reading;
use crate::query::{ReadError, Rows};
use crate::realtime::{Action, Event};
use crate::store::{Change, ChangeAction};

use super::before::{Before, Deleted};

/// Changes that are read at once.
pub(super) const CHANGES_MAX: usize = 128;

/// Changes that follow each other, and what is needed to make events of them.
pub(super) struct Window<'a> {
    now: &'a Reading,
    /// A state from before the changes, as far as there is one; deletes are judged by it.
    before: &'a Reading,
    pub(super) changes: Vec<Change>,
    deleted: Deleted,
}

impl<'a> Window<'a> {
    /// The next changes after `after`, at most [`CHANGES_MAX`].
    pub(super) fn read(
        before: &'a Reading,
        now: &'a Reading,
        after: u64,
    ) -> Result<Self, ReadError> {
        let changes = now.snapshot().changes(after, CHANGES_MAX)?;
        let deleted = Deleted::of(&changes);
        Ok(Self { now, before, changes, deleted })
    }

    /// The sequence of its last change; `None` when it is empty.
    pub(super) fn last(&self) -> Option<u64> {
        self.changes.last().map(|change| change.sequence)
    }

    /// The event that a change makes, and whether its record is gone by now. Such a record shows
    /// as it was when it was deleted; when that happened later than the window reaches, there is no event, as the one of
    /// the delete will follow. None either for a collection that is gone.
    pub(super) fn event(&self, change: &Change) -> Result<Option<(Event, bool)>, ReadError> {
        let Some(collection) = self.now.catalog().by_id(change.collection.as_str()) else {
            return Ok(None);
        };
        let (action, row) = match change.action {
            ChangeAction::Delete => (Action::Delete, change.old_row.clone()),
            ChangeAction::Create => (Action::Create, self.now.row(collection, change.rowid)?),
            ChangeAction::Update => (Action::Update, self.now.row(collection, change.rowid)?),
        };
        let is_gone = row.is_none() || action == Action::Delete;
        let row = row.or_else(|| self.deleted.row(&change.collection, change.rowid).cloned());
        Ok(row.map(|row| {
            let (sequence, collection) = (change.sequence, collection.clone());
            (Event { sequence, action, collection, row }, is_gone)
        }))
    }

    /// Shows the state that an event is judged by: that of now, or for a record that is gone, what
    /// was there before.
    pub(super) fn with_rows(&self, is_gone: bool, judge: impl FnOnce(&dyn Rows)) {
        if is_gone {
            let (catalog, deleted) = (self.now.catalog(), &self.deleted);
            judge(&Before { base: self.before, catalog, deleted });
        } else {
            judge(self.now);
        }
    }
}
