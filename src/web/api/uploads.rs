//! `/api/files/uploads`: uploads in pieces, by the tus protocol 1.0.0.

use std::fs::File;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, LOCATION};
use http_body_util::BodyExt;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::json;

use crate::access::Caller;
use crate::config::ByteSize;
use crate::files::{Checksum, Claim, Scratch};
use crate::model::Timestamp;
use crate::ops::Error;
use crate::ops::files::{Purpose, Resumable};
use crate::schema::{Violation, Violations};
use crate::web::caller::caller_of;
use crate::web::incoming::BodyFault;
use crate::web::{ApiError, Reply, Request, State};

const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const EXTENSIONS: &str = "creation,creation-with-upload,termination,checksum,expiration";
/// What a page of another origin may read of answers.
const EXPOSED: &str = "Location, Tus-Resumable, Tus-Version, Tus-Extension, \
                       Tus-Checksum-Algorithm, Upload-Length, Upload-Offset, Upload-Expires";
const PIECES: &str = "application/offset+octet-stream";
/// Bytes that are written to disk at once.
const PIECE: usize = 256 << 10;
/// What the protocol answers when a piece is not what its checksum says.
const CHECKSUM_MISMATCH: u16 = 460;

/// `POST /api/files/uploads`: begins an upload, maybe with its first piece.
pub(crate) async fn create(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    with_protocol(&request.headers.clone(), begin(state, request).await)
}

/// `HEAD /api/files/uploads/{id}`: how much has come.
pub(crate) async fn status(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let (headers, found) = (request.headers.clone(), found(&state, &request));
    let reply = async {
        let upload = found?;
        let backend = Arc::clone(&state.backend);
        let read = move || upload.offset(&backend).map(|offset| (upload, offset));
        let (upload, offset) = state.blocking.run(read).await?;
        let reply = progress(Reply::empty(StatusCode::OK), &upload, offset)
            .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .with_header(name("upload-length"), upload.len.into());
        Ok(reply)
    };
    with_protocol(&headers, reply.await)
}

