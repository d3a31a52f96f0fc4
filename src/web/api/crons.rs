//! `/api/crons`, for superusers only.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value as Json, json};

use crate::model::Timestamp;
use crate::web::caller::superuser_of;
use crate::web::{ApiError, Reply, Request, State};

/// `GET /api/crons`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let jobs = state.backend.crons().list();
    let jobs: Vec<Json> =
        jobs.iter().map(|job| json!({ "id": job.id, "expression": job.expression })).collect();
    Ok(Reply::json(StatusCode::OK, jobs.into()))
}

/// `POST /api/crons/{id}`: answers at once, the job runs by itself.
pub(crate) async fn start(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    if !state.backend.crons().start(request.params.get("id"), Timestamp::now()) {
        return Err(ApiError::not_found("Missing or invalid cron job."));
    }
    Ok(Reply::no_content())
}
