//! What a call of a script takes place in: the event, the data, what the host said no to.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use scoped_tls_hkt::scoped_thread_local;
use serde_json::{Value as Json, json};

use crate::hooks::{Data, Rejection};

use super::clock::Clock;
use super::errands::Errands;
use super::services::{self, World};
use super::transaction::Link;
use super::{data, outgoing, security, web_url};

scoped_thread_local!(static SCENE: for<'a> &'a Scene<'a>);

/// What an event lets its script ask.
pub(super) trait Stage {
    /// Collections and records.
    fn data(&self) -> &dyn Data;

    /// Whether the data is that of a transaction.
    fn is_transactional(&self) -> bool;

    /// Answers what is about the event: names that begin with `e.` or `res`.
    fn ask(&self, name: &str, values: &[Json]) -> Result<Option<Json>, Rejection>;
}

/// What one call of a script takes place in.
pub(super) struct Scene<'s> {
    world: &'s World,
    stage: &'s dyn Stage,
    clock: &'s Clock,
    failures: RefCell<Vec<Rejection>>,
    transaction: RefCell<Option<Link>>,
    errands: Errands,
    /// How many calls that want no hooks are inside each other.
    quiet: Cell<usize>,
}

/// What waiting came to.
pub(super) enum Waited {
    /// There is nothing that could ever come.
    InVain,
    /// The time to wait is over.
    Enough,
    /// An errand is done: its number, and what the host answers.
    Outcome(usize, String),
}

impl<'s> Scene<'s> {
    pub(super) fn new(world: &'s World, stage: &'s dyn Stage, clock: &'s Clock) -> Self {
        let (failures, transaction) = (RefCell::default(), RefCell::default());
        let (errands, quiet) = (Errands::default(), Cell::new(0));
        Self { world, stage, clock, failures, transaction, errands, quiet }
    }

    /// Runs a script in it.
    pub(super) fn play<T>(&self, script: impl FnOnce() -> T) -> T {
        SCENE.set(self, script)
    }

    /// The failure of the host that the script passed on.
    pub(super) fn take_failure(&self, number: usize) -> Option<Rejection> {
        let mut failures = self.failures.borrow_mut();
        (number < failures.len())
            .then(|| std::mem::replace(&mut failures[number], Rejection::new(500, "")))
    }

    fn ask(&self, name: &str, values: &[Json]) -> Result<Option<Json>, Rejection> {
        let (area, verb) = name.split_once('.').unwrap_or((name, ""));
        match area {
            "e" | "res" => self.out_of_time(|| self.stage.ask(name, values)),
            "data" => {
                let is_quiet = self.quiet.get() > 0;
                match &*self.transaction.borrow() {
                    Some(link) => link.ask(verb, values, is_quiet),
                    None => {
                        self.out_of_time(|| data::ask_as(self.stage.data(), verb, values, is_quiet))
                    }
                }
            }
            "quiet" => {
                let depth = self.quiet.get();
                self.quiet.set(if verb == "begin" { depth + 1 } else { depth.saturating_sub(1) });
                Ok(None)
            }
            "tx" => self.transaction(verb),
            "fetch" => self.fetch(values),
            _ => {
                let is_inside = self.is_transactional();
                self.world.ask(name, values, self.clock, is_inside)
            }
        }
    }

    /// Begins a call of another server, and returns its number.
    fn fetch(&self, values: &[Json]) -> Result<Option<Json>, Rejection> {
        let backend = self.world.backend()?;
        let wanted = values.first().cloned().unwrap_or_default();
        let time = if self.is_transactional() { self.clock.left() } else { outgoing::TIME_MAX };
        let number = self.errands.begin(move || match outgoing::send(&backend, &wanted, time) {
            Ok(answer) => answer.to_string(),
            Err(rejection) => refused(&rejection, None),
        })?;
        Ok(Some(number.into()))
    }

