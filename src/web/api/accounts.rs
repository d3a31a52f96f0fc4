//! Codes and links by mail: `/api/collections/{collection}/request-…` and `…/confirm-…`.

use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use crate::hooks::AuthAction;
use crate::ops::auth::{self, ConfirmEmailChange, ConfirmPasswordReset};
use crate::ops::{Backend, Error};
use crate::web::caller::caller_of;
use crate::web::{ApiError, Reply, Request, State, real_ip};

use super::auth::{Body, collection_name};

/// `POST …/request-otp`
pub(crate) async fn request_otp(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::RequestOtp).await?;
    let email = body.text("email");
    let address = address_of(&state, &request);
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let made = state.hashing.run(move || auth::request_otp(&backend, &name, &email, address)).await;
    Ok(Reply::json(StatusCode::OK, json!({ "otpId": body.judge(made)? })))
}

/// `POST …/request-verification`
pub(crate) async fn request_verification(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::RequestVerification).await?;
    let email = body.text("email");
    let address = address_of(&state, &request);
    run(&state, collection_name(&request), body, move |backend, name| {
        auth::request_verification(backend, name, &email, address)
    })
    .await
}

/// `POST …/confirm-verification`
pub(crate) async fn confirm_verification(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::ConfirmVerification).await?;
    let token = body.text("token");
    run(&state, collection_name(&request), body, move |backend, name| {
        auth::confirm_verification(backend, name, &token)
    })
    .await
}

/// `POST …/request-password-reset`
pub(crate) async fn request_password_reset(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::RequestPasswordReset).await?;
    let email = body.text("email");
    let address = address_of(&state, &request);
    run(&state, collection_name(&request), body, move |backend, name| {
        auth::request_password_reset(backend, name, &email, address)
    })
    .await
}

/// `POST …/confirm-password-reset`
pub(crate) async fn confirm_password_reset(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::ConfirmPasswordReset).await?;
    let form = ConfirmPasswordReset {
        token: body.text("token"),
        password: body.text("password"),
        password_confirm: body.text("passwordConfirm"),
    };
    run(&state, collection_name(&request), body, move |backend, name| form.run(backend, name)).await
}

/// `POST …/request-email-change`
pub(crate) async fn request_email_change(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::RequestEmailChange).await?;
    let (caller, new_email) = (caller_of(&request), body.text("newEmail"));
    let address = address_of(&state, &request);
    run(&state, collection_name(&request), body, move |backend, name| {
        auth::request_email_change(backend, &caller, name, &new_email, address)
    })
    .await
}

/// `POST …/confirm-email-change`
pub(crate) async fn confirm_email_change(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::ConfirmEmailChange).await?;
    let form = ConfirmEmailChange { token: body.text("token"), password: body.text("password") };
    run(&state, collection_name(&request), body, move |backend, name| form.run(backend, name)).await
}

fn address_of(state: &State, request: &Request) -> IpAddr {
    real_ip(request, &state.backend.settings())
}

/// Runs a use case that has nothing to say when all went well.
async fn run(
    state: &State,
    collection: String,
    body: Body,
    use_case: impl FnOnce(&Backend, &str) -> Result<(), Error> + Send + 'static,
) -> Result<Reply, ApiError> {
    let backend = state.backend.clone();
    let done = state.hashing.run(move || use_case(&backend, &collection)).await;
    body.judge(done)?;
    Ok(Reply::no_content())
}
