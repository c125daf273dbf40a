//! Long polling: requests that wait for something to deliver.

use std::{future::poll_fn, sync::Arc};

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA},
};

use crate::{
    connection::{Connection, Taken},
    hub::Core,
};

/// The first poll: it only brings the transport.
pub(crate) fn attached(core: &Core, connection: &Connection) -> Response {
    let poll = connection.begin_poll();
    connection.end_poll(poll, core.now());
    deliver(Bytes::new())
}

/// Every later poll.
pub(crate) async fn poll(core: Arc<Core>, connection: Arc<Connection>) -> Response {
    let poll = Poll { number: connection.begin_poll(), core: &core, connection: &connection };
    let taken = poll_fn(|cx| connection.poll_take_as(poll.number, cx));
    match tokio::time::timeout(core.options.poll_timeout, taken).await {
        Err(_) => deliver(Bytes::new()),
        Ok(Taken::Bytes(bytes)) => deliver(bytes),
        Ok(Taken::Superseded) => nothing_more(),
        Ok(Taken::Finished) => {
            core.registry.forget(connection.token);
            nothing_more()
        }
    }
}

/// A poll that waits. When it ends, in whatever way, the time without one begins.
struct Poll<'a> {
    number: u64,
    core: &'a Core,
    connection: &'a Connection,
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        self.connection.end_poll(self.number, self.core.now());
    }
}

fn deliver(bytes: Bytes) -> Response {
    ([(CONTENT_TYPE, "application/octet-stream")], never_cached(bytes)).into_response()
}

fn nothing_more() -> Response {
    (StatusCode::NO_CONTENT, never_cached(())).into_response()
}

fn never_cached(body: impl axum::response::IntoResponse) -> Response {
    let headers = [
        (CACHE_CONTROL, "no-cache, no-store"),
        (PRAGMA, "no-cache"),
        (EXPIRES, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ];
    (headers, body).into_response()
}
