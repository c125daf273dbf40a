//! Messages as JSON: one object each, then the byte 0x1E.

use std::{borrow::Cow, io::Write as _};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, Visitor},
};
use serde_json::value::RawValue;

use super::{BindError, DecodeError, EncodeError, HubMessage, Outcome, Raw};
use crate::args::{Arguments, Array, Parameters};

/// The byte that ends every message.
pub const RECORD_SEPARATOR: u8 = 0x1E;

/// Objects and arrays within each other, the message itself included.
const MAX_DEPTH: usize = 64;

const NOT_JSON: DecodeError = DecodeError(Cow::Borrowed("Error reading JSON."));

/// Reads one message, given without its end mark. `None` is a message of an unknown type, to be ignored.
///
/// # Errors
/// The bytes are not a message; the text says why.
pub fn decode(message: &[u8]) -> Result<Option<HubMessage<'_>>, DecodeError> {
    match message.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {}
        Some(b'[') => return Err(unexpected("Array")),
        _ => return Err(NOT_JSON),
    }
    if too_deep(message) {
        return Err(NOT_JSON);
    }
    let fields: Fields = serde_json::from_slice(message).map_err(|_| NOT_JSON)?;
    fields.message()
}

/// Writes one message with its end mark. A value that is encoded for another protocol cannot be taken over
/// and is written as null.
pub fn encode(message: &HubMessage<'_>) -> Bytes {
    let mut out = Writer::new();
    match message {
        HubMessage::Invocation { invocation_id, target, arguments, stream_ids } => {
            out.open(1);
            if let Some(id) = invocation_id {
                out.string("invocationId", id);
            }
            out.call(target, *arguments, stream_ids);
        }
        HubMessage::StreamItem { invocation_id, item } => {
            out.open(2);
            out.string("invocationId", invocation_id);
            out.raw("item", text(*item));
        }
        HubMessage::Completion { invocation_id, outcome } => {
            out.open(3);
            out.string("invocationId", invocation_id);
            match outcome {
                Outcome::Void => {}
                Outcome::Result(result) => out.raw("result", text(*result)),
                Outcome::Error(error) => out.string("error", error),
            }
        }
        HubMessage::StreamInvocation { invocation_id, target, arguments, stream_ids } => {
            out.open(4);
            out.string("invocationId", invocation_id);
            out.call(target, *arguments, stream_ids);
        }
        HubMessage::CancelInvocation { invocation_id } => {
            out.open(5);
            out.string("invocationId", invocation_id);
        }
        HubMessage::Ping => out.open(6),
        HubMessage::Close { error, allow_reconnect } => {
            out.open(7);
            if let Some(error) = error {
                out.string("error", error);
            }
            if *allow_reconnect {
                out.raw("allowReconnect", "true");
            }
        }
        HubMessage::Ack { sequence_id } => {
            out.open(8);
            out.raw("sequenceId", &sequence_id.to_string());
        }
        HubMessage::Sequence { sequence_id } => {
            out.open(9);
            out.raw("sequenceId", &sequence_id.to_string());
        }
    }
    out.close()
}

fn text(raw: Raw<'_>) -> &str {
    match raw {
        Raw::Json(raw) => raw.get(),
        Raw::MessagePack(_) => "null",
    }
}

pub(crate) fn invocation<A: Arguments>(
    invocation_id: Option<&str>,
    target: &str,
    arguments: &A,
) -> Result<Bytes, EncodeError> {
    let mut out = Writer::new();
    out.open(1);
    if let Some(id) = invocation_id {
        out.string("invocationId", id);
    }
    out.string("target", target);
    out.value("arguments", &Array(arguments))?;
    Ok(out.close())
}

pub(crate) fn item<T: Serialize>(invocation_id: &str, item: &T) -> Result<Bytes, EncodeError> {
    let mut out = Writer::new();
    out.open(2);
    out.string("invocationId", invocation_id);
    out.value("item", item)?;
    Ok(out.close())
}

pub(crate) fn result<R: Serialize>(invocation_id: &str, result: &R) -> Result<Bytes, EncodeError> {
    let mut out = Writer::new();
    out.open(3);
    out.string("invocationId", invocation_id);
    out.value("result", result)?;
    Ok(out.close())
}

pub(crate) fn bind<P: Parameters>(raw: &RawValue, optional: usize) -> Result<P, BindError> {
    P::bind(&mut serde_json::Deserializer::from_str(raw.get()), optional).map_err(|_| {
        let provided = serde_json::from_str::<Vec<IgnoredAny>>(raw.get()).map_or(0, |all| all.len());
        if provided > P::COUNT || provided < P::COUNT.saturating_sub(optional) {
            BindError::Count { provided, expected: P::COUNT }
        } else {
            BindError::Type
        }
    })
}

