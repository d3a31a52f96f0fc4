//! `/api/collections/{collection}/records`

use std::sync::Arc;

use http::StatusCode;
use http::header::{ETAG, HeaderValue};

use crate::access::{Caller, Gate};
use crate::config::{ByteSize, Live};
use crate::ops::records::{
    DeleteRecord, Enricher, Expand, IDEMPOTENCY_KEY_BYTES_MAX, Intent, ListParams, Listing,
    Precondition, RecordView, Version, WriteRecord, Written, collection_of, view,
};
use crate::ops::{Backend, Error};
use crate::schema::{Collection, FieldKind};
use crate::web::caller::caller_of;
use crate::web::{ApiError, Reply, Request, State, committed};

/// `GET …/records`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let rows_max = Some(state.live.load().scan_rows_max);
    let params = ListParams { rows_max, ..list_params(&request)? };
    let listing = Listing::open(
        state.backend.snapshot(),
        state.backend.rules().clone(),
        caller_of(&request),
        request.params.get("collection"),
        params,
    )?;
    let page = match listing.run_if_short() {
        Some(page) => page?,
        None => state.blocking.run(move || listing.run()).await?,
    };
    Ok(Reply::json_text(StatusCode::OK, state.records.page(&page)).into_page())
}

/// `GET …/records/{id}`
pub(crate) async fn get(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let snapshot = state.backend.snapshot();
    let caller = caller_of(&request);
    let collection = collection_of(&*snapshot, request.params.get("collection"))?;
    let gate = Gate::new(&*snapshot, state.backend.rules(), &caller);
    let record = view(gate, &collection, request.params.get("id"), expand_of(&request))?;
    let mut text = Vec::with_capacity(1024);
    state.records.push(&mut text, &record);
    Ok(with_version(Reply::json_text(StatusCode::OK, text), &record))
}

/// `POST …/records`
pub(crate) async fn create(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    write(&state, request, |_| Intent::Create).await
}

/// `PATCH …/records/{id}`
pub(crate) async fn update(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    write(&state, request, |id| Intent::Update { id }).await
}

/// `PUT …/records/{id}`
pub(crate) async fn replace(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    write(&state, request, |id| Intent::Replace { id }).await
}

/// `DELETE …/records/{id}`
pub(crate) async fn delete(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let delete = DeleteRecord::new(
        caller_of(&request),
        state.backend.rules().clone(),
        request.params.get("collection"),
        request.params.get("id"),
    )
    .only_if(precondition_of(&request));
    committed(|done| state.backend.submit(move |tx| delete.run(tx), done)).await?;
    Ok(Reply::no_content())
}

async fn write(
    state: &Arc<State>,
    mut request: Request,
    intent: impl FnOnce(String) -> Intent,
) -> Result<Reply, ApiError> {
    let snapshot = state.backend.snapshot();
    let collection = collection_of(&*snapshot, request.params.get("collection"))
        .map_err(|_| ApiError::not_found("Missing or invalid collection context."))?;
    let size_max = body_size_max(&state.live.load(), &collection);
    let body = request.body_object_within(size_max).await?;
    let caller = caller_of(&request);
    let mut write = WriteRecord::new(
        caller.clone(),
        state.backend.rules().clone(),
        collection.id.as_str(),
        intent(request.params.get("id").to_owned()),
        body,
    )
    .only_if(precondition_of(&request))
    .once(idempotency_key_of(&request)?);
    if write.has_password(&*snapshot) {
        let backend = state.backend.clone();
        write = state
            .hashing
            .run(move || write.prepare(&*snapshot, backend.hasher()).map(|()| write))
            .await?;
    } else {
        drop(snapshot);
    }
    let written = committed(|done| state.backend.submit(move |tx| write.run(tx), done)).await?;
    reply(state, &caller, written, expand_of(&request))
}

/// The saved record as the caller may see it.
fn reply(
    state: &State,
    caller: &Arc<Caller>,
    written: Written,
    expand: &str,
) -> Result<Reply, ApiError> {
    let snapshot = state.backend.snapshot();
    let backend: &Backend = &state.backend;
    let gate = Gate::new(&*snapshot, backend.rules(), caller);
    let record = Enricher::new(gate)
        .view(&written.collection, written.row, Expand::parse(expand).as_ref())
        .map_err(Error::internal)?;
    let mut text = Vec::with_capacity(1024);
    state.records.push(&mut text, &record);
    Ok(with_version(Reply::json_text(StatusCode::OK, text), &record))
}

/// The record's version as an entity tag, for `If-Match`.
fn with_version(reply: Reply, record: &RecordView) -> Reply {
    match HeaderValue::from_str(&Version::of(&record.row).to_string()) {
        Ok(tag) => reply.with_header(ETAG, tag),
        Err(_) => reply,
    }
}

fn precondition_of(request: &Request) -> Precondition {
    Precondition::parse(request.header("if-match"))
}

fn idempotency_key_of(request: &Request) -> Result<Option<String>, ApiError> {
    match request.header("idempotency-key") {
        None => Ok(None),
        Some(key) if (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()) => {
            Ok(Some(key.to_owned()))
        }
        Some(_) => Err(ApiError::bad_request("Invalid Idempotency-Key header.")),
    }
}

/// The limit of a record's body: the general one, and what its large fields may hold besides.
fn body_size_max(live: &Live, collection: &Collection) -> ByteSize {
    const EDITOR: u64 = 5 << 20;
    const JSON: u64 = 1 << 20;
    let or_default =
        |size: i64, default: u64| u64::try_from(size).ok().filter(|s| *s > 0).unwrap_or(default);
    let fields = collection.fields.iter().map(|field| match &field.kind {
        FieldKind::Editor(options) => or_default(options.max_size, EDITOR),
        FieldKind::Json(options) => or_default(options.max_size, JSON),
        _ => 0,
    });
    ByteSize::bytes(fields.fold(live.body_size_max.get(), u64::saturating_add))
}

pub(super) fn expand_of(request: &Request) -> &str {
    request.query.get("expand").unwrap_or("")
}

/// The parameters that lists of records and of collections share.
pub(super) fn list_params(request: &Request) -> Result<ListParams, ApiError> {
    let text = |name: &str| request.query.get(name).unwrap_or("");
    let number = |name: &str| match text(name) {
        "" => Ok(0),
        digits => digits
            .parse::<i64>()
            .map_err(|_| ApiError::bad_request("").with_cause(format!("{name} is no number"))),
    };
    let skip_total = match text("skipTotal") {
        "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => false,
        "1" | "t" | "T" | "TRUE" | "true" | "True" => true,
        _ => return Err(ApiError::bad_request("").with_cause("skipTotal is no bool")),
    };
    Ok(ListParams {
        page: number("page")?,
        per_page: number("perPage")?,
        skip_total,
        filter: text("filter").to_owned(),
        sort: text("sort").to_owned(),
        expand: text("expand").to_owned(),
        rows_max: None,
    })
}
