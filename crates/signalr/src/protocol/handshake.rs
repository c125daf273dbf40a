//! The first exchange on every connection, JSON whatever follows it.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Protocol;
use crate::Transport;

/// The highest version of the protocols that is spoken.
const MAX_VERSION: i32 = 2;

/// The version that knows Ack and Sequence.
const RESUMABLE: i32 = 2;

pub(crate) const ACCEPTED: Bytes = Bytes::from_static(b"{}\x1e");

/// Why a handshake is refused: what the client is told.
pub(crate) struct Refusal(String);

impl Refusal {
    pub(crate) fn canceled() -> Self {
        Self("Handshake was canceled.".into())
    }

    fn malformed(detail: &str, detailed_errors: bool) -> Self {
        let mut text = String::from("An unexpected error occurred during connection handshake.");
        if detailed_errors {
            text.push_str(" InvalidDataException: ");
            text.push_str(detail);
        }
        Self(text)
    }

    pub(crate) fn encode(&self) -> Bytes {
        #[derive(Serialize)]
        struct Answer<'a> {
            error: &'a str,
        }
        let mut answer = serde_json::to_vec(&Answer { error: &self.0 }).unwrap_or_default();
        answer.push(super::json::RECORD_SEPARATOR);
        answer.into()
    }
}

/// What a client chose.
pub(crate) struct Choice {
    pub(crate) protocol: Protocol,
    /// Whether its version lets a lost connection go on.
    pub(crate) resumable: bool,
}

/// Reads the client's choice, given without its end mark.
pub(crate) fn read(message: &[u8], transport: Transport, detailed_errors: bool) -> Result<Choice, Refusal> {
    let refuse = |detail: &str| Refusal::malformed(detail, detailed_errors);
    match message.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {}
        Some(b'[') => return Err(refuse("Unexpected JSON Token Type 'Array'. Expected a JSON Object.")),
        _ => return Err(refuse("Error reading JSON.")),
    }
    let request: Request = serde_json::from_slice(message).map_err(|_| refuse("Error reading JSON."))?;
    let missing = |property: &str| {
        let content = String::from_utf8_lossy(message);
        refuse(&format!("Missing required property '{property}'. Message content: {content}"))
    };
    let name = match request.protocol {
        Some(raw) => serde_json::from_str::<Cow<'_, str>>(raw.get())
            .map_err(|_| refuse("Expected 'protocol' to be of type String."))?,
        None => return Err(missing("protocol")),
    };
    let version: i32 = match request.version {
        Some(raw) => {
            serde_json::from_str(raw.get()).map_err(|_| refuse("Expected 'version' to be of type Number."))?
        }
        None => return Err(missing("version")),
    };
    let protocol =
        Protocol::named(&name).ok_or_else(|| Refusal(format!("The protocol '{name}' is not supported.")))?;
    if version > MAX_VERSION {
        return Err(Refusal(format!(
            "The server does not support version {version} of the '{name}' protocol."
        )));
    }
    if protocol.is_binary() && transport == Transport::ServerSentEvents {
        return Err(Refusal(format!(
            "Cannot use the '{name}' protocol on the current transport. \
             The transport does not support 'Binary' transfer format."
        )));
    }
    Ok(Choice { protocol, resumable: version == RESUMABLE })
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    protocol: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    version: Option<&'a RawValue>,
}

/// Tells null, which is of the wrong type, from a missing property.
fn present<'de: 'a, 'a, D: serde::Deserializer<'de>>(from: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}
