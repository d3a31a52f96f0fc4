//! What travels with a transaction while there are hooks.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use serde_json::Value as Json;

use crate::access::{Caller, RuleCache};
use crate::auth::PasswordHasher;
use crate::config::Pinned;
use crate::files::Storage;
use crate::hooks::{
    CollectionChange, CollectionFailure, Hooks, RecordChange, RecordFailure, Rejection,
    SettingsReload,
};
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
    /// What the configuration fixes of the settings.
    pub(in crate::ops) pinned: ArcSwap<Pinned>,
    /// Whether the settings were written since they were read.
    pub(in crate::ops) settings_stale: AtomicBool,
}

/// What a run of a job leaves to be told once its fate is known.
#[derive(Debug)]
pub(in crate::ops) enum Effect {
    /// Hooks want to hear of a record.
    Record(Arc<RecordChange>),
    /// Hooks want to hear of a record that was not written.
    RecordFailed(Arc<RecordFailure>),
    /// Hooks want to hear of a collection.
    Collection(Arc<CollectionChange>),
    /// Hooks want to hear of a collection that was not written.
    CollectionFailed(Arc<CollectionFailure>),
    /// Settings were written, and are as told here.
    Settings(Arc<SettingsReload>),
    /// Mail lies in the outbox.
    Mailed,
}

impl Effect {
    pub(super) fn tell(self, hooks: &Hooks) {
        match self {
            Self::Record(change) => hooks.record_signal(change.action).tell(&change),
            Self::RecordFailed(failure) => hooks.record_failures(failure.action).tell(&failure),
            Self::Collection(change) => hooks.collection_signal(change.action).tell(&change),
            Self::CollectionFailed(failure) => {
                hooks.collection_failures(failure.action).tell(&failure);
            }
            Self::Settings(reload) => hooks.settings_reloaded.tell(&reload),
            Self::Mailed => {}
        }
    }

    /// What there is to be told when what left it is taken back because of `error`.
    fn taken_back(self, hooks: &Hooks, error: &Arc<Rejection>) -> Option<Self> {
        match self {
            Self::Record(change) => {
                let failures = hooks.record_failures(change.action);
                failures.wants(Some(change.record.collection())).then(|| {
                    let failure = RecordFailure::taken_back(&change, Arc::clone(error));
                    Self::RecordFailed(Arc::new(failure))
                })
            }
            Self::Collection(change) => {
                let failures = hooks.collection_failures(change.action);
                failures.wants(Some(&change.collection)).then(|| {
                    let failure = CollectionFailure::taken_back(&change, Arc::clone(error));
                    Self::CollectionFailed(Arc::new(failure))
                })
            }
            Self::RecordFailed(_) | Self::CollectionFailed(_) => Some(self),
            Self::Settings(_) | Self::Mailed => None,
        }
    }
}

/// A failure, and what hooks see of it.
pub(super) fn seen(error: Error) -> (Error, Arc<Rejection>) {
    let rejection = Rejection::from(error);
    let seen = Arc::new(rejection.summary());
    (rejection.into(), seen)
}

/// What the last run of a job left, until its fate is known.
#[derive(Debug, Clone, Default)]
pub(in crate::ops) struct Notes(Arc<Mutex<Vec<Effect>>>);

impl Notes {
    fn put(&self, effects: Vec<Effect>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = effects;
    }

    /// What is to be told after the commit.
    pub(in crate::ops) fn kept(&self) -> Vec<Effect> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is to be told when nothing was kept, because of `error`.
    pub(in crate::ops) fn lost(&self, hooks: &Hooks, error: Error) -> (Error, Vec<Effect>) {
        let effects = self.kept();
        if effects.is_empty() {
            return (error, effects);
        }
        let (error, seen) = seen(error);
        (error, effects.into_iter().filter_map(|e| e.taken_back(hooks, &seen)).collect())
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
    /// How many steps that want no hooks are inside each other.
    muted: usize,
}

impl Context {
    /// Takes back what was left to be told since there were `told`, because of `error`.
    pub(super) fn take_back(&mut self, told: usize, error: Error) -> Error {
        if self.effects.len() <= told {
            return error;
        }
        let (error, seen) = seen(error);
        let undone = self.effects.split_off(told);
        let hooks = &self.shared.hooks;
        self.effects.extend(undone.into_iter().filter_map(|e| e.taken_back(hooks, &seen)));
        error
    }
}

/// The context of the transaction, where there are hooks and they are wanted.
pub(super) fn hooked<'t>(tx: &'t mut Tx<'_>) -> Option<&'t mut Context> {
    tx.attachment::<Context>().filter(|context| context.muted == 0)
}

/// Has it told that the settings are as `settings` once this is committed.
pub(in crate::ops) fn settings_changed(tx: &mut Tx<'_>, settings: Json) {
    if let Some(context) = tx.attachment::<Context>() {
        context.effects.push(Effect::Settings(Arc::new(SettingsReload { settings })));
    }
}

/// Runs `step` without any hook.
pub(in crate::ops) fn muted<T>(
    tx: &mut Tx<'_>,
    step: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    if let Some(context) = tx.attachment::<Context>() {
        context.muted += 1;
    }
    let outcome = step(tx);
    if let Some(context) = tx.attachment::<Context>() {
        context.muted -= 1;
    }
    outcome
}

/// Runs `job` with a context, and notes in `notes` what is to be told once its fate is known.
pub(in crate::ops) fn run<T>(
    tx: &mut Tx<'_>,
    shared: &Arc<Shared>,
    notes: &Notes,
    job: &mut impl FnMut(&mut Tx<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    tx.attach(Box::new(Context {
        shared: Arc::clone(shared),
        caller: Arc::clone(&shared.system),
        depth: 0,
        effects: Vec::new(),
        muted: 0,
    }));
    let outcome = job(tx);
    let context = tx.detach::<Context>();
    notes.put(context.map(|context| context.effects).unwrap_or_default());
    outcome
}

/// Runs one step of a job, whose failure takes back what the step did and what it left to be told.
pub(in crate::ops) fn attempt<T>(
    tx: &mut Tx<'_>,
    step: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let told = tx.attachment::<Context>().map_or(0, |context| context.effects.len());
    let outcome = tx.attempt(step);
    match (outcome, tx.attachment::<Context>()) {
        (Err(error), Some(context)) => Err(context.take_back(told, error)),
        (outcome, _) => outcome,
    }
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
