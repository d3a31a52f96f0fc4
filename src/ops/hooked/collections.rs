//! Writes of collections, with the hooks around them.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::hooks::{
    Action, Chain, CollectionChange, CollectionFailure, CollectionWrite, Event, Hooks,
};
use crate::ops::Error;
use crate::schema::Collection;
use crate::store::Tx;

use super::context::{Effect, hooked, seen};
use super::session::Session;

/// A place where hooks of collections hang.
type Place = fn(&Hooks) -> &Chain<CollectionWrite>;

const VALIDATE: Place = |hooks| &hooks.collections.validate;

/// The places around a whole write, and around what is written alone.
fn places(action: Action) -> [Place; 2] {
    match action {
        Action::Create => {
            [|hooks| &hooks.collections.create, |hooks| &hooks.collections.create_execute]
        }
        Action::Update => {
            [|hooks| &hooks.collections.update, |hooks| &hooks.collections.update_execute]
        }
        Action::Delete => {
            [|hooks| &hooks.collections.delete, |hooks| &hooks.collections.delete_execute]
        }
    }
}

/// Makes something of a definition.
type Making<'m, T> = &'m mut dyn FnMut(&mut Tx<'_>, &Map<String, Json>) -> Result<T, Error>;

/// A write of one collection under way: what its hooks see.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) struct Write<'w> {
    action: Action,
    definition: &'w Map<String, Json>,
    collection: Option<&'w Arc<Collection>>,
}

impl<'w> Write<'w> {
    /// What is to be done with `definition` to `collection`, if there is one already.
    pub(in crate::ops) fn new(
        action: Action,
        definition: &'w Map<String, Json>,
        collection: Option<&'w Arc<Collection>>,
    ) -> Self {
        Self { action, definition, collection }
    }

    /// Checks it by `check`, within the hooks around that.
    pub(in crate::ops) fn check<T>(
        &self,
        tx: &mut Tx<'_>,
        check: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut check = Some(check);
        self.within(tx, VALIDATE, &mut |tx, _| check.take().ok_or(Error::Stopped)?(tx))
    }

    /// Carries it out by `execute`, within the hooks around that.
    pub(in crate::ops) fn execute<T>(
        &self,
        tx: &mut Tx<'_>,
        execute: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let [_, place] = places(self.action);
        let mut execute = Some(execute);
        self.within(tx, place, &mut |tx, _| execute.take().ok_or(Error::Stopped)?(tx))
    }

    /// Runs `core` with the definition as the hooks of `place` left it. Fails when one of them did
    /// not let it run.
    fn within<T>(&self, tx: &mut Tx<'_>, place: Place, core: Making<'_, T>) -> Result<T, Error> {
        let shared = hooked(tx).map(|context| Arc::clone(&context.shared));
        let wants =
            |hooks: &Hooks| place(hooks).wants(self.collection.map(|collection| &**collection));
        let Some(shared) = shared.filter(|shared| wants(&shared.hooks)) else {
            return core(tx, self.definition);
        };
        let session = Session::new(tx, &shared);
        let (definition, collection) = (self.definition.clone(), self.collection.cloned());
        let payload = CollectionWrite { action: self.action, definition, collection };
        let mut event = Event::new(payload, &session);
        let mut done = None;
        place(&shared.hooks).run(&mut event, &mut |event| {
            done = Some(session.with_tx(|tx| core(tx, &event.definition))?);
            Ok(())
        })?;
        done.ok_or(Error::Stopped)
    }

    /// Has it told that it came to nothing because of `error`.
    fn failed(&self, tx: &mut Tx<'_>, error: Error) -> Error {
        let Some(context) = hooked(tx) else { return error };
        let failures = context.shared.hooks.collection_failures(self.action);
        if !failures.wants(self.collection.map(|collection| &**collection)) {
            return error;
        }
        let (error, seen) = seen(error);
        let (definition, collection) = (self.definition.clone(), self.collection.cloned());
        let failure =
            CollectionFailure { action: self.action, definition, collection, error: seen };
        context.effects.push(Effect::CollectionFailed(Arc::new(failure)));
        error
    }
}

/// Makes a collection of a definition.
type Core<'c> = Making<'c, Arc<Collection>>;

/// Runs `core`, which makes of the definition what it returns, within the hooks around it, and has
/// told what became of it.
pub(in crate::ops) fn write(
    tx: &mut Tx<'_>,
    action: Action,
    definition: &Map<String, Json>,
    collection: Option<&Arc<Collection>>,
    core: Core<'_>,
) -> Result<Arc<Collection>, Error> {
    let write = Write::new(action, definition, collection);
    let [whole, _] = places(action);
    match write.within(tx, whole, core) {
        Ok(written) => {
            tell_later(tx, action, &written);
            Ok(written)
        }
        Err(error) => Err(write.failed(tx, error)),
    }
}

/// Asks the hooks about one definition of many, and returns what they made of it.
pub(in crate::ops) fn ask(
    tx: &mut Tx<'_>,
    action: Action,
    definition: &Map<String, Json>,
    collection: Option<&Arc<Collection>>,
) -> Result<Map<String, Json>, Error> {
    let [whole, row] = places(action);
    let write = Write::new(action, definition, collection);
    let heed = &mut |_: &mut Tx<'_>, definition: &Map<String, Json>| Ok(definition.clone());
    let outcome = write.within(tx, whole, heed).and_then(|definition| {
        let write = Write::new(action, &definition, collection);
        for place in [VALIDATE, row] {
            write.within(tx, place, &mut |_, _| Ok(()))?;
        }
        Ok(definition)
    });
    outcome.map_err(|error| write.failed(tx, error))
}

/// Has a change told once its fate is known.
pub(in crate::ops) fn tell_later(tx: &mut Tx<'_>, action: Action, collection: &Arc<Collection>) {
    let Some(context) = hooked(tx) else { return };
    let hooks = &context.shared.hooks;
    if hooks.collection_signal(action).wants(Some(collection))
        || hooks.collection_failures(action).wants(Some(collection))
    {
        let change = CollectionChange { action, collection: Arc::clone(collection) };
        context.effects.push(Effect::Collection(Arc::new(change)));
    }
}
