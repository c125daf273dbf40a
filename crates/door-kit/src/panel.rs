//! The widget's panel, the same page at every door: it runs in foreign pages, so it may be framed, and it loads nothing but its own.

use axum::response::Response;
use http::{
    HeaderMap, HeaderValue,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY},
};

use crate::assets;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The page `path`, to be framed by pages of these origins; none means all.
pub fn serve(path: &str, request: &HeaderMap, framed_by: &[&str]) -> Response {
    let policy = match framed_by {
        [] => HeaderValue::from_static(POLICY),
        origins => {
            let policy = format!("{POLICY}; frame-ancestors {}", origins.join(" "));
            HeaderValue::from_str(&policy).expect("origins are a header's text")
        }
    };
    let mut response = assets::serve(path, request);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    // A page that outlived an upgrade would ask for scripts that are gone; its tag makes asking again cheap.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
