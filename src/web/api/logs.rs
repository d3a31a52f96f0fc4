//! `/api/logs`, for superusers only.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value as Json, json};

use crate::ops::Error;
use crate::ops::logs::{LogHour, LogPage, Logs, StoredEntry};
use crate::web::caller::superuser_of;
use crate::web::{ApiError, Reply, Request, State};

use super::records::list_params;

/// `GET /api/logs`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let params = list_params(&request)?;
    let page = read(&state, move |logs| logs.list(&params)).await?;
    Ok(Reply::json(StatusCode::OK, page_json(&page)).into_page())
}

/// `GET /api/logs/stats`
pub(crate) async fn stats(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let filter = request.query.get("filter").unwrap_or("").to_owned();
    let stats = read(&state, move |logs| logs.stats(&filter)).await.map_err(|error| {
        if error.status() == StatusCode::BAD_REQUEST {
            ApiError::bad_request("Invalid filter format.").with_cause(error)
        } else {
            error
        }
    })?;
    let hours: Vec<Json> = stats.iter().map(hour_json).collect();
    Ok(Reply::json(StatusCode::OK, hours.into()))
}

/// `GET /api/logs/{id}`
pub(crate) async fn get(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let id = request.params.get("id").to_owned();
    let entry = read(&state, move |logs| logs.view(&id)).await?;
    Ok(Reply::json(StatusCode::OK, entry_json(&entry)))
}

async fn read<T: Send + 'static>(
    state: &State,
    question: impl FnOnce(&Logs) -> Result<T, Error> + Send + 'static,
) -> Result<T, ApiError> {
    let backend = Arc::clone(&state.backend);
    let answer = move || {
        let logs = backend.logs().ok_or_else(|| Error::internal("there is no log"))?;
        question(logs)
    };
    Ok(state.blocking.run(answer).await?)
}

fn page_json(page: &LogPage) -> Json {
    let items: Vec<Json> = page.entries.iter().map(entry_json).collect();
    let (items_max, pages) = match page.total {
        Some(total) => (total as i64, total.div_ceil(page.per_page) as i64),
        None => (-1, -1),
    };
    json!({
        "items": items,
        "page": page.page,
        "perPage": page.per_page,
        "totalItems": items_max,
        "totalPages": pages,
    })
}

/// PocketBase has no `leftOut`, so it is there only when something was.
fn hour_json(hour: &LogHour) -> Json {
    let mut json = json!({ "date": hour.begin.to_string(), "total": hour.total });
    if hour.left_out > 0 {
        json["leftOut"] = hour.left_out.into();
    }
    json
}

fn entry_json(entry: &StoredEntry) -> Json {
    json!({
        "id": entry.id,
        "created": entry.created.map_or_else(String::new, |created| created.to_string()),
        "data": serde_json::from_str::<Json>(&entry.data).unwrap_or_else(|_| json!({})),
        "message": entry.message,
        "level": entry.level,
    })
}
