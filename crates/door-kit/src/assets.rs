//! Serves what the build has embedded.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use web_assets::Asset;

/// Names with a hash in them never change; all others are asked for again after five minutes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// An asset in the smallest form that the caller takes.
pub fn serve(path: &str, request: &HeaderMap) -> Response {
    let Some(asset) = web_assets::get(path) else { return StatusCode::NOT_FOUND.into_response() };
    let etag = etag(asset);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (CACHE_CONTROL, if asset.immutable { IMMUTABLE } else { FIVE_MINUTES }),
        (ETAG, etag.clone()),
        (VARY, HeaderValue::from_static("Accept-Encoding")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    if request.get(IF_NONE_MATCH) == Some(&etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let (bytes, encoding) = smallest(asset, request);
    let mut response = (headers, bytes).into_response();
    if let Some(encoding) = encoding {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Weak, because the encodings of an asset share it.
fn etag(asset: &Asset) -> HeaderValue {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    asset.bytes.hash(&mut hasher);
    HeaderValue::from_str(&format!("W/\"{:x}\"", hasher.finish())).expect("hex digits are a header's text")
}

fn smallest(asset: &Asset, request: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let accepted = request.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = |name: &str| {
        accepted.split(',').any(|part| {
            let (coding, quality) = part.split_once(';').unwrap_or((part, ""));
            coding.trim().eq_ignore_ascii_case(name)
                && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    };
    let smaller = [("br", asset.brotli), ("gzip", asset.gzip)];
    let taken = smaller
        .into_iter()
        .find_map(|(name, bytes)| bytes.filter(|_| accepts(name)).map(|bytes| (bytes, Some(name))));
    taken.unwrap_or((asset.bytes, None))
}
