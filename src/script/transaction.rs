//! A transaction that a script runs from outside of one.
//!
//! The engine stays on its thread; what it asks goes to the thread of the writer, which waits for the
//! next question until the time of the script is over.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::Value as Json;

use crate::hooks::{Data, Rejection};

use super::data;
use super::services::World;

type Answer = Result<Option<Json>, Rejection>;

enum Question {
    Ask { verb: String, values: Vec<Json>, is_quiet: bool },
    Commit,
}

/// The way to the transaction. Dropping it takes everything back.
pub(super) struct Link {
    questions: Sender<Question>,
    answers: Receiver<Answer>,
    thread: JoinHandle<Result<(), Rejection>>,
}

impl Link {
    /// Begins a transaction that lasts until `deadline` at most.
    pub(super) fn open(world: &World, deadline: Instant) -> Result<Self, Rejection> {
        let backend = world.backend()?;
        let (questions, asked) = channel();
        let (answered, answers) = channel();
        let mut has_begun = false;
        let job = move |data: &dyn Data| {
            if std::mem::replace(&mut has_begun, true) {
                return Err(Rejection::new(409, "The transaction has to be run again."));
            }
            serve(data, &asked, &answered, deadline)
        };
        let thread = std::thread::Builder::new()
            .name("script-transaction".to_owned())
            .spawn(move || backend.transaction(job))
            .map_err(Rejection::internal)?;
        Ok(Self { questions, answers, thread })
    }

    /// Asks the transaction; without any hook, if it is to be quiet.
    pub(super) fn ask(&self, verb: &str, values: &[Json], is_quiet: bool) -> Answer {
        let (verb, values) = (verb.to_owned(), values.to_vec());
        let question = Question::Ask { verb, values, is_quiet };
        let over = || Rejection::new(500, "The transaction is over.");
        self.questions.send(question).map_err(|_| over())?;
        self.answers.recv().map_err(|_| over())?
    }

    /// Ends it, and waits for that.
    pub(super) fn end(self, keep: bool) -> Result<(), Rejection> {
        let Self { questions, answers, thread } = self;
        if keep {
            // A transaction that is over says itself why.
            let _ = questions.send(Question::Commit);
        }
        drop((questions, answers));
        let outcome =
            thread.join().map_err(|_| Rejection::internal("the transaction broke off"))?;
        if keep { outcome } else { Ok(()) }
    }
}

fn serve(
    data: &dyn Data,
    asked: &Receiver<Question>,
    answered: &Sender<Answer>,
    deadline: Instant,
) -> Result<(), Rejection> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match asked.recv_timeout(left) {
            Ok(Question::Ask { verb, values, is_quiet }) => {
                // Nobody waits for the answer when the script is gone.
                let _ = answered.send(data::ask_as(data, &verb, &values, is_quiet));
            }
            Ok(Question::Commit) => return Ok(()),
            Err(RecvTimeoutError::Disconnected) => return Err(Rejection::new(500, "Taken back.")),
            Err(RecvTimeoutError::Timeout) => {
                return Err(Rejection::new(500, "The transaction took too long."));
            }
        }
    }
}
