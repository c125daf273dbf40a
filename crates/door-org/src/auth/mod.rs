//! `/auth`: an agent's browser signs in and out, by pages that work without a script and by JSON (`org.md` A).

mod account;
mod invite;
mod pages;
mod sent;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use door_kit::{Address, assets, pages::unframed};
use http::{HeaderMap, HeaderValue, StatusCode, header::SET_COOKIE};
use parlor_core::{
    accounts::{self, BrowserSignIn},
    actor::Agent,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Door, error::Asked, session};
use sent::{Change, Nothing, Sent, Way};

/// Nothing that is said here is longer, in bytes.
const LARGEST_BODY: usize = 16 * 1024;

/// Where somebody is who has signed in and wanted nothing else.
const HOME: &str = "/inbox";

/// A person's own page.
const ACCOUNT: &str = "/auth/account";

pub fn router() -> Router<Door> {
    Router::new()
        .route("/auth/login", get(login_page).post(login))
        .route("/auth/logout", post(logout))
        .route(ACCOUNT, get(account::page))
        .route("/auth/password", post(account::password))
        .route("/auth/sign-out-others", post(account::sign_out_others))
        .route("/auth/invite/{token}", get(invite::page).post(invite::accept))
        .route("/auth/assets/{*path}", get(asset))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(unframed))
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    assets::serve(&format!("auth/assets/{path}"), &headers)
}

/// Who is signed in, to a page's script.
#[derive(Serialize)]
pub struct Me<'a> {
    id: Uuid,
    organization_id: Uuid,
    name: &'a str,
    email: &'a str,
    role: &'static str,
    permissions: Vec<&'static str>,
    csrf_token: String,
}

impl<'a> Me<'a> {
    pub fn new(door: &Door, agent: &'a Agent) -> Me<'a> {
        Me {
            id: agent.id.0,
            organization_id: agent.account_id.0,
            name: &agent.name,
            email: &agent.email,
            role: agent.role.as_str(),
            permissions: agent.role.permissions().iter().map(|permission| permission.as_str()).collect(),
            csrf_token: door.app.secrets.csrf_token(agent.sign_in),
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: String,
}

/// A1. The page; whoever has signed in already goes on.
async fn login_page(State(door): State<Door>, headers: HeaderMap, Asked(wanted): Asked<Wanted>) -> Response {
    match session::agent(&door.app, &headers).await {
        Ok(_) => Redirect::to(own_path(&wanted.next)).into_response(),
        Err(_) => pages::login("", own_path(&wanted.next), None),
    }
}

#[derive(Deserialize)]
struct Login {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// A2. Sets the `session` cookie. An unknown person and a wrong password get the same answer after the same time.
async fn login(
    State(door): State<Door>,
    Address(address): Address,
    headers: HeaderMap,
    Sent(way, login): Sent<Login>,
) -> Response {
    let Login { email, password, next } = login;
    let former = session::cookie(&headers);
    let begun = accounts::sign_in_browser(&door.app, &email, password, address, former).await;
    match (begun, way) {
        (Ok(browser), _) => signed_in(&door, &browser, way, own_path(&next)),
        (Err(error), Way::Form) => pages::login(&email, own_path(&next), Some(error)),
        (Err(error), Way::Json) => crate::error::Refusal::from(error).into_response(),
    }
}

/// The cookie, and to a form the way on.
fn signed_in(door: &Door, browser: &BrowserSignIn, way: Way, next: &str) -> Response {
    let response = match way {
        Way::Form => Redirect::to(next).into_response(),
        Way::Json => Json(Me::new(door, &browser.agent)).into_response(),
    };
    with_cookie(door, response, &browser.cookie, "Max-Age=2592000")
}

/// A3. Ends the sign-in at once, open sockets included.
async fn logout(State(door): State<Door>, change: Change<Nothing>) -> Response {
    if let Err(error) = accounts::sign_out_browser(&door.app, &change.agent).await {
        return crate::error::Refusal::from(error).into_response();
    }
    let response = match change.way {
        Way::Form => Redirect::to("/auth/login").into_response(),
        Way::Json => StatusCode::NO_CONTENT.into_response(),
    };
    with_cookie(&door, response, "", "Max-Age=0")
}

/// `Secure` wherever the world reaches us over HTTPS.
fn with_cookie(door: &Door, mut response: Response, value: &str, lives: &str) -> Response {
    let secure = if door.settings.public_url.starts_with("https:") { "; Secure" } else { "" };
    let name = session::COOKIE_NAME;
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; {lives}{secure}");
    let cookie = HeaderValue::from_str(&text).expect("a cookie of ours is a header's text");
    response.headers_mut().insert(SET_COOKIE, cookie);
    response
}

/// A path of ours to go on to, or home. What a browser could take for another host is none: it drops tabs and line ends, and reads `\` as
/// `/`.
fn own_path(wanted: &str) -> &str {
    let plain = wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let ours = plain && wanted.starts_with('/') && !wanted.starts_with("//");
    if ours && wanted.len() <= 2000 { wanted } else { HOME }
}

#[cfg(test)]
mod tests {
    use super::{HOME, own_path};

    #[test]
    fn only_own_paths_are_gone_on_to() {
        for path in ["/inbox/c/1", "/inbox?filter=mine&page=2#last", "/", "/a//b"] {
            assert_eq!(own_path(path), path);
        }
        for foreign in [
            "",
            "inbox",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " /inbox",
            "https://evil.example/",
            "javascript:alert(1)",
            "/ä",
        ] {
            assert_eq!(own_path(foreign), HOME, "{foreign:?}");
        }
        assert_eq!(own_path(&format!("/{}", "a".repeat(2000))), HOME);
    }
}
