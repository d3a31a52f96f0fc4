//! Writes of records, with the hooks around them.

use std::sync::Arc;

use serde_json::Map;

use crate::auth::PasswordHasher;
use crate::hooks::{
    Action, Chain, Event, Hooks, RecordChange, RecordFailure, RecordWrite, Rejection,
};
use crate::model::Value;
use crate::ops::Error;
use crate::schema::{Collection, Record};
use crate::store::Tx;

use super::context::{Context, Effect, Shared, hooked, seen};
use super::session::Session;

/// A place where hooks of records hang.
pub(in crate::ops) type Place = fn(&Hooks) -> &Chain<RecordWrite>;

pub(in crate::ops) const VALIDATE: Place = |hooks| &hooks.records.validate;

/// The places around a whole write, and around the row alone.
fn places(action: Action) -> [Place; 2] {
    match action {
        Action::Create => [|hooks| &hooks.records.create, |hooks| &hooks.records.create_execute],
        Action::Update => [|hooks| &hooks.records.update, |hooks| &hooks.records.update_execute],
        Action::Delete => [|hooks| &hooks.records.delete, |hooks| &hooks.records.delete_execute],
    }
}

/// Whether a hook has anything to do with this.
pub(in crate::ops) fn wants(hooks: &Hooks, action: Action, collection: &Collection) -> bool {
    if hooks.is_empty() {
        return false;
    }
    let saves = action != Action::Delete;
    places(action).iter().any(|place| place(hooks).wants(Some(collection)))
        || saves && hooks.records.validate.wants(Some(collection))
        || hooks.record_signal(action).wants(Some(collection))
        || hooks.record_failures(action).wants(Some(collection))
}

/// Whether a hook has anything to do with this in the transaction.
pub(in crate::ops) fn wants_in(tx: &mut Tx<'_>, action: Action, collection: &Collection) -> bool {
    shared(tx).is_some_and(|shared| wants(&shared.hooks, action, collection))
}

/// Whether anybody sees the record as it was written: a hook that is around that, or one that is told.
pub(in crate::ops) fn is_seen_written(
    tx: &mut Tx<'_>,
    action: Action,
    collection: &Collection,
) -> bool {
    hooked(tx).is_some_and(|context| {
        let hooks = &context.shared.hooks;
        places(action).iter().any(|place| place(hooks).looks_back(collection))
            || hooks.record_signal(action).wants(Some(collection))
            || hooks.record_failures(action).wants(Some(collection))
    })
}

/// What the backend shares with the transaction. `None` without hooks.
pub(in crate::ops) fn shared(tx: &mut Tx<'_>) -> Option<Arc<Shared>> {
    hooked(tx).map(|context| Arc::clone(&context.shared))
}

/// What hashes the passwords that hooks set. `None` without hooks.
pub(in crate::ops) fn with_hasher<T>(
    tx: &mut Tx<'_>,
    hash: impl FnOnce(&PasswordHasher) -> T,
) -> Option<T> {
    shared(tx).map(|shared| hash(&shared.hasher))
}

/// What is to be done, as hooks will see it.
pub(in crate::ops) fn write_of(
    tx: &mut Tx<'_>,
    action: Action,
    record: Record,
    old: Option<Arc<Record>>,
) -> RecordWrite {
    let context = tx.attachment::<Context>();
    let caller = context.map(|context| Arc::clone(&context.caller)).unwrap_or_default();
    RecordWrite { action, record, old, caller, brought: Map::new() }
}

