//! What comes in a request, refused in the words of whichever door it came to.

use std::borrow::Cow;

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    response::IntoResponse,
};
use http::{StatusCode, request::Parts};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::Object;

/// Why something does not fit, before any verb has seen it.
#[derive(Debug)]
pub struct Unfit {
    pub status: StatusCode,
    /// For whoever called.
    pub reason: Cow<'static, str>,
}

/// A door's state, by which it is known how the door refuses.
pub trait Refuses {
    /// What leaves as an answer.
    type Refusal: From<Unfit> + IntoResponse;
}

impl Unfit {
    /// What a library of ours has rejected. What has the wrong shape is a bad request like any other.
    pub fn rejected(status: StatusCode, reason: String) -> Unfit {
        let status = match status {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        Unfit { status, reason: Cow::Owned(reason) }
    }

    fn nowhere() -> Unfit {
        Unfit { status: StatusCode::NOT_FOUND, reason: Cow::Borrowed("The path names nothing.") }
    }
}

impl From<JsonRejection> for Unfit {
    fn from(rejection: JsonRejection) -> Unfit {
        Unfit::rejected(rejection.status(), rejection.body_text())
    }
}

/// A JSON body: an object.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Refuses + Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = S::Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, S::Refusal> {
        match Json::<Object<T>>::from_request(request, state).await {
            Ok(Json(Object(body))) => Ok(Body(body)),
            Err(rejection) => Err(Unfit::from(rejection).into()),
        }
    }
}

/// A JSON body that may be left out; nothing at all is an object without entries.
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned, S: Refuses + Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = S::Refusal;

    async fn from_request(request: Request, state: &S) -> Result<OptionalBody<T>, S::Refusal> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Unfit::rejected(rejection.status(), rejection.body_text()))?;
        let said: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        match Json::from_bytes(said) {
            Ok(Json(Object(body))) => Ok(OptionalBody(body)),
            Err(rejection) => Err(Unfit::from(rejection).into()),
        }
    }
}

/// The parameters of a query.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Refuses + Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = S::Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, S::Refusal> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Asked(asked)),
            Err(rejection) => Err(Unfit::rejected(rejection.status(), rejection.body_text()).into()),
        }
    }
}

/// The word in a path. What is no text names nothing.
pub struct Named(pub String);

impl<S: Refuses + Send + Sync> FromRequestParts<S> for Named {
    type Rejection = S::Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named, S::Refusal> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Named(name)).map_err(|_| Unfit::nowhere().into())
    }
}

/// The id in a path. What is no id names nothing.
pub struct Id(pub Uuid);

impl<S: Refuses + Send + Sync> FromRequestParts<S> for Id {
    type Rejection = S::Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, S::Refusal> {
        let id = Path::<Uuid>::from_request_parts(parts, state).await;
        id.map(|Path(id)| Id(id)).map_err(|_| Unfit::nowhere().into())
    }
}
