//! `/api/files`: downloads, thumbs, and tokens for what is protected.

use std::io::{Seek, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    ETAG, HeaderMap, HeaderValue, LAST_MODIFIED, X_FRAME_OPTIONS,
};
use serde_json::json;
use tokio::time::timeout;

use crate::files::{StoredFile, ThumbError};
use crate::hooks::{FileDownload, FileToken};
use crate::ops::Error;
use crate::ops::files::{Download, file_token};
use crate::query::{AuthRow, Rows};
use crate::schema::Record;
use crate::web::asking;
use crate::web::caller::request_of;
use crate::web::file_body::{FileBody, PIECE, read_exact};
use crate::web::middleware::limits::superusers_may_come_from;
use crate::web::range::{Version, Wanted, wanted};
use crate::web::real_ip::real_ip;
use crate::web::{ApiError, Reply, Request, State};

/// How long a download waits for its thumb. Then it gets the whole picture.
const THUMB_PATIENCE: Duration = Duration::from_mins(1);

/// `POST /api/files/token`
pub(crate) async fn token(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    asking::ask(
        &state,
        |hooks| &hooks.files.token,
        || {
            let own = |auth: &AuthRow| Record::from_row(auth.collection.clone(), auth.row.as_row());
            let caller = request.caller();
            Some(FileToken { record: caller.auth().map(own), caller })
        },
    )
    .await?;
    let token = file_token(request.extensions.get::<AuthRow>())?;
    Ok(Reply::json(StatusCode::OK, json!({ "token": token })))
}

/// `GET /api/files/{collection}/{record}/{filename}`
pub(crate) async fn download(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let params = &request.params;
    let path = (params.get("collection"), params.get("record"), params.get("filename"));
    let query = |name: &str| request.query.get(name).unwrap_or("");
    let settings = state.backend.settings();
    let ip = real_ip(&request, &settings);
    // From elsewhere, a superuser's token is nobody's.
    let welcome = |auth: &AuthRow| {
        !auth.collection.is_superusers() || superusers_may_come_from(&settings, ip)
    };
    let download = Download::find(
        &*state.backend.snapshot(),
        state.backend.rules(),
        request_of(&request),
        path,
        (query("token"), welcome),
        query("thumb"),
    )
    .map_err(|error| match error {
        Error::NoCollection => ApiError::not_found("Missing or invalid collection context."),
        other => other.into(),
    })?;
    asking::ask(
        &state,
        |hooks| &hooks.files.download,
        || {
            let collection = state.backend.snapshot().catalog().find(path.0)?.clone();
            let (record_id, name) = (path.1.to_owned(), path.2.to_owned());
            Some(FileDownload { collection, record_id, name, caller: request.caller() })
        },
    )
    .await?;
    let (served, name) = open(&state, &download).await?;
    let is_attachment = matches!(query("download"), "1" | "t" | "T" | "true" | "TRUE" | "True");
    let kind = if is_attachment || !served.stored.content_type.is_inline() {
        "attachment"
    } else {
        "inline"
    };
    let content_type = header(&served.stored.content_type.header(path.2));
    let reply = send(&state, &request.headers, served, content_type).await?;
    Ok(with_headers(reply.with_header(CONTENT_DISPOSITION, disposition(kind, &name))))
}

/// A file that is open, and the part of it that will be sent.
pub(super) struct Served {
    pub(super) stored: StoredFile,
    /// Small files are read at once.
    pub(super) whole: Option<Bytes>,
}

