//! What handlers answer with, and how it is written.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use serde::Serialize;
use serde_json::Value as Json;

use super::{ApiError, BoxError, FieldsPicker};

/// Headers that there is room for from the start: what handlers set, and what the server adds.
const HEADERS: usize = 12;

/// An answer.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Empty,
    /// JSON; in a page, `fields` picks within `items`.
    Json {
        value: Json,
        page: bool,
    },
    /// JSON that is already text.
    JsonText {
        text: Bytes,
        page: bool,
    },
    /// JSON just as it is sent: escaped for the web, a line feed at its end.
    Wire {
        text: Bytes,
        page: bool,
    },
    Bytes(Bytes),
    Stream(UnsyncBoxBody<Bytes, BoxError>),
    Endless(UnsyncBoxBody<Bytes, BoxError>),
}

impl Reply {
    fn new(status: StatusCode, content: Content) -> Self {
        Self { status, headers: HeaderMap::with_capacity(HEADERS), content }
    }

    /// A JSON answer.
    pub fn json(status: StatusCode, value: Json) -> Self {
        Self::new(status, Content::Json { value, page: false })
    }

    /// A JSON answer that is already serialised. `text` must be valid JSON.
    pub fn json_text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::new(status, Content::JsonText { text: text.into(), page: false })
    }

    /// A JSON answer of anything that can be written as such.
    ///
    /// Errors: 500 when it cannot, because of keys that are no texts for example.
    pub fn json_of(status: StatusCode, value: &impl Serialize) -> Result<Self, ApiError> {
        let text = serde_json::to_vec(value).map_err(ApiError::internal)?;
        Ok(Self::json_text(status, text))
    }

    /// A JSON answer of what [`wire`](super::wire) wrote: nothing is left to escape.
    pub(super) fn json_wire(status: StatusCode, mut text: Vec<u8>) -> Self {
        text.push(b'\n');
        Self::new(status, Content::Wire { text: text.into(), page: false })
    }

    /// An answer of plain text.
    pub fn text(status: StatusCode, text: impl Into<String>) -> Self {
        let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
        Self::bytes(status, content_type, text.into())
    }

    /// A web page.
    pub fn html(status: StatusCode, page: impl Into<String>) -> Self {
        let content_type = HeaderValue::from_static("text/html; charset=utf-8");
        Self::bytes(status, content_type, page.into())
    }

    /// Leads somewhere else: 302.
    ///
    /// Errors: 500 when `url` cannot stand in a header.
    pub fn redirect(url: &str) -> Result<Self, ApiError> {
        let url = HeaderValue::from_str(url).map_err(ApiError::internal)?;
        Ok(Self::empty(StatusCode::FOUND).with_header(LOCATION, url))
    }

    /// 204.
    pub fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self::new(status, Content::Empty)
    }

    /// An answer of any type.
    pub fn bytes(status: StatusCode, content_type: HeaderValue, bytes: impl Into<Bytes>) -> Self {
        Self::new(status, Content::Bytes(bytes.into())).with_header(CONTENT_TYPE, content_type)
    }

    /// An answer of any type that is written as it comes. An error cuts the connection.
    pub fn stream(
        status: StatusCode,
        content_type: HeaderValue,
        body: impl Body<Data = Bytes, Error = BoxError> + Send + 'static,
    ) -> Self {
        Self::new(status, Content::Stream(UnsyncBoxBody::new(body)))
            .with_header(CONTENT_TYPE, content_type)
    }

    /// Like [`stream`](Self::stream), for what goes on until somebody leaves; many such answers may be
    /// under way at once. Over HTTP/1 the connection ends with it.
    pub fn endless(
        status: StatusCode,
        content_type: HeaderValue,
        body: impl Body<Data = Bytes, Error = BoxError> + Send + 'static,
    ) -> Self {
        Self::new(status, Content::Endless(UnsyncBoxBody::new(body)))
            .with_header(CONTENT_TYPE, content_type)
    }

    /// Says that this JSON is a page of a list, so that `?fields=` picks within its `items`.
    #[must_use]
    pub fn into_page(mut self) -> Self {
        match &mut self.content {
            Content::Json { page, .. }
            | Content::JsonText { page, .. }
            | Content::Wire { page, .. } => *page = true,
            Content::Empty | Content::Bytes(_) | Content::Stream(_) | Content::Endless(_) => {}
        }
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers, without those that the server adds.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The response to send; `picker` applies to JSON of any 2xx status.
    pub(super) fn into_response(self, picker: Option<&FieldsPicker>) -> Response<Payload> {
        let picker = picker.filter(|_| self.status.is_success());
        let mut headers = self.headers;
        let payload = match self.content {
            Content::Empty => Payload::empty(),
            Content::Bytes(bytes) => Payload::from_bytes(bytes),
            Content::Stream(body) => Payload(Kind::Stream(body)),
            Content::Endless(body) => Payload(Kind::Endless(body)),
            Content::Json { value, page } => json_payload(&pick(picker, value, page), &mut headers),
            Content::Wire { text, .. } if picker.is_none() => {
                headers.insert(CONTENT_TYPE, JSON);
                Payload::from_bytes(text)
            }
            Content::JsonText { text, page } | Content::Wire { text, page } => match picker {
                None => json_text_payload(&text, &mut headers),
                Some(picker) => match picker.pick_text(&text, page) {
                    Ok(text) => json_text_payload(&text, &mut headers),
                    Err(error) => return ApiError::internal(error).to_reply().into_response(None),
                },
            },
        };
        let mut response = Response::new(payload);
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        response
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn pick(picker: Option<&FieldsPicker>, mut value: Json, page: bool) -> Json {
    if let Some(picker) = picker {
        if page {
            if let Some(items) = value.get_mut("items") {
                picker.pick(items);
            }
        } else {
            picker.pick(&mut value);
        }
    }
    value
}

fn json_payload(value: &Json, headers: &mut HeaderMap) -> Payload {
    let text = serde_json::to_vec(value).expect("a JSON value has only string keys");
    json_text_payload(&text, headers)
}

fn json_text_payload(text: &[u8], headers: &mut HeaderMap) -> Payload {
    headers.insert(CONTENT_TYPE, JSON);
    Payload::from_bytes(for_the_web(text).into())
}

/// Escapes what could end a script element or a line of script, and ends the text with a line
/// feed. In JSON those characters occur only within strings, so their place needs no look.
pub(super) fn for_the_web(json: &[u8]) -> Vec<u8> {
    const CHUNK: usize = 64;
    let mut out = Vec::with_capacity(json.len() + 1);
    let mut copied = 0;
    for (number, chunk) in json.chunks(CHUNK).enumerate() {
        // Without early exit, so that many bytes are looked at in one step. Most hold nothing.
        let special = |byte: &u8| matches!(byte, b'<' | b'>' | b'&' | 0xE2);
        if !chunk.iter().fold(false, |found, byte| found | special(byte)) {
            continue;
        }
        for (offset, byte) in chunk.iter().enumerate() {
            let at = number * CHUNK + offset;
            let (escape, length): (&[u8], usize) = match byte {
                b'<' => (b"\\u003c", 1),
                b'>' => (b"\\u003e", 1),
                b'&' => (b"\\u0026", 1),
                0xE2 if json[at..].starts_with("\u{2028}".as_bytes()) => (b"\\u2028", 3),
                0xE2 if json[at..].starts_with("\u{2029}".as_bytes()) => (b"\\u2029", 3),
                _ => continue,
            };
            out.extend_from_slice(&json[copied..at]);
            out.extend_from_slice(escape);
            copied = at + length;
        }
    }
    out.extend_from_slice(&json[copied..]);
    out.push(b'\n');
    out
}

/// The bytes of an answer.
#[derive(Debug)]
pub struct Payload(Kind);

#[derive(Debug)]
enum Kind {
    Bytes(Option<Bytes>),
    Stream(UnsyncBoxBody<Bytes, BoxError>),
    Endless(UnsyncBoxBody<Bytes, BoxError>),
}

impl Payload {
    /// No bytes.
    pub fn empty() -> Self {
        Self(Kind::Bytes(None))
    }

    /// Whether it goes on until somebody leaves.
    pub(super) fn is_endless(&self) -> bool {
        matches!(self.0, Kind::Endless(_))
    }

    /// These bytes.
    pub(super) fn from_bytes(bytes: Bytes) -> Self {
        Self(Kind::Bytes(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    /// All bytes, when they are in memory and not yet sent.
    pub(super) fn whole(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.as_ref(),
            Kind::Stream(_) | Kind::Endless(_) => None,
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Bytes(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Stream(body) | Kind::Endless(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.is_none(),
            Kind::Stream(body) | Kind::Endless(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Kind::Stream(body) | Kind::Endless(body) => body.size_hint(),
        }
    }
}

fn may_have_body(status: StatusCode) -> bool {
    status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED
}

/// Takes the body out of the answer to a HEAD request, and leaves its length.
pub(super) fn without_body(response: Response<Payload>) -> Response<Payload> {
    let length = response.body().size_hint().exact();
    let mut response = response.map(|_| Payload::empty());
    if let Some(length) = length.filter(|_| may_have_body(response.status())) {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;

    async fn text_of(reply: Reply, fields: Option<&str>) -> String {
        let picker = fields.map(|fields| FieldsPicker::parse(fields).unwrap());
        let body = reply.into_response(picker.as_ref()).into_body();
        String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn json_is_escaped_for_the_web_and_ends_with_a_line_feed() {
        let value = json!({"a": "</script>&\u{2028}\u{2029}\u{2030}é"});
        let expected =
            "{\"a\":\"\\u003c/script\\u003e\\u0026\\u2028\\u2029\u{2030}é\"}\n".to_owned();
        let reply = Reply::json_text(StatusCode::OK, value.to_string());
        assert_eq!(text_of(reply, None).await, expected);
        assert_eq!(text_of(Reply::json(StatusCode::OK, value), None).await, expected);
    }

    #[test]
    fn escapes_are_found_wherever_they_are() {
        for before in [0, 1, 61, 62, 63, 64, 65, 200] {
            let before = "x".repeat(before);
            let text = format!("{before}\u{2028}<{before}\u{2029}&");
            let expected = format!("{before}\\u2028\\u003c{before}\\u2029\\u0026\n");
            assert_eq!(for_the_web(text.as_bytes()), expected.as_bytes());
        }
    }

    #[tokio::test]
    async fn fields_are_picked_from_success_and_within_the_items_of_a_page() {
        let page = json!({"page": 1, "items": [{"id": "a", "b": 1}]});
        let ok = StatusCode::OK;
        let picked = "{\"page\":1,\"items\":[{\"id\":\"a\"}]}\n";
        assert_eq!(text_of(Reply::json(ok, page.clone()).into_page(), Some("id")).await, picked);
        let text = Reply::json_text(ok, page.to_string()).into_page();
        assert_eq!(text_of(text, Some("id")).await, picked);
        let plain = Reply::json(ok, page.clone());
        assert_eq!(text_of(plain, Some("page")).await, "{\"page\":1}\n");
        let failed = Reply::json(StatusCode::BAD_REQUEST, json!({"a": 1}));
        assert_eq!(text_of(failed, Some("b")).await, "{\"a\":1}\n");
    }

    #[test]
    fn a_head_answer_keeps_the_length() {
        let reply = Reply::json(StatusCode::OK, json!({}));
        let response = without_body(reply.into_response(None));
        assert_eq!(response.headers()[CONTENT_LENGTH], "3");
        assert!(response.body().is_end_stream());
    }
}
