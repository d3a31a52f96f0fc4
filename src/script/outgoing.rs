//! Calls of other servers that scripts make: `$http.send` and `fetch`.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value as Json, json};

use crate::hooks::Rejection;
use crate::ops::Backend;
use crate::outbound::{Call, OutboundError, Reach};

/// The longest call.
pub(super) const TIME_MAX: Duration = Duration::from_mins(2);
/// The largest answer.
const ANSWER_BYTES_MAX: usize = 8 << 20;
const REDIRECTS_MAX: usize = 5;

/// Makes the call that `wanted` describes: `url`, `method`, `headers` as pairs, `body` in base64,
/// `seconds`, and `redirect`, which is `follow` unless it is said.
///
/// # Errors
/// 400 for a call that cannot be made, 500 for one that failed.
pub(super) fn send(
    backend: &Backend,
    wanted: &Json,
    time_max: Duration,
) -> Result<Json, Rejection> {
    let text = |name: &str| wanted[name].as_str().unwrap_or_default();
    let method = Method::from_bytes(text("method").as_bytes())
        .map_err(|_| Rejection::bad_request("The method is invalid."))?;
    let seconds = wanted["seconds"].as_f64().unwrap_or(f64::MAX).max(0.0);
    let time = Duration::try_from_secs_f64(seconds).unwrap_or(time_max).min(time_max);
    let mut call = Call::get(Reach::Public, text("url"))
        .method(method.clone())
        .until(Instant::now() + time)
        .size_max(ANSWER_BYTES_MAX);
    let follows = matches!(text("redirect"), "" | "follow");
    if method == Method::GET && follows {
        call = call.redirects(REDIRECTS_MAX);
    }
    let body = STANDARD.decode(text("body")).map_err(Rejection::internal)?;
    if !body.is_empty() {
        call = call.body(body);
    }
    for header in wanted["headers"].as_array().into_iter().flatten() {
        let part = |at: usize| header[at].as_str().unwrap_or_default();
        call = call.header(part(0), part(1));
    }
    let failed = |error: OutboundError| Rejection::new(500, error.to_string()).with_cause(error);
    let answer = backend.outbound().send(&call).map_err(failed)?;
    Ok(json!({
        "status": answer.status, "headers": answer.headers, "url": answer.url,
        "redirected": !same(&answer.url, text("url")),
        "body": STANDARD.encode(&answer.body),
    }))
}

/// Whether two texts are the same URL.
fn same(one: &str, other: &str) -> bool {
    url::Url::parse(other).is_ok_and(|other| other.as_str() == one)
}
