//! Whether the server is up.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::super::{ApiError, Reply, Request, State};

/// `GET /api/health`
pub(super) async fn check(_state: Arc<State>, _request: Request) -> Result<Reply, ApiError> {
    let body = json!({"message": "API is healthy.", "code": 200, "data": {}});
    Ok(Reply::json(StatusCode::OK, body))
}
