//! Who is behind a request: the `session` cookie with the CSRF token that every change needs, or an API key.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Redirect, Response},
};
use door_kit::{Address, bearer};
use http::{
    HeaderMap, Method, StatusCode, Uri,
    header::{COOKIE, HOST, ORIGIN},
    request::Parts,
};
use parlor_core::{Actor, App, Error, accounts, actor::Agent, secrets};

use crate::{Door, error::Refusal};

/// The cookie's name.
pub const COOKIE_NAME: &str = "session";

/// The header that carries the CSRF token.
const CSRF_HEADER: &str = "x-csrftoken";

/// A member of the staff who has signed in, or a program with an API key. From a browser, a request that changes something must carry the
/// page's CSRF token; no browser sends an API key by itself.
pub struct Staff(pub Actor);

impl FromRequestParts<Door> for Staff {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Staff, Refusal> {
        if let Some(key) = bearer(&parts.headers) {
            let Address(address) = Address::of(&parts.extensions);
            return Ok(Staff(accounts::by_api_key(&door.app, key, address).await?));
        }
        let agent = agent(&door.app, &parts.headers).await?;
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            check_csrf(&door.app, &agent, csrf_header(&parts.headers))?;
        }
        Ok(Staff(Actor::Agent(agent)))
    }
}

/// A person who looks at a page: whoever has not signed in is sent to do so, and comes back.
pub struct Reader(pub Agent);

impl FromRequestParts<Door> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Reader, Response> {
        match agent(&door.app, &parts.headers).await {
            Ok(agent) => Ok(Reader(agent)),
            Err(Error::Unauthenticated(_)) => Err(sign_in_first(&parts.uri)),
            Err(failed) => Err(Refusal::from(failed).into_response()),
        }
    }
}

/// The way to the sign-in page, and from there back to where somebody wanted to go.
pub fn sign_in_first(wanted: &Uri) -> Response {
    let wanted = wanted.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let next: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    Redirect::to(&format!("/auth/login?next={next}")).into_response()
}

/// The agent behind the request's cookie.
///
/// # Errors
/// [`Error::Unauthenticated`] without one, and for one that is not good any more.
pub async fn agent(app: &App, headers: &HeaderMap) -> Result<Agent, Error> {
    match cookie(headers) {
        Some(cookie) => accounts::by_cookie(app, cookie).await,
        None => Err(Error::Unauthenticated("Sign in first.")),
    }
}

/// The CSRF token that a page's script sends.
pub fn csrf_header(headers: &HeaderMap) -> &[u8] {
    headers.get(CSRF_HEADER).map(http::HeaderValue::as_bytes).unwrap_or_default()
}

/// Whether a change comes from a page that this sign-in was shown.
pub fn check_csrf(app: &App, agent: &Agent, given: &[u8]) -> Result<(), Refusal> {
    if secrets::equal(given, app.secrets.csrf_token(agent.sign_in).as_bytes()) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "The CSRF token is missing or wrong."))
}

/// The `session` cookie's value. Of several the first counts, as browsers send the most specific one first.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|value| value.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE_NAME).then_some(value)
    })
}

/// Whether a handshake comes from one of our own pages. Only then does a cookie count on a socket: no foreign page becomes an agent.
pub fn from_our_own_page(public_url: &str, headers: &HeaderMap) -> bool {
    headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() == public_url.as_bytes())
}

/// Whether a form was sent by one of our own pages: nobody is to be signed in by a foreign page, as somebody else. Browsers say so
/// themselves over HTTPS; over plain HTTP the origin must be ours, by the name under which the browser has reached us.
pub fn form_is_ours(public_url: &str, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()) else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    origin == public_url || origin.split_once("://").is_some_and(|(_, reached)| Some(reached) == host)
}
