//! Requests that get nowhere, and what they are told.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::CONTENT_TYPE};

use crate::Transport;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoId,
    Unknown,
    /// The connection went away while the request was on its way.
    Gone,
    Disabled(Transport),
    OtherTransport,
    AlreadyCarried,
    PostToWebSocket,
    NotDeletable,
    WrongMethod,
    BrokenBody,
    /// The hub is shutting down, or too much waits already.
    Unavailable,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::NoId => (StatusCode::BAD_REQUEST, "Connection ID required"),
            Self::Unknown => (StatusCode::NOT_FOUND, "No Connection with that ID"),
            Self::Gone => (StatusCode::NOT_FOUND, ""),
            Self::Disabled(transport) => (
                StatusCode::NOT_FOUND,
                match transport {
                    Transport::WebSockets => "WebSockets transport not supported by this end point type",
                    Transport::ServerSentEvents => {
                        "ServerSentEvents transport not supported by this end point type"
                    }
                    Transport::LongPolling => "LongPolling transport not supported by this end point type",
                },
            ),
            Self::OtherTransport => (StatusCode::BAD_REQUEST, "Cannot change transports mid-connection"),
            Self::AlreadyCarried => (StatusCode::CONFLICT, ""),
            Self::PostToWebSocket => {
                (StatusCode::METHOD_NOT_ALLOWED, "POST requests are not allowed for WebSocket connections.")
            }
            Self::NotDeletable => {
                (StatusCode::BAD_REQUEST, "Cannot terminate this connection using the DELETE endpoint.")
            }
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, ""),
            Self::BrokenBody => (StatusCode::BAD_REQUEST, ""),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, ""),
        };
        plain(status, text)
    }
}

/// An answer in plain text.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "text/plain")], text).into_response()
}
