//! Who is behind a request: the `session` cookie with the CSRF token that every change needs, or an API key.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Redirect, Response},
};
use door_kit::{Address, bearer};
use http::{HeaderMap, Method, StatusCode, Uri, header::COOKIE, request::Parts};
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

/// Whether a handshake or a form comes from one of our own pages. Only then does a cookie count on a socket: no foreign page becomes an
/// agent. And only then does a form sign in: no foreign page signs somebody in as somebody else.
///
/// A browser names the page's origin with every WebSocket, every form and every request to another origin. With a GET to the page's own origin it does
/// not, and says instead that it goes there.
pub fn from_our_own_page(public_url: &str, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("origin") {
        Some(origin) => {
            let host = text("host").unwrap_or_default();
            // Whichever name the person has typed to reach us: a page cannot choose the `Host` of its requests.
            let reached = origin.strip_prefix("http://").or(origin.strip_prefix("https://"));
            origin == public_url || reached.is_some_and(|reached| reached == host)
        }
        None => text("sec-fetch-site") == Some("same-origin"),
    }
}
