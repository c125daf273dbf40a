//! `/inbox`: the page in which agents work, and its files (`org.md` G). Its script does the rest by the paths that any client has.

use axum::{
    Router,
    extract::{Path, Request},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use door_kit::{assets, pages::unframed};
use http::{
    HeaderMap, HeaderValue,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
};

use crate::{Door, session::Reader};

/// Stricter than for the other pages: this one shows what strangers have written to people who may do everything, so no text
/// becomes HTML or a script, whatever a library does.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; \
     form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'",
);

pub fn router() -> Router<Door> {
    Router::new()
        .route("/inbox", get(page))
        .route("/inbox/", get(page))
        .route("/inbox/{*path}", get(page))
        .route("/inbox/assets/{*path}", get(asset))
        .layer(middleware::from_fn(unframed))
        .layer(middleware::from_fn(strict))
}

/// G1. The path is the script's business.
async fn page(_reader: Reader, headers: HeaderMap) -> Response {
    let mut response = assets::serve("inbox/index.html", &headers);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// G2. No secret is in them, and a page that somebody has open goes on working when the sign-in ends.
async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    assets::serve(&format!("inbox/assets/{path}"), &headers)
}

async fn strict(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}
