//! WebSockets.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use bytes::Bytes;
use futures_util::{Sink as _, Stream as _, StreamExt as _};

use super::{Incoming, Lost, Wire};
use crate::{HubOptions, connection::Connection, hub::Core};

/// Small messages that wait together leave in one frame of at most so many bytes. The socket's buffer stays
/// as large as its largest frame, so this is also what an idle connection keeps after a busy time.
const FRAME_BYTES: usize = 4 * 1024;

/// Sets the buffers and limits that the hub's own WebSockets have, for endpoints beside it. With the library's
/// default buffers an idle connection takes 128 KiB more.
pub fn configure(upgrade: WebSocketUpgrade, options: &HubOptions) -> WebSocketUpgrade {
    let most = options.max_frame_bytes.max(options.max_message_bytes);
    upgrade.read_buffer_size(4096).write_buffer_size(0).max_message_size(most).max_frame_size(most)
}

/// An open WebSocket.
pub(crate) struct Socket {
    socket: WebSocket,
    /// Whether something was written that has not been seen to leave.
    unflushed: bool,
}

impl Socket {
    pub(crate) fn new(socket: WebSocket) -> Self {
        Self { socket, unflushed: false }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, connection: &Connection) -> Poll<Result<(), axum::Error>> {
        loop {
            ready!(Pin::new(&mut self.socket).poll_ready(cx))?;
            if self.unflushed {
                connection.stalled(None);
            }
            let Some(bytes) = connection.take(FRAME_BYTES) else { break };
            let message = if connection.protocol().is_binary() {
                Message::Binary(bytes)
            } else {
                Message::Text(Utf8Bytes::try_from(bytes).map_err(axum::Error::new)?)
            };
            self.unflushed = true;
            Pin::new(&mut self.socket).start_send(message)?;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
            self.unflushed = false;
            connection.stalled(None);
        }
        Poll::Ready(Ok(()))
    }
}

impl Wire for Socket {
    const READS_AHEAD: bool = true;

    /// Frames are a stream of bytes: neither their kind nor their borders mean anything.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            let bytes: Bytes = match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(Ok(Message::Text(text))) => text.into(),
                Some(Ok(Message::Binary(bytes))) => bytes,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(Some(frame)))) if frame.code == close_code::NORMAL => {
                    return Poll::Ready(Incoming::End);
                }
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Incoming::Cut),
                Some(Err(error)) => {
                    tracing::debug!(%error, "a WebSocket failed");
                    return Poll::Ready(Incoming::Failed);
                }
            };
            if !bytes.is_empty() {
                return Poll::Ready(Incoming::Bytes(bytes));
            }
        }
    }

    fn take_over(&mut self, connection: &Connection, core: &Core) -> bool {
        match connection.reattach(core.now()) {
            Some(next) => {
                *self = next;
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
        match self.poll_send(cx, connection) {
            Poll::Ready(result) => Poll::Ready(result.map_err(|_| Lost)),
            Poll::Pending => {
                connection.stalled(Some(core.now()));
                Poll::Pending
            }
        }
    }

    async fn close(&mut self, failure: Option<Lost>) {
        let code = if failure.is_some() { close_code::ERROR } else { close_code::NORMAL };
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static("") };
        // A client that has closed first has its answer already.
        let _ = self.socket.send(Message::Close(Some(frame))).await;
    }

    async fn linger(&mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}