/// A message being written. What it writes to is memory, so that only a value's own serialisation can fail.
struct Writer(Vec<u8>);

impl Writer {
    fn new() -> Self {
        Self(Vec::with_capacity(128))
    }

    fn open(&mut self, kind: u8) {
        let _ = write!(self.0, "{{\"type\":{kind}");
    }

    fn key(&mut self, key: &str) {
        let _ = write!(self.0, ",\"{key}\":");
    }

    fn raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.0.extend_from_slice(json.as_bytes());
    }

    fn string(&mut self, key: &str, text: &str) {
        self.key(key);
        let _ = serde_json::to_writer(&mut self.0, text);
    }

    fn value<T: Serialize>(&mut self, key: &str, value: &T) -> Result<(), EncodeError> {
        self.key(key);
        serde_json::to_writer(&mut self.0, value).map_err(|error| EncodeError(error.to_string()))
    }

    fn call(&mut self, target: &str, arguments: Raw<'_>, stream_ids: &[Cow<'_, str>]) {
        self.string("target", target);
        self.raw("arguments", text(arguments));
        if !stream_ids.is_empty() {
            self.key("streamIds");
            let _ = serde_json::to_writer(&mut self.0, stream_ids);
        }
    }

    fn close(mut self) -> Bytes {
        self.0.extend_from_slice(&[b'}', RECORD_SEPARATOR]);
        self.0.into()
    }
}

/// The properties of any message, each still raw: which of them must be there depends on the type, which may come last.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<&'a RawValue>,
    invocation_id: Option<&'a RawValue>,
    target: Option<&'a RawValue>,
    arguments: Option<&'a RawValue>,
    stream_ids: Option<&'a RawValue>,
    headers: Option<&'a RawValue>,
    item: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    allow_reconnect: Option<&'a RawValue>,
    sequence_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(field_identifier)]
enum Key {
    #[serde(rename = "type")]
    Kind,
    #[serde(rename = "invocationId")]
    InvocationId,
    #[serde(rename = "target")]
    Target,
    #[serde(rename = "arguments")]
    Arguments,
    #[serde(rename = "streamIds")]
    StreamIds,
    #[serde(rename = "headers")]
    Headers,
    #[serde(rename = "item")]
    Item,
    #[serde(rename = "result")]
    Result,
    #[serde(rename = "error")]
    Error,
    #[serde(rename = "allowReconnect")]
    AllowReconnect,
    #[serde(rename = "sequenceId")]
    SequenceId,
    #[serde(other)]
    Unknown,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Properties;

        impl<'de> Visitor<'de> for Properties {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Fields::default();
                while let Some(key) = map.next_key::<Key>()? {
                    let place = match key {
                        Key::Kind => &mut fields.kind,
                        Key::InvocationId => &mut fields.invocation_id,
                        Key::Target => &mut fields.target,
                        Key::Arguments => &mut fields.arguments,
                        Key::StreamIds => &mut fields.stream_ids,
                        Key::Headers => &mut fields.headers,
                        Key::Item => &mut fields.item,
                        Key::Result => &mut fields.result,
                        Key::Error => &mut fields.error,
                        Key::AllowReconnect => &mut fields.allow_reconnect,
                        Key::SequenceId => &mut fields.sequence_id,
                        Key::Unknown => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *place = Some(map.next_value()?);
                }
                Ok(fields)
            }
        }

        from.deserialize_map(Properties)
    }
}