    fn wait(&self, timer: Option<Duration>) -> Waited {
        if self.errands.are_none() {
            return wait_for_timer(self.clock, timer);
        }
        let time = timer.unwrap_or(outgoing::TIME_MAX * 2);
        let outcome = if self.is_transactional() {
            self.errands.next(time.min(self.clock.left()))
        } else {
            self.out_of_time(|| self.errands.next(time))
        };
        outcome.map_or(Waited::Enough, |(number, text)| Waited::Outcome(number, text))
    }

    /// Outside of transactions, nobody waits for what the script waits for.
    fn out_of_time<T>(&self, other: impl FnOnce() -> T) -> T {
        self.clock.pause(other)
    }

    fn is_transactional(&self) -> bool {
        self.stage.is_transactional() || self.transaction.borrow().is_some()
    }

    fn transaction(&self, verb: &str) -> Result<Option<Json>, Rejection> {
        let is_inside = self.is_transactional();
        let mut link = self.transaction.borrow_mut();
        match verb {
            "is" => return Ok(Some(is_inside.into())),
            "begin" if is_inside => return Ok(Some(false.into())),
            "begin" => *link = Some(Link::open(self.world, Instant::now() + self.clock.left())?),
            _ => {
                if let Some(link) = link.take() {
                    link.end(verb == "commit")?;
                }
            }
        }
        Ok(Some(true.into()))
    }
}

/// Waits for an errand of the call on this thread, and no longer than until the next timer is due.
pub(super) fn wait(clock: &Clock, timer: Option<Duration>) -> Waited {
    if SCENE.is_set() {
        SCENE.with(|scene| scene.wait(timer))
    } else {
        wait_for_timer(clock, timer)
    }
}

fn wait_for_timer(clock: &Clock, timer: Option<Duration>) -> Waited {
    let Some(time) = timer else { return Waited::InVain };
    std::thread::sleep(time.min(clock.left()));
    Waited::Enough
}

/// What can be answered anywhere, also while files are read.
fn ask_anywhere(name: &str, values: &[Json]) -> Option<Result<Option<Json>, Rejection>> {
    let text = |at: usize| values.get(at).and_then(Json::as_str).unwrap_or_default();
    match name.split_once('.').unwrap_or((name, "")) {
        ("security", verb) => Some(security::ask(verb, values)),
        ("url", verb) => Some(web_url::ask(verb, values)),
        ("log", _) => {
            services::log(text(0), text(1));
            Some(Ok(None))
        }
        ("os", "getenv") => Some(Ok(Some(std::env::var(text(0)).unwrap_or_default().into()))),
        _ => None,
    }
}

/// Answers a script on this thread: JSON, nothing, or `!` and why not.
pub(super) fn answer(name: &str, values: &str) -> String {
    let values: Vec<Json> = match values {
        "" => Vec::new(),
        text => serde_json::from_str(text).unwrap_or_default(),
    };
    let said = |answer: Option<Json>| answer.map(|json| json.to_string()).unwrap_or_default();
    let elsewhere = ask_anywhere(name, &values);
    if !SCENE.is_set() {
        let nowhere = || Err(Rejection::new(500, format!("{name} cannot be used here")));
        let answer = elsewhere.unwrap_or_else(nowhere);
        return answer.map_or_else(|rejection| refused(&rejection, None), said);
    }
    SCENE.with(|scene| match elsewhere.unwrap_or_else(|| scene.ask(name, &values)) {
        Ok(answer) => said(answer),
        Err(rejection) => {
            let mut failures = scene.failures.borrow_mut();
            let text = refused(&rejection, Some(failures.len()));
            failures.push(rejection);
            text
        }
    })
}

fn refused(rejection: &Rejection, number: Option<usize>) -> String {
    let message = match rejection.message() {
        "" => rejection.cause().map(ToString::to_string).unwrap_or_default(),
        message => message.to_owned(),
    };
    let said = json!({
        "status": rejection.status(), "message": message, "data": rejection.fields(), "number": number,
    });
    format!("!{said}")
}
