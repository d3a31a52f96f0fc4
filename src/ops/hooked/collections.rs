//! Writes of collections, with the hooks around them.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::hooks::{Action, Chain, CollectionChange, CollectionWrite, Event, Hooks};
use crate::ops::Error;
use crate::schema::Collection;
use crate::store::Tx;

use super::context::{Context, Effect};
use super::session::Session;

fn place(hooks: &Hooks, action: Action) -> &Chain<CollectionWrite> {
    match action {
        Action::Create => &hooks.collections.create,
        Action::Update => &hooks.collections.update,
        Action::Delete => &hooks.collections.delete,
    }
}

/// Makes of a definition what it returns.
type Core<'c> =
    &'c mut dyn FnMut(&mut Tx<'_>, &Map<String, Json>) -> Result<Arc<Collection>, Error>;

/// Runs `core`, which makes of the definition what it returns, within the hooks around it, and has
/// the change told once it is committed.
pub(in crate::ops) fn write(
    tx: &mut Tx<'_>,
    action: Action,
    definition: &Map<String, Json>,
    collection: Option<&Arc<Collection>>,
    core: Core<'_>,
) -> Result<Arc<Collection>, Error> {
    let shared = tx.attachment::<Context>().map(|context| Arc::clone(&context.shared));
    let Some(shared) = shared else { return core(tx, definition) };
    let chain = place(&shared.hooks, action);
    let written = if chain.wants(collection.map(|collection| &**collection)) {
        let session = Session::new(tx, &shared);
        let (definition, collection) = (definition.clone(), collection.cloned());
        let payload = CollectionWrite { action, definition, collection };
        let mut event = Event::new(payload, &session);
        let mut written = None;
        chain.run(&mut event, &mut |event| {
            written = Some(session.with_tx(|tx| core(tx, &event.definition))?);
            Ok(())
        })?;
        written.ok_or(Error::Stopped)?
    } else {
        core(tx, definition)?
    };
    tell_later(tx, action, &written);
    Ok(written)
}

/// Asks the hooks about one definition of many, and returns what they made of it.
pub(in crate::ops) fn ask(
    tx: &mut Tx<'_>,
    action: Action,
    definition: &Map<String, Json>,
    collection: Option<&Arc<Collection>>,
) -> Result<Map<String, Json>, Error> {
    let shared = tx.attachment::<Context>().map(|context| Arc::clone(&context.shared));
    let Some(shared) = shared else { return Ok(definition.clone()) };
    let chain = place(&shared.hooks, action);
    if !chain.wants(collection.map(|collection| &**collection)) {
        return Ok(definition.clone());
    }
    let session = Session::new(tx, &shared);
    let (definition, collection) = (definition.clone(), collection.cloned());
    let mut event = Event::new(CollectionWrite { action, definition, collection }, &session);
    if chain.ask(&mut event)? { Ok(event.payload.definition) } else { Err(Error::Stopped) }
}

/// Has a change told once it is committed.
pub(in crate::ops) fn tell_later(tx: &mut Tx<'_>, action: Action, collection: &Arc<Collection>) {
    let Some(context) = tx.attachment::<Context>() else { return };
    if context.shared.hooks.collection_signal(action).wants(Some(collection)) {
        let change = CollectionChange { action, collection: Arc::clone(collection) };
        context.effects.push(Effect::Collection(Arc::new(change)));
    }
}
