//! `/api/collections/{collection}/records`

use std::sync::Arc;

use http::StatusCode;
use http::header::{ETAG, HeaderValue};
use serde_json::{Map, Value as Json};

use crate::access::{Caller, Gate};
use crate::config::{ByteSize, Live};
use crate::hooks::RequestAction;
use crate::ops::Error;
use crate::ops::files::{Upload, take_resumed};
use crate::ops::records::{
    DeleteRecord, Enricher, Expand, IDEMPOTENCY_KEY_BYTES_MAX, Intent, ListParams, Listing,
    Precondition, RecordView, Version, WriteRecord, Written, collection_of, view,
};
use crate::ops::views::Reading;
use crate::schema::{Collection, Field, FieldKind};
use crate::web::asking;
use crate::web::caller::caller_of;
use crate::web::multipart::is_multipart;
use crate::web::upload_form::{self, FormLimits};
use crate::web::{ApiError, Reply, Request, State, committed};

/// `GET …/records`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    asking::about_records(&state, &request, RequestAction::List, Map::new()).await?;
    let live = state.live.load();
    let rows_max = Some(live.scan_rows_max);
    let slow = live.slow_query.map(|after| (after, Arc::clone(state.backend.slow_log())));
    drop(live);
    let params = ListParams { rows_max, slow, ..list_params(&request)? };
    let caller = caller_of(&request);
    let listing = Listing::open(
        state.backend.reading(),
        state.backend.rules().clone(),
        Arc::clone(&caller),
        request.params.get("collection"),
        params,
    )?;
    let mut page = match listing.run_if_short() {
        Some(page) => page?,
        None => state.blocking.run(move || listing.run()).await?,
    };
    page.records = asking::enriched(&state, &caller, page.records).await?;
    Ok(Reply::json_wire(StatusCode::OK, state.records.page(&page)).into_page())
}

/// `GET …/records/{id}`
pub(crate) async fn get(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    asking::about_records(&state, &request, RequestAction::View, Map::new()).await?;
    let reading = state.backend.reading();
    let caller = caller_of(&request);
    let collection = collection_of(&reading, request.params.get("collection"))?;
    let (id, expand) = (request.params.get("id"), expand_of(&request));
    let gate = Gate::new(&reading, state.backend.rules(), &caller);
    let record = match view(gate, &collection, id, expand) {
        Err(Error::ViewNotReady(_)) => {
            let (backend, reading) = (Arc::clone(&state.backend), reading.at_leisure());
            let (id, expand) = (id.to_owned(), expand.to_owned());
            let caller = Arc::clone(&caller);
            let view_at_leisure = move || {
                view(Gate::new(&reading, backend.rules(), &caller), &collection, &id, &expand)
            };
            state.blocking.run(view_at_leisure).await?
        }
        viewed => viewed?,
    };
    let record = asking::enriched_one(&state, &caller, record).await?;
    let mut text = Vec::with_capacity(1024);
    state.records.push(&mut text, &record);
    Ok(with_version(Reply::json_wire(StatusCode::OK, text), &record))
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
    asking::about_records(&state, &request, RequestAction::Delete, Map::new()).await?;
    let delete = DeleteRecord::new(
        caller_of(&request),
        state.backend.rules().clone(),
        request.params.get("collection"),
        request.params.get("id"),
    )
    .only_if(precondition_of(&request));
    committed(|done| state.backend.submit(move |tx| delete.run(tx), done)).await?;
    state.backend.sweep_soon();
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
    let limits = form_limits(&state.live.load(), &collection);
    let intent = intent(request.params.get("id").to_owned());
    let caller = caller_of(&request);
    let (body, uploads) = if is_multipart(request.header("content-type")) {
        may_begin(&Gate::new(&*snapshot, state.backend.rules(), &caller), &collection, &intent)?;
        // Files may take minutes to arrive.
        drop(snapshot);
        let wants = |key: &str| collection.fields.iter().any(|field| takes_file(field, key));
        let form = Box::pin(upload_form::read(state, &mut request, limits, wants)).await?;
        (form.body, form.files)
    } else {
        drop(snapshot);
        (request.body_object_within(limits.values).await?, Vec::new())
    };
    let action = match intent {
        Intent::Create => RequestAction::Create,
        Intent::Update { .. } | Intent::Replace { .. } => RequestAction::Update,
    };
    let body = asking::about_records(state, &request, action, body).await?;
    let (body, uploads) = with_resumed(state, &caller, &collection, &intent, body, uploads).await?;
    let mut write = WriteRecord::new(
        caller.clone(),
        state.backend.rules().clone(),
        collection.id.as_str(),
        intent,
        body,
    )
    .with_uploads(uploads)
    .only_if(precondition_of(&request))
    .once(idempotency_key_of(&request)?);
    let snapshot = state.backend.snapshot();
    write.heed(state.backend.hooks(), &*snapshot);
    let has_password = write.has_password(&*snapshot);
    if has_password || write.has_uploads() {
        let backend = state.backend.clone();
        let prepare = move || {
            write.prepare(&*snapshot, backend.hasher())?;
            write.place_files(&*snapshot, &backend)?;
            Ok::<_, Error>(write)
        };
        let bridge = if has_password { &state.hashing } else { state.file_work() };
        write = bridge.run(prepare).await?;
    } else {
        drop(snapshot);
    }
    let written = committed(|done| state.backend.submit(move |tx| write.run(tx), done)).await?;
    if collection.fields.iter().any(|field| matches!(field.kind, FieldKind::File(_))) {
        state.backend.sweep_soon();
    }
    reply(state, caller, written, expand_of(&request)).await
}

