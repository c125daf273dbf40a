//! How bytes travel.

pub(crate) mod lane;
pub(crate) mod long_polling;
pub(crate) mod server_sent_events;
pub(crate) mod web_socket;

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;

use crate::{Transport, connection::Connection, hub::Core};
use lane::Lane;

/// The session's view of a transport.
pub(crate) trait Wire: Send + 'static {
    /// Whether to read while a call runs, so as to notice that the client has gone.
    const READS_AHEAD: bool;

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Incoming>;

    /// Takes the place of a lost transport, where there is one to do so.
    fn take_over(&mut self, _: &Connection, _: &Core) -> bool {
        false
    }

    /// Sends what waits in the outbox. Ready when all of it has left.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        connection: &Connection,
        core: &Core,
    ) -> Poll<Result<(), Lost>>;

    /// Says that nothing follows.
    fn close(&mut self, failure: Option<Lost>) -> impl Future<Output = ()> + Send;

    /// Waits for the client to have taken notice.
    fn linger(&mut self) -> impl Future<Output = ()> + Send;
}

pub(crate) enum Incoming {
    Bytes(Bytes),
    /// The client has ended it.
    End,
    /// It has ended without a word from the client.
    Cut,
    /// It broke.
    Failed,
}

/// The transport is broken.
#[derive(Clone, Copy)]
pub(crate) struct Lost;

/// Event streams and long polling: the way in is a lane, the way out is taken by whoever answers the requests.
pub(crate) struct Requests {
    lane: Arc<Lane>,
    transport: Transport,
}

impl Requests {
    pub(crate) fn new(lane: Arc<Lane>, transport: Transport) -> Self {
        Self { lane, transport }
    }
}

impl Wire for Requests {
    const READS_AHEAD: bool = false;

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        self.lane.poll_read(cx).map(|bytes| bytes.map_or(Incoming::End, Incoming::Bytes))
    }

    fn poll_write(
        &mut self,
        _: &mut Context<'_>,
        connection: &Connection,
        _: &Core,
    ) -> Poll<Result<(), Lost>> {
        // What is said last to a long-polling client waits for its next poll, however late.
        if self.transport == Transport::LongPolling || connection.outbox_bytes() == 0 {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    async fn close(&mut self, _: Option<Lost>) {}

    async fn linger(&mut self) {}
}
