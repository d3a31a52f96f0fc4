//! What hooks make of a batch before it begins.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::access::Caller;
use crate::hooks::{BatchCall, Event, RequestAction, RequestCall};
use crate::ops::Error;
use crate::ops::hooked::LiveData;
use crate::query::{Context, Rows};
use crate::web::asking;
use crate::web::{ApiError, State};

use super::item::Item;

/// The items as the hooks about batches, and about each request in them, want them. All are asked
/// before the transaction begins, so none sees what an earlier item does.
pub(super) async fn heeded(
    state: &Arc<State>,
    caller: Arc<Caller>,
    mut items: Vec<Item>,
) -> Result<Vec<Item>, ApiError> {
    if state.backend.hooks().is_empty() {
        return Ok(items);
    }
    let make = || {
        let requests = items.iter().map(Item::to_json).collect();
        Some(BatchCall { requests, caller: Arc::clone(&caller) })
    };
    if let Some(call) = asking::ask(state, |hooks| &hooks.batch, make).await? {
        for (item, json) in items.iter_mut().zip(call.requests) {
            item.become_like(json).map_err(ApiError::internal)?;
        }
    }
    let within = Arc::new(caller.within(Context::Batch));
    let calls: Vec<_> = items.iter().map(|item| call_of(state, item, &within)).collect();
    if calls.iter().all(Option::is_none) {
        return Ok(items);
    }
    let backend = Arc::clone(&state.backend);
    let asked = state.blocking.run(move || {
        let data = LiveData::new(Arc::clone(&backend), Arc::new(Caller::system()));
        let ask = |call: RequestCall| {
            let chain = backend.hooks().request(call.action);
            let mut event = Event::new(call, &data);
            if chain.ask(&mut event)? { Ok(event.payload.body) } else { Err(Error::Stopped) }
        };
        let ask = |(index, call): (usize, Option<RequestCall>)| {
            let failed = |cause| Error::BatchStep { index, cause: Box::new(cause) };
            call.map(ask).transpose().map_err(failed)
        };
        calls.into_iter().enumerate().map(ask).collect::<Result<Vec<_>, _>>()
    });
    for (item, body) in items.iter_mut().zip(asked.await?) {
        if let Some(body) = body {
            item.body = Some(body);
        }
    }
    Ok(items)
}

/// What the hooks about requests see of an item; `None` when none has anything to say about it.
fn call_of(state: &State, item: &Item, caller: &Arc<Caller>) -> Option<RequestCall> {
    let snapshot = state.backend.snapshot();
    let (collection, mut action, mut id) = item.aim()?;
    let collection = snapshot.catalog().find(collection)?.clone();
    let body = item.body.clone().unwrap_or_default();
    if item.is_upsert() {
        let named = body.get("id").and_then(Json::as_str).unwrap_or_default();
        if matches!(snapshot.find(&collection, named), Ok(Some(_))) {
            (action, id) = (RequestAction::Update, named);
        }
    }
    if !state.backend.hooks().request(action).wants(Some(&collection)) {
        return None;
    }
    let id = id.to_owned();
    Some(RequestCall { action, collection, id, body, caller: Arc::clone(caller) })
}
