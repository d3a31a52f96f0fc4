//! Records as files: `/api/collections/{collection}/export` and `…/import`, for superusers only.

use std::io::{Seek, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, HeaderValue};
use http_body::{Body, Frame};
use http_body_util::BodyExt;

use super::files::disposition;
use crate::config::ByteSize;
use crate::ops::Error;
use crate::ops::records::transfer::{
    Export, ExportSpec, Format, ImportSpec, Mode, import as write,
};
use crate::schema::{Violation, Violations};
use crate::web::caller::superuser_of;
use crate::web::incoming::BodyFault;
use crate::web::{ApiError, Blocking, BoxError, BoxFuture, Reply, Request, State};

/// What a file that is imported may have; it goes to disk as it comes.
const IMPORT_MIB_MAX: u64 = 1 << 10;
/// Bytes that are written to disk at once.
const PIECE: usize = 256 << 10;

/// `GET …/export`
pub(crate) async fn export(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let caller = superuser_of(&request)?;
    let text = |name: &str| request.query.get(name).unwrap_or("").to_owned();
    let format = Format::parse(request.query.get("format").unwrap_or("csv"))?;
    let spec = ExportSpec {
        format,
        filter: text("filter"),
        sort: text("sort"),
        fields: text("fields"),
        safe: flag(&request, "safe")?,
    };
    let (backend, name) = (state.backend.clone(), request.params.get("collection").to_owned());
    let opened = move || {
        let mut export = Export::open(&backend.reading(), backend.rules(), &caller, &name, spec)?;
        // What fails at once is an error and not a file that breaks off.
        let first = export.next_piece()?;
        Ok::<_, Error>((export, first))
    };
    let (export, first) = state.blocking.run(opened).await?;
    let file = format!("{}.{}", export.collection().name, format.extension());
    let body = ExportBody {
        blocking: state.blocking.clone(),
        next: first.map(Bytes::from),
        export: Some(export),
        reading: None,
    };
    let media_type = HeaderValue::from_static(format.media_type());
    let reply = Reply::stream(StatusCode::OK, media_type, body);
    Ok(reply.with_header(CONTENT_DISPOSITION, disposition("attachment", &file)))
}

/// The pieces of an export, each made when the client has taken the one before.
struct ExportBody {
    blocking: Blocking,
    next: Option<Bytes>,
    /// `None` while a piece is being made, and at the end.
    export: Option<Export>,
    reading: Option<BoxFuture<'static, Result<Made, Error>>>,
}

/// A piece, `None` at the end, and what makes the next one.
type Made = (Export, Option<Vec<u8>>);

impl Body for ExportBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Some(piece) = this.next.take() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if let Some(mut export) = this.export.take() {
            let blocking = this.blocking.clone();
            this.reading = Some(Box::pin(async move {
                blocking.run(move || export.next_piece().map(|piece| (export, piece))).await
            }));
        }
        let Some(reading) = &mut this.reading else { return Poll::Ready(None) };
        let read = ready!(reading.as_mut().poll(context));
        this.reading = None;
        match read {
            Ok((export, Some(piece))) => {
                this.export = Some(export);
                Poll::Ready(Some(Ok(Frame::data(piece.into()))))
            }
            Ok((_, None)) => Poll::Ready(None),
            Err(error) => {
                tracing::error!(%error, "an export broke off");
                Poll::Ready(Some(Err(error.into())))
            }
        }
    }
}

/// `POST …/import`
pub(crate) async fn import(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let caller = superuser_of(&request)?;
    let spec = ImportSpec {
        format: Format::parse(request.query.get("format").unwrap_or("csv"))?,
        mode: Mode::parse(request.query.get("mode").unwrap_or("create"))?,
        dry_run: flag(&request, "dryRun")?,
        atomic: flag(&request, "atomic")?,
        safe: flag(&request, "safe")?,
        map: ImportSpec::mapping(request.query.iter())?,
    };
    let backend = Arc::clone(&state.backend);
    let made = state.blocking.run(move || backend.files().scratch()).await;
    let (scratch, mut file) = made.map_err(ApiError::internal)?;
    // To disk first: a client that sends slowly holds up no thread and no transaction.
    if let Some(mut stream) = request.body_stream(ByteSize::mebibytes(IMPORT_MIB_MAX))? {
        let unclaimed = stream.unclaimed();
        let mut piece = Vec::new();
        loop {
            let frame = stream.frame().await.transpose().map_err(fault)?;
            unclaimed.store(0, std::sync::atomic::Ordering::Relaxed);
            let is_end = frame.is_none();
            if let Some(data) = frame.and_then(|frame| frame.into_data().ok()) {
                piece.extend_from_slice(&data);
            }
            if is_end || piece.len() >= PIECE {
                let spool = move || {
                    file.write_all(&piece)?;
                    piece.clear();
                    Ok::<_, std::io::Error>((file, piece))
                };
                let spooled = state.blocking.run(spool).await;
                (file, piece) = spooled.map_err(ApiError::internal)?;
            }
            if is_end {
                break;
            }
        }
    }
    let (backend, name) = (state.backend.clone(), request.params.get("collection").to_owned());
    let work = move || {
        file.rewind().map_err(Error::internal)?;
        let tally = write(&backend, &caller, &name, &spec, file);
        drop(scratch);
        tally
    };
    let tally = state.blocking.run(work).await?;
    Ok(Reply::json(StatusCode::OK, tally.to_json()))
}

fn fault(error: BodyFault) -> ApiError {
    match error {
        BodyFault::TooLarge => ApiError::too_large(),
        BodyFault::TooSlow => ApiError::generic(StatusCode::REQUEST_TIMEOUT),
        BodyFault::Broken(_) => ApiError::bad_request("").with_cause(error),
    }
}

/// A parameter that is on or off.
fn flag(request: &Request, name: &str) -> Result<bool, ApiError> {
    match request.query.get(name).unwrap_or("") {
        "" | "0" | "false" => Ok(false),
        "1" | "true" => Ok(true),
        _ => {
            let violation = Violation::new("validation_invalid_value", "Must be 1 or 0.");
            let message = "An error occurred while validating the submitted data.";
            Err(ApiError::bad_request(message).with_violations(&Violations::of(name, violation)))
        }
    }
}
