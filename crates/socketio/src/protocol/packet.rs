//! Socket.IO packets.

use bytes::Bytes;
use serde_json::{Deserializer, Map, Value, value::RawValue};

use super::{Malformed, engine::Frame};
use crate::{
    Args,
    args::{Arguments, Written, written},
};

/// A client cannot send these: they are the names of what its library tells it.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// What a client sent to one namespace.
#[derive(Debug)]
pub(crate) enum Packet {
    Connect(Option<Map<String, Value>>),
    Disconnect,
    Event { name: String, args: Args, id: Option<u64> },
    Ack { args: Args, id: Option<u64> },
}

/// The text of a packet, taken apart but for its payload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    kind: u8,
    /// Binary attachments that follow.
    pub(crate) attachments: usize,
    pub(crate) namespace: &'a str,
    id: Option<u64>,
    data: &'a str,
}

/// Reads all but the payload.
pub(crate) fn header(text: &str, max_attachments: usize) -> Result<Header<'_>, Malformed> {
    let kind = *text.as_bytes().first().ok_or(Malformed)?;
    if !kind.is_ascii_digit() || kind > b'6' {
        return Err(Malformed);
    }
    let mut rest = &text[1..];
    let mut attachments = 0;
    if kind >= b'5' {
        let (count, after) = rest.split_once('-').ok_or(Malformed)?;
        attachments =
            digits(count).filter(|&count| count <= max_attachments as u64).ok_or(Malformed)? as usize;
        rest = after;
    }
    let mut namespace = "/";
    if rest.starts_with('/') {
        (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
    }
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let id = match &rest[..length] {
        "" => None,
        id => Some(digits(id).ok_or(Malformed)?),
    };
    Ok(Header { kind, attachments, namespace, id, data: &rest[length..] })
}

fn digits(text: &str) -> Option<u64> {
    // `parse` takes a sign, too.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl Header<'_> {
    /// Reads the payload, whose attachments have come.
    pub(crate) fn finish(self, attachments: Vec<Bytes>) -> Result<Packet, Malformed> {
        let Self { kind, id, data, .. } = self;
        match kind {
            b'0' if data.is_empty() => Ok(Packet::Connect(None)),
            b'0' => Ok(Packet::Connect(Some(serde_json::from_str(data).map_err(|_| Malformed)?))),
            b'1' if data.is_empty() => Ok(Packet::Disconnect),
            b'2' | b'5' => {
                let array = array(data, kind, attachments.len())?;
                let (name, rest) = split_name(array)?;
                if RESERVED.contains(&name.as_str()) {
                    return Err(Malformed);
                }
                Ok(Packet::Event { name, args: Args::new(rest, attachments), id })
            }
            b'3' | b'6' => {
                Ok(Packet::Ack { args: Args::new(array(data, kind, attachments.len())?, attachments), id })
            }
            // Only a server sends CONNECT_ERROR.
            _ => Err(Malformed),
        }
    }
}

/// A well-formed array; the places in a binary packet's are those of its attachments.
fn array(data: &str, kind: u8, attachments: usize) -> Result<&str, Malformed> {
    let raw: &RawValue = serde_json::from_str(data).map_err(|_| Malformed)?;
    let array = raw.get().trim();
    if !array.starts_with('[') {
        return Err(Malformed);
    }
    if kind >= b'5' {
        let value: Value = serde_json::from_str(array).map_err(|_| Malformed)?;
        if !places_fit(&value, attachments) {
            return Err(Malformed);
        }
    }
    Ok(array)
}

fn places_fit(value: &Value, attachments: usize) -> bool {
    match value {
        Value::Array(values) => values.iter().all(|value| places_fit(value, attachments)),
        Value::Object(object) if object.get("_placeholder") == Some(&Value::Bool(true)) => {
            object.get("num").and_then(Value::as_u64).is_some_and(|num| num < attachments as u64)
        }
        Value::Object(object) => object.values().all(|value| places_fit(value, attachments)),
        _ => true,
    }
}

