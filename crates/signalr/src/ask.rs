//! Calls the other way round: the server asks a client, and awaits its result.

use std::{
    cell::Cell,
    collections::HashMap,
    error::Error,
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::{
    Arguments, HubError, HubOptions,
    connection::Connection,
    protocol::{Outcome, Protocol, Raw},
};

/// Why a client gave no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum InvokeError {
    /// The client answered with this error.
    Refused(String),
    /// The client's result is not what was asked for; the text says so.
    WrongType(String),
    /// The client is not there, or went before it answered.
    Gone,
    /// `on_connected` is still running: the client's answer could not be read before it ends.
    TooEarly,
    /// The arguments cannot be written; the text says why.
    Arguments(String),
}

impl fmt::Display for InvokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(text) | Self::WrongType(text) => f.write_str(text),
            Self::Gone => f.write_str("the client has gone"),
            Self::TooEarly => f.write_str("clients cannot be asked while on_connected runs"),
            Self::Arguments(text) => write!(f, "the arguments cannot be written: {text}"),
        }
    }
}

impl Error for InvokeError {}

impl From<InvokeError> for HubError {
    /// What a client said is told to the caller; everything else is internal.
    fn from(error: InvokeError) -> Self {
        match error {
            InvokeError::Refused(text) | InvokeError::WrongType(text) => Self::new(text),
            error => Self::internal(error),
        }
    }
}

/// What a client said: the bytes of its result, none at all, or an error.
pub(crate) enum Answer {
    Result(Bytes),
    Void,
    Error(String),
}

impl Answer {
    pub(crate) fn of(outcome: &Outcome<'_>) -> Self {
        match outcome {
            Outcome::Void => Self::Void,
            Outcome::Error(error) => Self::Error(error.to_string()),
            Outcome::Result(Raw::Json(raw)) => Self::Result(Bytes::copy_from_slice(raw.get().as_bytes())),
            Outcome::Result(Raw::MessagePack(raw)) => Self::Result(Bytes::copy_from_slice(raw)),
        }
    }

    fn read<R: DeserializeOwned>(self, protocol: Protocol) -> Result<R, InvokeError> {
        let null: &[u8] = if protocol.is_binary() { &[0xC0] } else { b"null" };
        let bytes = match &self {
            Self::Error(text) => return Err(InvokeError::Refused(text.clone())),
            Self::Void => null,
            Self::Result(bytes) => bytes,
        };
        protocol
            .value(bytes)
            .map_err(|misfit| InvokeError::WrongType(format!("Error trying to deserialize result. {misfit}")))
    }
}

/// Who waits for this client's answers.
#[derive(Default)]
pub(crate) struct Asks {
    asked: u64,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    over: bool,
}

/// Answers are awaited under ids that no stream of the client can have: `s1`, `s2` and so on.
const PREFIX: char = 's';

impl Asks {
    fn open(&mut self) -> Option<(u64, oneshot::Receiver<Answer>)> {
        if self.over {
            return None;
        }
        self.asked += 1;
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(self.asked, sender);
        Some((self.asked, receiver))
    }

    pub(crate) fn answer(&mut self, id: &str, outcome: &Outcome<'_>) {
        let number = id.strip_prefix(PREFIX).and_then(|number| number.parse().ok());
        if let Some(waiting) = number.and_then(|number: u64| self.waiting.remove(&number)) {
            let _ = waiting.send(Answer::of(outcome));
        }
    }

    /// The client has gone: nobody gets an answer any more.
    pub(crate) fn close(&mut self) {
        self.over = true;
        self.waiting = HashMap::new();
    }
}

thread_local! {
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// Polls a call, and says whether it now waits for a client's answer: then the calls behind it may go on.
pub(crate) fn watched<T>(poll: impl FnOnce() -> T) -> (T, bool) {
    WAITS.set(false);
    let polled = poll();
    (polled, WAITS.replace(false))
}

/// An answer that is awaited; dropping it forgets the question.
struct Waiting {
    connection: Arc<Connection>,
    number: u64,
    receiver: oneshot::Receiver<Answer>,
}

impl Waiting {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answer, InvokeError>> {
        let polled = Future::poll(std::pin::Pin::new(&mut self.receiver), cx);
        if polled.is_pending() {
            WAITS.set(true);
        }
        polled.map_err(|_| InvokeError::Gone)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.connection.asks().waiting.remove(&self.number);
    }
}

pub(crate) async fn ask<R: DeserializeOwned, A: Arguments>(
    connection: Arc<Connection>,
    options: &HubOptions,
    target: &str,
    arguments: &A,
) -> Result<R, InvokeError> {
    let protocol = connection.protocol();
    let (number, receiver) = connection.asks().open().ok_or(InvokeError::Gone)?;
    let mut waiting = Waiting { connection, number, receiver };
    let id = format!("{PREFIX}{number}");
    let message = protocol
        .invocation(Some(&id), target, arguments)
        .map_err(|error| InvokeError::Arguments(error.to_string()))?;
    waiting.connection.push(message, options);
    poll_fn(|cx| waiting.poll(cx)).await?.read(protocol)
}
