//! What the core refuses, in this door's words: problem documents (RFC 9457) over REST, HubExceptions over the hubs.

use std::borrow::Cow;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
pub use door_kit::{Asked, Body, Id, Named, OptionalBody};
use door_kit::{Refuses, Unfit, whole_seconds};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use parlor_core::Error;
use serde::Serialize;
use signalr::HubError;
use utoipa::ToSchema;

use crate::Door;

/// A problem document: `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument<'a> {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    status: u16,
    /// What was wrong, for a person to read.
    detail: &'a str,
    /// The field that was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// The limit of the plan that stopped the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'static str>,
    /// The permission that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<&'static str>,
}

/// Why a request was refused; leaves as a [`ProblemDocument`].
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    about: About,
}

/// What else the caller should know.
#[derive(Clone, Debug, PartialEq, Eq)]
enum About {
    Nothing,
    Field(Cow<'static, str>),
    Limit(&'static str),
    Permission(&'static str),
    /// Seconds.
    RetryAfter(u64),
}

pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem { status, detail: detail.into(), about: About::Nothing }
    }

    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// A path that leads nowhere.
    pub fn not_found(what: &'static str) -> Problem {
        Error::NotFound(what).into()
    }
}

impl Refuses for Door {
    type Refusal = Problem;
}

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Problem {
        Problem::new(unfit.status, unfit.reason)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let status = match &error {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Invalid { .. } => StatusCode::BAD_REQUEST,
            Error::Conflict(_) => StatusCode::CONFLICT,
            Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Error::UnknownType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::Disabled => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Forbidden(_) | Error::NotAllowed(_) | Error::Plan(_) | Error::Unverified => {
                StatusCode::FORBIDDEN
            }
            Error::Usage(_) | Error::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Database(_) | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let detail = Cow::Owned(said(&error));
        let about = match error {
            Error::Invalid { field, .. } => About::Field(spelled(&field)),
            Error::Plan(limit) | Error::Usage(limit) => About::Limit(limit.as_str()),
            Error::Forbidden(permission) => About::Permission(permission.as_str()),
            Error::TooMany(wait) => About::RetryAfter(whole_seconds(wait)),
            Error::Database(cause) | Error::Internal(cause) => {
                tracing::error!(%cause, "a request failed");
                About::Nothing
            }
            Error::NotFound(_)
            | Error::Conflict(_)
            | Error::Disabled
            | Error::NotAllowed(_)
            | Error::TooLarge(_)
            | Error::UnknownType
            | Error::Unverified
            | Error::Unauthenticated(_)
            | Error::Unavailable(_) => About::Nothing,
        };
        Problem { status, detail, about }
    }
}

/// A refusal's text, in which a field is called what this door calls it.
fn said(error: &Error) -> String {
    match error {
        Error::Invalid { field, problem } => format!("{} {problem}.", spelled(field)),
        other => other.to_string(),
    }
}

/// How the contract spells the core's name of a field: in camel case, and some by a word of its own.
fn spelled(field: &str) -> Cow<'static, str> {
    let own = match field {
        "external_id" => "sessionId",
        "contact_name" => "contactDisplayName",
        "model" => "aiModelCode",
        "instructions" => "systemPromptOverride",
        // What stands within a structured field is spelled alike everywhere.
        other => match other.split_once('.') {
            Some((field, within)) => return Cow::Owned(format!("{}.{within}", camel_case(field))),
            None => return Cow::Owned(camel_case(other)),
        },
    };
    Cow::Borrowed(own)
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut spelled, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        spelled.push_str(&initial.to_ascii_uppercase());
        spelled.push_str(rest);
        spelled
    })
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Problem { status, detail, about } = &self;
        let document = ProblemDocument {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            field: if let About::Field(name) = about { Some(name) } else { None },
            limit: if let About::Limit(name) = *about { Some(name) } else { None },
            permission: if let About::Permission(name) = *about { Some(name) } else { None },
        };
        let mut response = (*status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if *status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let About::RetryAfter(seconds) = about {
            headers.insert(RETRY_AFTER, (*seconds).into());
        }
        response
    }
}

/// What a hub method refuses. Failures of ours stay ours.
pub fn hub_error(error: Error) -> HubError {
    match error {
        Error::Database(cause) | Error::Internal(cause) => HubError::internal(cause.to_string()),
        refused => HubError::new(said(&refused)),
    }
}