/// The core of a write: it may read and change the transaction and what the hooks left.
type Core<'c> = &'c mut dyn FnMut(&mut Tx<'_>, &mut RecordWrite) -> Result<(), Error>;

/// Runs `core` within the hooks of `place`. Fails when one of them did not let it run.
pub(in crate::ops) fn within(
    tx: &mut Tx<'_>,
    place: Place,
    write: &mut RecordWrite,
    core: Core<'_>,
) -> Result<(), Error> {
    let shared = shared(tx);
    let Some(shared) = shared else { return core(tx, write) };
    let chain = place(&shared.hooks);
    if !chain.wants(Some(write.record.collection())) {
        return core(tx, write);
    }
    let session = Session::new(tx, &shared);
    let collection = Arc::clone(write.record.collection());
    let empty = Record::new(Arc::clone(&collection));
    let payload = RecordWrite {
        action: write.action,
        record: std::mem::replace(&mut write.record, empty),
        old: write.old.clone(),
        caller: Arc::clone(&write.caller),
        brought: std::mem::take(&mut write.brought),
    };
    let mut event = Event::new(payload, &session);
    let mut reached = false;
    let outcome = chain.run(&mut event, &mut |event| {
        reached = true;
        if event.record.collection().id != collection.id {
            return Err(Rejection::internal("a hook put a record of another collection in place"));
        }
        Ok(session.with_tx(|tx| core(tx, &mut event.payload))?)
    });
    write.record = event.payload.record;
    write.brought = event.payload.brought;
    outcome?;
    if reached { Ok(()) } else { Err(Error::Stopped) }
}

/// Runs `core`, which writes the row, within the hooks around the whole and around the row, and has
/// the change told once it is committed. `core` leaves the record as it was written.
pub(in crate::ops) fn write(
    tx: &mut Tx<'_>,
    mut write: RecordWrite,
    core: Core<'_>,
) -> Result<Record, Error> {
    let [whole, _] = places(write.action);
    let outcome = within(tx, whole, &mut write, &mut |tx, write| execute(tx, write, core));
    tell_later(tx, write, outcome)
}

/// Runs `core`, which checks and then writes by [`execute`], within the hooks around the whole.
pub(in crate::ops) fn save(
    tx: &mut Tx<'_>,
    mut write: RecordWrite,
    core: Core<'_>,
) -> Result<(), Error> {
    let [whole, _] = places(write.action);
    let outcome = within(tx, whole, &mut write, core);
    tell_later(tx, write, outcome).map(drop)
}

/// Runs `core`, which writes the row, within the hooks around that.
pub(in crate::ops) fn execute(
    tx: &mut Tx<'_>,
    write: &mut RecordWrite,
    core: Core<'_>,
) -> Result<(), Error> {
    let [_, row] = places(write.action);
    within(tx, row, write, &mut |tx, write| {
        if write.action != Action::Delete {
            check_kinds(&write.record)?;
        }
        core(tx, write)
    })
}

/// Hooks that come after the checks may set anything, but not what no field of the kind can hold.
fn check_kinds(record: &Record) -> Result<(), Error> {
    for (field, value) in record.fields() {
        let fits = match (value, field.kind.zero()) {
            (Value::Number(number), Value::Number(_)) => number.is_finite(),
            (Value::Json(_), Value::Null) => true,
            (value, zero) => std::mem::discriminant(value) == std::mem::discriminant(&zero),
        };
        if !fits {
            let message = "Invalid or unsupported value type.";
            let rejection =
                Rejection::field(&field.name, "validation_unsupported_value_type", message);
            return Err(rejection.into());
        }
    }
    Ok(())
}

/// Has it told what became of a write.
fn tell_later(
    tx: &mut Tx<'_>,
    write: RecordWrite,
    outcome: Result<(), Error>,
) -> Result<Record, Error> {
    let Some(context) = hooked(tx) else { return outcome.map(|()| write.record) };
    let RecordWrite { action, record, old, caller, .. } = write;
    let (hooks, collection) = (&context.shared.hooks, Some(&**record.collection()));
    let is_failure_wanted = hooks.record_failures(action).wants(collection);
    match outcome {
        Ok(()) => {
            // What is taken back later is a failure.
            if is_failure_wanted || hooks.record_signal(action).wants(collection) {
                let change = RecordChange { action, record: record.clone(), old, caller };
                context.effects.push(Effect::Record(Arc::new(change)));
            }
            Ok(record)
        }
        Err(error) if is_failure_wanted => {
            let (error, seen) = seen(error);
            let failure = RecordFailure { action, record, old, caller, error: seen };
            context.effects.push(Effect::RecordFailed(Arc::new(failure)));
            Err(error)
        }
        Err(error) => Err(error),
    }
}
