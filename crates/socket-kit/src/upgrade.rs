//! From a request to a WebSocket.

use std::{future::poll_fn, io, time::Duration};

use axum::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
    request::Parts,
};
use hyper::upgrade::OnUpgrade;
use sha1::{Digest as _, Sha1};

use crate::{
    frame::{Event, Kind},
    link::{Link, Unreadable},
};

/// What RFC 6455 adds to the client's key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const VERSION: &str = "13";

/// How long a client whose frames are refused may take to notice.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A request for a WebSocket. An axum extractor.
///
/// An open one keeps no buffers between messages.
pub struct WebSocketUpgrade {
    accept: HeaderValue,
    on_upgrade: OnUpgrade,
}

/// An open WebSocket of [`WebSocketUpgrade::on_upgrade`].
pub struct WebSocket(Link);

/// What a WebSocket carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebSocketMessage {
    /// UTF-8.
    Text(Bytes),
    /// Any bytes.
    Binary(Bytes),
}

/// Why a request is none for a WebSocket.
pub enum NoWebSocket {
    /// It is no GET.
    Method,
    /// A header is missing, or does not say what it has to; this is its name, and what it should say.
    Header(&'static str, &'static str),
    /// The version of the protocol is not 13.
    Version,
    /// It came in a way that cannot become a WebSocket.
    Connection,
}

impl IntoResponse for NoWebSocket {
    fn into_response(self) -> Response {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED.into_response(),
            Self::Header(name, expected) => {
                let text = format!("The header {name} does not hold {expected}.");
                (StatusCode::BAD_REQUEST, text).into_response()
            }
            Self::Version => {
                let text = format!("The header Sec-WebSocket-Version is not {VERSION}.");
                (StatusCode::UPGRADE_REQUIRED, [(SEC_WEBSOCKET_VERSION, VERSION)], text).into_response()
            }
            Self::Connection => {
                (StatusCode::UPGRADE_REQUIRED, "This connection cannot become a WebSocket.").into_response()
            }
        }
    }
}

impl<S: Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = NoWebSocket;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoWebSocket> {
        Self::of(parts)
    }
}

impl WebSocketUpgrade {
    /// What a request asks for.
    ///
    /// # Errors
    /// It is none for a WebSocket.
    pub fn of(parts: &mut Parts) -> Result<Self, NoWebSocket> {
        let headers = &parts.headers;
        if parts.method != Method::GET {
            return Err(NoWebSocket::Method);
        }
        if !has_token(headers, &CONNECTION, "upgrade") {
            return Err(NoWebSocket::Header("Connection", "'upgrade'"));
        }
        if !has_token(headers, &UPGRADE, "websocket") {
            return Err(NoWebSocket::Header("Upgrade", "'websocket'"));
        }
        if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
            return Err(NoWebSocket::Version);
        }
        let key = headers.get(SEC_WEBSOCKET_KEY).and_then(accept);
        let accept = key.ok_or(NoWebSocket::Header("Sec-WebSocket-Key", "a key"))?;
        let on_upgrade = parts.extensions.remove::<OnUpgrade>().ok_or(NoWebSocket::Connection)?;
        Ok(Self { accept, on_upgrade })
    }

    /// Answers the request, and runs `then` with the WebSocket once the answer has left. A message of more than
    /// `max_message_bytes` ends it.
    pub fn on_upgrade<F, Fut>(self, max_message_bytes: usize, then: F) -> Response
    where
        F: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.open(max_message_bytes, |link| {
            tokio::spawn(then(WebSocket(link)));
        })
    }

    /// The same for what runs in tasks of its own.
    pub fn open(self, most: usize, then: impl FnOnce(Link) + Send + 'static) -> Response {
        let Self { accept, on_upgrade } = self;
        tokio::spawn(async move {
            match on_upgrade.await {
                Ok(upgraded) => then(Link::new(upgraded, most)),
                Err(error) => tracing::debug!(%error, "a client went before its WebSocket was open"),
            }
        });
        let headers = [
            (CONNECTION, HeaderValue::from_static("upgrade")),
            (UPGRADE, HeaderValue::from_static("websocket")),
            (SEC_WEBSOCKET_ACCEPT, accept),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
    }
}

impl WebSocket {
    /// The next message; `None` when there will be no more. Pings and the client's close frame are answered while
    /// it is awaited, and what breaks the protocol is answered by a close frame that says so.
    pub async fn next(&mut self) -> Option<WebSocketMessage> {
        loop {
            match poll_fn(|cx| self.0.poll_event(cx)).await? {
                Ok(Event::Message(Kind::Text, bytes)) => return Some(WebSocketMessage::Text(bytes)),
                Ok(Event::Message(Kind::Binary, bytes)) => return Some(WebSocketMessage::Binary(bytes)),
                Ok(Event::Ping(_) | Event::Pong | Event::Close(_)) => {}
                Err(Unreadable::Io(_)) => return None,
                Err(Unreadable::Fault(fault)) => {
                    let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.0.close(fault.code())).await;
                    return None;
                }
            }
        }
    }

    /// Sends a message, and returns when it has left.
    ///
    /// # Errors
    /// The client has closed, or is gone.
    pub async fn send(&mut self, message: WebSocketMessage) -> io::Result<()> {
        let (kind, bytes) = match message {
            WebSocketMessage::Text(bytes) => (Kind::Text, bytes),
            WebSocketMessage::Binary(bytes) => (Kind::Binary, bytes),
        };
        let mut message = Some(bytes);
        poll_fn(|cx| self.0.poll_message(cx, kind, &mut message)).await
    }
}

impl From<Link> for WebSocket {
    fn from(link: Link) -> Self {
        Self(link)
    }
}

/// With all that has not been read.
impl From<WebSocket> for Link {
    fn from(WebSocket(link): WebSocket) -> Self {
        link
    }
}

/// Whether a header's list has that word, in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).any(|token| token.trim().eq_ignore_ascii_case(word))
}

/// The proof that the server has read the client's key.
fn accept(key: &HeaderValue) -> Option<HeaderValue> {
    let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    HeaderValue::try_from(STANDARD.encode(digest)).ok()
}
