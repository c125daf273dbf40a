//! WebSockets.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, ready},
};

use socket_kit::{Event, Link, Unreadable, code};

use super::{Incoming, Lost, Wire};
use crate::{connection::Connection, hub::Core};

/// The session's hold on its connection's WebSocket. Others write to it, too, but it goes with the session.
pub(crate) struct Socket(Arc<Connection>);

impl Socket {
    pub(crate) fn new(connection: Arc<Connection>, link: Link) -> Self {
        *connection.link() = Some(Box::new(link));
        Self(connection)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        *self.0.link() = None;
    }
}

impl Wire for Socket {
    const READS_AHEAD: bool = true;

    /// Frames are a stream of bytes: neither their kind nor their borders mean anything.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let mut link = self.0.link();
        let Some(link) = &mut *link else { return Poll::Ready(Incoming::Cut) };
        loop {
            match ready!(link.poll_event(cx)) {
                Some(Ok(Event::Message(_, bytes))) if !bytes.is_empty() => {
                    return Poll::Ready(Incoming::Bytes(bytes));
                }
                Some(Ok(Event::Message(..) | Event::Ping(_) | Event::Pong)) => {}
                Some(Ok(Event::Close(Some(code::NORMAL)))) => return Poll::Ready(Incoming::End),
                Some(Ok(Event::Close(_))) | None => return Poll::Ready(Incoming::Cut),
                Some(Err(Unreadable::Io(error))) => {
                    tracing::debug!(%error, "a WebSocket failed");
                    return Poll::Ready(Incoming::Failed);
                }
                Some(Err(Unreadable::Fault(fault))) => {
                    tracing::debug!(?fault, "a client's frames are refused");
                    return Poll::Ready(Incoming::Failed);
                }
            }
        }
    }

    fn take_over(&mut self, connection: &Connection, core: &Core) -> bool {
        // Whoever writes in the session's place finds the new one together with what belongs on it.
        let mut link = connection.link();
        match connection.reattach(core.now()) {
            Some(next) => {
                *link = Some(next);
                true
            }
            None => false,
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        connection: &Connection,
        core: &Core,
    ) -> Poll<Result<(), Lost>> {
        let mut link = connection.link();
        let Some(link) = &mut *link else { return Poll::Ready(Err(Lost)) };
        link.belongs_to(cx.waker());
        let sent = link.poll_send(cx, connection);
        if sent.is_pending() {
            connection.stalled(Some(core.now()));
        }
        sent.map_err(|_| Lost)
    }

    async fn close(&mut self, failure: Option<Lost>) {
        let code = if failure.is_some() { code::FAILED } else { code::NORMAL };
        let closed = poll_fn(|cx| match &mut *self.0.link() {
            Some(link) => link.poll_close(cx, code).map(drop),
            None => Poll::Ready(()),
        });
        closed.await;
    }

    async fn linger(&mut self) {
        let gone = poll_fn(|cx| match &mut *self.0.link() {
            Some(link) => link.poll_linger(cx),
            None => Poll::Ready(()),
        });
        gone.await;
    }
}

/// Writes what waits for a connection in its session's place.
pub(crate) fn send_for_session(connection: &Connection, now: u64) {
    let sent = connection.link().as_mut().and_then(|link| link.send_in_place(connection));
    match sent {
        Some(Poll::Ready(Ok(()))) => {}
        Some(Poll::Pending) => connection.stalled(Some(now)),
        Some(Poll::Ready(Err(_))) | None => connection.session.wake(),
    }
}
