//! A WebSocket's two ways: frames over what hyper has upgraded.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use crate::frame::{self, Event, Fault, Head, Kind, Reader, code};

/// What is read at once.
const READ_BYTES: usize = 16 * 1024;

thread_local! {
    // One for each thread and not one for each connection: nothing stays in them.
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
    static WRITE: RefCell<Batch> = RefCell::new(Batch(Vec::with_capacity(Batch::BYTES)));
}

/// What waits for a client.
pub trait Outgoing {
    /// Takes what is to leave next: small messages into the batch, as many as have their place there, or one that is too large for it.
    fn fill(&self, batch: &mut Batch) -> Filled;

    /// The socket has taken something of it.
    fn moved(&self) {}
}

/// What [`Outgoing::fill`] has taken.
pub enum Filled {
    /// Nothing waits.
    Nothing,
    /// Frames, which are in the batch.
    Batch,
    /// A message of its own.
    Large(Kind, Bytes),
}

/// Small messages that leave together.
pub struct Batch(Vec<u8>);

impl Batch {
    /// The most bytes that messages have in it together.
    pub const BYTES: usize = 4 * 1024;

    /// Whether one more message of this length has its place in it.
    pub fn has_room(&self, length: usize) -> bool {
        self.0.len() + length <= Self::BYTES
    }

    /// Adds a message.
    pub fn add(&mut self, kind: Kind, message: &[u8]) {
        self.0.extend_from_slice(Head::of(kind, message.len()).as_bytes());
        self.0.extend_from_slice(message);
    }

    /// Adds one message that is put together of pieces, which have `length` bytes together.
    pub fn add_joined<T: AsRef<[u8]>>(&mut self, kind: Kind, length: usize, pieces: impl Iterator<Item = T>) {
        self.0.extend_from_slice(Head::of(kind, length).as_bytes());
        let end = self.0.len() + length;
        pieces.for_each(|piece| self.0.extend_from_slice(piece.as_ref()));
        assert_eq!(self.0.len(), end, "a frame is as long as its head says");
    }
}

/// An open WebSocket, to be polled by whoever has something to do with it.
pub struct Link {
    io: TokioIo<Upgraded>,
    reader: Reader,
    /// What has come behind the last event.
    unread: BytesMut,
    /// What the socket has not taken of what was written last.
    unsent: Bytes,
    /// A pong or a close frame that is to follow it.
    control: Option<Bytes>,
    /// Whether something was written since the last flush.
    unflushed: bool,
    stage: Stage,
    input: Input,
    /// That of the task it belongs to, for whoever writes in its place.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// The close frame is on its way: nothing follows it.
    Closing,
    Broken,
}

/// Whether more can be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    /// The client has closed, or is gone.
    Closed,
    /// What follows cannot be understood.
    Faulty,
    /// The same, and the client has been told.
    Discarded,
}

/// What came of a look at the socket.
enum Fresh {
    Event(Result<Event, Fault>),
    /// A part of a frame.
    Part,
    End,
}

/// Whether all that waited has been handed to the socket.
enum All {
    Sent,
    NotYet,
}

/// Why nothing more is read.
pub enum Unreadable {
    /// The client's frames are refused.
    Fault(Fault),
    /// The connection failed.
    Io(io::Error),
}

impl Link {
    /// `most` is the most bytes that a message may have.
    pub(crate) fn new(io: Upgraded, most: usize) -> Self {
        Self {
            io: TokioIo::new(io),
            reader: Reader::new(most),
            unread: BytesMut::new(),
            unsent: Bytes::new(),
            control: None,
            unflushed: false,
            stage: Stage::Open,
            input: Input::Open,
            waker: None,
        }
    }

    // ---- what comes ----

    /// The next event; `None` when there will be no more. Pings and closes are answered by the way.
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Unreadable>>> {
        if self.input != Input::Open {
            return Poll::Ready(None);
        }
        let event = loop {
            if !self.unread.is_empty() {
                let mut input = &self.unread[..];
                let event = self.reader.read(&mut input);
                let taken = self.unread.len() - input.len();
                self.unread.advance(taken);
                if self.unread.is_empty() {
                    self.unread = BytesMut::new();
                }
                if let Some(event) = event.transpose() {
                    break event;
                }
            }
            match ready!(self.poll_fresh(cx)) {
                Ok(Fresh::Event(event)) => break event,
                Ok(Fresh::Part) => {}
                Ok(Fresh::End) => {
                    self.input = Input::Closed;
                    return Poll::Ready(None);
                }
                Err(error) => {
                    self.input = Input::Closed;
                    return Poll::Ready(Some(Err(Unreadable::Io(error))));
                }
            }
        };
        match &event {
            Ok(Event::Ping(payload)) => self.reply(cx, frame::pong(payload), Stage::Open),
            Ok(Event::Close(code)) => {
                self.input = Input::Closed;
                self.reply(cx, frame::close(code.unwrap_or(code::NORMAL)), Stage::Closing);
            }
            Ok(Event::Message(..) | Event::Pong) => {}
            Err(_) => self.input = Input::Faulty,
        }
        Poll::Ready(Some(event.map_err(Unreadable::Fault)))
    }

