//! `/metrics`, for whoever collects them.

use std::sync::Arc;

use http::StatusCode;
use http::header::HeaderValue;
use subtle::ConstantTimeEq;

use crate::web::caller::{bearer_token, superuser_of};
use crate::web::metrics::exposition;
use crate::web::{ApiError, Reply, Request, State};

/// `GET /metrics`, with the configured token or by a superuser; 404 while it is off.
pub(crate) async fn get(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let live = state.live.load_full();
    if !live.metrics_enabled {
        return Err(ApiError::generic(StatusCode::NOT_FOUND));
    }
    let expected = live.metrics_token.reveal();
    let given = bearer_token(&request).unwrap_or_default();
    let is_collector =
        !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(given.as_bytes()));
    if !is_collector {
        superuser_of(&request)?;
    }
    let shared = Arc::clone(&state);
    let text = state.blocking.run(move || exposition(&shared)).await;
    let media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(Reply::bytes(StatusCode::OK, media_type, text))
}
