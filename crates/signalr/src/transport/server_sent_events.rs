//! Server-sent events: one response that goes on for as long as the connection.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::{Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, PRAGMA};
use http_body::Frame;

use crate::{
    connection::{Connection, End, Taken},
    hub::Core,
};

/// The answer that carries the connection.
pub(crate) fn respond(core: Arc<Core>, connection: Arc<Connection>) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache,no-store"),
        (PRAGMA, "no-cache"),
        (CONTENT_ENCODING, "identity"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let events = Events { core, connection, stage: Stage::Opening };
    (headers, Body::new(events)).into_response()
}

struct Events {
    core: Arc<Core>,
    connection: Arc<Connection>,
    stage: Stage,
}

enum Stage {
    /// Nothing is sent yet: the client waits for a first sign.
    Opening,
    Open,
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match self.stage {
            Stage::Opening => {
                self.stage = Stage::Open;
                Bytes::from_static(b":\r\n")
            }
            Stage::Open => match ready!(self.connection.poll_take(cx)) {
                Taken::Bytes(bytes) => event(&bytes),
                Taken::Finished | Taken::Superseded => return Poll::Ready(None),
            },
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl Drop for Events {
    /// A client that drops the response has ended the connection.
    fn drop(&mut self) {
        self.connection.end(End::Gone);
        self.core.registry.forget(self.connection.token);
    }
}

/// One event: a `data:` line for each line of the bytes.
fn event(bytes: &[u8]) -> Bytes {
    let mut event = BytesMut::with_capacity(bytes.len() + 16);
    for line in bytes.split(|&byte| byte == b'\n') {
        event.extend_from_slice(b"data: ");
        event.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        event.extend_from_slice(b"\r\n");
    }
    event.extend_from_slice(b"\r\n");
    event.freeze()
}

#[cfg(test)]
mod tests {
    use super::event;

    #[test]
    fn each_line_becomes_a_data_line() {
        assert_eq!(event(b"{}\x1e"), "data: {}\x1e\r\n\r\n");
        assert_eq!(event(b"a\nb\r\nc\rd"), "data: a\r\ndata: b\r\ndata: c\rd\r\n\r\n");
    }
}