/// `PATCH /api/files/uploads/{id}`: the next piece.
pub(crate) async fn append(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let (headers, found) = (request.headers.clone(), found(&state, &request));
    let reply = async {
        let upload = found?;
        if !is_piece(&request) {
            return Err(ApiError::generic(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let at = number(&request, "upload-offset")?;
        let offset = take(&state, &mut request, &upload, at).await?;
        Ok(progress(Reply::no_content(), &upload, offset))
    };
    with_protocol(&headers, reply.await)
}

/// `DELETE /api/files/uploads/{id}`: gives an upload up.
pub(crate) async fn remove(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let (headers, found) = (request.headers.clone(), found(&state, &request));
    let reply = async {
        let (upload, backend) = (found?, Arc::clone(&state.backend));
        state.blocking.run(move || upload.give_up(&backend)).await?;
        Ok(Reply::no_content())
    };
    with_protocol(&headers, reply.await)
}

/// What clients are told that ask what can be done here.
pub(in crate::web) fn options(headers: &mut http::HeaderMap) {
    headers.insert(name("tus-resumable"), VERSION);
    headers.insert(name("tus-version"), VERSION);
    headers.insert(name("tus-extension"), HeaderValue::from_static(EXTENSIONS));
    let algorithms = HeaderValue::from_static(Checksum::ALGORITHMS);
    headers.insert(name("tus-checksum-algorithm"), algorithms);
}

/// The answer with the headers of the protocol, errors that are the client's included; 412 for a
/// client that speaks another version.
fn with_protocol(
    headers: &http::HeaderMap,
    answer: Result<Reply, ApiError>,
) -> Result<Reply, ApiError> {
    let is_known = headers.get("tus-resumable").is_some_and(|version| version == VERSION);
    let mut reply = match answer {
        _ if !is_known => {
            let mut reply = ApiError::generic(StatusCode::PRECONDITION_FAILED).to_reply();
            options(reply.headers_mut());
            reply
        }
        Err(error) if error.status().is_server_error() => return Err(error),
        Err(error) => error.to_reply(),
        Ok(reply) => reply,
    };
    let headers = reply.headers_mut();
    headers.insert(name("tus-resumable"), VERSION);
    headers.insert(http::header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    Ok(reply)
}

async fn begin(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    speaks(&request)?;
    let len = number(&request, "upload-length")?;
    let purpose = purpose(request.header("upload-metadata").unwrap_or_default())?;
    let caller = caller_of(&request);
    let backend = Arc::clone(&state.backend);
    let begun = move || Resumable::begin(&backend, &caller, &purpose, len);
    let upload = state.blocking.run(begun).await.map_err(|error| match error {
        Error::NoCollection => ApiError::not_found("Missing or invalid collection context."),
        other => other.into(),
    })?;
    let offset = if is_piece(&request) { take(&state, &mut request, &upload, 0).await? } else { 0 };
    let place = HeaderValue::from_str(&format!("/api/files/uploads/{}", upload.id));
    let reply = Reply::json(StatusCode::CREATED, json!({ "id": upload.id }))
        .with_header(LOCATION, place.map_err(ApiError::internal)?);
    Ok(progress(reply, &upload, offset))
}

/// Where the piece in the body of `request` goes that begins `at`; returns how much has come then.
async fn take(
    state: &State,
    request: &mut Request,
    upload: &Resumable,
    at: u64,
) -> Result<u64, ApiError> {
    let mut checksum = match request.header("upload-checksum") {
        None => None,
        Some(text) => Some(Checksum::parse(text).ok_or_else(|| {
            let message = format!("The checksum must be one of {}.", Checksum::ALGORITHMS);
            ApiError::bad_request(&message)
        })?),
    };
    let (backend, own, is_checked) =
        (Arc::clone(&state.backend), upload.clone(), checksum.is_some());
    let open = move || {
        let claim = own.claim(&backend)?;
        let offset = own.offset(&backend)?;
        if offset != at {
            return Ok((None, offset));
        }
        let files = backend.files();
        // A piece with a checksum waits aside until it is known to be right.
        let (aside, file) = if is_checked {
            let (scratch, file) = files.scratch().map_err(Error::internal)?;
            (Some(scratch), file)
        } else {
            (None, files.partials().append_to(&claim).map_err(Error::internal)?)
        };
        Ok::<_, Error>((Some(Sink { claim, aside, file }), offset))
    };
    let (Some(mut sink), offset) = state.blocking.run(open).await? else {
        let message = "The piece does not begin where the upload ends.";
        return Err(ApiError::new(StatusCode::CONFLICT, message));
    };
    let Some(body) = request.body_stream(ByteSize::bytes(upload.len - offset))? else {
        return Ok(offset);
    };
    let unclaimed = body.unclaimed();
    let mut body = Box::pin(body);
    let (mut piece, mut came) = (Vec::new(), 0);
    let fault = loop {
        match next(&mut body).await {
            Ok(Some(bytes)) => {
                unclaimed.store(0, Ordering::Relaxed);
                came += bytes.len() as u64;
                if let Some(checksum) = &mut checksum {
                    checksum.update(&bytes);
                }
                piece.extend_from_slice(&bytes);
                if piece.len() >= PIECE {
                    (sink, piece) = write(state, sink, piece).await?;
                }
            }
            Ok(None) => break None,
            Err(fault) => break Some(fault),
        }
    };
    // What came before the line broke is kept: that is what this is for.
    (sink, _) = write(state, sink, piece).await?;
    let holds = checksum.is_none_or(Checksum::holds);
    let is_whole = fault.is_none();
    if is_checked && is_whole && !holds {
        let status = StatusCode::from_u16(CHECKSUM_MISMATCH).map_err(ApiError::internal)?;
        return Err(ApiError::new(status, "The piece is not what its checksum says."));
    }
    let backend = Arc::clone(&state.backend);
    let finish = move || match &sink.aside {
        None => sink.file.sync_data(),
        Some(aside) if is_whole => backend.files().partials().append(&sink.claim, aside),
        Some(_) => Ok(()),
    };
    state.blocking.run(finish).await.map_err(ApiError::internal)?;
    match fault {
        Some(fault) => Err(fault),
        None => Ok(offset + came),
    }
}

/// Where a piece is written, and the right to do so, which lasts as long as somebody writes.
struct Sink {
    claim: Claim,
    aside: Option<Scratch>,
    file: File,
}

async fn write(
    state: &State,
    mut sink: Sink,
    mut piece: Vec<u8>,
) -> Result<(Sink, Vec<u8>), ApiError> {
    let write = move || {
        sink.file.write_all(&piece)?;
        piece.clear();
        Ok::<_, io::Error>((sink, piece))
    };
    state.blocking.run(write).await.map_err(ApiError::internal)
}

async fn next<B>(body: &mut Pin<Box<B>>) -> Result<Option<bytes::Bytes>, ApiError>
where
    B: http_body::Body<Data = bytes::Bytes, Error = BodyFault>,
{
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
            Err(BodyFault::TooLarge) => return Err(ApiError::too_large()),
            Err(BodyFault::TooSlow) => return Err(ApiError::generic(StatusCode::REQUEST_TIMEOUT)),
            Err(fault @ BodyFault::Broken(_)) => {
                return Err(ApiError::bad_request("").with_cause(fault));
            }
        }
    }
    Ok(None)
}

/// The upload in the path, if it is the caller's.
fn found(state: &State, request: &Request) -> Result<Resumable, ApiError> {
    speaks(request)?;
    let caller: Arc<Caller> = caller_of(request);
    let id = request.params.get("id");
    Ok(Resumable::find(&state.backend.snapshot(), &caller, id)?)
}

/// Whether the client speaks our version; what it is told otherwise does not matter.
fn speaks(request: &Request) -> Result<(), ApiError> {
    let is_known = request.header("tus-resumable").is_some_and(|version| version == "1.0.0");
    if is_known { Ok(()) } else { Err(ApiError::generic(StatusCode::PRECONDITION_FAILED)) }
}

fn is_piece(request: &Request) -> bool {
    request.header("content-type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case(PIECES))
}

fn number(request: &Request, header: &str) -> Result<u64, ApiError> {
    let digits = request.header(header).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or_else(|| {
        ApiError::bad_request(&format!("The header {header} must be a number of bytes."))
    })
}

/// Reads names and base64 values with commas in between.
fn purpose(metadata: &str) -> Result<Purpose, ApiError> {
    let mut purpose = Purpose::default();
    for pair in metadata.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value.trim()).ok();
        let Some(value) = value.and_then(|value| String::from_utf8(value).ok()) else {
            let violation = Violation::new("validation_invalid_value", "Must be text in base64.");
            let name: String = name.chars().take(100).collect();
            return Err(refused(&name, violation));
        };
        match name {
            "collection" => purpose.collection = value,
            "record" if !value.is_empty() => purpose.record = Some(value),
            "field" => purpose.field = value,
            "filename" => purpose.name = value,
            // Clients send what they know besides.
            _ => {}
        }
    }
    for (name, value) in [("collection", &purpose.collection), ("field", &purpose.field)] {
        if value.is_empty() {
            return Err(refused(name, Violation::required()));
        }
    }
    Ok(purpose)
}

fn refused(field: &str, violation: Violation) -> ApiError {
    ApiError::bad_request("Failed to upload the file.")
        .with_violations(&Violations::of(field, violation))
}

fn progress(reply: Reply, upload: &Resumable, offset: u64) -> Reply {
    let reply = reply.with_header(name("upload-offset"), offset.into());
    match date(upload.expires()) {
        Some(date) => reply.with_header(name("upload-expires"), date),
        None => reply,
    }
}

fn date(at: Timestamp) -> Option<HeaderValue> {
    let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?;
    HeaderValue::from_str(&text).ok()
}

fn name(text: &'static str) -> HeaderName {
    HeaderName::from_static(text)
}
