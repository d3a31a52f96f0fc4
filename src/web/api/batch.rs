//! `POST /api/batch`: several writes in one request.

mod heed;
mod item;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;

use crate::config::ByteSize;
use crate::ops::Error;
use crate::ops::batch::{Batch, Step};
use crate::ops::hooked::enrich;
use crate::ops::records::RecordView;
use crate::query::Rows;
use crate::settings::{self, Settings};
use crate::web::asking;
use crate::web::middleware::limits::{Client, Limits};
use crate::web::multipart::is_multipart;
use crate::web::upload_form::{self, Form, FormLimits};
use crate::web::{ApiError, FieldsPicker, Reply, Request, State, committed};

use item::{Item, Outer};

const TIMEOUT_SECONDS: u64 = 3;
const TIMEOUT_SECONDS_MAX: u64 = 24 * 60 * 60;
const BODY_MAX: u64 = 128 << 20;

/// `POST /api/batch`
pub(crate) async fn run(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let settings = state.backend.settings();
    if !settings.batch.enabled || settings.batch.max_requests <= 0 {
        return Err(ApiError::forbidden("Batch requests are not allowed."));
    }
    let items = items(&state, &mut request, &settings.batch).await?;
    let items = heed::heeded(&state, request.caller(), items).await?;
    let deadline = Instant::now() + timeout(&settings.batch);

    let snapshot = state.backend.snapshot();
    let (steps, pickers) = steps(&state, &request, &settings, &*snapshot, items);
    let cancelled = Arc::new(AtomicBool::new(false));
    let _cancel = CancelOnDrop(Arc::clone(&cancelled));
    let mut batch = Batch::new(steps, state.backend.rules().clone(), deadline, cancelled);
    batch.heed(state.backend.hooks(), &*snapshot);
    let has_password = batch.has_password(&*snapshot);
    if has_password || batch.has_uploads() {
        let backend = state.backend.clone();
        let prepare = move || {
            batch.prepare(&*snapshot, backend.hasher())?;
            batch.place_files(&*snapshot, &backend)?;
            Ok::<_, Error>(batch)
        };
        let bridge = if has_password { &state.hashing } else { state.file_work() };
        batch = bridge.run(prepare).await?;
    } else {
        drop(snapshot);
    }
    let caller = request.caller();
    let mut outcomes =
        committed(|done| state.backend.submit(move |tx| batch.run(tx), done)).await?;
    state.backend.sweep_soon();
    if enrich::is_wanted(state.backend.hooks()) {
        for view in outcomes.iter_mut().flatten() {
            *view = asking::enriched_one(&state, &caller, view.clone()).await?;
        }
    }
    Ok(Reply::json_text(StatusCode::OK, answers(&state, &outcomes, &pickers)?))
}

/// What the items are to do, and what their answers are to be cut down to.
fn steps(
    state: &State,
    request: &Request,
    settings: &Settings,
    rows: &dyn Rows,
    items: Vec<Item>,
) -> (Vec<Step>, Vec<Option<FieldsPicker>>) {
    let limits = Limits {
        rules: &settings.rate_limits,
        limiter: &state.rate_limiter,
        client: Client::of(request, settings),
    };
    let outer = Outer::new(request, state.backend.rules(), rows, &limits);
    items.into_iter().map(|item| outer.step(item)).unzip()
}

/// Reads and checks the items.
async fn items(
    state: &State,
    request: &mut Request,
    settings: &settings::Batch,
) -> Result<Vec<Item>, ApiError> {
    let unreadable = || ApiError::bad_request("Failed to read the submitted batch data.");
    let size_max = match u64::try_from(settings.max_body_size) {
        Ok(bytes) if bytes > 0 => bytes,
        _ => BODY_MAX,
    };
    let size_max = ByteSize::bytes(size_max);
    let read = if is_multipart(request.header("content-type")) {
        let limits = FormLimits { body: size_max, values: size_max };
        let wants = |key: &str| item::target_of_file(key).is_some();
        upload_form::read(state, request, limits, wants).await
    } else {
        let body = request.body_object_within(size_max).await;
        body.map(|body| Form { body, files: Vec::new() })
    };
    let Form { mut body, files } = read.map_err(|error| match error.status() {
        StatusCode::BAD_REQUEST => unreadable().with_cause(error),
        _ => error,
    })?;
    let items = body.shift_remove("requests").unwrap_or_default();
    let mut items = item::decode(items).map_err(|cause| unreadable().with_cause(cause))?;
    item::distribute(&mut items, files);
    item::check(&items, settings.max_requests).map_err(|violations| {
        ApiError::bad_request("Invalid batch request data.").with_violations(&violations)
    })?;
    Ok(items)
}

fn timeout(settings: &settings::Batch) -> Duration {
    let seconds = u64::try_from(settings.timeout).ok().filter(|seconds| *seconds > 0);
    Duration::from_secs(seconds.unwrap_or(TIMEOUT_SECONDS).min(TIMEOUT_SECONDS_MAX))
}

/// What each step answers, in order.
fn answers(
    state: &State,
    outcomes: &[Option<RecordView>],
    pickers: &[Option<FieldsPicker>],
) -> Result<Vec<u8>, ApiError> {
    let mut out = Vec::with_capacity(2 + outcomes.len() * 512);
    out.push(b'[');
    for (at, (outcome, picker)) in outcomes.iter().zip(pickers).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let Some(view) = outcome else {
            out.extend_from_slice(b"{\"body\":null,\"status\":204}");
            continue;
        };
        out.extend_from_slice(b"{\"body\":");
        let start = out.len();
        state.records.push(&mut out, view);
        if let Some(picker) = picker {
            let mut record = serde_json::from_slice(&out[start..]).map_err(Error::internal)?;
            picker.pick(&mut record);
            out.truncate(start);
            serde_json::to_writer(&mut out, &record).map_err(Error::internal)?;
        }
        out.extend_from_slice(b",\"status\":200}");
    }
    out.push(b']');
    Ok(out)
}

/// Stops a batch when its client goes away, which drops the handler.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
