//! `/api/settings`, for superusers only.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value as Json};

use crate::hooks::{SettingsRead, SettingsWrite};
use crate::model::Timestamp;
use crate::ops::auth::TestMail;
use crate::ops::settings::{UpdateSettings, test_storage};
use crate::schema::Secrets;
use crate::settings::Settings;
use crate::web::asking;
use crate::web::caller::superuser_of;
use crate::web::{ApiError, Reply, Request, State, committed};

const UNREADABLE: &str = "An error occurred while loading the submitted data.";

/// `GET /api/settings`
pub(crate) async fn get(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let settings = state.backend.settings();
    let caller = request.caller();
    let asked = asking::ask(
        &state,
        |hooks| &hooks.settings_read,
        || match settings.to_json(Secrets::Hide) {
            Json::Object(settings) => Some(SettingsRead { settings, caller }),
            _ => None,
        },
    );
    Ok(match asked.await? {
        Some(read) => Reply::json(StatusCode::OK, read.settings.into()),
        None => reply(&settings),
    })
}

/// `PATCH /api/settings`
pub(crate) async fn update(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = body_of(&mut request).await?;
    let mut sent = Some(body);
    let caller = request.caller();
    let asked = asking::ask(
        &state,
        |hooks| &hooks.settings,
        || Some(SettingsWrite { body: sent.clone().unwrap_or_default(), caller }),
    );
    let body = asked.await?.map(|write| write.body).or(sent.take()).unwrap_or_default();
    let update = UpdateSettings::new(body).but_for(state.backend.pinned_settings());
    committed(|done| state.backend.submit(move |tx| update.run(tx), done)).await?;
    let settings = state.backend.reload_settings()?;
    state.rate_limiter.reset();
    // What the log is not to keep any more goes at once.
    state.backend.crons().start("__pbLogsCleanup__", Timestamp::now());
    Ok(reply(&settings))
}

/// `POST /api/settings/test/email`
pub(crate) async fn test_email(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = body_of(&mut request).await?;
    let text = |name: &str| match body.get(name) {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(_) => Err(ApiError::bad_request(UNREADABLE)),
    };
    let mail = TestMail {
        email: text("email")?,
        template: text("template")?,
        collection: text("collection")?,
    };
    let backend = Arc::clone(&state.backend);
    state.blocking.run(move || mail.send(&backend)).await?;
    Ok(Reply::no_content())
}

async fn body_of(request: &mut Request) -> Result<Map<String, Json>, ApiError> {
    request.body_object().await.map_err(|error| match error.status() {
        StatusCode::BAD_REQUEST => ApiError::bad_request(UNREADABLE).with_cause(error),
        _ => error,
    })
}

/// `POST /api/settings/test/s3`
pub(crate) async fn test_s3(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = body_of(&mut request).await?;
    let which = body.get("filesystem").and_then(Json::as_str).unwrap_or_default().to_owned();
    let settings = state.backend.settings();
    state.transfers.run(move || test_storage(&settings, &which)).await?;
    Ok(Reply::no_content())
}

fn reply(settings: &Settings) -> Reply {
    Reply::json(StatusCode::OK, settings.to_json(Secrets::Hide))
}