/// The body and the files, with uploads that came in pieces among the files.
async fn with_resumed(
    state: &State,
    caller: &Arc<Caller>,
    collection: &Arc<Collection>,
    intent: &Intent,
    mut body: Map<String, Json>,
    mut uploads: Vec<Upload>,
) -> Result<(Map<String, Json>, Vec<Upload>), Error> {
    let is_file = |key: &String| collection.fields.iter().any(|field| takes_file(field, key));
    if !body.keys().any(is_file) {
        return Ok((body, uploads));
    }
    let (caller, collection) = (Arc::clone(caller), Arc::clone(collection));
    let record = match intent {
        Intent::Create => None,
        Intent::Update { id } | Intent::Replace { id } => Some(id.clone()),
    };
    let backend = Arc::clone(&state.backend);
    let take = move || {
        let record = record.as_deref();
        let resumed = take_resumed(&backend, &caller, &collection, record, &mut body)?;
        uploads.extend(resumed);
        Ok((body, uploads))
    };
    state.blocking.run(take).await
}

/// Whether it is worth reading the files of a write: a caller who may write nothing gets to know
/// before they fill the disk.
fn may_begin(gate: &Gate<'_>, collection: &Collection, intent: &Intent) -> Result<(), Error> {
    if collection.is_view() {
        return Err(Error::ViewIsReadOnly);
    }
    let rules = &collection.rules;
    let rule = match intent {
        Intent::Update { .. } => &rules.update,
        Intent::Replace { .. } if rules.update.is_some() => &rules.update,
        Intent::Create | Intent::Replace { .. } => &rules.create,
    };
    Ok(gate.has_rule(rule.as_deref())?)
}

/// Whether a file sent under `key` is for this field.
pub(super) fn takes_file(field: &Field, key: &str) -> bool {
    matches!(field.kind, FieldKind::File(_)) && Upload::is_meant_for(key, field)
}

/// The saved record as the caller may see it.
async fn reply(
    state: &Arc<State>,
    caller: Arc<Caller>,
    written: Written,
    expand: &str,
) -> Result<Reply, ApiError> {
    let (backend, expand) = (Arc::clone(&state.backend), Expand::parse(expand));
    let reading = backend.reading();
    let viewer = Arc::clone(&caller);
    let enrich = move |reading: &Reading| {
        let gate = Gate::new(reading, backend.rules(), &caller);
        Enricher::new(gate).view(&written.collection, written.row.clone(), expand.as_ref())
    };
    let record = match enrich(&reading) {
        Err(Error::ViewNotReady(_)) => {
            state.blocking.run(move || enrich(&reading.at_leisure())).await
        }
        enriched => enriched,
    };
    let record = record.map_err(Error::internal)?;
    let record = asking::enriched_one(state, &viewer, record).await?;
    let mut text = Vec::with_capacity(1024);
    state.records.push(&mut text, &record);
    Ok(with_version(Reply::json_wire(StatusCode::OK, text), &record))
}

/// The record's version as an entity tag, for `If-Match`.
fn with_version(reply: Reply, record: &RecordView) -> Reply {
    match HeaderValue::from_bytes(&Version::of(&record.row).tag()) {
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

/// The limits of a record's body: the general one, and what its large fields may hold besides.
pub(super) fn form_limits(live: &Live, collection: &Collection) -> FormLimits {
    const EDITOR: u64 = 5 << 20;
    const JSON: u64 = 1 << 20;
    let or_default =
        |size: i64, default: u64| u64::try_from(size).ok().filter(|s| *s > 0).unwrap_or(default);
    let (mut body, mut values) = (live.body_size_max.get(), live.body_size_max.get());
    for field in &collection.fields {
        let (of_files, of_values) = match &field.kind {
            FieldKind::File(options) => (Upload::total_size_max(options), 0),
            FieldKind::Editor(options) => (0, or_default(options.max_size, EDITOR)),
            FieldKind::Json(options) => (0, or_default(options.max_size, JSON)),
            _ => (0, 0),
        };
        values = values.saturating_add(of_values);
        body = body.saturating_add(of_values).saturating_add(of_files);
    }
    FormLimits { body: ByteSize::bytes(body), values: ByteSize::bytes(values) }
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
        slow: None,
    })
}
