//! `/auth`: an agent's browser signs in and out (`org.md` A).

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use door_kit::Address;
use http::{HeaderValue, StatusCode, header::SET_COOKIE};
use parlor_core::{Actor, accounts};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Result},
    session::{COOKIE_NAME, Staff},
};

pub fn router() -> Router<Door> {
    Router::new().route("/auth/login", post(login)).route("/auth/logout", post(logout))
}

#[derive(Deserialize)]
struct Login {
    email: String,
    password: String,
}

#[derive(Serialize)]
struct SignedIn<'a> {
    id: Uuid,
    organization_id: Uuid,
    name: &'a str,
    email: &'a str,
    role: &'static str,
    csrf_token: String,
}

/// A1. Sets the `session` cookie. An unknown person and a wrong password get the same answer after the same time.
async fn login(
    State(door): State<Door>,
    Address(address): Address,
    Body(login): Body<Login>,
) -> Result<Response> {
    let browser = accounts::sign_in_browser(&door.app, &login.email, login.password, address).await?;
    let agent = &browser.agent;
    let signed_in = SignedIn {
        id: agent.id.0,
        organization_id: agent.account_id.0,
        name: &agent.name,
        email: &agent.email,
        role: agent.role.as_str(),
        csrf_token: door.app.secrets.csrf_token(agent.sign_in),
    };
    let mut response = Json(signed_in).into_response();
    response.headers_mut().insert(SET_COOKIE, cookie(&door, &browser.cookie, "Max-Age=2592000"));
    Ok(response)
}

/// A2. Ends the sign-in at once, open sockets included.
async fn logout(State(door): State<Door>, Staff(actor): Staff) -> Result<Response> {
    if let Actor::Agent(agent) = &actor {
        accounts::sign_out_browser(&door.app, agent).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(SET_COOKIE, cookie(&door, "", "Max-Age=0"));
    Ok(response)
}

/// `Secure` wherever the world reaches us over HTTPS.
fn cookie(door: &Door, value: &str, lives: &str) -> HeaderValue {
    let secure = if door.settings.public_url.starts_with("https:") { "; Secure" } else { "" };
    let text = format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Lax; {lives}{secure}");
    HeaderValue::from_str(&text).expect("a cookie of ours is a header's text")
}
