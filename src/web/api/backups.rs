//! `/api/backups`, for superusers only.

use std::sync::Arc;

use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, HeaderValue};
use serde_json::{Map, Value as Json, json};

use crate::config::ByteSize;
use crate::model::Timestamp;
use crate::ops::backups::{Kind, Listed, moment};
use crate::query::AuthRow;
use crate::web::caller::superuser_of;
use crate::web::middleware::limits::superusers_may_come_from;
use crate::web::real_ip::real_ip;
use crate::web::upload_form::{self, FormLimits};
use crate::web::{ApiError, Reply, Request, State};

use super::files::{Served, disposition, send};

/// What a backup that is sent to us may have at most, in MiB: as much as the disk.
const UPLOAD_MIB_MAX: u64 = 1 << 30;
/// What else may be in its form.
const VALUES_MIB_MAX: u64 = 1;

/// `GET /api/backups`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let (backups, backend) = (Arc::clone(&state.backups), Arc::clone(&state.backend));
    let items = state.transfers.run(move || backups.list(&backend)).await?;
    let items = items.into_iter().map(|Listed { item, about }| {
        let since = item.modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let modified = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(0));
        let mut json =
            json!({ "modified": modified.to_string(), "key": item.key, "size": item.size });
        if let Some(about) = about {
            let kind = if about.base().is_some() { "incremental" } else { "full" };
            json["kind"] = kind.into();
            json["base"] = about.base().into();
            json["at"] = about.at().map(|at| at.to_string()).into();
            json["sequence"] = about.change().into();
        }
        json
    });
    Ok(Reply::json(StatusCode::OK, items.collect()))
}

/// `POST /api/backups`
pub(crate) async fn create(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = request.body_object().await?;
    let name = match body.get("name") {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(name)) => name.clone(),
        Some(_) => return Err(ApiError::bad_request("").with_cause("name is malformed")),
    };
    let kind = kind(&body)?;
    let (backups, backend) = (Arc::clone(&state.backups), Arc::clone(&state.backend));
    state.transfers.run(move || backups.create(&backend, &name, &kind)).await?;
    Ok(Reply::no_content())
}

/// What the backup is to hold: `base` names what an increment builds on, `incremental` takes the newest.
fn kind(body: &Map<String, Json>) -> Result<Kind, ApiError> {
    let malformed = |name: &str| {
        let cause = format!("{name} is malformed");
        ApiError::bad_request("").with_cause(cause)
    };
    match body.get("base") {
        None | Some(Json::Null) => {}
        Some(Json::String(base)) if base.is_empty() => {}
        Some(Json::String(base)) => return Ok(Kind::IncrementOn(base.clone())),
        Some(_) => return Err(malformed("base")),
    }
    match body.get("incremental") {
        None | Some(Json::Null | Json::Bool(false)) => Ok(Kind::Full),
        Some(Json::Bool(true)) => Ok(Kind::Increment),
        Some(_) => Err(malformed("incremental")),
    }
}

/// `POST /api/backups/upload`
pub(crate) async fn upload(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let limits = FormLimits {
        body: ByteSize::mebibytes(UPLOAD_MIB_MAX),
        values: ByteSize::mebibytes(VALUES_MIB_MAX),
    };
    let is_form = request.header("content-type").is_some_and(|media_type| {
        media_type.to_ascii_lowercase().starts_with("multipart/form-data")
    });
    let file = if is_form {
        let form = upload_form::read(&state, &mut request, limits, |key| key == "file").await?;
        form.files.into_iter().next()
    } else {
        None
    };
    let (backups, backend) = (Arc::clone(&state.backups), Arc::clone(&state.backend));
    state.transfers.run(move || backups.adopt(&backend, file)).await?;
    Ok(Reply::no_content())
}

/// `GET /api/backups/{key}`, with the file token of a superuser as `token`.
pub(crate) async fn download(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let key = request.params.get("key").to_owned();
    let token = request.query.get("token").unwrap_or_default().to_owned();
    let settings = state.backend.settings();
    let ip = real_ip(&request, &settings);
    let (backups, backend) = (Arc::clone(&state.backups), Arc::clone(&state.backend));
    let open = {
        let key = key.clone();
        move || {
            let welcome = |_: &AuthRow| superusers_may_come_from(&settings, ip);
            backups.open(&backend, &*backend.snapshot(), &key, &token, welcome)
        }
    };
    let stored = state.transfers.run(open).await?;
    let content_type = HeaderValue::from_static("application/zip");
    let served = Served { stored, whole: None, variant: "" };
    let reply = send(&state, &request.headers, served, content_type).await?;
    Ok(reply.with_header(CONTENT_DISPOSITION, disposition("attachment", &key)))
}

/// `DELETE /api/backups/{key}`
pub(crate) async fn delete(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let (backups, key) = (Arc::clone(&state.backups), request.params.get("key").to_owned());
    let backend = Arc::clone(&state.backend);
    state.transfers.run(move || backups.delete(&backend, &key)).await?;
    Ok(Reply::no_content())
}

/// `POST /api/backups/{key}/restore`, with `until` when it is not to be the state at its end.
pub(crate) async fn restore(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let until = moment(request.body_object().await?.get("until"))?;
    let (backups, key) = (Arc::clone(&state.backups), request.params.get("key").to_owned());
    let backend = Arc::clone(&state.backend);
    state.transfers.run(move || backups.restore(&backend, &key, until)).await?;
    Ok(Reply::no_content())
}
