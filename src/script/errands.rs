//! What a call has others do meanwhile.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::hooks::Rejection;

/// Errands of one call that run at the same time; the others wait for their turn.
const AT_ONCE: usize = 8;
/// Errands of one call that are not over.
const PENDING_MAX: usize = 1_000;

type Errand = Box<dyn FnOnce() -> String + Send>;

/// The errands of one call. Those that are not over when it ends are of no interest any more.
pub(super) struct Errands {
    sender: Sender<(usize, String)>,
    outcomes: Receiver<(usize, String)>,
    last: Cell<usize>,
    running: Cell<usize>,
    waiting: RefCell<VecDeque<(usize, Errand)>>,
}

impl Default for Errands {
    fn default() -> Self {
        let (sender, outcomes) = channel();
        let (last, running, waiting) = (Cell::default(), Cell::default(), RefCell::default());
        Self { sender, outcomes, last, running, waiting }
    }
}

impl Errands {
    /// Has a thread of its own run `errand`, and returns the number of its outcome.
    pub(super) fn begin(
        &self,
        errand: impl FnOnce() -> String + Send + 'static,
    ) -> Result<usize, Rejection> {
        let mut waiting = self.waiting.borrow_mut();
        if self.running.get() + waiting.len() >= PENDING_MAX {
            return Err(Rejection::new(500, "too much is under way at once"));
        }
        let number = self.last.get() + 1;
        self.last.set(number);
        waiting.push_back((number, Box::new(errand)));
        drop(waiting);
        self.start()?;
        Ok(number)
    }

    pub(super) fn are_none(&self) -> bool {
        self.running.get() == 0
    }

    /// The next outcome, if one comes within `time`.
    pub(super) fn next(&self, time: Duration) -> Option<(usize, String)> {
        let outcome = self.outcomes.recv_timeout(time).ok()?;
        self.running.set(self.running.get() - 1);
        if let Err(error) = self.start() {
            tracing::error!(%error, "no thread for a script");
        }
        Some(outcome)
    }

    fn start(&self) -> Result<(), Rejection> {
        while self.running.get() < AT_ONCE {
            let Some((number, errand)) = self.waiting.borrow_mut().pop_front() else { break };
            let sender = self.sender.clone();
            std::thread::Builder::new()
                .name("script-errand".to_owned())
                .spawn(move || {
                    // Nobody waits any more when the call is over.
                    let _ = sender.send((number, errand()));
                })
                .map_err(Rejection::internal)?;
            self.running.set(self.running.get() + 1);
        }
        Ok(())
    }
}
