//! WebSockets.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use futures_util::{Sink as _, Stream as _, StreamExt as _};

use crate::{
    Options, Reason,
    connection::{Connection, Next},
    outbox::Ending,
    protocol::engine::{self, Frame, Packet},
};

/// Sets the buffers and limits that all of the server's WebSockets have. With the library's default buffers an idle
/// connection takes 128 KiB more.
pub(crate) fn configure(upgrade: WebSocketUpgrade, options: &Options) -> WebSocketUpgrade {
    let most = options.max_payload;
    upgrade.read_buffer_size(4096).write_buffer_size(0).max_message_size(most).max_frame_size(most)
}

/// Carries a connection until it ends.
pub(crate) async fn run(connection: Arc<Connection>, socket: WebSocket) {
    let _gone = Gone(connection.clone());
    let mut carrier = Carrier { connection, socket, unflushed: false };
    let ending = poll_fn(|cx| carrier.poll(cx)).await;
    if ending != Ending::Lost {
        let within = carrier.connection.house().options.close_timeout;
        let _ = tokio::time::timeout(within, carrier.finish(ending)).await;
    }
}

/// Whatever becomes of the task, its connection does not outlive it.
struct Gone(Arc<Connection>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.close(Reason::TransportError, Ending::Lost);
    }
}

struct Carrier {
    connection: Arc<Connection>,
    socket: WebSocket,
    /// Whether something was written that has not been seen to leave.
    unflushed: bool,
}

impl Carrier {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        self.connection.attend(cx);
        loop {
            match self.poll_send(cx) {
                Poll::Ready(Ok(ending)) => return Poll::Ready(ending),
                Poll::Ready(Err(_)) => return self.lost(Reason::TransportError),
                Poll::Pending => {}
            }
            if !self.connection.may_read() {
                return Poll::Pending;
            }
            match ready!(self.poll_receive(cx)) {
                Ok(()) => {}
                Err(reason) => return self.lost(reason),
            }
        }
    }

    fn lost(&self, reason: Reason) -> Poll<Ending> {
        self.connection.close(reason, Ending::Lost);
        Poll::Ready(Ending::Lost)
    }

    /// Sends what waits. Ready only when the connection has ended.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<Ending, axum::Error>> {
        loop {
            ready!(Pin::new(&mut self.socket).poll_ready(cx))?;
            match self.connection.next() {
                Next::Send(frame) => {
                    self.unflushed = true;
                    Pin::new(&mut self.socket).start_send(message(frame))?;
                }
                Next::End(ending) => return Poll::Ready(Ok(ending)),
                Next::Wait => break,
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Pending
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        let received = match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
            Some(Ok(Message::Text(text))) => {
                engine::decode(&text).map(|packet| self.connection.receive(packet))
            }
            Some(Ok(Message::Binary(bytes))) => {
                self.connection.receive(Packet::Binary(bytes));
                Ok(())
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_))) | None => return Poll::Ready(Err(Reason::TransportClose)),
            Some(Err(error)) => {
                tracing::debug!(%error, "a WebSocket failed");
                return Poll::Ready(Err(Reason::TransportError));
            }
        };
        if received.is_err() {
            self.connection.close(Reason::ParseError, Ending::Now);
        }
        Poll::Ready(Ok(()))
    }

    /// Sends what is left and says that nothing follows.
    async fn finish(&mut self, ending: Ending) {
        if ending == Ending::Orderly {
            while let Some(frame) = self.connection.rest() {
                if self.socket.send(message(frame)).await.is_err() {
                    return;
                }
            }
        }
        close(&mut self.socket).await;
    }
}

/// Says that nothing follows, and waits for the client to have taken notice.
pub(crate) async fn close(socket: &mut WebSocket) {
    let frame = CloseFrame { code: close_code::NORMAL, reason: Utf8Bytes::from_static("") };
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}

fn message(frame: Frame) -> Message {
    match frame {
        Frame::Text(text) => Message::Text(text),
        Frame::Binary(bytes) => Message::Binary(bytes),
    }
}
