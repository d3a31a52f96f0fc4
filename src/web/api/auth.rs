//! Logging in: `/api/collections/{collection}/auth-…` and `…/impersonate/{id}`.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value as Json, json};

use crate::hooks::AuthAction;
use crate::ops::auth::{
    self, Attempt, Impersonation, LoggedIn, Login, OtpLogin, PasswordLogin, Promotion,
};
use crate::ops::records::collection_of;
use crate::ops::{Error, Failure};
use crate::query::Rows;
use crate::schema::{Collection, PasswordAuth};
use crate::web::asking;
use crate::web::caller::{bearer_token, caller_of, superuser_of};
use crate::web::middleware::limits::superusers_may_come_from;
use crate::web::{ApiError, Reply, Request, State, committed, real_ip};

use super::records::expand_of;

/// `GET …/auth-methods`
pub(crate) async fn methods(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let collection = auth_collection(&*state.backend.snapshot(), request.params.get("collection"))?;
    let options = collection.auth().ok_or(Error::NotAuthCollection)?;
    let password = &options.password_auth;
    let identity_fields = |auth: &PasswordAuth| {
        if auth.enabled { auth.identity_fields.clone() } else { Vec::new() }
    };
    let has = |name: &str| password.enabled && password.identity_fields.iter().any(|f| f == name);
    let duration = |enabled: bool, seconds: i64| if enabled { seconds } else { 0 };
    let (mfa, otp, oauth2) = (&options.mfa, &options.otp, &options.oauth2);
    let providers = super::oauth2::offers(&state, &collection).await;
    // Without OAuth2 the list of old clients is null.
    let old_providers = oauth2.enabled.then(|| {
        let mut providers = providers.clone();
        for provider in &mut providers {
            provider["logo"] = "".into();
        }
        providers
    });
    let mut answer = json!({
            "password": { "identityFields": identity_fields(password), "enabled": password.enabled },
            "oauth2": { "providers": providers, "enabled": oauth2.enabled },
            "mfa": { "enabled": mfa.enabled, "duration": duration(mfa.enabled, mfa.duration) },
            "otp": { "enabled": otp.enabled, "duration": duration(otp.enabled, otp.duration) },
            "authProviders": old_providers,
            "usernamePassword": has("username"),
            "emailPassword": has("email"),
    });
    // PocketBase has no such members, so they show only where they mean something.
    if options.totp.enabled {
        answer["totp"] = json!({ "enabled": true });
    }
    if options.passkeys.enabled {
        answer["passkeys"] = json!({ "enabled": true });
    }
    if options.anonymous.enabled {
        answer["anonymous"] = json!({ "enabled": true });
    }
    Ok(Reply::json(StatusCode::OK, answer))
}

/// `POST …/auth-with-password`
pub(crate) async fn with_password(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::Password).await?;
    let login = PasswordLogin {
        identity: body.text("identity"),
        password: body.text("password"),
        identity_field: body.text("identityField"),
        attempt: attempt_of(&state, &request, &body),
    };
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let login = state.hashing.run(move || login.run(&backend, &name)).await;
    Ok(login_reply(&state, &body.judge(login)?, None))
}

/// `POST …/auth-with-otp`
pub(crate) async fn with_otp(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::Otp).await?;
    let login = OtpLogin {
        otp_id: body.text("otpId"),
        password: body.text("password"),
        attempt: attempt_of(&state, &request, &body),
    };
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let login = state.hashing.run(move || login.run(&backend, &name)).await;
    Ok(login_reply(&state, &body.judge(login)?, None))
}

/// `POST …/auth-anonymous`
pub(crate) async fn anonymously(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let attempt = attempt_of(&state, &request, &body);
    if let Some(failure) = body.failure {
        return Err(failure);
    }
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let login =
        state.blocking.run(move || auth::sign_in_anonymously(&backend, attempt, &name)).await;
    Ok(login_reply(&state, &login.map_err(in_context)?, None))
}

/// `POST …/auth-promote`
pub(crate) async fn promoted(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let promotion = Promotion {
        email: body.text("email"),
        password: body.text("password"),
        password_confirm: body.text("passwordConfirm"),
        attempt: attempt_of(&state, &request, &body),
    };
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let login = state.hashing.run(move || promotion.run(&backend, &name)).await;
    Ok(login_reply(&state, &body.judge(login)?, None))
}

/// `POST …/auth-refresh`
pub(crate) async fn refreshed(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    asking::about_account(&state, &request, AuthAction::Refresh, Map::new()).await?;
    let (snapshot, caller) = (state.backend.snapshot(), caller_of(&request));
    let mut logged_in = auth::refresh(
        &*snapshot,
        state.backend.rules(),
        &caller,
        request.params.get("collection"),
        bearer_token(&request).unwrap_or(""),
        expand_of(&request),
    )
    .map_err(in_context)?;
    if let Some(auth) = caller.auth().filter(|auth| auth.credential.session().is_some()).cloned() {
        committed(|done| state.backend.submit(move |tx| auth::prolong(tx, &auth), done)).await?;
    }
    if let Some(auth) = caller.auth() {
        auth::note_use(&state.backend, &auth.collection, &auth.row);
    }
    logged_in.record = asking::enriched_one(&state, &caller, logged_in.record).await?;
    Ok(reply(&state, &logged_in, None))
}

