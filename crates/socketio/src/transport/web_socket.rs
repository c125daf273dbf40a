//! WebSockets.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, ready},
};

use socket_kit::{Event, Kind, Link, Unreadable, code};

use crate::{
    Reason,
    connection::Connection,
    outbox::Ending,
    protocol::{
        Malformed,
        engine::{self, Packet},
    },
};

/// Carries a connection until it ends. What is not needed while it is idle is not part of the future: it is there for every connection.
pub(crate) fn run(connection: Arc<Connection>, link: Link) -> impl Future<Output = ()> + Send {
    *connection.link() = Some(Box::new(link));
    let carrier = Carrier(connection);
    async move {
        if let Some(code) = poll_fn(|cx| carrier.poll(cx)).await.code() {
            Box::pin(carrier.close(code)).await;
        }
    }
}

/// The connection's hold on its WebSocket. Others write to it, too, but it goes with this, and whatever becomes of the task, the
/// connection does not outlive it.
struct Carrier(Arc<Connection>);

impl Drop for Carrier {
    fn drop(&mut self) {
        self.0.close(Reason::TransportError, Ending::Lost);
        *self.0.link() = None;
    }
}

/// How the carrier's work ends.
enum End {
    /// All that was to be said has left.
    Said,
    /// There is nobody to tell.
    Lost,
    /// The client's frames cannot be understood, which is told by this code.
    Refused(u16),
}

impl End {
    /// What to close the WebSocket with.
    fn code(&self) -> Option<u16> {
        match self {
            Self::Said => Some(code::NORMAL),
            Self::Lost => None,
            Self::Refused(code) => Some(*code),
        }
    }
}

impl Carrier {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let ending = self.0.attend(cx.waker());
            match ending {
                Some(Ending::Lost) => return Poll::Ready(End::Lost),
                Some(Ending::Quiet | Ending::Now) => return Poll::Ready(End::Said),
                Some(Ending::Orderly) | None => {}
            }
            match self.poll_send(cx) {
                Poll::Ready(Ok(())) if ending.is_some() => return Poll::Ready(End::Said),
                Poll::Ready(Err(Lost)) => return self.end(Reason::TransportError, End::Lost),
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
            if !self.0.may_read() {
                return Poll::Pending;
            }
            if let Err((reason, end)) = ready!(self.poll_receive(cx)) {
                return self.end(reason, end);
            }
        }
    }

    async fn close(&self, code: u16) {
        let link = self.0.link().take();
        if let Some(mut link) = link {
            let within = self.0.house().options.close_timeout;
            let _ = tokio::time::timeout(within, link.close(code)).await;
        }
    }

    fn end(&self, reason: Reason, end: End) -> Poll<End> {
        self.0.close(reason, Ending::Lost);
        Poll::Ready(end)
    }

    fn poll_send(&self, cx: &mut Context<'_>) -> Poll<Result<(), Lost>> {
        let mut link = self.0.link();
        let Some(link) = &mut *link else { return Poll::Ready(Err(Lost)) };
        link.belongs_to(cx.waker());
        link.poll_send(cx, &*self.0).map_err(|_| Lost)
    }

    fn poll_receive(&self, cx: &mut Context<'_>) -> Poll<Result<(), (Reason, End)>> {
        // What comes is dealt with when the WebSocket is free again for others.
        let event = match &mut *self.0.link() {
            Some(link) => ready!(link.poll_event(cx)),
            None => None,
        };
        let received = match event {
            Some(Ok(Event::Message(Kind::Text, text))) => self.receive_text(&text),
            Some(Ok(Event::Message(Kind::Binary, bytes))) => {
                self.0.receive(Packet::Binary(bytes));
                Ok(())
            }
            Some(Ok(Event::Ping(_) | Event::Pong)) => Ok(()),
            Some(Ok(Event::Close(_))) => return Poll::Ready(Err((Reason::TransportClose, End::Lost))),
            // It ended without a word.
            None => return Poll::Ready(Err((Reason::TransportError, End::Lost))),
            Some(Err(Unreadable::Io(error))) => {
                tracing::debug!(%error, "a WebSocket failed");
                return Poll::Ready(Err((Reason::TransportError, End::Lost)));
            }
            Some(Err(Unreadable::Fault(fault))) => {
                tracing::debug!(?fault, "a client's frames are refused");
                return Poll::Ready(Err((Reason::TransportError, End::Refused(fault.code()))));
            }
        };
        if received.is_err() {
            self.0.close(Reason::ParseError, Ending::Now);
        }
        Poll::Ready(Ok(()))
    }

    fn receive_text(&self, text: &[u8]) -> Result<(), Malformed> {
        let packet = engine::decode(str::from_utf8(text).map_err(|_| Malformed)?)?;
        self.0.receive(packet);
        Ok(())
    }
}

/// The WebSocket takes nothing any more.
struct Lost;
