//! `/api/settings`, for superusers only.

use std::sync::Arc;

use http::StatusCode;

use crate::ops::settings::UpdateSettings;
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
    let update = UpdateSettings::new(body).but_for(state.backend.pinned_settings());
    committed(|done| state.backend.submit(move |tx| update.run(tx), done)).await?;
    let settings = state.backend.reload_settings()?;
    state.rate_limiter.reset();
    Ok(reply(&settings))
}

fn reply(settings: &Settings) -> Reply {
    Reply::json(StatusCode::OK, settings.to_json(Secrets::Hide))
}
