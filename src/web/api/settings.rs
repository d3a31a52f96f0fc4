//! `/api/settings`, for superusers only.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value as Json;

use crate::ops::settings::{UpdateSettings, test_storage};
use crate::schema::Secrets;
use crate::settings::Settings;
use crate::web::caller::superuser_of;
use crate::web::{ApiError, Reply, Request, State, committed};

/// `GET /api/settings`
pub(crate) async fn get(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    Ok(reply(&state.backend.settings()))
}

/// `PATCH /api/settings`
pub(crate) async fn update(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = request.body_object().await.map_err(|error| match error.status() {
        StatusCode::BAD_REQUEST => {
            ApiError::bad_request("An error occurred while loading the submitted data.")
                .with_cause(error)
        }
        _ => error,
    })?;
    let update = UpdateSettings::new(body);
    committed(|done| state.backend.submit(move |tx| update.run(tx), done)).await?;
    let settings = state.backend.reload_settings()?;
    state.rate_limiter.reset();
    Ok(reply(&settings))
}

/// `POST /api/settings/test/s3`
pub(crate) async fn test_s3(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = request.body_object().await.map_err(|error| match error.status() {
        StatusCode::BAD_REQUEST => {
            ApiError::bad_request("An error occurred while loading the submitted data.")
                .with_cause(error)
        }
        _ => error,
    })?;
    let which = body.get("filesystem").and_then(Json::as_str).unwrap_or_default().to_owned();
    let settings = state.backend.settings();
    state.transfers.run(move || test_storage(&settings, &which)).await?;
    Ok(Reply::no_content())
}

fn reply(settings: &Settings) -> Reply {
    Reply::json(StatusCode::OK, settings.to_json(Secrets::Hide))
}
