//! One client in a namespace, as handlers see it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{Extensions, HeaderMap};

use crate::{
    AckError, Arguments, Audience, Io, Parameters, Reason, Request, SocketId, TooManyRooms,
    peer::{History, NotAsked, Peer},
    protocol::packet,
};

/// A client in a namespace. Cheap to clone, and the same socket however often it is cloned or kept: also while its client is away and after
/// it was recovered.
pub struct Socket<S> {
    state: S,
    peer: Arc<Peer>,
    request: Arc<Request>,
    call: Call,
}

/// What a handler was called for.
#[derive(Clone)]
pub(crate) enum Call {
    None,
    Connect(History),
    Event(Option<Arc<Wanted>>),
}

/// An acknowledgement that the client wants.
pub(crate) struct Wanted {
    id: u64,
    sent: AtomicBool,
}

impl Call {
    pub(crate) fn event(ack: Option<u64>) -> Self {
        Self::Event(ack.map(|id| Arc::new(Wanted { id, sent: AtomicBool::new(false) })))
    }
}

impl<S: Clone> Clone for Socket<S> {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            peer: self.peer.clone(),
            request: self.request.clone(),
            call: self.call.clone(),
        }
    }
}

impl<S> Socket<S> {
    pub(crate) fn new(state: S, peer: Arc<Peer>, request: Arc<Request>, call: Call) -> Self {
        Self { state, peer, request, call }
    }

    /// What the server was built with.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// The public name of this socket. A recovered socket keeps it.
    pub fn id(&self) -> &SocketId {
        &self.peer.id
    }

    /// The namespace, to emit to rooms and to others.
    pub fn io(&self) -> Io {
        Io::new(self.peer.space.clone())
    }

    /// The request with which the client began the connection that this event came by.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The extensions of that request: the place of an identity.
    pub fn extensions(&self) -> &Extensions {
        self.request.extensions()
    }

    /// The headers of that request.
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// In `on_connect`: whether the client has come back and its socket is as it was.
    pub fn recovered(&self) -> bool {
        matches!(self.call, Call::Connect(History::Recovered(_)))
    }

    /// Whether the client is connected.
    pub fn is_connected(&self) -> bool {
        self.peer.is_live()
    }

    // ---- data ----

    /// Keeps a value with this socket; there is one of each type. It outlives the connection if the socket does.
    pub fn set<T: Clone + Send + Sync + 'static>(&self, value: T) {
        self.peer.data.lock().insert(value);
    }

    /// The value of this type that was kept.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.peer.data.lock().get().cloned()
    }

    // ---- rooms ----

    /// Enters a room, at once. Nothing happens if it is in already, or is gone for good.
    ///
    /// # Errors
    /// It is in [`max_rooms`](crate::Options::max_rooms) already.
    pub fn join(&self, room: impl Into<Arc<str>>) -> Result<(), TooManyRooms> {
        let space = &self.peer.space;
        space.rooms.join(room.into(), &self.peer, space.house.options.max_rooms)
    }

    /// Leaves a room, at once.
    pub fn leave(&self, room: &str) {
        self.peer.space.rooms.leave(room, &self.peer);
    }

    /// Leaves all rooms.
    pub fn leave_all(&self) {
        self.peer.space.rooms.leave_all(&self.peer);
    }

    /// The rooms it is in.
    pub fn rooms(&self) -> Vec<Arc<str>> {
        self.peer.rooms.names()
    }

    // ---- emitting ----

    /// Queues an event for this client. It neither waits nor fails; arguments that cannot be written are logged.
    pub fn emit<A: Arguments + ?Sized>(&self, event: &str, arguments: &A) {
        match self.peer.space.message(event, arguments) {
            Ok(message) => {
                self.peer.push(&message, |connection| connection.wake());
            }
            Err(error) => tracing::error!(event, %error, "an event's arguments cannot be written"),
        }
    }

    /// Sends an event and awaits what the client answers, as a tuple. Its other events wait meanwhile if this is awaited in a handler;
    /// its answers do not. An event that asks is not repeated to a client that comes back.
    ///
    /// # Errors
    /// The client is not there, leaves, does not answer in time, or answers what does not fit. In `on_connect`, always.
    pub async fn emit_with_ack<R, A>(
        &self,
        event: &str,
        arguments: &A,
        within: Duration,
    ) -> Result<R, AckError>
    where
        R: Parameters,
        A: Arguments + ?Sized,
    {
        let asking = self
            .peer
            .ask(|id| packet::event(self.prefix(), Some(id), event, arguments, None))
            .map_err(|why| match why {
                NotAsked::TooEarly => AckError::TooEarly,
                NotAsked::TooMany => AckError::TooMany,
                NotAsked::Gone => AckError::Gone,
            })?
            .map_err(AckError::Arguments)?;
        let answer = tokio::time::timeout(within, asking.answer()).await.map_err(|_| AckError::Timeout)?;
        answer.ok_or(AckError::Gone)?.read().map_err(AckError::Answer)
    }

    /// Those in `room`, but for this socket.
    pub fn to(&self, room: impl Into<Arc<str>>) -> Audience {
        self.io().to(room).except(self.id())
    }

    /// Everybody in the namespace, but for this socket.
    pub fn broadcast(&self) -> Audience {
        self.io().all().except(self.id())
    }

    /// Disconnects the client, which does not come back by itself. What was emitted before still arrives; what the client has sent
    /// and what is not being handled yet is dropped.
    pub fn disconnect(&self) {
        self.peer.leave(None, Reason::ServerDisconnect);
    }

    // ---- acknowledging ----

    /// Whether the client asked for an acknowledgement of this event, and has not got it.
    pub fn wants_ack(&self) -> bool {
        match &self.call {
            Call::Event(Some(wanted)) => !wanted.sent.load(Relaxed),
            _ => false,
        }
    }

    /// Acknowledges the event before its handler returns, or where it fails. What the handler returns is then dropped. Without an
    /// acknowledgement to send nothing happens.
    pub fn ack<A: Arguments + ?Sized>(&self, arguments: &A) {
        let Some(id) = self.take_ack() else { return };
        match packet::ack(self.prefix(), id, arguments) {
            Ok(encoded) => self.peer.send(encoded.frames()),
            Err(error) => tracing::error!(%error, "an acknowledgement cannot be written"),
        }
    }

    /// The id of the acknowledgement, once.
    pub(crate) fn take_ack(&self) -> Option<u64> {
        match &self.call {
            Call::Event(Some(wanted)) if !wanted.sent.swap(true, Relaxed) => Some(wanted.id),
            _ => None,
        }
    }

    pub(crate) fn prefix(&self) -> &str {
        self.peer.space.prefix()
    }
}
