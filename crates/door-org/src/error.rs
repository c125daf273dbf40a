//! What the core refuses, in this door's words: `{"error": "<reason>"}` with the guide's status codes.

use std::borrow::Cow;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use door_kit::{Object, whole_seconds};
use http::{StatusCode, header::RETRY_AFTER, request::Parts};
use parlor_core::Error;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

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
            Error::Disabled | Error::Forbidden(_) | Error::Plan(_) | Error::Unverified => {
                StatusCode::FORBIDDEN
            }
            Error::Usage(_) | Error::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
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

/// A JSON body: an object.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>> {
        match Json::<Object<T>>::from_request(request, state).await {
            Ok(Json(Object(body))) => Ok(Body(body)),
            Err(rejection) => Err(body_refusal(&rejection)),
        }
    }
}

/// A JSON body that may be left out.
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<OptionalBody<T>> {
        let bytes = axum::body::Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Refusal::new(rejection.status(), rejection.body_text()))?;
        if bytes.is_empty() {
            return Ok(OptionalBody(T::default()));
        }
        Json::from_bytes(&bytes)
            .map(|Json(Object(body))| OptionalBody(body))
            .map_err(|rejection| body_refusal(&rejection))
    }
}

fn body_refusal(rejection: &JsonRejection) -> Refusal {
    let status = match rejection.status() {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    Refusal::new(status, rejection.body_text())
}

/// The parameters of a query.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Asked(asked)),
            Err(rejection) => Err(Refusal::bad_request(rejection.body_text())),
        }
    }
}

/// The id in a path. What is no id names nothing.
pub struct Id(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id> {
        let id = Path::<Uuid>::from_request_parts(parts, state).await;
        id.map(|Path(id)| Id(id)).map_err(|_| Refusal::new(StatusCode::NOT_FOUND, "Not found."))
    }
}
