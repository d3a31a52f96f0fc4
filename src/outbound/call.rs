//! One call, and what comes of it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::Method;

/// Which servers may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any: a superuser wrote the address down.
    Configured,
    /// Those of the public internet: the address comes from somebody else.
    Public,
}

/// A call that is to be made.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) reach: Reach,
    pub(super) redirects_max: usize,
    pub(super) deadline: Instant,
    pub(super) size_max: usize,
    /// Whether a longer body is cut rather than refused.
    pub(super) is_cut: bool,
}

/// Bytes of an answer when nothing else is said.
const SIZE_MAX: usize = 1 << 20;
/// How long a call takes at most when nothing else is said.
const TIME_MAX: Duration = Duration::from_secs(30);

impl Call {
    /// A GET of `url`: no redirects, 1 MiB, 30 seconds.
    pub fn get(reach: Reach, url: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            url: url.into(),
            headers: Vec::new(),
            body: None,
            reach,
            redirects_max: 0,
            deadline: Instant::now() + TIME_MAX,
            size_max: SIZE_MAX,
            is_cut: false,
        }
    }

    /// A POST of `body` to `url`, with the same limits.
    pub fn post(
        reach: Reach,
        url: impl Into<String>,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let call = Self { method: Method::POST, body: Some(body.into()), ..Self::get(reach, url) };
        call.header("content-type", content_type)
    }

    /// Another method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Sends a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Adds a header. It goes to the first server only, not where that sends us.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// When it must be over, all hops and the body included.
    #[must_use]
    pub fn until(mut self, deadline: Instant) -> Self {
        self.deadline = deadline;
        self
    }

    /// Follows up to `max` redirects of a GET.
    #[must_use]
    pub fn redirects(mut self, max: usize) -> Self {
        self.redirects_max = max;
        self
    }

    /// The most bytes of a body that are taken.
    #[must_use]
    pub fn size_max(mut self, bytes: usize) -> Self {
        self.size_max = bytes;
        self
    }

    /// Takes the first `bytes` of a body and leaves the rest, for who wants to know no more than how
    /// it begins.
    #[must_use]
    pub fn excerpt(mut self, bytes: usize) -> Self {
        self.is_cut = true;
        self.size_max(bytes)
    }
}

/// What a server answered, whatever its status.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The `Content-Type`; empty when there is none.
    pub content_type: String,
    /// All headers that are text, in order, with names in small letters.
    pub headers: Vec<(String, String)>,
    /// What was asked in the end, after redirects.
    pub url: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer. The texts hold no bodies and no headers, which may be secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// The URL cannot be called.
    #[error("not a URL of a web server")]
    Url,
    /// The address is not one that may be called.
    #[error("{0} is not a public address")]
    NotPublic(IpAddr),
    /// The body is too large.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// It took too long.
    #[error("the time was up")]
    TooSlow,
    /// Another redirect after the last that was allowed.
    #[error("too many redirects")]
    Redirects,
    /// There is no way out: no certificates to trust, no thread.
    #[error("cannot make calls: {0}")]
    NoClient(String),
    /// The call failed on its way.
    #[error("the call failed: {0}")]
    Failed(String),
}
