//! Where an invitation's link leads.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use door_kit::Address;
use http::HeaderMap;
use parlor_core::{Error, accounts};
use serde::Deserialize;

use super::{
    HOME, pages,
    sent::{Sent, Way},
    signed_in,
};
use crate::{Door, error::Refusal, session};

/// A9. Says who invites whom to what.
pub async fn page(
    State(door): State<Door>,
    Address(address): Address,
    Path(token): Path<String>,
) -> Response {
    show(&door, &token, address, "", None).await
}

async fn show(
    door: &Door,
    token: &str,
    address: std::net::IpAddr,
    name: &str,
    problem: Option<Error>,
) -> Response {
    match accounts::invitation(&door.app, token, address).await {
        Ok(invitation) => pages::invite(&invitation, token, name, problem),
        Err(error) => pages::no_invite(error),
    }
}

#[derive(Deserialize)]
pub struct Acceptance {
    name: String,
    password: String,
}

/// A9. Joins the team and signs in; the link is spent.
pub async fn accept(
    State(door): State<Door>,
    Address(address): Address,
    Path(token): Path<String>,
    headers: HeaderMap,
    Sent(way, acceptance): Sent<Acceptance>,
) -> Response {
    let Acceptance { name, password } = acceptance;
    let former = session::cookie(&headers);
    let joined = accounts::accept(&door.app, &token, &name, password, address, former).await;
    match (joined, way) {
        (Ok(browser), _) => signed_in(&door, &browser, way, HOME),
        (Err(error), Way::Form) => show(&door, &token, address, &name, Some(error)).await,
        (Err(error), Way::Json) => Refusal::from(error).into_response(),
    }
}
