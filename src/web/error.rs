//! Failures as clients see them: one envelope, and causes that only the log shows.

use std::fmt;

use http::StatusCode;
use serde_json::{Map, Value as Json};

use super::{BoxError, Reply};
use crate::schema::Violations;

/// A failed request: `{"data":{…},"message":"…","status":…}`.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    message: String,
    data: Option<Box<Json>>,
    cause: Option<BoxError>,
}

impl ApiError {
    /// A failure with a message of its own, made a sentence; an empty one is replaced by the
    /// generic message of `status`.
    pub fn new(status: StatusCode, message: &str) -> Self {
        let message = sentence(message).unwrap_or_else(|| generic_message(status).to_owned());
        Self { status, message, data: None, cause: None }
    }

    /// A failure with the generic message of `status`.
    pub fn generic(status: StatusCode) -> Self {
        Self::new(status, "")
    }

    /// 400.
    pub fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401.
    pub fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    /// 403.
    pub fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404.
    pub fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 413.
    pub fn too_large() -> Self {
        Self::generic(StatusCode::PAYLOAD_TOO_LARGE)
    }

    /// 429.
    pub fn too_many_requests() -> Self {
        Self::generic(StatusCode::TOO_MANY_REQUESTS)
    }

    /// 500, with a cause that only the log shows; 507 when that is a full disk.
    pub fn internal(cause: impl Into<BoxError>) -> Self {
        Self::of_disk(StatusCode::INTERNAL_SERVER_ERROR, "", cause.into())
    }

    /// 503, with a cause that only the log shows; 507 when that is a full disk.
    pub(super) fn storage(cause: impl Into<BoxError>) -> Self {
        let message = "The storage of the server failed, please try again later.";
        Self::of_disk(StatusCode::SERVICE_UNAVAILABLE, message, cause.into())
    }

    /// Of this status and message; 507 when the cause is a full disk.
    pub(super) fn of_disk(status: StatusCode, message: &str, cause: BoxError) -> Self {
        const FULL: &str = "The disk of the server is full.";
        let (status, message) = if is_full(&*cause) {
            (StatusCode::INSUFFICIENT_STORAGE, FULL)
        } else {
            (status, message)
        };
        Self::new(status, message).with_cause(cause)
    }

    /// Says which values were rejected and why.
    #[must_use]
    pub fn with_violations(self, violations: &Violations) -> Self {
        self.with_data(violations.to_json())
    }

    /// Sets the `data` member. Anything but an object becomes an empty one.
    #[must_use]
    pub fn with_data(mut self, data: Json) -> Self {
        self.data = data.is_object().then(|| Box::new(data));
        self
    }

    /// Adds what the log should say.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<BoxError>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The message, a sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the log should say.
    pub fn cause(&self) -> Option<&BoxError> {
        self.cause.as_ref()
    }

    /// The envelope, with its keys in the order of the wire.
    pub fn to_json(&self) -> Json {
        let mut envelope = Map::new();
        let data = self.data.as_deref().cloned();
        envelope.insert("data".to_owned(), data.unwrap_or_else(|| Map::new().into()));
        envelope.insert("message".to_owned(), self.message.clone().into());
        envelope.insert("status".to_owned(), self.status.as_u16().into());
        envelope.into()
    }

    /// The answer.
    pub fn to_reply(&self) -> Reply {
        Reply::json(self.status, self.to_json())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.as_u16(), self.message)
    }
}

impl std::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

/// What a failure says when nothing more specific is known.
fn generic_message(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "Missing or invalid authentication.",
        StatusCode::FORBIDDEN => "You are not allowed to perform this request.",
        StatusCode::NOT_FOUND => "The requested resource wasn't found.",
        StatusCode::REQUEST_TIMEOUT => "The request took too long to arrive.",
        StatusCode::PAYLOAD_TOO_LARGE => "Request entity too large.",
        StatusCode::TOO_MANY_REQUESTS => "Too Many Requests.",
        _ => "Something went wrong while processing your request.",
    }
}

/// Trims `text`, makes its first letter a capital and ends it; `None` when nothing is left.
fn sentence(text: &str) -> Option<String> {
    let text = text.trim();
    let mut letters = text.chars();
    let first = letters.next()?;
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    Some(format!("{}{}{end}", first.to_uppercase(), letters.as_str()))
}

/// Whether `error` comes of a disk or a quota that has no space left.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind;
    let mut chain = std::iter::successors(Some(error), |error| error.source());
    chain.any(|error| {
        let io = error.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| matches!(io.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Violation;

    #[test]
    fn the_envelope_has_its_keys_in_order_and_an_object_as_data() {
        let error = ApiError::not_found("");
        assert_eq!(
            error.to_json().to_string(),
            r#"{"data":{},"message":"The requested resource wasn't found.","status":404}"#
        );
        assert_eq!(error.with_data(json!([1])).to_json()["data"], json!({}));
    }

    #[test]
    fn violations_become_data() {
        let error = ApiError::bad_request("failed to create record")
            .with_violations(&Violations::of("title", Violation::required()));
        assert_eq!(
            error.to_json().to_string(),
            r#"{"data":{"title":{"code":"validation_required","message":"Cannot be blank."}},"message":"Failed to create record.","status":400}"#
        );
    }

    #[test]
    fn the_generic_messages_are_these() {
        let generic = "Something went wrong while processing your request.";
        for (status, message) in [
            (400, generic),
            (401, "Missing or invalid authentication."),
            (403, "You are not allowed to perform this request."),
            (404, "The requested resource wasn't found."),
            (408, "The request took too long to arrive."),
            (413, "Request entity too large."),
            (429, "Too Many Requests."),
            (500, generic),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(ApiError::generic(status).message(), message, "{status}");
        }
    }

    #[test]
    fn messages_become_sentences() {
        for (text, expected) in [
            ("  hello ", Some("Hello.")),
            ("what?", Some("What?")),
            ("éa!", Some("Éa!")),
            ("a", Some("A.")),
            (" ", None),
        ] {
            assert_eq!(sentence(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_cause_stays_out_of_the_answer() {
        let error = ApiError::internal("disk on fire");
        assert!(!error.to_json().to_string().contains("fire"));
        assert_eq!(error.cause().unwrap().to_string(), "disk on fire");
    }
}
