//! Cross-origin use of what belongs to visitors: widgets and apps live on other origins.

use axum::{extract::Request, middleware::Next, response::Response};
use door_kit::cors::{self, Credentials, Policy};

/// No cookie counts on these paths, so none is asked for.
const VISITORS: Policy =
    Policy { methods: "GET, POST, DELETE", headers: "Content-Type", credentials: Credentials::Refused };

/// The guide's client sends credentials (`withCredentials`); a cookie counts on a handshake from our own pages only (S1).
const SOCKETS: Policy =
    Policy { methods: "GET, POST", headers: "Content-Type", credentials: Credentials::Allowed };

pub async fn visitors(request: Request, next: Next) -> Response {
    cors::cors(&VISITORS, request, next).await
}

pub async fn sockets(request: Request, next: Next) -> Response {
    cors::cors(&SOCKETS, request, next).await
}
