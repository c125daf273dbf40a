//! `/api/v1/auth`: sign in, renew, sign out (`store.md` A).

use axum::{Json, extract::State};
use door_kit::Address;
use http::StatusCode;
use parlor_core::{
    accounts::{self, ACCESS_LIVES, SignedIn},
    limits::{self, Action},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Door,
    error::{Body, ProblemDocument, Result},
    token,
};

pub fn router() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(login)).routes(routes!(refresh)).routes(routes!(logout))
}

#[derive(Deserialize, ToSchema)]
struct Login {
    #[schema(example = "owner@example.com")]
    email: String,
    #[schema(format = Password)]
    password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Renewal {
    refresh_token: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    /// A JWT, good for `expiresIn` seconds.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    expires_in: u64,
    /// Good for one renewal within 30 days.
    refresh_token: String,
}

/// Sign in.
///
/// A1. An unknown person and a wrong password get the same answer after the same time.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", request_body = Login,
    responses((status = 200, body = Tokens), (status = 401, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
async fn login(
    State(door): State<Door>,
    Address(address): Address,
    Body(login): Body<Login>,
) -> Result<Json<Tokens>> {
    let signed_in = accounts::sign_in(&door.app, &login.email, login.password, address).await?;
    tokens(&door, signed_in)
}

/// Renew a sign-in.
///
/// A2. The refresh token is spent by it. One that is used twice ends the sign-in.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", request_body = Renewal,
    responses((status = 200, body = Tokens), (status = 401, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
async fn refresh(
    State(door): State<Door>,
    Address(address): Address,
    Body(renewal): Body<Renewal>,
) -> Result<Json<Tokens>> {
    door.app.limits.check(Action::AddressReads, limits::network(address))?;
    let signed_in = accounts::refresh(&door.app, &renewal.refresh_token).await?;
    tokens(&door, signed_in)
}

/// Sign out.
///
/// A3. Ends the sign-in, its access tokens and its open connections at once. An unknown token is answered alike.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", request_body = Renewal,
    responses((status = 204), (status = 429, body = ProblemDocument)))]
async fn logout(
    State(door): State<Door>,
    Address(address): Address,
    Body(renewal): Body<Renewal>,
) -> Result<StatusCode> {
    door.app.limits.check(Action::AddressReads, limits::network(address))?;
    accounts::sign_out(&door.app, &renewal.refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tokens(door: &Door, SignedIn { agent, refresh_token }: SignedIn) -> Result<Json<Tokens>> {
    let access_token = token::issue(&door.app, &agent)?;
    Ok(Json(Tokens { access_token, token_type: "Bearer", expires_in: ACCESS_LIVES.as_secs(), refresh_token }))
}