/// Opens the thumb, if there is to be one and it can be made, or else the file; with its name.
async fn open(state: &Arc<State>, download: &Download) -> Result<(Served, String), ApiError> {
    let name = download.location.name();
    if let Some(size) = download.thumb {
        let (backend, location) = (Arc::clone(&state.backend), download.location.clone());
        let making = state.thumbs.run(move || {
            let thumb = backend.files().open_thumb(&location, size)?;
            Ok::<_, ThumbError>(read_small(thumb)?)
        });
        match timeout(THUMB_PATIENCE, making).await {
            Ok(Ok(thumb)) => return Ok((thumb, format!("{size}_{name}"))),
            Ok(Err(error)) => tracing::warn!(name, %size, %error, "no thumb"),
            Err(_) => tracing::warn!(name, %size, "no thumb in time"),
        }
    }
    let (backend, location) = (Arc::clone(&state.backend), download.location.clone());
    let opened = state.blocking.run(move || backend.files().open(&location).and_then(read_small));
    match opened.await {
        Ok(served) => Ok((served, name.to_owned())),
        Err(error) => Err(ApiError::not_found("").with_cause(error)),
    }
}

fn read_small(mut stored: StoredFile) -> std::io::Result<Served> {
    let whole =
        if stored.len <= PIECE { Some(read_exact(&mut stored.file, stored.len)?) } else { None };
    Ok(Served { stored, whole })
}

/// The answer with what the request wants of the file, without the headers about its handling.
pub(super) async fn send(
    state: &State,
    headers: &HeaderMap,
    served: Served,
    content_type: HeaderValue,
) -> Result<Reply, ApiError> {
    let Served { stored: StoredFile { mut file, len, modified, .. }, whole } = served;
    let version = Version::new(len, modified);
    let (status, part) = match wanted(headers, &version, len) {
        Wanted::Whole => (StatusCode::OK, 0..len),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nothing => (StatusCode::NOT_MODIFIED, 0..0),
        Wanted::Other => return Err(ApiError::generic(StatusCode::PRECONDITION_FAILED)),
        Wanted::Impossible => {
            let reply = ApiError::generic(StatusCode::RANGE_NOT_SATISFIABLE).to_reply();
            return Ok(reply.with_header(CONTENT_RANGE, header(&format!("bytes */{len}"))));
        }
    };
    let range = header(&format!("bytes {}-{}/{len}", part.start, part.end.saturating_sub(1)));
    let part_len = part.end - part.start;
    let reply = match whole {
        _ if status == StatusCode::NOT_MODIFIED => Reply::empty(status),
        Some(bytes) => {
            // Small files fit in memory, and so do places in them.
            let part = bytes.slice(part.start as usize..part.end as usize);
            Reply::bytes(status, content_type, part)
        }
        None => {
            let seek = move || file.seek(SeekFrom::Start(part.start)).map(|_| file);
            let file = state.blocking.run(seek).await.map_err(ApiError::internal)?;
            let body = FileBody::new(state.blocking.clone(), file, part_len);
            Reply::stream(status, content_type, body)
        }
    };
    let mut reply = reply
        .with_header(ETAG, header(&version.etag))
        .with_header(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT {
        reply = reply.with_header(CONTENT_RANGE, range);
    }
    if let Some(date) = version.last_modified() {
        reply = reply.with_header(LAST_MODIFIED, header(&date));
    }
    Ok(reply)
}

/// Adds what keeps a browser from running what somebody uploaded.
fn with_headers(reply: Reply) -> Reply {
    const POLICY: &str = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox";
    const CACHE: &str = "max-age=2592000, stale-while-revalidate=86400";
    reply
        .with_header(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))
        .with_header(CACHE_CONTROL, HeaderValue::from_static(CACHE))
        // The policy says it, and other pages may show files in frames.
        .with_header(X_FRAME_OPTIONS, HeaderValue::from_static(""))
}

/// Names that we made are plain; others are escaped.
pub(super) fn disposition(kind: &str, name: &str) -> HeaderValue {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_.*-+=#".contains(&b);
    if name.bytes().all(is_plain) {
        return header(&format!("{kind}; filename={name}"));
    }
    let escaped: String = url::form_urlencoded::byte_serialize(name.as_bytes())
        .collect::<String>()
        .replace('+', "%20");
    header(&format!("{kind}; filename*=UTF-8''{escaped}"))
}

fn header(text: &str) -> HeaderValue {
    // Media types may come from outside.
    HeaderValue::from_str(text)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}
