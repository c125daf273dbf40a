//! `/widget.js`, the panel, the demo shop (`widget.md` W8) and the preview of a channel's widget (W16).

use axum::{
    Router,
    extract::{Path, Query, State},
    middleware,
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use door_kit::{assets, pages, panel};
use http::{HeaderMap, StatusCode, header::CACHE_CONTROL};
use serde::Deserialize;

use crate::Door;

pub fn router(door: &Door) -> Router {
    let framed = Router::new().route("/widget/panel", get(framed));
    let preview = Router::new()
        .route("/widget/preview", get(preview))
        .layer(middleware::from_fn(pages::framed_by_our_own));
    let pages = Router::new()
        .route("/", get(demo))
        .route("/demo/assets/{*path}", get(demo_asset))
        .layer(middleware::from_fn(pages::unframed));
    Router::new()
        .route("/widget.js", get(loader))
        .route("/widget/assets/{*path}", get(widget_asset))
        .merge(framed)
        .merge(preview)
        .merge(pages)
        .with_state(door.clone())
}

async fn loader(headers: HeaderMap) -> Response {
    assets::serve("widget.js", &headers)
}

async fn widget_asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    assets::serve(&format!("widget/assets/{path}"), &headers)
}

async fn demo_asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    assets::serve(&format!("demo/assets/{path}"), &headers)
}

async fn framed(headers: HeaderMap) -> Response {
    panel::serve("widget/panel.html", &headers, &[])
}

#[derive(Deserialize)]
struct Previewed {
    channel: String,
}

/// W16. It says no more than the token does, so whoever has the token may see it.
async fn preview(Query(Previewed { channel }): Query<Previewed>) -> Response {
    let is_token = channel.len() == 32 && channel.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !is_token {
        return StatusCode::NOT_FOUND.into_response();
    }
    let page = text("widget/preview.html").replace("{{CHANNEL_TOKEN}}", &channel);
    ([(CACHE_CONTROL, "no-store")], Html(page)).into_response()
}

fn text(page: &str) -> &'static str {
    let asset = web_assets::get(page).expect("the build embeds its pages");
    std::str::from_utf8(asset.bytes).expect("pages are UTF-8")
}

/// The demo shop with the demo account's widget; without a demo account the way to the API's documentation.
async fn demo(State(door): State<Door>) -> Response {
    let Some(token) = &door.settings.demo else { return Redirect::temporary("/docs/").into_response() };
    Html(text("demo/index.html").replace("{{CHANNEL_TOKEN}}", token)).into_response()
}
