//! Who is behind a request: the `session` cookie, and the CSRF token that every change needs with it.

use axum::extract::FromRequestParts;
use http::{HeaderMap, Method, StatusCode, header::COOKIE, request::Parts};
use parlor_core::{Actor, App, Error, accounts, actor::Agent, secrets};

use crate::{Door, error::Refusal};

/// The cookie's name.
pub const COOKIE_NAME: &str = "session";

/// The header that carries the CSRF token.
const CSRF_HEADER: &str = "x-csrftoken";

/// A member of the staff who has signed in. A request that changes something must carry the page's CSRF token.
pub struct Staff(pub Actor);

impl FromRequestParts<Door> for Staff {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Staff, Refusal> {
        let agent = agent(&door.app, &parts.headers).await?;
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            check_csrf(&door.app, &agent, &parts.headers)?;
        }
        Ok(Staff(Actor::Agent(agent)))
    }
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

fn check_csrf(app: &App, agent: &Agent, headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(CSRF_HEADER).map(http::HeaderValue::as_bytes).unwrap_or_default();
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
///
/// A browser names the page's origin with every WebSocket and with every request to another origin. With a GET to the page's own origin it does
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
