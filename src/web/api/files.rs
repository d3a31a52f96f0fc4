//! `/api/files`: downloads, thumbs, and tokens for what is protected.

use std::io;
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

use crate::files::{StoredFile, Thumb, ThumbError};
use crate::hooks::{FileDownload, FileToken};
use crate::ops::Error;
use crate::ops::files::{Download, ThumbRequest, file_token};
use crate::ops::views::Reading;
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
    let question = question(&state, &request);
    let collection = request.params.get("collection").to_owned();
    let download = answer(&state, collection, question).await?;
    asking::ask(
        &state,
        |hooks| &hooks.files.download,
        || {
            let params = &request.params;
            let collection = params.get("collection");
            let collection = state.backend.snapshot().catalog().find(collection)?.clone();
            let record_id = params.get("record").to_owned();
            let name = params.get("filename").to_owned();
            Some(FileDownload { collection, record_id, name, caller: request.caller() })
        },
    )
    .await?;
    let (served, name) = open(&state, &download).await?;
    let query = |name: &str| request.query.get(name).unwrap_or("");
    let is_attachment = matches!(query("download"), "1" | "t" | "T" | "true" | "TRUE" | "True");
    let kind = if is_attachment || !served.stored.content_type.is_inline() {
        "attachment"
    } else {
        "inline"
    };
    let content_type = header(&served.stored.content_type.header(download.location.name()));
    let reply = send(&state, &request.headers, served, content_type).await?;
    Ok(with_headers(reply.with_header(CONTENT_DISPOSITION, disposition(kind, &name))))
}

/// What finds the file that is asked for, if the caller may have it.
fn question(
    state: &State,
    request: &Request,
) -> impl Fn(&Reading) -> Result<Download, Error> + Send + 'static {
    let settings = state.backend.settings();
    let ip = real_ip(request, &settings);
    let asked = request_of(request);
    let text = |name: &str| request.query.get(name).unwrap_or("").to_owned();
    let part = |name: &str| request.params.get(name).to_owned();
    let path = [part("collection"), part("record"), part("filename")];
    let (token, size, format) = (text("token"), text("thumb"), text("format"));
    let backend = Arc::clone(&state.backend);
    move |reading: &Reading| {
        // From elsewhere, a superuser's token is nobody's.
        let welcome = |auth: &AuthRow| {
            !auth.collection.is_superusers() || superusers_may_come_from(&settings, ip)
        };
        let [collection, record, name] = &path;
        Download::find(
            &**reading.snapshot(),
            reading,
            backend.rules(),
            asked.clone(),
            (collection, record, name),
            (&token, welcome),
            ThumbRequest { size: &size, format: &format },
        )
    }
}

/// Asks the `question` about a file of `collection`, where it takes little time if possible.
async fn answer(
    state: &State,
    collection: String,
    question: impl Fn(&Reading) -> Result<Download, Error> + Send + 'static,
) -> Result<Download, ApiError> {
    let reading = state.backend.reading();
    // Whose file a view shows takes a look at many records.
    let is_view = reading.catalog().find(&collection).is_some_and(|found| found.is_view());
    let found = if is_view { None } else { Some(question(&reading)) };
    let found = match found {
        None | Some(Err(Error::ViewNotReady(_))) => {
            state.blocking.run(move || question(&reading.at_leisure())).await
        }
        Some(found) => found,
    };
    found.map_err(|error| match error {
        Error::NoCollection => ApiError::not_found("Missing or invalid collection context."),
        other => other.into(),
    })
}

/// A file that is open, and the part of it that will be sent.
pub(super) struct Served {
    pub(super) stored: StoredFile,
    /// Small files are read at once.
    pub(super) whole: Option<Bytes>,
    /// Tells it from other forms of the same file.
    pub(super) variant: &'static str,
}

/// Opens the thumb, if there is to be one and it can be made, or else the file; with its name.
async fn open(state: &Arc<State>, download: &Download) -> Result<(Served, String), ApiError> {
    let name = download.location.name();
    if let Some(thumb) = download.thumb {
        match timeout(THUMB_PATIENCE, open_thumb(state, download, thumb)).await {
            Ok(Ok(opened)) => return Ok((opened, thumb.name(name))),
            Ok(Err(error)) => tracing::warn!(name, size = %thumb.size, %error, "no thumb"),
            Err(_) => tracing::warn!(name, size = %thumb.size, "no thumb in time"),
        }
    }
    let (backend, location) = (Arc::clone(&state.backend), download.location.clone());
    let is_remote = backend.files().is_remote();
    let open = move || backend.files().open(&location).and_then(|file| read_small(file, ""));
    match state.file_work().run(open).await {
        Ok(served) => Ok((served, name.to_owned())),
        Err(error) if is_remote && error.kind() != io::ErrorKind::NotFound => {
            Err(Error::FilesUnavailable(error).into())
        }
        Err(error) => Err(ApiError::not_found("").with_cause(error)),
    }
}

/// Opens a thumb. Only what has to be made first waits for its turn.
async fn open_thumb(
    state: &Arc<State>,
    download: &Download,
    thumb: Thumb,
) -> Result<Served, ThumbError> {
    let made = {
        let (backend, location) = (Arc::clone(&state.backend), download.location.clone());
        move || {
            let opened = backend.files().open_made_thumb(&location, thumb)?;
            read_small(opened, thumb.variant())
        }
    };
    match state.file_work().run(made).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        made => return Ok(made?),
    }
    let (backend, location) = (Arc::clone(&state.backend), download.location.clone());
    let make = move || {
        let opened = backend.files().open_thumb(&location, thumb)?;
        Ok::<_, ThumbError>(read_small(opened, thumb.variant())?)
    };
    state.thumbs.run(make).await
}

fn read_small(mut stored: StoredFile, variant: &'static str) -> io::Result<Served> {
    let is_small = stored.len <= PIECE;
    let whole = if is_small { Some(read_exact(&mut stored.content, stored.len)?) } else { None };
    Ok(Served { stored, whole, variant })
}

/// The answer with what the request wants of the file, without the headers about its handling.
pub(super) async fn send(
    state: &State,
    headers: &HeaderMap,
    served: Served,
    content_type: HeaderValue,
) -> Result<Reply, ApiError> {
    let Served { stored: StoredFile { mut content, len, modified, .. }, whole, variant } = served;
    let version = Version::new(len, modified, variant);
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
            let bridge = if content.is_remote() { &state.transfers } else { &state.blocking };
            let go_to = move || content.go_to(part.start).map(|()| content);
            let content = bridge.run(go_to).await.map_err(ApiError::internal)?;
            let body = FileBody::new(bridge.clone(), content, part_len);
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
