//! What the core refuses, in this door's words: `{"error": "<reason>"}` with the guide's status codes.

use std::borrow::Cow;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
pub use door_kit::{Asked, Body, Id, OptionalBody};
use door_kit::{Refuses, Unfit, whole_seconds};
use http::{StatusCode, header::RETRY_AFTER};
use parlor_core::Error;
use serde::Serialize;

use crate::Door;

/// Why a request was refused; leaves as `{"error": "<reason>"}`.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    reason: Cow<'static, str>,
    /// Seconds.
    retry_after: Option<u64>,
}

pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub fn new(status: StatusCode, reason: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { status, reason: reason.into(), retry_after: None }
    }

    pub fn bad_request(reason: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, reason)
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// How many seconds to wait, where waiting helps.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// What is said to the caller.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        let status = match &error {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Invalid { .. } => StatusCode::BAD_REQUEST,
            Error::Conflict(_) => StatusCode::CONFLICT,
            Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Error::UnknownType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::Disabled
            | Error::Forbidden(_)
            | Error::NotAllowed(_)
            | Error::Plan(_)
            | Error::Unverified => StatusCode::FORBIDDEN,
            Error::Usage(_) | Error::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Database(_) | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let reason = Cow::Owned(error.to_string());
        let retry_after = match error {
            Error::TooMany(wait) => Some(whole_seconds(wait)),
            Error::Database(cause) | Error::Internal(cause) => {
                tracing::error!(%cause, "a request failed");
                None
            }
            _ => None,
        };
        Refusal { status, reason, retry_after }
    }
}

impl Refuses for Door {
    type Refusal = Refusal;
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Refusal {
        Refusal::new(unfit.status, unfit.reason)
    }
}

#[derive(Serialize)]
struct Said<'a> {
    error: &'a str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Said { error: &self.reason })).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