/// The first element of a well-formed array, and an array of the others.
fn split_name(array: &str) -> Result<(String, String), Malformed> {
    let inside = array[1..].trim_start();
    // Anything else would be read before it is refused, however large.
    if !inside.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit()) {
        return Err(Malformed);
    }
    let mut values = Deserializer::from_str(inside).into_iter::<Value>();
    let name = match values.next() {
        Some(Ok(Value::String(name))) => name,
        Some(Ok(Value::Number(name))) => name.to_string(),
        _ => return Err(Malformed),
    };
    let rest = inside[values.byte_offset()..].trim_start();
    match rest.strip_prefix(',') {
        Some(rest) => Ok((name, format!("[{rest}"))),
        None => Ok((name, "[]".to_owned())),
    }
}

/// A packet for a client: its text and the attachments that follow it.
pub(crate) struct Encoded {
    pub(crate) text: Bytes,
    pub(crate) attachments: Vec<Bytes>,
}

impl Encoded {
    pub(crate) fn frames(self) -> impl Iterator<Item = Frame> {
        std::iter::once(Frame::Text(self.text)).chain(self.attachments.into_iter().map(Frame::Binary))
    }
}

/// An event; `prefix` is the namespace with its comma, or nothing for the main one.
pub(crate) fn event<A: Arguments + ?Sized>(
    prefix: &str,
    id: Option<u64>,
    name: &str,
    arguments: &A,
    last: Option<&str>,
) -> Result<Encoded, serde_json::Error> {
    let Written { mut json, attachments } = written(arguments)?;
    let name = serde_json::to_string(name)?;
    if let Some(last) = last {
        json.push_str(",\"");
        json.push_str(last);
        json.push('"');
    }
    let id = id.map(|id| id.to_string()).unwrap_or_default();
    let text = match attachments.len() {
        0 => concat(&["42", prefix, &id, "[", &name, &json, "]"]),
        count => concat(&["45", &count.to_string(), "-", prefix, &id, "[", &name, &json, "]"]),
    };
    Ok(Encoded { text: text.into(), attachments })
}

/// The answer to a client's event.
pub(crate) fn ack<A: Arguments + ?Sized>(
    prefix: &str,
    id: u64,
    arguments: &A,
) -> Result<Encoded, serde_json::Error> {
    let Written { json, attachments } = written(arguments)?;
    let json = json.strip_prefix(',').unwrap_or(&json);
    let id = id.to_string();
    let text = match attachments.len() {
        0 => concat(&["43", prefix, &id, "[", json, "]"]),
        count => concat(&["46", &count.to_string(), "-", prefix, &id, "[", json, "]"]),
    };
    Ok(Encoded { text: text.into(), attachments })
}

/// The way into the namespace is open; `private` is what the client shows to be recovered.
pub(crate) fn connected(prefix: &str, id: &str, private: Option<&str>) -> Frame {
    let text = match private {
        Some(private) => concat(&["40", prefix, "{\"sid\":\"", id, "\",\"pid\":\"", private, "\"}"]),
        None => concat(&["40", prefix, "{\"sid\":\"", id, "\"}"]),
    };
    Frame::Text(text.into())
}

pub(crate) fn refused(prefix: &str, message: &str, data: Option<&Value>) -> Frame {
    let mut body = Map::new();
    body.insert("message".into(), message.into());
    if let Some(data) = data {
        body.insert("data".into(), data.clone());
    }
    Frame::Text(concat(&["44", prefix, &Value::Object(body).to_string()]).into())
}

pub(crate) fn disconnected(prefix: &str) -> Frame {
    Frame::Text(concat(&["41", prefix]).into())
}

