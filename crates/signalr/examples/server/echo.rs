//! A connection without hub protocol that returns what it gets, on all three transports. Except on WebSockets it
//! ends at once unless the test cookie came along.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{FromRequestParts as _, Query, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{StreamExt as _, stream::once};
use http::{
    HeaderMap, StatusCode,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE},
};
use serde::Deserialize;
use serde_json::{Value, json};
use signalr::WebSocketUpgrade;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::test_hub::cookie;

#[derive(Clone, Default)]
struct Connections(Arc<Mutex<HashMap<String, Arc<Connection>>>>);

/// What was sent and is to be returned.
struct Connection {
    back: Mutex<Option<mpsc::Sender<Bytes>>>,
    sent: tokio::sync::Mutex<mpsc::Receiver<Bytes>>,
    attached: std::sync::atomic::AtomicBool,
}

#[derive(Deserialize)]
struct Id {
    id: Option<String>,
}

pub fn router() -> Router {
    Router::new()
        .route("/echo/negotiate", post(negotiate))
        .route("/echo", get(attach).post(send).delete(end))
        .with_state(Connections::default())
}

impl Connections {
    fn find(&self, id: &Id) -> Option<Arc<Connection>> {
        let connections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connections.get(id.id.as_deref()?).cloned()
    }
}

impl Connection {
    fn close(&self) {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[expect(clippy::disallowed_methods, reason = "an example has no clock of its own")]
async fn negotiate(State(connections): State<Connections>) -> Json<Value> {
    let (id, token) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
    let (back, sent) = mpsc::channel(64);
    let connection = Connection {
        back: Mutex::new(Some(back)),
        sent: tokio::sync::Mutex::new(sent),
        attached: false.into(),
    };
    connections.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), Arc::new(connection));
    let both = ["Text", "Binary"];
    Json(json!({
        "negotiateVersion": 1, "connectionId": id, "connectionToken": token,
        "availableTransports": [
            {"transport": "WebSockets", "transferFormats": both},
            {"transport": "ServerSentEvents", "transferFormats": ["Text"]},
            {"transport": "LongPolling", "transferFormats": both},
        ],
    }))
}

async fn attach(
    State(connections): State<Connections>,
    Query(id): Query<Id>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    if let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        return web_socket(upgrade);
    }
    let Some(connection) = connections.find(&id) else { return StatusCode::NOT_FOUND.into_response() };
    if cookie(&headers, "testCookie").is_none() {
        connection.close();
    }
    let events = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    if events.is_some_and(|accepted| accepted.contains("text/event-stream")) {
        return server_sent_events(connection);
    }
    if !connection.attached.swap(true, std::sync::atomic::Ordering::Relaxed) {
        return StatusCode::OK.into_response();
    }
    let sent = connection.sent.lock().await.recv().await;
    sent.map_or_else(|| StatusCode::NO_CONTENT.into_response(), IntoResponse::into_response)
}

/// One as the hubs have it, but without their limit: conformance suites send large messages.
fn web_socket(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(64 * 1024 * 1024, async |mut socket| {
        while let Some(message) = socket.next().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

fn server_sent_events(connection: Arc<Connection>) -> Response {
    let opening = once(async { Ok::<_, Infallible>(Bytes::from_static(b":\r\n")) });
    let events = futures_util::stream::unfold(connection, async |connection| {
        let sent = connection.sent.lock().await.recv().await?;
        let event = [b"data: ", &sent[..], b"\r\n\r\n"].concat();
        Some((Ok(Bytes::from(event)), connection))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-cache,no-store")];
    (headers, Body::from_stream(opening.chain(events))).into_response()
}

async fn send(State(connections): State<Connections>, Query(id): Query<Id>, body: Bytes) -> StatusCode {
    let Some(connection) = connections.find(&id) else { return StatusCode::NOT_FOUND };
    let back = connection.back.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match back {
        Some(back) if back.send(body).await.is_ok() => StatusCode::OK,
        _ => StatusCode::NOT_FOUND,
    }
}

async fn end(State(connections): State<Connections>, Query(id): Query<Id>) -> StatusCode {
    let Some(connection) = connections.find(&id) else { return StatusCode::NOT_FOUND };
    connection.close();
    StatusCode::ACCEPTED
}
