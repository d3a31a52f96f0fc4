//! Hooks around requests: asked on a thread that may block, before anything is done.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{ApiError, BoxFuture, Request, State};
use crate::access::Caller;
use crate::hooks::{
    AuthAction, AuthCall, Chain, CollectionAction, CollectionCall, Event, Hooks, Payload,
    RequestAction, RequestCall,
};
use crate::ops::Error;
use crate::ops::hooked::{LiveData, enrich};
use crate::ops::records::RecordView;
use crate::query::Rows;
use crate::schema::Record;

/// An answer of hooks that is waited for. It holds nothing of the request, which cannot be shared.
type Heard<T> = BoxFuture<'static, Result<T, ApiError>>;

/// Asks the hooks of `chain` about what `make` makes, and returns what they made of it; `None` when
/// no hook has anything to say about it.
pub(super) fn ask<P: Payload>(
    state: &Arc<State>,
    chain: impl Fn(&Hooks) -> &Chain<P> + Send + 'static,
    make: impl FnOnce() -> Option<P>,
) -> Heard<Option<P>> {
    let hooks = state.backend.hooks();
    let wanted = if hooks.is_empty() { None } else { make() };
    let wanted = wanted.filter(|payload| chain(hooks).wants(payload.collection()));
    let Some(payload) = wanted else { return Box::pin(async { Ok(None) }) };
    let state = Arc::clone(state);
    Box::pin(async move {
        let backend = Arc::clone(&state.backend);
        let asked = state.blocking.run(move || {
            let data = LiveData::new(Arc::clone(&backend), Arc::new(Caller::system()));
            let mut event = Event::new(payload, &data);
            let passed = chain(backend.hooks()).ask(&mut event)?;
            if passed { Ok(event.payload) } else { Err(Error::Stopped) }
        });
        Ok(Some(asked.await?))
    })
}

/// Asks about a request of the records API. Returns the body as the hooks left it.
pub(super) fn about_records(
    state: &Arc<State>,
    request: &Request,
    action: RequestAction,
    body: Map<String, Json>,
) -> Heard<Map<String, Json>> {
    let mut sent = Some(body);
    let asked = ask(
        state,
        move |hooks| hooks.request(action),
        || {
            // The use case says what is wrong when there is no such collection.
            let snapshot = state.backend.snapshot();
            let collection = snapshot.catalog().find(request.params.get("collection"))?.clone();
            let (id, caller) = (request.params.get("id").to_owned(), request.caller());
            let body = sent.clone().unwrap_or_default();
            Some(RequestCall { action, collection, id, body, caller })
        },
    );
    Box::pin(async move {
        let call = asked.await?;
        Ok(call.map(|call| call.body).or(sent.take()).unwrap_or_default())
    })
}

/// Asks about a request of the API of collections. Returns the body as the hooks left it.
pub(super) fn about_collections(
    state: &Arc<State>,
    request: &Request,
    action: CollectionAction,
    body: Map<String, Json>,
) -> Heard<Map<String, Json>> {
    let mut sent = Some(body);
    let asked = ask(
        state,
        move |hooks| hooks.collection_request(action),
        || {
            let name = request.params.get("collection");
            let collection = state.backend.snapshot().catalog().find(name).cloned();
            if collection.is_none() && !name.is_empty() {
                // The use case says what is wrong when there is no such collection.
                return None;
            }
            let (body, caller) = (sent.clone().unwrap_or_default(), request.caller());
            Some(CollectionCall { action, collection, body, caller })
        },
    );
    Box::pin(async move {
        let call = asked.await?;
        Ok(call.map(|call| call.body).or(sent.take()).unwrap_or_default())
    })
}

/// Asks about a request that has to do with an account. Returns the body as the hooks left it.
pub(super) fn about_account(
    state: &Arc<State>,
    request: &Request,
    action: AuthAction,
    body: Map<String, Json>,
) -> Heard<Map<String, Json>> {
    let mut sent = Some(body);
    let asked = ask(
        state,
        move |hooks| hooks.auth(action),
        || {
            let snapshot = state.backend.snapshot();
            let collection = snapshot.catalog().find(request.params.get("collection"))?.clone();
            let caller = request.caller();
            let own = caller.auth().filter(|_| action == AuthAction::Refresh);
            let record =
                own.map(|auth| Record::from_row(auth.collection.clone(), auth.row.as_row()));
            let body = sent.clone().unwrap_or_default();
            Some(AuthCall { action, collection, body, record, caller })
        },
    );
    Box::pin(async move {
        let call = asked.await?;
        Ok(call.map(|call| call.body).or(sent.take()).unwrap_or_default())
    })
}

/// Lets hooks decide how records are shown to `caller`.
pub(super) fn enriched(
    state: &Arc<State>,
    caller: &Arc<Caller>,
    mut views: Vec<RecordView>,
) -> Heard<Vec<RecordView>> {
    if !enrich::is_wanted(state.backend.hooks()) {
        return Box::pin(async { Ok(views) });
    }
    let (state, caller) = (Arc::clone(state), Arc::clone(caller));
    Box::pin(async move {
        let backend = Arc::clone(&state.backend);
        let enriched = state.blocking.run(move || {
            for view in &mut views {
                enrich::enrich(&*backend, &caller, view)?;
            }
            Ok::<_, Error>(views)
        });
        Ok(enriched.await?)
    })
}

/// Lets hooks decide how one record is shown to `caller`.
pub(super) async fn enriched_one(
    state: &Arc<State>,
    caller: &Arc<Caller>,
    view: RecordView,
) -> Result<RecordView, ApiError> {
    let views = enriched(state, caller, vec![view]).await?;
    views.into_iter().next().ok_or_else(|| ApiError::internal("one record became none"))
}
