//! The hub protocol: what a message is, apart from how it travels.
//!
//! [`HubMessage`] is any of the nine messages; [`json`] and [`messagepack`] read and write them.

pub mod json;
pub mod messagepack;

pub(crate) mod handshake;

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    args::{Arguments, Parameters},
    misfit,
};

/// One message of either side.
#[derive(Clone, Debug)]
pub enum HubMessage<'a> {
    /// Type 1: a call that is answered at most once.
    Invocation {
        /// What the answer will carry; without one nothing is answered.
        invocation_id: Option<Cow<'a, str>>,
        /// The method's name.
        target: Cow<'a, str>,
        /// An array.
        arguments: Raw<'a>,
        /// The ids under which the caller will send items.
        stream_ids: Vec<Cow<'a, str>>,
    },
    /// Type 2: one item of a stream.
    StreamItem {
        /// The stream.
        invocation_id: Cow<'a, str>,
        /// The item.
        item: Raw<'a>,
    },
    /// Type 3: the end of a call or of a stream.
    Completion {
        /// The call or the stream.
        invocation_id: Cow<'a, str>,
        /// How it ended.
        outcome: Outcome<'a>,
    },
    /// Type 4: a call that is answered by a stream.
    StreamInvocation {
        /// What the items and the end will carry.
        invocation_id: Cow<'a, str>,
        /// The method's name.
        target: Cow<'a, str>,
        /// An array.
        arguments: Raw<'a>,
        /// The ids under which the caller will send items.
        stream_ids: Vec<Cow<'a, str>>,
    },
    /// Type 5: the caller wants no more of a stream.
    CancelInvocation {
        /// The stream.
        invocation_id: Cow<'a, str>,
    },
    /// Type 6: still there.
    Ping,
    /// Type 7: the end of the connection.
    Close {
        /// Why, if it is an error.
        error: Option<Cow<'a, str>>,
        /// Whether the client may connect again by itself.
        allow_reconnect: bool,
    },
    /// Type 8: what has been received.
    Ack {
        /// The highest number received.
        sequence_id: i64,
    },
    /// Type 9: where a resumed connection goes on.
    Sequence {
        /// The number of the message that follows.
        sequence_id: i64,
    },
}

/// How a call ended.
#[derive(Clone, Debug)]
pub enum Outcome<'a> {
    /// With neither result nor error.
    Void,
    /// With a result.
    Result(Raw<'a>),
    /// With an error.
    Error(Cow<'a, str>),
}

/// A value that is still encoded.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// As JSON.
    Json(&'a RawValue),
    /// As MessagePack: the bytes of one value.
    MessagePack(&'a [u8]),
}

impl Raw<'_> {
    /// Reads a method's arguments; the last `optional` ones may be missing.
    pub(crate) fn bind<P: Parameters>(self, optional: usize) -> Result<P, BindError> {
        match self {
            Self::Json(raw) => json::bind(raw, optional),
            Self::MessagePack(raw) => messagepack::bind(raw, optional),
        }
    }

    /// Reads a value on its own: an item, or a result.
    pub(crate) fn value<T: DeserializeOwned>(self) -> Result<T, BindError> {
        match self {
            Self::Json(raw) => serde_json::from_str(raw.get()).map_err(|_| BindError::Type),
            Self::MessagePack(raw) => messagepack::value(raw).map_err(|_| BindError::Type),
        }
    }
}

/// Why arguments do not fit a method.
#[derive(Debug)]
pub(crate) enum BindError {
    Count { provided: usize, expected: usize },
    Type,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { provided, expected } => {
                write!(f, "Invocation provides {provided} argument(s) but target expects {expected}.")
            }
            Self::Type => f.write_str(
                "Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.",
            ),
        }
    }
}

/// A value that cannot be written.
#[derive(Debug)]
pub(crate) struct EncodeError(pub(crate) String);

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EncodeError {}

/// Bytes that are not a message: the end of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(pub(crate) Cow<'static, str>);

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}

/// The encodings that a connection can agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Json,
    MessagePack,
}

impl Protocol {
    pub(crate) const ALL: [Self; 2] = [Self::Json, Self::MessagePack];

    /// The protocol a client names, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| name.eq_ignore_ascii_case(protocol.name()))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MessagePack => "messagepack",
        }
    }

    /// Whether its messages are bytes that no text transport can carry.
    pub(crate) fn is_binary(self) -> bool {
        self == Self::MessagePack
    }

    pub(crate) fn decode(self, message: &[u8]) -> Result<Option<HubMessage<'_>>, DecodeError> {
        match self {
            Self::Json => json::decode(message),
            Self::MessagePack => messagepack::decode(message),
        }
    }

    /// Reads a value that stands alone, or says what was expected and what came.
    pub(crate) fn value<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, String> {
        match self {
            Self::Json => serde_json::from_slice(bytes).map_err(|error| misfit::words(&error.to_string())),
            Self::MessagePack => messagepack::value(bytes).map_err(|_| {
                // MessagePack's reader speaks of markers; JSON's, of the same value, of what it expected.
                let value = messagepack::value::<serde_json::Value>(bytes).map(T::deserialize);
                match value {
                    Ok(Err(error)) => misfit::words(&error.to_string()),
                    Ok(Ok(_)) | Err(_) => "Expected another value.".to_owned(),
                }
            }),
        }
    }

    pub(crate) fn invocation<A: Arguments>(
        self,
        invocation_id: Option<&str>,
        target: &str,
        arguments: &A,
    ) -> Result<Bytes, EncodeError> {
        match self {
            Self::Json => json::invocation(invocation_id, target, arguments),
            Self::MessagePack => messagepack::invocation(invocation_id, target, arguments),
        }
    }

    pub(crate) fn result<R: Serialize>(self, invocation_id: &str, result: &R) -> Result<Bytes, EncodeError> {
        match self {
            Self::Json => json::result(invocation_id, result),
            Self::MessagePack => messagepack::result(invocation_id, result),
        }
    }

    pub(crate) fn item<T: Serialize>(self, invocation_id: &str, item: &T) -> Result<Bytes, EncodeError> {
        match self {
            Self::Json => json::item(invocation_id, item),
            Self::MessagePack => messagepack::item(invocation_id, item),
        }
    }

    pub(crate) fn encode(self, message: &HubMessage<'_>) -> Bytes {
        match self {
            Self::Json => json::encode(message),
            Self::MessagePack => messagepack::encode(message),
        }
    }
}