impl<'a> Fields<'a> {
    fn message(self) -> Result<Option<HubMessage<'a>>, DecodeError> {
        self.check_headers()?;
        let kind = self.kind.map(|raw| number(raw, "type")).transpose()?.ok_or_else(|| missing("type"))?;
        Ok(Some(match kind {
            1 => HubMessage::Invocation {
                invocation_id: self.invocation_id()?.filter(|id| !id.is_empty()),
                target: self.target()?,
                arguments: self.arguments()?,
                stream_ids: self.stream_ids()?,
            },
            2 => HubMessage::StreamItem {
                invocation_id: self.required_id()?,
                item: Raw::Json(self.item.ok_or_else(|| missing("item"))?),
            },
            3 => HubMessage::Completion { invocation_id: self.required_id()?, outcome: self.outcome()? },
            4 => HubMessage::StreamInvocation {
                invocation_id: self.required_id()?,
                target: self.target()?,
                arguments: self.arguments()?,
                stream_ids: self.stream_ids()?,
            },
            5 => HubMessage::CancelInvocation { invocation_id: self.required_id()? },
            6 => HubMessage::Ping,
            7 => HubMessage::Close { error: self.error()?, allow_reconnect: self.allow_reconnect()? },
            8 => HubMessage::Ack { sequence_id: self.sequence_id()? },
            9 => HubMessage::Sequence { sequence_id: self.sequence_id()? },
            _ => return Ok(None),
        }))
    }

    fn invocation_id(&self) -> Result<Option<Cow<'a, str>>, DecodeError> {
        self.invocation_id.map(|raw| string(raw, "invocationId")).transpose()
    }

    fn required_id(&self) -> Result<Cow<'a, str>, DecodeError> {
        self.invocation_id()?.ok_or_else(|| missing("invocationId"))
    }

    fn target(&self) -> Result<Cow<'a, str>, DecodeError> {
        string(self.target.ok_or_else(|| missing("target"))?, "target")
    }

    fn arguments(&self) -> Result<Raw<'a>, DecodeError> {
        let raw = self.arguments.ok_or_else(|| missing("arguments"))?;
        if !raw.get().starts_with('[') {
            return Err(wrong_type("arguments", "Array"));
        }
        Ok(Raw::Json(raw))
    }

    fn stream_ids(&self) -> Result<Vec<Cow<'a, str>>, DecodeError> {
        let Some(raw) = self.stream_ids else { return Ok(Vec::new()) };
        if !raw.get().starts_with('[') {
            return Err(wrong_type("streamIds", "Array"));
        }
        let ids: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| NOT_JSON)?;
        ids.into_iter().map(|id| string(id, "streamIds")).collect()
    }

    fn outcome(&self) -> Result<Outcome<'a>, DecodeError> {
        match (self.result, self.error()?) {
            (Some(_), Some(_)) => {
                Err(DecodeError(Cow::Borrowed("The 'error' and 'result' properties are mutually exclusive.")))
            }
            (None, Some(error)) => Ok(Outcome::Error(error)),
            (Some(result), None) => Ok(Outcome::Result(Raw::Json(result))),
            (None, None) => Ok(Outcome::Void),
        }
    }

    fn error(&self) -> Result<Option<Cow<'a, str>>, DecodeError> {
        self.error.map(|raw| string(raw, "error")).transpose()
    }

    fn allow_reconnect(&self) -> Result<bool, DecodeError> {
        match self.allow_reconnect.map(RawValue::get) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(DecodeError(Cow::Borrowed("Expected 'allowReconnect' to be true or false."))),
        }
    }

    fn sequence_id(&self) -> Result<i64, DecodeError> {
        number(self.sequence_id.ok_or_else(|| missing("sequenceId"))?, "sequenceId")
    }

    /// Headers are read for their form only: an object whose values are strings.
    fn check_headers(&self) -> Result<(), DecodeError> {
        let Some(raw) = self.headers else { return Ok(()) };
        if !raw.get().starts_with('{') {
            return Err(wrong_type("headers", "Object"));
        }
        let headers: std::collections::BTreeMap<Cow<'_, str>, &RawValue> =
            serde_json::from_str(raw.get()).map_err(|_| NOT_JSON)?;
        match headers.iter().find(|(_, value)| !value.get().starts_with('"')) {
            Some((name, _)) => {
                Err(DecodeError(format!("Expected header '{name}' to be of type String.").into()))
            }
            None => Ok(()),
        }
    }
}

fn string<'a>(raw: &'a RawValue, property: &str) -> Result<Cow<'a, str>, DecodeError> {
    let inner = raw.get().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match inner {
        None => Err(wrong_type(property, "String")),
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        Some(_) => serde_json::from_str(raw.get()).map(Cow::Owned).map_err(|_| NOT_JSON),
    }
}

fn number<'a, N: Deserialize<'a>>(raw: &'a RawValue, property: &str) -> Result<N, DecodeError> {
    serde_json::from_str(raw.get()).map_err(|_| wrong_type(property, "Number"))
}

fn missing(property: &str) -> DecodeError {
    DecodeError(format!("Missing required property '{property}'.").into())
}

fn wrong_type(property: &str, kind: &str) -> DecodeError {
    DecodeError(format!("Expected '{property}' to be of type {kind}.").into())
}

fn unexpected(token: &str) -> DecodeError {
    DecodeError(format!("Unexpected JSON Token Type '{token}'. Expected a JSON Object.").into())
}

