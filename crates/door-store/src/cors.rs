//! Cross-origin use: the widget lives on foreign pages (`signalr.md` section 6).
//!
//! At this door nobody is known by a cookie, so a foreign page gains nothing that its own server could not have.

use axum::{extract::Request, middleware::Next, response::Response};
use door_kit::cors::{self, Credentials, Policy};

/// Clients of the hubs send credentials by default.
const POLICY: Policy = Policy {
    methods: "GET, POST, PUT, PATCH, DELETE",
    headers: "X-Requested-With, X-SignalR-User-Agent, Authorization, Content-Type, Accept",
    credentials: Credentials::Allowed,
};

pub async fn cors(request: Request, next: Next) -> Response {
    cors::cors(&POLICY, request, next).await
}
