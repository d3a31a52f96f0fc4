//! What a failed use case answers: the whole mapping from the domain to statuses and messages.

use http::StatusCode;
use serde_json::{Value as Json, json};

use super::ApiError;
use crate::hooks::Rejection;
use crate::ops::{Error, Failure};

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NoCollection => Self::not_found("Missing collection context."),
            Error::NotAuthCollection => {
                Self::not_found("Missing or invalid auth collection context.")
            }
            Error::NotFound => Self::not_found(""),
            Error::SuperusersOnly => Self::forbidden("Only superusers can perform this action."),
            Error::Unauthenticated => {
                Self::unauthorized("The request requires valid record authorization token.")
            }
            Error::Forbidden => {
                Self::forbidden("The authorized record is not allowed to perform this action.")
            }
            Error::OutOfScope => {
                Self::forbidden("The API key is not allowed to perform this action.")
            }
            Error::ForeignAddress => Self::forbidden("").with_cause("no address for superusers"),
            Error::OtherCollection(name) => Self::forbidden(&format!(
                "The request requires auth record from {name} collection."
            )),
            Error::PasswordAuthDisabled => Self::forbidden(
                "The collection is not configured to allow password authentication.",
            ),
            Error::OtpDisabled => {
                Self::forbidden("The collection is not configured to allow OTP authentication.")
            }
            Error::OAuth2Disabled => {
                Self::forbidden("The collection is not configured to allow OAuth2 authentication.")
            }
            Error::OAuth2Token(cause) => {
                Self::bad_request("Failed to fetch OAuth2 token.").with_cause(cause)
            }
            Error::OAuth2User(cause) => {
                Self::bad_request("Failed to fetch OAuth2 user.").with_cause(cause)
            }
            Error::AnonymousDisabled => Self::forbidden(
                "The collection is not configured to allow anonymous authentication.",
            ),
            Error::InvalidOtp => Self::bad_request("Invalid or expired OTP."),
            Error::TooManyAttempts => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many attempts, please try again later with a new OTP.",
            ),
            Error::FactorDisabled(what) => Self::forbidden(&format!(
                "The collection is not configured to allow {what} authentication."
            )),
            Error::TooManyGuesses => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many attempts, please try again later.",
            ),
            Error::AuthRuleFailed => Self::forbidden(
                "The request doesn't satisfy the collection requirements to authenticate.",
            ),
            Error::WrongCredentials => Self::bad_request("Failed to authenticate."),
            Error::ForbiddenToken(token) => {
                Self::forbidden(&format!("Only superusers can filter by {token}"))
            }
            Error::Filter(cause) => Self::bad_request("").with_cause(cause),
            Error::View(cause) => Self::bad_request("").with_cause(cause),
            // Handlers wait for views instead; who does not is as busy as it gets.
            Error::ViewNotReady(_) => Self::from(Error::Busy),
            Error::ViewIsReadOnly => Self::bad_request("Unsupported collection type."),
            Error::Rejected(failure, violations) => {
                Self::bad_request(failure_message(failure)).with_violations(&violations)
            }
            Error::Refused(message) => Self::bad_request(&message),
            Error::BatchStep { index, cause } => batch_failed(index, *cause),
            Error::BatchInterrupted => {
                Self::bad_request(BATCH_FAILED).with_cause("interrupted or out of time")
            }
            Error::UnknownBatchAction => {
                Self::bad_request("").with_cause("unknown batch request action")
            }
            Error::TooManyRequests => Self::too_many_requests(),
            Error::Changed => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "The record has been changed since it was read.",
            ),
            Error::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "The idempotency key was already used for another request.",
            ),
            Error::BackupForbidden => {
                Self::forbidden("Insufficient permissions to access the resource.")
            }
            Error::Hook(rejection) => rejected(*rejection),
            Error::Stopped => Self::bad_request("").with_cause("a hook did not let it happen"),
            Error::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The server is busy, please try again later.",
            ),
            Error::UploadBusy => Self::new(
                StatusCode::LOCKED,
                "The upload is being written by another request, please try again later.",
            ),
            Error::UploadTooLong { max } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                &format!("The field takes files of at most {max} bytes."),
            ),
            Error::FilesUnavailable(cause) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The storage of files cannot be used right now, please try again later.",
            )
            .with_cause(cause),
            Error::StorageTest(why) => {
                Self::bad_request(&format!("{TEST_FAILED} Raw error: \n{why}"))
            }
            Error::Internal(cause) => Self::internal(cause),
        }
    }
}

const TEST_FAILED: &str = "Failed to test the S3 filesystem.";

/// What a hook refused.
fn rejected(rejection: Rejection) -> ApiError {
    // Rejections have no other statuses than these.
    let status = StatusCode::from_u16(rejection.status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = ApiError::new(status, rejection.message())
        .with_data(Json::Object(rejection.fields().clone()));
    if rejection.cause().is_some() { error.with_cause(rejection) } else { error }
}

/// As the failure below it answers, if there is one.
impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        Error::from(rejection).into()
    }
}

const BATCH_FAILED: &str = "Batch transaction failed.";

/// The answer of a failed step, within that of its batch.
fn batch_failed(index: usize, cause: Error) -> ApiError {
    let step = ApiError::from(cause);
    let failed = json!({
        "code": "batch_request_failed",
        "message": "Batch request failed.",
        "response": step.to_json(),
    });
    ApiError::bad_request(BATCH_FAILED)
        .with_data(json!({ "requests": { index.to_string(): failed } }))
        .with_cause(step)
}

fn failure_message(failure: Failure) -> &'static str {
    match failure {
        Failure::CreateRecord => "Failed to create record.",
        Failure::UpdateRecord => "Failed to update record.",
        Failure::DeleteRecord => {
            "Failed to delete record. Make sure that the record is not part of a required relation \
             reference."
        }
        Failure::DeleteLastSuperuser => "You can't delete the only existing superuser.",
        Failure::TruncateCollection => {
            "Failed to truncate collection (most likely due to required cascade delete record \
             references)."
        }
        Failure::TruncateView => {
            "View collections cannot be truncated since they don't store their own records."
        }
        Failure::CreateCollection => "Failed to create collection.",
        Failure::ImportCollections => "Failed to import collections.",
        Failure::UpdateCollection => "Failed to update collection.",
        Failure::CollectionFormat => "Failed to load the submitted data due to invalid formatting.",
        Failure::CollectionTypeFormat => {
            "Failed to load the collection type data due to invalid formatting."
        }
        Failure::SetPassword => "Failed to set new password.",
        Failure::ConfirmEmailChange => "Failed to confirm email change.",
        Failure::SettingsFormat | Failure::OAuth2Form => {
            "An error occurred while loading the submitted data."
        }
        Failure::SaveSettings => "An error occurred while saving the new settings.",
        Failure::TestMail => "Failed to send the test email.",
        Failure::Upload => "Failed to upload the file.",
        Failure::TestStorage => TEST_FAILED,
        Failure::Form => "An error occurred while validating the submitted data.",
        Failure::AppleSecret => "Invalid client secret data.",
    }
}