/// Whether objects and arrays stand too deep within each other. Most messages have too few of them at all.
fn too_deep(message: &[u8]) -> bool {
    let opened = message.iter().filter(|&&byte| byte == b'[' || byte == b'{').count();
    if opened <= MAX_DEPTH {
        return false;
    }
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for &byte in message {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, value::to_raw_value};

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// A message of every kind, made of the same parts.
    fn messages<'a>(
        id: &'a str,
        text: &'a str,
        array: &'a RawValue,
        any: &'a RawValue,
    ) -> Vec<HubMessage<'a>> {
        let (id, text) = (Cow::Borrowed(id), Cow::Borrowed(text));
        vec![
            HubMessage::Invocation {
                invocation_id: (!id.is_empty()).then(|| id.clone()),
                target: text.clone(),
                arguments: Raw::Json(array),
                stream_ids: vec![text.clone()],
            },
            HubMessage::StreamItem { invocation_id: id.clone(), item: Raw::Json(any) },
            HubMessage::Completion { invocation_id: id.clone(), outcome: Outcome::Void },
            HubMessage::Completion { invocation_id: id.clone(), outcome: Outcome::Result(Raw::Json(any)) },
            HubMessage::Completion { invocation_id: id.clone(), outcome: Outcome::Error(text.clone()) },
            HubMessage::StreamInvocation {
                invocation_id: id.clone(),
                target: text.clone(),
                arguments: Raw::Json(array),
                stream_ids: Vec::new(),
            },
            HubMessage::CancelInvocation { invocation_id: id },
            HubMessage::Ping,
            HubMessage::Close { error: Some(text), allow_reconnect: true },
            HubMessage::Close { error: None, allow_reconnect: false },
            HubMessage::Ack { sequence_id: i64::MAX },
            HubMessage::Sequence { sequence_id: 1 },
        ]
    }

    #[test]
    fn the_server_writes_type_first_and_no_white_space() {
        let raw = to_raw_value(&[1]).unwrap();
        let written: Vec<String> = messages("7", "x", &raw, &raw)
            .iter()
            .map(|message| String::from_utf8(encode(message).to_vec()).unwrap())
            .collect();
        let expected = [
            r#"{"type":1,"invocationId":"7","target":"x","arguments":[1],"streamIds":["x"]}"#,
            r#"{"type":2,"invocationId":"7","item":[1]}"#,
            r#"{"type":3,"invocationId":"7"}"#,
            r#"{"type":3,"invocationId":"7","result":[1]}"#,
            r#"{"type":3,"invocationId":"7","error":"x"}"#,
            r#"{"type":4,"invocationId":"7","target":"x","arguments":[1]}"#,
            r#"{"type":5,"invocationId":"7"}"#,
            r#"{"type":6}"#,
            r#"{"type":7,"error":"x","allowReconnect":true}"#,
            r#"{"type":7}"#,
            r#"{"type":8,"sequenceId":9223372036854775807}"#,
            r#"{"type":9,"sequenceId":1}"#,
        ];
        for (written, expected) in written.iter().zip(expected) {
            assert_eq!(written, &format!("{expected}\u{1e}"));
        }
    }

    #[test]
    fn depth_counts_the_message_itself_and_not_what_is_quoted() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(!too_deep(nested(63).as_bytes()));
        assert!(too_deep(nested(64).as_bytes()));
        assert!(!too_deep(format!(r#"{{"a":"\"{}"}}"#, "[".repeat(100)).as_bytes()));
        assert!(!too_deep(format!("[{}]", "[],".repeat(100)).as_bytes()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            id in any::<String>(),
            text in any::<String>(),
            array in prop::collection::vec(value(), 0..4),
            any in value(),
        ) {
            let (array, any) = (to_raw_value(&array).unwrap(), to_raw_value(&any).unwrap());
            for message in messages(&id, &text, &array, &any) {
                let bytes = encode(&message);
                let (end, json) = bytes.split_last().unwrap();
                prop_assert_eq!(*end, RECORD_SEPARATOR);
                prop_assert!(!json.contains(&RECORD_SEPARATOR));
                let read = decode(json).unwrap().unwrap();
                prop_assert_eq!(encode(&read), bytes.clone());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn no_message_nearly_right_makes_it_panic(
            kind in 0..12_i32,
            properties in prop::collection::btree_map(
                prop::sample::select(vec![
                    "invocationId", "target", "arguments", "streamIds", "headers", "item", "result",
                    "error", "allowReconnect", "sequenceId",
                ]),
                value(),
                0..6,
            ),
        ) {
            let mut message = serde_json::to_value(properties).unwrap();
            message["type"] = kind.into();
            let _ = decode(message.to_string().as_bytes());
        }
    }
}
