//! How a list would be answered: `/api/collections/{collection}/explain`.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::records::list_params;
use crate::ops::records::{ListParams, explain};
use crate::web::caller::superuser_of;
use crate::web::{ApiError, Reply, Request, State};

/// `GET …/explain`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let caller = superuser_of(&request)?;
    let rows_max = Some(state.live.load().scan_rows_max);
    let params = ListParams { rows_max, ..list_params(&request)? };
    let collection = request.params.get("collection").to_owned();
    let who = request.query.get("as").unwrap_or("").to_owned();
    let (reading, rules) = (state.backend.reading(), state.backend.rules().clone());
    let found = state
        .blocking
        .run(move || explain(&reading, rules, &caller, &collection, params, &who))
        .await?;
    Ok(Reply::json(
        StatusCode::OK,
        json!({
            "plan": found.plan.to_json(),
            "estimatedRows": found.plan.estimated_rows,
            "total": found.total,
            "hint": found.hint,
        }),
    ))
}
