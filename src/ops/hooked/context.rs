//! What travels with a transaction while there are hooks.

use std::sync::Arc;

use crate::access::{Caller, RuleCache};
use crate::auth::PasswordHasher;
use crate::files::Storage;
use crate::hooks::{CollectionChange, Hooks, RecordChange};
use crate::ops::Error;
use crate::ops::files::InFlight;
use crate::ops::mail::Bell;
use crate::store::Tx;

/// What the backend shares with its transactions.
#[derive(Debug)]
pub(in crate::ops) struct Shared {
    pub(in crate::ops) hooks: Hooks,
    pub(in crate::ops) rules: Arc<RuleCache>,
    pub(in crate::ops) hasher: PasswordHasher,
    pub(in crate::ops) bell: Bell,
    pub(in crate::ops) files: Storage,
    pub(in crate::ops) in_flight: Arc<InFlight>,
    /// The process itself.
    pub(in crate::ops) system: Arc<Caller>,
}

/// What a run of a job leaves to be done once it is committed.
#[derive(Debug)]
pub(in crate::ops) enum Effect {
    /// Hooks want to hear of a record.
    Record(Arc<RecordChange>),
    /// Hooks want to hear of a collection.
    Collection(Arc<CollectionChange>),
    /// Mail lies in the outbox.
    Mailed,
}

impl Effect {
    pub(super) fn tell(self, hooks: &Hooks) {
        match self {
            Self::Record(change) => hooks.record_signal(change.action).tell(&change),
            Self::Collection(change) => hooks.collection_signal(change.action).tell(&change),
            Self::Mailed => {}
        }
    }
}

/// What travels with a transaction while there are hooks. One run of a job has one of its own.
#[derive(Debug)]
pub(in crate::ops) struct Context {
    pub(super) shared: Arc<Shared>,
    /// Whose request is being carried out.
    pub(super) caller: Arc<Caller>,
    /// How many writes of hooks are inside each other.
    pub(super) depth: usize,
    pub(super) effects: Vec<Effect>,
}

/// Runs `job` with a context, and returns what is to be done once it is committed.
pub(in crate::ops) fn run<T>(
    tx: &mut Tx<'_>,
    shared: &Arc<Shared>,
    job: &mut impl FnMut(&mut Tx<'_>) -> Result<T, Error>,
) -> Result<(T, Vec<Effect>), Error> {
    tx.attach(Box::new(Context {
        shared: Arc::clone(shared),
        caller: Arc::clone(&shared.system),
        depth: 0,
        effects: Vec::new(),
    }));
    let outcome = job(tx);
    let context = tx.detach::<Context>();
    outcome.map(|answer| (answer, context.map(|context| context.effects).unwrap_or_default()))
}

/// Runs one step of a job, whose failure takes back what the step did and what it left to be told.
pub(in crate::ops) fn attempt<T>(
    tx: &mut Tx<'_>,
    step: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let told = tx.attachment::<Context>().map_or(0, |context| context.effects.len());
    let outcome = tx.attempt(step);
    if outcome.is_err()
        && let Some(context) = tx.attachment::<Context>()
    {
        context.effects.truncate(told);
    }
    outcome
}

/// Runs `step` as the request of `caller`, which is what hooks see.
pub(in crate::ops) fn acting_as<T>(
    tx: &mut Tx<'_>,
    caller: &Arc<Caller>,
    step: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let Some(context) = tx.attachment::<Context>() else { return step(tx) };
    let before = std::mem::replace(&mut context.caller, Arc::clone(caller));
    let outcome = step(tx);
    if let Some(context) = tx.attachment::<Context>() {
        context.caller = before;
    }
    outcome
}
