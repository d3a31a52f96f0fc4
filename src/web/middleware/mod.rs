//! What happens around every handler, in one fixed order.
//!
//! Start reading at [`handle`].

mod activity;
mod auth;
mod cors;
mod key_routes;
pub(super) mod limits;
mod panic_barrier;
mod security_headers;

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Response};
use http_body::Body;

use super::compression::{self, Encoding};
use super::reply::{Payload, without_body};
use super::router::Route;
use super::{ApiError, BoxError, FieldsPicker, Next, Request, Router, State, real_ip};
use crate::model::hex_digits;
use activity::Activity;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers one request. The order is the code: request id, log, CORS preflight, panic barrier,
/// route, fields, auth, addresses of superusers, rate limits, routes of API keys, middleware of the
/// embedding program, handler, compression; then security headers and CORS on whatever came out.
///
/// The limit of the body is kept by [`Request::body`], where it is read.
pub async fn handle<B>(
    state: Arc<State>,
    router: Arc<Router>,
    remote: IpAddr,
    request: http::Request<B>,
) -> Response<Payload>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let digits = hex_digits(rand::random());
    let id = String::from_utf8_lossy(&digits).into_owned();
    let method = request.method().clone();
    let activity = Activity::begin(&method, request.uri(), request.headers(), remote);
    let live = state.live.load();
    // In a box, because it goes through many hands.
    let mut request = Box::new(Request::new(request, remote, id, activity.success_log(), &live));
    let cors = cors::Cors::new(&live.cors_origins, &request.headers);
    drop(live);

    let mut response = if method == Method::OPTIONS {
        let mut answer = cors.preflight();
        if activity.path().starts_with("/api/files/uploads") {
            super::api::uploads::options(answer.headers_mut());
        }
        answer
    } else {
        if method == Method::HEAD {
            request.method = Method::GET;
        }
        let answer = pin!(answer(Arc::clone(&state), router, request, &activity));
        match panic_barrier::catch(answer).await {
            Ok(response) => {
                activity.end(&state, response.status(), None);
                response
            }
            Err(error) => {
                log_cause(&error, &String::from_utf8_lossy(&digits));
                activity.end(&state, error.status(), Some(&error));
                error.to_reply().into_response(None)
            }
        }
    };
    if method == Method::HEAD {
        response = without_body(response);
    }
    let headers = response.headers_mut();
    security_headers::add(headers);
    cors.add(headers);
    // Hex digits always make a value.
    if let Ok(value) = HeaderValue::from_bytes(&digits) {
        headers.insert(REQUEST_ID, value);
    }
    tracing::debug!(
        target: "haversack::access",
        id = %String::from_utf8_lossy(&digits),
        %remote,
        %method,
        // Debug form: a path may hold what a terminal would obey.
        path = ?activity.path(),
        status = response.status().as_u16(),
        micros = activity.elapsed().as_micros() as u64,
        "answered"
    );
    response
}

/// Finds the handler and lets it answer.
async fn answer(
    state: Arc<State>,
    router: Arc<Router>,
    mut request: Box<Request>,
    activity: &Activity,
) -> Result<Response<Payload>, ApiError> {
    let (route, params) = router.find(&request.method, &request.path).unzip();
    request.params = params.unwrap_or_default();
    let stats = route.as_ref().map(|route| Arc::clone(&route.stats));
    let answer = answer_of(state, Arc::clone(&router), route, request, activity).await;
    let status = answer.as_ref().map_or_else(ApiError::status, Response::status);
    stats.as_deref().unwrap_or(router.unrouted()).record(status, activity.elapsed());
    answer
}

/// Lets the handler of a route answer.
async fn answer_of(
    state: Arc<State>,
    router: Arc<Router>,
    route: Option<Arc<Route>>,
    mut request: Box<Request>,
    activity: &Activity,
) -> Result<Response<Payload>, ApiError> {
    // Parsed before the handler runs, so that a bad parameter changes nothing.
    let picker = request.query.get("fields").map(FieldsPicker::parse).transpose()?;
    auth::load(&state, &mut request)?;
    let settings = state.backend.settings();
    let address = real_ip(&request, &settings);
    activity.comes_from(address, request.extensions.get());
    request.address = Some(address);
    limits::check(&state, &settings, &request, route.as_deref())?;
    drop(settings);
    if let Some(route) = &route {
        key_routes::check(&request, route)?;
    }
    let encoding = Encoding::accepted(&request.headers);
    let reply = Next::new(router, Arc::clone(&state), route).run(*request).await?;
    Ok(compression::apply(&state, encoding, reply.into_response(picker.as_ref())).await)
}

/// Writes the cause of a failure to the log: ours loudly, the client's for those who look.
fn log_cause(error: &ApiError, id: &str) {
    let cause = error.cause().map(ToString::to_string);
    if error.status().is_server_error() {
        tracing::error!(id, status = error.status().as_u16(), cause, "request failed");
    } else if let Some(cause) = cause {
        tracing::debug!(id, status = error.status().as_u16(), cause, "request rejected");
    }
}
