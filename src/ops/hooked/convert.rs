//! Failures of use cases as hooks see them, and back.

use serde_json::Value as Json;

use crate::hooks::Rejection;
use crate::ops::Error;

/// Keeps the failure as the cause, so that nothing is lost when a hook passes it on.
impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Hook(_) => 0,
            Error::NoCollection | Error::NotAuthCollection | Error::NotFound => 404,
            Error::Unauthenticated => 401,
            Error::SuperusersOnly | Error::Forbidden | Error::ForeignAddress => 403,
            Error::Changed => 412,
            Error::TooManyRequests | Error::TooManyAttempts => 429,
            Error::Busy | Error::Storage(_) => 503,
            Error::Internal(_) => 500,
            _ => 400,
        };
        match error {
            Error::Hook(rejection) => *rejection,
            Error::Rejected(failure, violations) => {
                let fields = match violations.to_json() {
                    Json::Object(fields) => fields,
                    _ => serde_json::Map::new(),
                };
                Self::new(status, format!("{failure:?} failed."))
                    .with_fields(fields)
                    .with_cause(Error::Rejected(failure, violations))
            }
            other => Self::new(status, other.to_string()).with_cause(other),
        }
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        rejection.into_cause::<Self>().unwrap_or_else(|own| Self::Hook(Box::new(own)))
    }
}
