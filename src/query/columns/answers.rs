//! Answers of lists that took long, for whoever asks the same of the same state.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::RowId;
use crate::query::Page;
use crate::query::bound::Bound;

/// Questions whose answers are kept; beyond that those not asked for longest are forgotten.
const QUESTIONS_MAX: usize = 256;
/// Pages kept of each, the oldest leave first.
const PAGES_MAX: usize = 4;
/// Records of a page at most.
const ROWIDS_MAX: usize = 1000;

/// What a list asks, and of which state.
#[derive(Debug, Clone)]
pub(in crate::query) struct Question {
    /// Held, so that no other condition can be at its address.
    pub(in crate::query) bound: Arc<Bound>,
    /// Last change and number of rows of every collection that it reads.
    pub(in crate::query) states: Vec<(u64, u64)>,
    /// What it takes from the request.
    pub(in crate::query) inputs: String,
    pub(in crate::query) rows_max: Option<u64>,
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.bound, &other.bound)
            && self.states == other.states
            && self.inputs == other.inputs
            && self.rows_max == other.rows_max
    }
}

impl Eq for Question {}

impl Hash for Question {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.bound).hash(state);
        self.states.hash(state);
        self.inputs.hash(state);
        self.rows_max.hash(state);
    }
}

/// What is known of one question.
#[derive(Debug, Default)]
pub(in crate::query) struct Answered {
    total: Option<u64>,
    /// By offset and limit.
    pages: Vec<((u64, u64), Arc<[RowId]>)>,
}

impl Answered {
    /// How many records match altogether.
    pub(in crate::query) fn total(&self) -> Option<u64> {
        self.total
    }

    /// The records of a page, if all that is asked for is known.
    pub(in crate::query) fn page(&self, page: Page) -> Option<Arc<[RowId]>> {
        if page.total && self.total.is_none() {
            return None;
        }
        let wanted = (page.offset, page.limit);
        let found = self.pages.iter().find(|(known, _)| *known == wanted)?;
        Some(Arc::clone(&found.1))
    }

    /// Notes an answer.
    pub(in crate::query) fn note(&mut self, page: Page, rowids: Arc<[RowId]>, total: Option<u64>) {
        self.total = total.or(self.total);
        if rowids.len() > ROWIDS_MAX {
            return;
        }
        if self.pages.len() >= PAGES_MAX {
            self.pages.remove(0);
        }
        self.pages.push(((page.offset, page.limit), rowids));
    }
}

/// An answer that may still be in the making, by whoever holds the lock.
pub(in crate::query) type Shared = Arc<Mutex<Answered>>;

/// Answers by question.
#[derive(Debug, Default)]
pub(in crate::query) struct Answers(Mutex<HashMap<Question, (u64, Shared)>>);

impl Answers {
    /// What is known of `question`, shared by all who ask it. Whoever finds nothing there works the
    /// answer out while holding the lock, and the others wait.
    pub(in crate::query) fn of(&self, question: &Question) -> Shared {
        let mut answers = self.lock();
        let clock = answers.values().map(|(clock, _)| *clock).max().unwrap_or(0) + 1;
        if let Some((used, shared)) = answers.get_mut(question) {
            *used = clock;
            return Arc::clone(shared);
        }
        if answers.len() >= QUESTIONS_MAX {
            let mut uses: Vec<u64> = answers.values().map(|(clock, _)| *clock).collect();
            uses.sort_unstable();
            let median = uses[uses.len() / 2];
            answers.retain(|_, (clock, _)| *clock > median);
        }
        let shared = Shared::default();
        answers.insert(question.clone(), (clock, Arc::clone(&shared)));
        shared
    }

    /// What is known of `question` now, without waiting: the total, and the page.
    pub(in crate::query) fn known(
        &self,
        question: &Question,
        page: Page,
    ) -> (Option<u64>, Option<Arc<[RowId]>>) {
        let shared = self.lock().get(question).map(|(_, shared)| Arc::clone(shared));
        let Some(shared) = shared else {
            return (None, None);
        };
        match shared.try_lock() {
            Ok(answered) => (answered.total(), answered.page(page)),
            Err(_) => (None, None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Question, (u64, Shared)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
