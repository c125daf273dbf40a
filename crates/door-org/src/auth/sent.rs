//! What a page's form or its script sends.

use axum::{
    Form,
    extract::{FromRequest, Request},
    response::{IntoResponse, Redirect, Response},
};
use door_kit::Unfit;
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use parlor_core::{Error, actor::Agent};
use serde::{Deserialize, de::DeserializeOwned};

use super::ACCOUNT;
use crate::{
    Door,
    error::{Body, OptionalBody, Refusal},
    session,
};

/// How something was sent: the answer goes the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A page that works without a script: it is answered by pages.
    Form,
    Json,
}

impl Way {
    fn of(headers: &HeaderMap) -> Way {
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") { Way::Form } else { Way::Json }
    }
}

/// What somebody sends who has not signed in. A form must come from a page of ours.
pub struct Sent<T>(pub Way, pub T);

impl<T: DeserializeOwned> FromRequest<Door> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, door: &Door) -> Result<Sent<T>, Refusal> {
        match Way::of(request.headers()) {
            Way::Json => Body::from_request(request, door).await.map(|Body(body)| Sent(Way::Json, body)),
            Way::Form if session::from_our_own_page(&door.settings.public_url, request.headers()) => {
                form(request, door).await.map(|body| Sent(Way::Form, body))
            }
            Way::Form => Err(Refusal::new(StatusCode::FORBIDDEN, "This form was sent by a foreign page.")),
        }
    }
}

async fn form<T: DeserializeOwned>(request: Request, door: &Door) -> Result<T, Refusal> {
    let read = Form::<T>::from_request(request, door).await;
    read.map(|Form(body)| body)
        .map_err(|rejection| Unfit::rejected(rejection.status(), rejection.body_text()).into())
}

/// A change by somebody who has signed in, with the page's CSRF token: in a form's field, or in a script's header.
pub struct Change<T> {
    pub way: Way,
    pub agent: Agent,
    pub body: T,
}

/// A change that needs no words.
#[derive(Deserialize)]
pub struct Nothing {}

/// A form with its CSRF token.
#[derive(Deserialize)]
struct Signed<T> {
    #[serde(default)]
    csrf_token: String,
    #[serde(flatten)]
    body: T,
}

impl<T: DeserializeOwned> FromRequest<Door> for Change<T> {
    type Rejection = Response;

    async fn from_request(request: Request, door: &Door) -> Result<Change<T>, Response> {
        let way = Way::of(request.headers());
        let agent = match session::agent(&door.app, request.headers()).await {
            Ok(agent) => agent,
            Err(Error::Unauthenticated(_)) if way == Way::Form => {
                return Err(Redirect::to("/auth/login").into_response());
            }
            Err(refused) => return Err(Refusal::from(refused).into_response()),
        };
        match way {
            Way::Form => {
                let Signed { csrf_token, body } =
                    form(request, door).await.map_err(IntoResponse::into_response)?;
                // A page that was opened before the person signed in anew: it is shown afresh.
                session::check_csrf(&door.app, &agent, csrf_token.as_bytes())
                    .map_err(|_| Redirect::to(&format!("{ACCOUNT}?said=stale")).into_response())?;
                Ok(Change { way, agent, body })
            }
            Way::Json => {
                session::check_csrf(&door.app, &agent, session::csrf_header(request.headers()))
                    .map_err(IntoResponse::into_response)?;
                let body = OptionalBody::from_request(request, door).await;
                let OptionalBody(body) = body.map_err(IntoResponse::into_response)?;
                Ok(Change { way, agent, body })
            }
        }
    }
}
