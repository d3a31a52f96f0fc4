//! `/api/sql`, for superusers only.

use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;
use serde_json::{Value as Json, json};

use crate::ops::console::ask;
use crate::web::caller::superuser_of;
use crate::web::{ApiError, Reply, Request, State};

/// `POST /api/sql`: one SELECT; nothing can be written.
pub(crate) async fn run(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = request.body_object().await?;
    let query = body.get("query").and_then(Json::as_str).unwrap_or_default().to_owned();
    let snapshot = state.backend.snapshot();
    let began = Instant::now();
    let answer = state.blocking.run(move || ask(&*snapshot, &query)).await?;
    let column = |name: &String| json!({ "name": name, "type": "", "nullable": true });
    let body = json!({
        "execTime": began.elapsed().as_millis() as u64,
        "affectedRows": 0,
        "columns": answer.columns.iter().map(column).collect::<Vec<_>>(),
        "rows": answer.rows,
    });
    Ok(Reply::json(StatusCode::OK, body))
}