    fn poll_fresh(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Fresh>> {
        READ.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
            let mut input = buffer.filled();
            if input.is_empty() {
                return Poll::Ready(Ok(Fresh::End));
            }
            let event = self.reader.read(&mut input);
            self.unread.extend_from_slice(input);
            Poll::Ready(Ok(event.transpose().map_or(Fresh::Part, Fresh::Event)))
        })
    }

    /// What goes wrong with it, the next write will find, too.
    fn reply(&mut self, cx: &mut Context<'_>, frame: Bytes, stage: Stage) {
        if self.stage != Stage::Open {
            return;
        }
        self.stage = stage;
        // Only the latest of several pings need be answered.
        self.control = Some(frame);
        let _ = self.poll_out(cx);
    }

    // ---- what leaves ----

    /// Sends what waits. Ready when all of it has left.
    pub fn poll_send(&mut self, cx: &mut Context<'_>, waiting: &impl Outgoing) -> Poll<io::Result<()>> {
        loop {
            let began = !self.unsent.is_empty();
            ready!(self.poll_out(cx))?;
            if began {
                waiting.moved();
            }
            let all = WRITE.with_borrow_mut(|batch| {
                batch.0.clear();
                match waiting.fill(batch) {
                    Filled::Nothing => Ok(All::Sent),
                    _ if self.stage != Stage::Open => Err(io::ErrorKind::BrokenPipe.into()),
                    Filled::Batch => self.write_small(cx, &batch.0).map(|()| All::NotYet),
                    Filled::Large(kind, message) => self.write_large(cx, kind, message).map(|()| All::NotYet),
                }
            })?;
            if let All::Sent = all {
                break;
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
            waiting.moved();
        }
        Poll::Ready(Ok(()))
    }

    /// The same from another task than the one it belongs to, which is woken when it has to go on. None where nobody has said yet
    /// which that is.
    pub fn send_in_place(&mut self, waiting: &impl Outgoing) -> Option<Poll<io::Result<()>>> {
        let waker = self.waker.take()?;
        let sent = self.poll_send(&mut Context::from_waker(&waker), waiting);
        self.waker = Some(waker);
        Some(sent)
    }

    /// Remembers whom to wake when the socket can be written to again.
    pub fn belongs_to(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|own| own.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
    }

    /// Sends one message, which is taken at the first opportunity.
    pub fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
        kind: Kind,
        message: &mut Option<Bytes>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_out(cx))?;
            if self.stage != Stage::Open {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            match message.take() {
                Some(message) => self.write_large(cx, kind, message)?,
                None => return Pin::new(&mut self.io).poll_flush(cx),
            }
        }
    }

    fn write_small(&mut self, cx: &mut Context<'_>, frames: &[u8]) -> io::Result<()> {
        let polled = Pin::new(&mut self.io).poll_write(cx, frames);
        let written = self.written(polled)?;
        if written < frames.len() {
            self.unsent = Bytes::copy_from_slice(&frames[written..]);
        }
        Ok(())
    }

    /// A large message is shared by all of its receivers until it has left.
    fn write_large(&mut self, cx: &mut Context<'_>, kind: Kind, mut message: Bytes) -> io::Result<()> {
        let head = Head::of(kind, message.len());
        let head = head.as_bytes();
        let pieces = [IoSlice::new(head), IoSlice::new(&message)];
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, &pieces);
        let written = self.written(polled)?;
        self.unsent = match written.checked_sub(head.len()) {
            Some(of_message) => {
                message.advance(of_message);
                message
            }
            None => [&head[written..], &message].concat().into(),
        };
        Ok(())
    }

    /// How much a write has taken.
    fn written(&mut self, polled: Poll<io::Result<usize>>) -> io::Result<usize> {
        let written = match polled {
            Poll::Pending => return Ok(0),
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(written) => written,
        };
        match &written {
            Ok(_) => self.unflushed = true,
            Err(_) => self.stage = Stage::Broken,
        }
        written
    }

    /// What is left of the last frame, and what stands behind it.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while !self.unsent.is_empty() {
                if self.stage == Stage::Broken {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                let polled = Pin::new(&mut self.io).poll_write(cx, &self.unsent);
                if polled.is_pending() {
                    return Poll::Pending;
                }
                let written = self.written(polled)?;
                self.unsent.advance(written);
            }
            match self.control.take() {
                Some(control) => self.unsent = control,
                None => return Poll::Ready(Ok(())),
            }
        }
    }

    // ---- how it ends ----

    /// Sends a close frame, unless the client's own has been answered.
    pub fn poll_close(&mut self, cx: &mut Context<'_>, code: u16) -> Poll<io::Result<()>> {
        if self.stage == Stage::Open {
            self.stage = Stage::Closing;
            self.control = Some(frame::close(code));
        }
        ready!(self.poll_out(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Waits until the client has closed, too. One whose frames cannot be read any more is told by the end of ours.
    pub fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.input {
                Input::Open => {
                    let _ = ready!(self.poll_event(cx));
                }
                Input::Closed => return Poll::Ready(()),
                Input::Faulty => {
                    let _ = ready!(Pin::new(&mut self.io).poll_shutdown(cx));
                    self.input = Input::Discarded;
                }
                Input::Discarded => {
                    if !matches!(ready!(self.poll_discard(cx)), Ok(1..)) {
                        return Poll::Ready(());
                    }
                }
            }
        }
    }

    /// Says that nothing follows, and waits until the client has taken notice.
    pub async fn close(&mut self, code: u16) {
        if poll_fn(|cx| self.poll_close(cx, code)).await.is_ok() {
            poll_fn(|cx| self.poll_linger(cx)).await;
        }
    }

    /// Were a socket dropped with something unread in it, the client would lose what it has not read itself.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        READ.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
            Poll::Ready(Ok(buffer.filled().len()))
        })
    }
}
