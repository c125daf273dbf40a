//! Engine.IO packets and payloads.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::Malformed;

/// Between the packets of a payload.
pub(crate) const SEPARATOR: u8 = 0x1E;

pub(crate) const PING: &str = "2";
pub(crate) const PROBE: &str = "2probe";
pub(crate) const PROBED: &str = "3probe";
pub(crate) const UPGRADE: &str = "5";
pub(crate) const CLOSE: &str = "1";
pub(crate) const NOOP: &str = "6";

/// One packet for a client, as a WebSocket takes it; the bytes are shared by all its receivers.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// UTF-8, with its packet type in front.
    Text(Bytes),
    Binary(Bytes),
}

impl Frame {
    /// A packet that always looks the same.
    pub(crate) fn fixed(packet: &'static str) -> Self {
        Self::Text(Bytes::from_static(packet.as_bytes()))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// One packet from a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    Message(&'a str),
    Binary(Bytes),
    Pong,
    Close,
    /// Allowed, and without a meaning where it came: open, upgrade, noop.
    Idle,
}

/// Reads a text packet.
pub(crate) fn decode(packet: &str) -> Result<Packet<'_>, Malformed> {
    let mut chars = packet.chars();
    let kind = chars.next().ok_or(Malformed)?;
    let data = chars.as_str();
    match kind {
        '4' => Ok(Packet::Message(data)),
        'b' => Ok(Packet::Binary(STANDARD.decode(data).map_err(|_| Malformed)?.into())),
        '3' => Ok(Packet::Pong),
        '1' => Ok(Packet::Close),
        '0' | '5' | '6' => Ok(Packet::Idle),
        // Pings are the server's.
        _ => Err(Malformed),
    }
}

/// Appends a packet to a payload.
pub(crate) fn append(payload: &mut Vec<u8>, frame: &Frame) {
    if !payload.is_empty() {
        payload.push(SEPARATOR);
    }
    match frame {
        Frame::Text(text) => payload.extend_from_slice(text),
        Frame::Binary(bytes) => {
            payload.push(b'b');
            payload.extend_from_slice(STANDARD.encode(bytes).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read() {
        assert_eq!(decode("4hello"), Ok(Packet::Message("hello")));
        assert_eq!(decode("4"), Ok(Packet::Message("")));
        assert_eq!(decode("bAQIDBA=="), Ok(Packet::Binary(Bytes::from_static(&[1, 2, 3, 4]))));
        assert_eq!(decode("3"), Ok(Packet::Pong));
        assert_eq!(decode("1"), Ok(Packet::Close));
        for wrong in ["", "abc", "2", "7", "bAQ", "é"] {
            assert_eq!(decode(wrong), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn payloads_are_written() {
        let mut payload = Vec::new();
        append(&mut payload, &Frame::Text("4hello".into()));
        append(&mut payload, &Frame::Binary(Bytes::from_static(&[1, 2, 3, 4])));
        assert_eq!(payload, b"4hello\x1EbAQIDBA==");
    }
}