fn concat(parts: &[&str]) -> String {
    parts.concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<(String, Packet), Malformed> {
        let header = header(text, 10)?;
        let (namespace, attachments) = (header.namespace.to_owned(), header.attachments);
        Ok((namespace, header.finish(vec![Bytes::from_static(b"x"); attachments])?))
    }

    #[test]
    fn the_protocols_examples_are_read() {
        assert!(matches!(read("0"), Ok((nsp, Packet::Connect(None))) if nsp == "/"));
        assert!(matches!(read(r#"0/admin,{"a":1}"#), Ok((nsp, Packet::Connect(Some(_)))) if nsp == "/admin"));
        assert!(matches!(read("0/admin"), Ok((nsp, Packet::Connect(None))) if nsp == "/admin"));
        assert!(matches!(read("1/admin,"), Ok((nsp, Packet::Disconnect)) if nsp == "/admin"));
        let Ok((_, Packet::Event { name, args, id })) = read(r#"2/admin,13["foo",{"a":[1]},2]"#) else {
            panic!("an event")
        };
        assert_eq!((name.as_str(), args.json(), id), ("foo", r#"[{"a":[1]},2]"#, Some(13)));
        let Ok((_, Packet::Ack { args, id })) = read("312[]") else { panic!("an ack") };
        assert_eq!((args.json(), id), ("[]", Some(12)));
        let Ok((_, Packet::Event { args, .. })) = read(r#"51-["baz",{"_placeholder":true,"num":0}]"#) else {
            panic!("a binary event")
        };
        assert_eq!(args.attachments().len(), 1);
        assert!(matches!(read(r#"61-15["bar"]"#), Ok((_, Packet::Ack { id: Some(15), .. }))));
        let Ok((_, Packet::Event { name, args, .. })) = read("2 [ 7 , 1 ] ") else {
            panic!("a number as name")
        };
        assert_eq!((name.as_str(), args.json()), ("7", "[ 1 ]"));
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        let wrong = [
            "",
            "abc",
            "7",
            "2",
            "2{}",
            "2[]",
            "2[{}]",
            "2[null]",
            "2abc[\"a\"]",
            "2[\"a\"",
            "2[\"a\"]x",
            "3",
            "3{}",
            "0[]",
            "0\"a\"",
            "0{",
            "1{}",
            "4{}",
            "5[\"a\"]",
            "5-[\"a\"]",
            "5+1-[\"a\"]",
            "511-[\"a\"]",
            "51-[\"a\",{\"_placeholder\":true,\"num\":1}]",
            "51-[\"a\",{\"_placeholder\":true}]",
            "2[\"connect\"]",
            "2[\"disconnecting\",1]",
            "299999999999999999999[\"a\"]",
        ];
        for text in wrong {
            assert!(read(text).is_err(), "{text}");
        }
        let deep = format!("2[\"a\",{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(&deep).is_ok(), "depth is for those who read it");
    }

    #[test]
    fn packets_are_written() {
        let text = |encoded: Result<Encoded, _>| String::from_utf8(encoded.unwrap().text.into()).unwrap();
        assert_eq!(text(event("", None, "foo", &(1, "a"), None)), r#"42["foo",1,"a"]"#);
        assert_eq!(text(event("/admin,", Some(3), "f\"", &(), Some("xyz"))), r#"42/admin,3["f\"","xyz"]"#);
        assert_eq!(text(ack("", 12, &(true,))), "4312[true]");
        assert_eq!(text(ack("/a,", 12, &())), "43/a,12[]");
        let binary = (crate::Binary::from("x"),);
        assert_eq!(text(event("", None, "b", &binary, None)), r#"451-["b",{"_placeholder":true,"num":0}]"#);
        assert_eq!(text(ack("", 1, &binary)), r#"461-1[{"_placeholder":true,"num":0}]"#);
        let Frame::Text(frame) = refused("/x,", "no", Some(&json!({"a": 1}))) else { panic!("text") };
        let frame = str::from_utf8(&frame).unwrap();
        assert!(frame.starts_with("44/x,{") && frame.contains(r#""data":{"a":1}"#));
    }
}
