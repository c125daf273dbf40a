//! `/chat-widget`: the page in the frame, and `/chat-widget/embed.js`, which puts it there (`org.md` E).

use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use door_kit::{Address, assets, panel};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, ORIGIN, REFERER, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};
use parlor_core::{
    Error,
    embeds::{self, Embed, Origin},
    limits::{self, Action},
};
use serde::Deserialize;

use crate::{Door, error::Refusal, routes::BothWays};

pub fn router() -> Router<Door> {
    Router::new().both_ways("/chat-widget", get(page)).route("/chat-widget/embed.js", get(loader))
}

/// E4.
async fn loader(headers: HeaderMap) -> Response {
    assets::serve("embed.js", &headers)
}

/// The page's own script reads the rest.
#[derive(Deserialize)]
struct PageQuery {
    embed_token: Option<String>,
}

/// E5, E6. The panel, for the pages that the token allows; 403 for a token that is none.
async fn page(
    State(door): State<Door>,
    Address(address): Address,
    query: Result<Query<PageQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    door.app.limits.check(Action::AddressReads, limits::network(address))?;
    let token = query.ok().and_then(|Query(query)| query.embed_token).unwrap_or_default();
    let embed = match embeds::by_token(&door.app, &token).await {
        Ok(embed) if asked_from_an_allowed_page(&embed, &headers, &door.settings.public_url) => embed,
        Ok(_) => return Ok(refused("This chat may not be shown on this page.")),
        Err(Error::NotFound(_)) => return Ok(refused("The embed token is missing or not valid.")),
        Err(failed) => return Err(failed.into()),
    };
    let origins: Vec<&str> = embed.origins.iter().map(Origin::as_str).collect();
    let mut response = panel::serve("chat-widget.html", &headers, &origins);
    // The address holds who the visitor is.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Whether the page that asks may show it, as far as the request tells. Browsers hold the list once more, by `frame-ancestors`, against
/// pages that do not say who they are. A page that is opened by itself, as in an app's web view, stands in nobody's frame.
fn asked_from_an_allowed_page(embed: &Embed, headers: &HeaderMap, own: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if text("sec-fetch-dest") == Some("document") {
        return true;
    }
    let own = Origin::parse(own);
    let allowed = |origin: Option<Origin>| origin.is_some() && origin == own || embed.allows(origin.as_ref());
    let named = text(ORIGIN.as_str()).map(Origin::parse);
    let referrer = text(REFERER.as_str()).map(Origin::of_page);
    [named, referrer].into_iter().flatten().all(allowed)
}

fn refused(reason: &'static str) -> Response {
    let page = Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Not available</title><p>{reason}</p></html>"
    ));
    let mut response = (StatusCode::FORBIDDEN, page).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
