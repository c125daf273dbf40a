//! Why things failed, and what of it the client may know.

use std::{error::Error, fmt};

use serde_json::Value;

/// The failure of an event handler.
///
/// It goes to [`Namespace::on_failure`](crate::Namespace::on_failure), which decides what the client learns; by itself nothing is sent.
pub struct EventError(Kind);

enum Kind {
    Told(String),
    Internal(Box<dyn Error + Send + Sync>),
}

impl EventError {
    /// A failure whose text is meant for the client.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Kind::Told(text.into()))
    }

    /// A failure that is nobody's business. It is logged once, as an error.
    pub fn internal<E: Into<Box<dyn Error + Send + Sync>>>(source: E) -> Self {
        Self(Kind::Internal(source.into()))
    }

    /// The text meant for the client; none for an internal failure.
    pub fn told(&self) -> Option<&str> {
        match &self.0 {
            Kind::Told(text) => Some(text),
            Kind::Internal(_) => None,
        }
    }

    /// Logs what nobody is told.
    pub(crate) fn log(&self, event: &str) {
        if let Kind::Internal(source) = &self.0 {
            tracing::error!(event, error = &**source as &dyn Error, "event handler failed");
        }
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Told(text) => f.write_str(text),
            Kind::Internal(source) => source.fmt(f),
        }
    }
}

impl fmt::Debug for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Told(text) => f.debug_tuple("EventError").field(text).finish(),
            Kind::Internal(source) => f.debug_tuple("EventError").field(source).finish(),
        }
    }
}

impl Error for EventError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Internal(source) => Some(&**source),
            Kind::Told(_) => None,
        }
    }
}

/// An event that was not handled as it should be.
#[derive(Debug)]
pub struct Failure {
    /// The event's name, as the client sent it.
    pub event: String,
    /// What went wrong.
    pub kind: FailureKind,
}

/// What went wrong with an event.
#[derive(Debug)]
#[non_exhaustive]
pub enum FailureKind {
    /// No handler has this name, and there is no fallback.
    Unknown,
    /// The arguments do not fit the handler's tuple. The text says where, and is fit for developers, not for people.
    Arguments(String),
    /// The handler said so.
    Failed(EventError),
    /// The handler panicked.
    Panicked,
}

/// The answer to a client that may not connect: `connect_error` there, with this message and these data.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub(crate) message: String,
    pub(crate) data: Option<Value>,
}

impl Refusal {
    /// Refuses with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// Adds data, `err.data` in the client.
    #[must_use]
    pub fn data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Refusal {}

/// The socket is in [`max_rooms`](crate::Options::max_rooms) rooms already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyRooms;

impl fmt::Display for TooManyRooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the socket is in too many rooms")
    }
}

impl Error for TooManyRooms {}

impl From<TooManyRooms> for EventError {
    fn from(error: TooManyRooms) -> Self {
        Self::new(error.to_string())
    }
}

impl From<TooManyRooms> for Refusal {
    fn from(error: TooManyRooms) -> Self {
        Self::new(error.to_string())
    }
}

/// Why a question to a client has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum AckError {
    /// The client is not there, or left before it answered.
    Gone,
    /// The client is not connected yet: nothing can be asked in `on_connect`.
    TooEarly,
    /// Too many questions wait for this client.
    TooMany,
    /// It did not answer in time.
    Timeout,
    /// The question's arguments cannot be written.
    Arguments(serde_json::Error),
    /// The answer does not fit the type it was to have.
    Answer(serde_json::Error),
}

impl fmt::Display for AckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the client is gone"),
            Self::TooEarly => f.write_str("the client is not connected yet"),
            Self::TooMany => f.write_str("too many questions wait for this client"),
            Self::Timeout => f.write_str("the client did not answer in time"),
            Self::Arguments(error) => write!(f, "the arguments cannot be written: {error}"),
            Self::Answer(error) => write!(f, "the answer does not fit: {error}"),
        }
    }
}

impl Error for AckError {}

impl From<AckError> for EventError {
    fn from(error: AckError) -> Self {
        Self::internal(error)
    }
}

/// Why a socket was disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The client left the namespace.
    ClientDisconnect,
    /// The server disconnected it on purpose.
    ServerDisconnect,
    /// The connection was closed by the client, or taken over by a newer one of the same client.
    TransportClose,
    /// The connection broke.
    TransportError,
    /// A ping was not answered in time.
    PingTimeout,
    /// The client sent what is no packet, or what is out of place.
    ParseError,
    /// The client did not read what was sent to it, or sent more than it may while its answer was waited for.
    Overrun,
    /// The server closed the connection for its client to come back.
    SentBack,
    /// The server shuts down.
    ShuttingDown,
}

impl Reason {
    /// Whether a socket may be recovered after it.
    pub fn is_recoverable(self) -> bool {
        matches!(self, Self::TransportClose | Self::TransportError | Self::PingTimeout | Self::Overrun)
    }

    /// The reference server's words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientDisconnect => "client namespace disconnect",
            Self::ServerDisconnect => "server namespace disconnect",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::Overrun => "overrun",
            Self::SentBack => "server asked to reconnect",
            Self::ShuttingDown => "server shutting down",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
