//! What a call of a script takes place in: the event, the data, what the host said no to.

use std::cell::{Cell, RefCell};
use std::time::Instant;

use scoped_tls_hkt::scoped_thread_local;
use serde_json::{Value as Json, json};

use crate::hooks::{Data, Rejection};

use super::clock::Clock;
use super::services::World;
use super::transaction::Link;
use super::{data, security};

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
    /// How many calls that want no hooks are inside each other.
    quiet: Cell<usize>,
}

impl<'s> Scene<'s> {
    pub(super) fn new(world: &'s World, stage: &'s dyn Stage, clock: &'s Clock) -> Self {
        let (failures, transaction) = (RefCell::default(), RefCell::default());
        Self { world, stage, clock, failures, transaction, quiet: Cell::new(0) }
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
            "security" => security::ask(verb, values),
            _ => {
                let is_inside = self.is_transactional();
                self.world.ask(name, values, self.clock, is_inside)
            }
        }
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

/// Answers a script on this thread: JSON, nothing, or `!` and why not.
pub(super) fn answer(name: &str, values: &str) -> String {
    if !SCENE.is_set() {
        return refused(&Rejection::new(500, format!("{name} cannot be used here")), None);
    }
    SCENE.with(|scene| {
        let values: Vec<Json> = match values {
            "" => Vec::new(),
            text => serde_json::from_str(text).unwrap_or_default(),
        };
        match scene.ask(name, &values) {
            Ok(answer) => answer.map(|json| json.to_string()).unwrap_or_default(),
            Err(rejection) => {
                let mut failures = scene.failures.borrow_mut();
                let text = refused(&rejection, Some(failures.len()));
                failures.push(rejection);
                text
            }
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
