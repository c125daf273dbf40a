//! What every page of ours is sent with.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{
    HeaderName, HeaderValue,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
};

/// A page loads nothing but its own, and nobody frames it. The widget's panel, which is made to be framed, has a policy of its own.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
     frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// The same, framed by pages of ours.
const OWN_FRAMES: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
     frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
);

/// Keeps a page to itself: a layer for the routes that serve pages.
pub async fn unframed(request: Request, next: Next) -> Response {
    sealed(next.run(request).await, POLICY, HeaderValue::from_static("DENY"))
}

/// Lets no page but our own frame this one.
pub async fn framed_by_our_own(request: Request, next: Next) -> Response {
    sealed(next.run(request).await, OWN_FRAMES, HeaderValue::from_static("SAMEORIGIN"))
}

fn sealed(mut response: Response, policy: HeaderValue, frames: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_FRAME_OPTIONS, frames);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}
