//! `/widget.js`, the panel and the demo shop (`widget.md` W8).

use axum::{
    Router,
    extract::{Path, State},
    middleware,
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use door_kit::{assets, pages, panel};
use http::{HeaderMap, StatusCode};

use crate::Door;

pub fn router(door: &Door) -> Router {
    let framed = Router::new().route("/widget/panel", get(framed));
    let pages = Router::new()
        .route("/", get(demo))
        .route("/demo/assets/{*path}", get(demo_asset))
        .layer(middleware::from_fn(pages::unframed));
    Router::new()
        .route("/widget.js", get(loader))
        .route("/widget/assets/{*path}", get(widget_asset))
        .merge(framed)
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

/// The demo shop with the demo account's widget; without a demo account the way to the API's documentation.
async fn demo(State(door): State<Door>) -> Response {
    let Some(token) = &door.settings.demo else { return Redirect::temporary("/docs/").into_response() };
    let page = web_assets::get("demo/index.html").and_then(|asset| std::str::from_utf8(asset.bytes).ok());
    match page {
        Some(page) => Html(page.replace("{{CHANNEL_TOKEN}}", token)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
