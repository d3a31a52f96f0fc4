//! What is committed and waits to be told to hooks.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::hooks::Hooks;

use super::Effect;

/// Changes that may wait for the hooks that want to hear of them. Writes are refused beyond that.
const WAITING_MAX: usize = 65_536;

/// Changes that hooks want to hear of, in the order of the commits.
#[derive(Default)]
pub(crate) struct AfterQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Effect>,
    /// Whether somebody tells them; without, nothing is kept.
    is_served: bool,
    is_closed: bool,
}

impl AfterQueue {
    /// Whether the hooks are so slow that no more may wait.
    pub(in crate::ops) fn is_full(&self) -> bool {
        self.lock().waiting.len() >= WAITING_MAX
    }

    /// Adds what was committed.
    pub(in crate::ops) fn push(&self, effects: Vec<Effect>) {
        let mut state = self.lock();
        if state.is_served && !effects.is_empty() {
            state.waiting.extend(effects);
            self.changed.notify_one();
        }
    }

    /// Begins to keep what is added, for somebody who is about to call [`Self::serve`].
    pub(crate) fn open(&self) {
        self.lock().is_served = true;
    }

    /// Tells `hooks` what was added, until the queue is closed and empty. Blocks.
    pub(crate) fn serve(&self, hooks: &Hooks) {
        let mut state = self.lock();
        loop {
            if let Some(effect) = state.waiting.pop_front() {
                drop(state);
                effect.tell(hooks);
                state = self.lock();
            } else if state.is_closed {
                return;
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Ends [`Self::serve`] once everything is told.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for AfterQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterQueue").field("waiting", &self.lock().waiting.len()).finish()
    }
}
