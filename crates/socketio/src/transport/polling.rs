//! Long polling: requests that wait for something to deliver, and requests that bring something.

use std::{future::poll_fn, sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderMap,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::{
    Reason,
    connection::{Connection, Refused, Taken},
    fault::Fault,
    outbox::{Ending, Upgrade},
    protocol::{
        Malformed,
        engine::{self, SEPARATOR},
    },
};

/// How long a poll waits for something after its client has asked to go on by WebSocket. The client most often asks
/// while its last poll waits, and some go on at once: these would find an answer they do not expect.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits for what is to be delivered.
pub(crate) async fn poll(connection: Arc<Connection>) -> Result<Response, Fault> {
    match connection.begin_poll() {
        Ok(()) => {}
        Err(Refused::Overlap) => {
            connection.close(Reason::TransportError, Ending::Now);
            return Err(Fault::BadRequest);
        }
        Err(Refused::Upgraded) => return Err(Fault::BadRequest),
        Err(Refused::Unknown) => return Err(Fault::UnknownSid),
    }
    let mut waiting = Waiting { connection: &connection, answered: false };
    let mut taken = poll_fn(|cx| connection.poll_take(cx, Upgrade::None)).await;
    if matches!(taken, Taken::Probed) {
        let late = tokio::time::timeout(PAUSE, poll_fn(|cx| connection.poll_take(cx, Upgrade::Probed))).await;
        taken = late.unwrap_or_else(|_| {
            connection.end_poll();
            Taken::Payload(engine::NOOP.into())
        });
    }
    waiting.answered = true;
    match taken {
        Taken::Payload(packets) => Ok(payload(packets)),
        Taken::Upgraded | Taken::Probed => Err(Fault::BadRequest),
        Taken::Unknown => Err(Fault::UnknownSid),
    }
}

/// A poll that waits. A client that drops it has ended the connection.
struct Waiting<'a> {
    connection: &'a Arc<Connection>,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.connection.end_poll();
            self.connection.close(Reason::TransportError, Ending::Lost);
        }
    }
}

/// Takes what a client sends.
pub(crate) async fn post(
    connection: Arc<Connection>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    match connection.begin_post() {
        Ok(()) => {}
        Err(Refused::Overlap) => {
            connection.close(Reason::TransportError, Ending::Now);
            return Err(Fault::BadRequest);
        }
        Err(Refused::Upgraded) => return Err(Fault::BadRequest),
        Err(Refused::Unknown) => return Err(Fault::UnknownSid),
    }
    let mut posting = Posting { connection: &connection, read: false };
    let limited = Limited::new(body, connection.house().options.max_payload);
    let collected = limited.collect().await;
    posting.read = true;
    let bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Fault::TooLarge),
        Err(_) => {
            connection.close(Reason::TransportError, Ending::Now);
            return Err(Fault::BadRequest);
        }
    };
    let is_binary = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream");
    let taken = match std::str::from_utf8(&bytes) {
        Ok(payload) if !is_binary => take(&connection, payload).await,
        _ => Err(Malformed),
    };
    if taken.is_err() {
        connection.close(Reason::ParseError, Ending::Now);
        return Err(Fault::BadRequest);
    }
    Ok(text("ok"))
}

/// Takes a payload's packets one after the other, each as soon as there is room for it.
async fn take(connection: &Arc<Connection>, payload: &str) -> Result<(), Malformed> {
    for packet in payload.split(char::from(SEPARATOR)) {
        connection.room().await;
        if connection.is_ended() {
            return Ok(());
        }
        connection.receive(engine::decode(packet)?);
    }
    Ok(())
}

/// A POST on its way. A client that drops it while it is read has ended the connection.
struct Posting<'a> {
    connection: &'a Arc<Connection>,
    read: bool,
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.connection.end_post();
        if !self.read {
            self.connection.close(Reason::TransportError, Ending::Now);
        }
    }
}

/// The answer to a poll.
pub(crate) fn payload(payload: Vec<u8>) -> Response {
    text(payload)
}

fn text(body: impl Into<Body>) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; charset=UTF-8"), (CACHE_CONTROL, "no-store")];
    (headers, body.into()).into_response()
}