/// `POST …/impersonate/{id}`
pub(crate) async fn impersonate(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let caller = superuser_of(&request)?;
    let body = Body::of(&mut request).await;
    let seconds = match body.values.get("duration") {
        None | Some(Json::Null) => Some(0),
        Some(Json::String(text)) => text.parse().ok(),
        Some(json) => json.as_i64(),
    };
    let snapshot = state.backend.snapshot();
    let mut logged_in = auth::impersonate(
        &*snapshot,
        state.backend.rules(),
        &caller,
        request.params.get("collection"),
        request.params.get("id"),
        seconds.unwrap_or(0),
        expand_of(&request),
    )
    .map_err(|error| match error {
        Error::NoCollection => Error::NotAuthCollection,
        other => other,
    })?;
    if body.failure.is_some() || seconds.is_none() {
        return Err(unreadable());
    }
    let options = logged_in.record.collection.auth();
    if options.is_some_and(|options| options.sessions.enabled) {
        let session = Impersonation {
            collection: logged_in.record.collection.id.clone(),
            id: logged_in.record.row.as_row().id().to_owned(),
            seconds: seconds.unwrap_or(0),
            address: real_ip(&request, &state.backend.settings()),
            user_agent: request.header("user-agent").unwrap_or("").to_owned(),
        };
        logged_in.token =
            committed(|done| state.backend.submit(move |tx| session.run(tx), done)).await?;
    }
    Ok(reply(&state, &logged_in, None))
}

pub(super) fn attempt_of(state: &State, request: &Request, body: &Body) -> Attempt {
    let settings = state.backend.settings();
    let address = real_ip(request, &settings);
    Attempt {
        caller: caller_of(request),
        address,
        may_be_superuser: superusers_may_come_from(&settings, address),
        user_agent: request.header("user-agent").unwrap_or("").to_owned(),
        body: body.values.clone(),
        expand: expand_of(request).to_owned(),
    }
}

/// The answer to a login; `meta` is what a provider said of the account.
pub(super) fn login_reply(state: &State, login: &Login, meta: Option<&Json>) -> Reply {
    match login {
        Login::Done(logged_in) => reply(state, logged_in, meta),
        Login::SecondFactor(id) => Reply::json(StatusCode::UNAUTHORIZED, json!({ "mfaId": id })),
    }
}

fn reply(state: &State, logged_in: &LoggedIn, meta: Option<&Json>) -> Reply {
    let mut out = match meta {
        Some(meta) => format!("{{\"meta\":{meta},\"record\":").into_bytes(),
        None => b"{\"record\":".to_vec(),
    };
    state.records.push(&mut out, &logged_in.record);
    // Tokens are base64 and dots, which need no escaping.
    out.extend_from_slice(format!(",\"token\":\"{}\"}}", logged_in.token).as_bytes());
    Reply::json_text(StatusCode::OK, out)
}

/// A form that may have arrived unreadable. Whether that matters shows only once everything else
/// about the request was found to be in order.
pub(super) struct Body {
    values: Map<String, Json>,
    failure: Option<ApiError>,
}

impl Body {
    pub(super) async fn of(request: &mut Request) -> Self {
        match request.body_object().await {
            Ok(values) => Self { values, failure: None },
            Err(error) => Self { values: Map::new(), failure: Some(error) },
        }
    }

    /// The form as hooks want it.
    pub(super) fn heeding(
        self,
        state: &Arc<State>,
        request: &Request,
        action: AuthAction,
    ) -> impl Future<Output = Result<Self, ApiError>> + Send + use<> {
        let Self { values, failure } = self;
        let heard = asking::about_account(state, request, action, values);
        async move { Ok(Self { values: heard.await?, failure }) }
    }

    /// Notes that the form cannot be read after all, so that it looks empty.
    pub(super) fn fail(&mut self, failure: ApiError) {
        self.values.clear();
        self.failure.get_or_insert(failure);
    }

    /// Why the form could not be read, if it could not.
    pub(super) fn into_failure(self) -> Option<ApiError> {
        self.failure
    }

    /// What was sent under this name.
    pub(super) fn value(&self, name: &str) -> Option<&Json> {
        self.values.get(name)
    }

    /// A scalar as text; empty when it is missing or none.
    pub(super) fn text(&self, name: &str) -> String {
        match self.values.get(name) {
            Some(Json::String(text)) => text.clone(),
            Some(json @ (Json::Number(_) | Json::Bool(_))) => json.to_string(),
            _ => String::new(),
        }
    }

    /// A member as it is; null when it is missing.
    pub(super) fn json(&self, name: &str) -> Json {
        self.values.get(name).cloned().unwrap_or_default()
    }

    /// The outcome of a use case. An unreadable form, which looks empty to it, explains a form that
    /// was not filled in.
    pub(super) fn judge<T>(self, outcome: Result<T, Error>) -> Result<T, ApiError> {
        match (outcome, self.failure) {
            (Err(Error::Rejected(Failure::Form | Failure::OAuth2Form, _)), Some(failure)) => {
                Err(failure)
            }
            (Err(error), _) => Err(in_context(error)),
            (Ok(done), _) => Ok(done),
        }
    }
}

pub(super) fn unreadable() -> ApiError {
    ApiError::bad_request("An error occurred while loading the submitted data.")
}

/// How failures of requests that are about accounts answer.
pub(super) fn in_context(error: Error) -> ApiError {
    match error {
        Error::NoCollection => ApiError::not_found("Missing or invalid collection context."),
        other => other.into(),
    }
}

pub(super) fn collection_name(request: &Request) -> String {
    request.params.get("collection").to_owned()
}

fn auth_collection(rows: &dyn Rows, name: &str) -> Result<Arc<Collection>, ApiError> {
    let collection = collection_of(rows, name).map_err(in_context)?;
    if collection.is_auth() { Ok(collection) } else { Err(Error::NotAuthCollection.into()) }
}
