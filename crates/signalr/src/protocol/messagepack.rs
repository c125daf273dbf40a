//! Messages as MessagePack: the length of the body as a varint, then the body, one array.

use std::{borrow::Cow, cell::Cell};

use bytes::{Buf as _, Bytes};
use rmp::{Marker, decode as read, encode as write};
use serde::Serialize;

use super::{BindError, DecodeError, EncodeError, HubMessage, Outcome, Raw};
use crate::args::{Arguments, Array, Parameters};

/// A length takes at most so many bytes.
const LONGEST_PREFIX: usize = 5;

/// Arrays and maps within each other, in one value.
const MAX_DEPTH: usize = 64;

/// The length of a body, and of its prefix, read from the bytes that begin with it.
///
/// # Errors
/// There is no such length: it is above 2³¹−1, or takes more than five bytes.
pub fn frame(bytes: &[u8]) -> Result<Option<(usize, usize)>, DecodeError> {
    let mut length = 0_u64;
    for (index, &byte) in bytes.iter().take(LONGEST_PREFIX).enumerate() {
        length |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return match i32::try_from(length).ok().and_then(|length| usize::try_from(length).ok()) {
                Some(length) => Ok(Some((length, index + 1))),
                None => Err(DecodeError(Cow::Borrowed("Messages over 2GB in size are not supported."))),
            };
        }
    }
    if bytes.len() < LONGEST_PREFIX {
        return Ok(None);
    }
    Err(DecodeError(Cow::Borrowed("Messages over 2GB in size are not supported.")))
}

/// Reads one message, given without its length. `None` is a message of an unknown type, to be ignored.
///
/// # Errors
/// The bytes are not a message; the text says why.
pub fn decode(body: &[u8]) -> Result<Option<HubMessage<'_>>, DecodeError> {
    let mut body = Reader { rest: body };
    let elements = body.array("message")?;
    let kind = body.int("messageType")?;
    let message = match kind {
        1 => {
            body.headers()?;
            HubMessage::Invocation {
                invocation_id: body.optional_string("invocationId")?.filter(|id| !id.is_empty()),
                target: body.string("target")?,
                arguments: Raw::MessagePack(body.arguments()?),
                stream_ids: if elements > 5 { body.stream_ids()? } else { Vec::new() },
            }
        }
        2 => {
            body.headers()?;
            HubMessage::StreamItem {
                invocation_id: body.string("invocationId")?,
                item: Raw::MessagePack(body.value("item")?),
            }
        }
        3 => {
            body.headers()?;
            let invocation_id = body.string("invocationId")?;
            let outcome = match body.int("resultKind")? {
                1 => Outcome::Error(body.string("error")?),
                2 => Outcome::Void,
                3 => Outcome::Result(Raw::MessagePack(body.value("argument")?)),
                _ => return Err(DecodeError(Cow::Borrowed("Invalid invocation result kind."))),
            };
            HubMessage::Completion { invocation_id, outcome }
        }
        4 => {
            body.headers()?;
            HubMessage::StreamInvocation {
                invocation_id: body.string("invocationId")?,
                target: body.string("target")?,
                arguments: Raw::MessagePack(body.arguments()?),
                stream_ids: if elements > 5 { body.stream_ids()? } else { Vec::new() },
            }
        }
        5 => {
            body.headers()?;
            HubMessage::CancelInvocation { invocation_id: body.string("invocationId")? }
        }
        6 => HubMessage::Ping,
        7 => HubMessage::Close {
            error: body.optional_string("error")?,
            allow_reconnect: elements > 2 && body.bool("allowReconnect")?,
        },
        8 => HubMessage::Ack { sequence_id: body.int("sequenceId")? },
        9 => HubMessage::Sequence { sequence_id: body.int("sequenceId")? },
        _ => return Ok(None),
    };
    Ok(Some(message))
}

/// Writes one message with its length. A value that is encoded for another protocol cannot be taken over
/// and is written as nil.
pub fn encode(message: &HubMessage<'_>) -> Bytes {
    let mut out = Writer::new();
    match message {
        HubMessage::Invocation { invocation_id, target, arguments, stream_ids } => {
            out.open(6, 1);
            out.id(invocation_id.as_deref());
            out.call(target, *arguments, stream_ids);
        }
        HubMessage::StreamItem { invocation_id, item } => {
            out.open(4, 2);
            out.id(Some(invocation_id));
            out.raw(*item);
        }
        HubMessage::Completion { invocation_id, outcome } => {
            out.open(if matches!(outcome, Outcome::Void) { 4 } else { 5 }, 3);
            out.id(Some(invocation_id));
            match outcome {
                Outcome::Error(error) => {
                    out.int(1);
                    out.string(error);
                }
                Outcome::Void => out.int(2),
                Outcome::Result(result) => {
                    out.int(3);
                    out.raw(*result);
                }
            }
        }
        HubMessage::StreamInvocation { invocation_id, target, arguments, stream_ids } => {
            out.open(6, 4);
            out.id(Some(invocation_id));
            out.call(target, *arguments, stream_ids);
        }
        HubMessage::CancelInvocation { invocation_id } => {
            out.open(3, 5);
            out.id(Some(invocation_id));
        }
        HubMessage::Ping => {
            out.array(1);
            out.int(6);
        }
        HubMessage::Close { error, allow_reconnect } => {
            out.array(3);
            out.int(7);
            out.id(error.as_deref());
            let _ = write::write_bool(&mut out.0, *allow_reconnect);
        }
        HubMessage::Ack { sequence_id } => {
            out.array(2);
            out.int(8);
            out.int(*sequence_id);
        }
        HubMessage::Sequence { sequence_id } => {
            out.array(2);
            out.int(9);
            out.int(*sequence_id);
        }
    }
    out.close()
}

pub(crate) fn invocation<A: Arguments>(
    invocation_id: Option<&str>,
    target: &str,
    arguments: &A,
) -> Result<Bytes, EncodeError> {
    let mut out = Writer::new();
    out.open(6, 1);
    out.id(invocation_id);
    out.string(target);
    out.value(&Array(arguments))?;
    out.array(0);
    Ok(out.close())
}

pub(crate) fn result<R: Serialize>(invocation_id: &str, result: &R) -> Result<Bytes, EncodeError> {
    let mut out = Writer::new();
    out.open(5, 3);
    out.id(Some(invocation_id));
    out.int(3);
    out.value(result)?;
    Ok(out.close())
}

pub(crate) fn item<T: Serialize>(invocation_id: &str, item: &T) -> Result<Bytes, EncodeError> {
    let mut out = Writer::new();
    out.open(4, 2);
    out.id(Some(invocation_id));
    out.value(item)?;
    Ok(out.close())
}

pub(crate) fn bind<P: Parameters>(raw: &[u8], optional: usize) -> Result<P, BindError> {
    let provided = Reader { rest: raw }.array("arguments").map_or(0, |count| count as usize);
    if provided > P::COUNT || provided < P::COUNT.saturating_sub(optional) {
        return Err(BindError::Count { provided, expected: P::COUNT });
    }
    P::bind(&mut deserializer(raw), optional).map_err(|_| BindError::Type)
}

pub(crate) fn value<'a, T: serde::Deserialize<'a>>(raw: &'a [u8]) -> Result<T, rmp_serde::decode::Error> {
    T::deserialize(&mut deserializer(raw))
}

type Values<'a> = rmp_serde::Deserializer<
    rmp_serde::decode::ReadRefReader<'a, [u8]>,
    rmp_serde::config::HumanReadableConfig<rmp_serde::config::DefaultConfig>,
>;

fn deserializer(raw: &[u8]) -> Values<'_> {
    let mut values = rmp_serde::Deserializer::from_read_ref(raw).with_human_readable();
    values.set_max_depth(MAX_DEPTH);
    values
}

thread_local! {
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the value being written on this thread is written as MessagePack: some types look different there,
/// and serde itself only tells text from binary formats.
pub(crate) fn is_writing() -> bool {
    WRITING.get()
}

struct Writing(bool);

impl Writing {
    fn begin() -> Self {
        Self(WRITING.replace(true))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        WRITING.set(self.0);
    }
}

/// A message being written, with room for its length before it. What it writes to is memory, so that only a
/// value's own serialisation can fail.
struct Writer(Vec<u8>);

impl Writer {
    fn new() -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&[0; LONGEST_PREFIX]);
        Self(bytes)
    }

    /// What all messages with headers begin with; the headers are empty.
    fn open(&mut self, elements: u32, kind: i64) {
        self.array(elements);
        self.int(kind);
        let _ = write::write_map_len(&mut self.0, 0);
    }

    fn array(&mut self, elements: u32) {
        let _ = write::write_array_len(&mut self.0, elements);
    }

    fn int(&mut self, value: i64) {
        let _ = write::write_sint(&mut self.0, value);
    }

    fn string(&mut self, text: &str) {
        let _ = write::write_str(&mut self.0, text);
    }

    fn id(&mut self, id: Option<&str>) {
        match id {
            Some(id) => self.string(id),
            None => drop(write::write_nil(&mut self.0)),
        }
    }

    fn raw(&mut self, raw: Raw<'_>) {
        match raw {
            Raw::MessagePack(bytes) => self.0.extend_from_slice(bytes),
            Raw::Json(_) => self.id(None),
        }
    }

    fn value<T: Serialize>(&mut self, value: &T) -> Result<(), EncodeError> {
        let _writing = Writing::begin();
        let mut to = rmp_serde::Serializer::new(&mut self.0).with_struct_map().with_human_readable();
        value.serialize(&mut to).map_err(|error| EncodeError(error.to_string()))
    }

    fn call(&mut self, target: &str, arguments: Raw<'_>, stream_ids: &[Cow<'_, str>]) {
        self.string(target);
        self.raw(arguments);
        self.array(u32::try_from(stream_ids.len()).unwrap_or(u32::MAX));
        stream_ids.iter().for_each(|id| self.string(id));
    }

    fn close(mut self) -> Bytes {
        let mut length = self.0.len() - LONGEST_PREFIX;
        let mut prefix = [0; LONGEST_PREFIX];
        let mut used = 0;
        while let Some(place) = prefix.get_mut(used) {
            *place = (length & 0x7F) as u8;
            length >>= 7;
            used += 1;
            if length == 0 {
                break;
            }
            *place |= 0x80;
        }
        let start = LONGEST_PREFIX - used;
        self.0[start..LONGEST_PREFIX].copy_from_slice(&prefix[..used]);
        let mut message = Bytes::from(self.0);
        message.advance(start);
        message
    }
}

/// What is left of a body.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn array(&mut self, field: &str) -> Result<u32, DecodeError> {
        read::read_array_len(&mut self.rest)
            .map_err(|_| DecodeError(format!("Reading array length for '{field}' failed.").into()))
    }

    fn int(&mut self, field: &str) -> Result<i64, DecodeError> {
        read::read_int(&mut self.rest).map_err(|_| failed(field, "Int32"))
    }

    fn bool(&mut self, field: &str) -> Result<bool, DecodeError> {
        read::read_bool(&mut self.rest).map_err(|_| failed(field, "Boolean"))
    }

    fn string(&mut self, field: &str) -> Result<Cow<'a, str>, DecodeError> {
        let (text, rest) = read::read_str_from_slice(self.rest).map_err(|_| failed(field, "String"))?;
        self.rest = rest;
        Ok(Cow::Borrowed(text))
    }

    fn optional_string(&mut self, field: &str) -> Result<Option<Cow<'a, str>>, DecodeError> {
        if let Some((&byte, rest)) = self.rest.split_first()
            && Marker::from_u8(byte) == Marker::Null
        {
            self.rest = rest;
            return Ok(None);
        }
        self.string(field).map(Some)
    }

    /// Headers are read for their form only: a map of strings.
    fn headers(&mut self) -> Result<(), DecodeError> {
        let count = read::read_map_len(&mut self.rest)
            .map_err(|_| DecodeError(Cow::Borrowed("Reading map length for 'headers' failed.")))?;
        for _ in 0..count {
            self.string("headers")?;
            self.string("headers")?;
        }
        Ok(())
    }

    fn arguments(&mut self) -> Result<&'a [u8], DecodeError> {
        Reader { rest: self.rest }.array("arguments")?;
        self.value("arguments")
    }

    fn stream_ids(&mut self) -> Result<Vec<Cow<'a, str>>, DecodeError> {
        let count = self.array("streamIds")?;
        (0..count).map(|_| self.string("streamIds")).collect()
    }

    /// One whole value, as it is. Nothing is trusted: lengths only ever move on, to the end of the body at most.
    fn value(&mut self, field: &str) -> Result<&'a [u8], DecodeError> {
        let whole = self.rest;
        let mut open = 1_u64;
        while open > 0 {
            let (length, inner) = size(&mut self.rest).ok_or_else(|| failed(field, "value"))?;
            self.rest = self.rest.get(length..).ok_or_else(|| failed(field, "value"))?;
            open = open - 1 + inner;
        }
        Ok(&whole[..whole.len() - self.rest.len()])
    }
}

/// How many bytes of its own a value still has after its marker and length, and how many values it holds.
fn size(rest: &mut &[u8]) -> Option<(usize, u64)> {
    let marker = read::read_marker(rest).ok()?;
    let mut big_endian = |width: usize| {
        let (bytes, after) = rest.split_at_checked(width)?;
        *rest = after;
        Some(bytes.iter().fold(0_usize, |sum, &byte| sum << 8 | usize::from(byte)))
    };
    Some(match marker {
        Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::True | Marker::False => (0, 0),
        Marker::U8 | Marker::I8 => (1, 0),
        Marker::U16 | Marker::I16 | Marker::FixExt1 => (2, 0),
        Marker::FixExt2 => (3, 0),
        Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
        Marker::FixExt4 => (5, 0),
        Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
        Marker::FixExt8 => (9, 0),
        Marker::FixExt16 => (17, 0),
        Marker::FixStr(length) => (length.into(), 0),
        Marker::Str8 | Marker::Bin8 => (big_endian(1)?, 0),
        Marker::Str16 | Marker::Bin16 => (big_endian(2)?, 0),
        Marker::Str32 | Marker::Bin32 => (big_endian(4)?, 0),
        Marker::Ext8 => (big_endian(1)? + 1, 0),
        Marker::Ext16 => (big_endian(2)? + 1, 0),
        Marker::Ext32 => (big_endian(4)? + 1, 0),
        Marker::FixArray(length) => (0, length.into()),
        Marker::Array16 => (0, big_endian(2)? as u64),
        Marker::Array32 => (0, big_endian(4)? as u64),
        Marker::FixMap(length) => (0, u64::from(length) * 2),
        Marker::Map16 => (0, big_endian(2)? as u64 * 2),
        Marker::Map32 => (0, big_endian(4)? as u64 * 2),
        Marker::Reserved => return None,
    })
}

fn failed(field: &str, kind: &str) -> DecodeError {
    DecodeError(format!("Reading '{field}' as {kind} failed.").into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn packed<T: Serialize>(value: &T) -> Vec<u8> {
        let mut out = Writer(Vec::new());
        out.value(value).unwrap();
        out.0
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
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
    fn messages<'a>(id: &'a str, text: &'a str, array: &'a [u8], any: &'a [u8]) -> Vec<HubMessage<'a>> {
        let (id, text) = (Cow::Borrowed(id), Cow::Borrowed(text));
        vec![
            HubMessage::Invocation {
                invocation_id: (!id.is_empty()).then(|| id.clone()),
                target: text.clone(),
                arguments: Raw::MessagePack(array),
                stream_ids: vec![text.clone()],
            },
            HubMessage::StreamItem { invocation_id: id.clone(), item: Raw::MessagePack(any) },
            HubMessage::Completion { invocation_id: id.clone(), outcome: Outcome::Void },
            HubMessage::Completion {
                invocation_id: id.clone(),
                outcome: Outcome::Result(Raw::MessagePack(any)),
            },
            HubMessage::Completion { invocation_id: id.clone(), outcome: Outcome::Error(text.clone()) },
            HubMessage::StreamInvocation {
                invocation_id: id.clone(),
                target: text.clone(),
                arguments: Raw::MessagePack(array),
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

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_contracts_examples_are_written_to_the_byte() {
        let (array, answer) = (packed(&(42,)), packed(&42));
        let written: Vec<String> =
            messages("xyz", "method", &array, &answer).iter().map(|message| hex(&encode(message))).collect();
        assert_eq!(written[0], "18 96 01 80 a3 78 79 7a a6 6d 65 74 68 6f 64 91 2a 91 a6 6d 65 74 68 6f 64");
        assert_eq!(written[2], "08 94 03 80 a3 78 79 7a 02");
        assert_eq!(written[3], "09 95 03 80 a3 78 79 7a 03 2a");
        assert_eq!(written[7], "02 91 06");
        assert_eq!(written[9], "04 93 07 c0 c2");
        let error =
            HubMessage::Completion { invocation_id: "xyz".into(), outcome: Outcome::Error("Error".into()) };
        assert_eq!(hex(&encode(&error)), "0e 95 03 80 a3 78 79 7a 01 a5 45 72 72 6f 72");
        assert_eq!(
            hex(&invocation(Some("xyz"), "method", &(42,)).unwrap()),
            "11 96 01 80 a3 78 79 7a a6 6d 65 74 68 6f 64 91 2a 90"
        );
        assert_eq!(hex(&result("xyz", &42).unwrap()), "09 95 03 80 a3 78 79 7a 03 2a");
    }

    #[test]
    fn older_and_newer_shapes_are_read() {
        // Without stream ids; without allowReconnect; with one element more than there are.
        assert!(matches!(
            decode(&[0x95, 1, 0x80, 0xA0, 0xA1, b'm', 0x90]),
            Ok(Some(HubMessage::Invocation { invocation_id: None, .. }))
        ));
        assert!(matches!(
            decode(&[0x92, 7, 0xC0]),
            Ok(Some(HubMessage::Close { error: None, allow_reconnect: false }))
        ));
        assert!(matches!(decode(&[0x93, 8, 0xCD, 0, 7, 1]), Ok(Some(HubMessage::Ack { sequence_id: 7 }))));
        assert!(matches!(decode(&[0x92, 99, 0xC0]), Ok(None)));
    }

    #[test]
    fn what_is_no_message_says_why() {
        let text = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
        assert_eq!(text(&[]), "Reading array length for 'message' failed.");
        assert_eq!(text(&[0x91, 0xC0]), "Reading 'messageType' as Int32 failed.");
        assert_eq!(text(&[0x96, 1, 0x80, 0xC0, 5]), "Reading 'target' as String failed.");
        assert_eq!(
            text(&[0x96, 1, 0x80, 0xC0, 0xA1, b'x', 5]),
            "Reading array length for 'arguments' failed."
        );
        assert_eq!(
            text(&[0x94, 2, 0x80, 0xA1, b'x', 0xDD, 255, 255, 255, 255]),
            "Reading 'item' as value failed."
        );
    }

    #[test]
    fn lengths_end_at_two_gigabytes() {
        assert_eq!(frame(&[]), Ok(None));
        assert_eq!(frame(&[0x80]), Ok(None));
        assert_eq!(frame(&[0x80, 0x01]), Ok(Some((128, 2))));
        assert_eq!(frame(&[0xFF, 0xFF, 0xFF, 0xFF, 0x07]), Ok(Some((i32::MAX as usize, 5))));
        assert!(frame(&[0xFF, 0xFF, 0xFF, 0xFF, 0x08]).is_err());
        assert!(frame(&[0x80, 0x80, 0x80, 0x80, 0x80]).is_err());
    }

    #[test]
    fn values_do_not_nest_without_end() {
        let deep = |depth: usize| [vec![0x91; depth], vec![0xC0]].concat();
        assert!(bind::<(Value,)>(&deep(60), 0).is_ok());
        assert!(matches!(bind::<(Value,)>(&deep(20_000), 0), Err(BindError::Type)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            id in any::<String>(),
            text in any::<String>(),
            array in prop::collection::vec(value(), 0..4),
            any in value(),
        ) {
            let (array, any) = (packed(&array), packed(&any));
            for message in messages(&id, &text, &array, &any) {
                let bytes = encode(&message);
                let (length, prefix) = frame(&bytes).unwrap().unwrap();
                prop_assert_eq!(length + prefix, bytes.len());
                let read = decode(&bytes[prefix..]).unwrap().unwrap();
                prop_assert_eq!(encode(&read), bytes.clone());
            }
        }

        #[test]
        fn values_survive(any in value()) {
            let read: Value = super::value(&packed(&any)).unwrap();
            prop_assert_eq!(read, any);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = frame(&bytes);
            let _ = decode(&bytes);
            let _ = bind::<(Value, String)>(&bytes, 0);
        }

        #[test]
        fn no_message_nearly_right_makes_it_panic(
            kind in 0..12_i32,
            parts in prop::collection::vec(value(), 0..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let parts: Vec<Value> = [Value::from(kind), serde_json::json!({})].into_iter().chain(parts).collect();
            let bytes = packed(&parts);
            let _ = decode(&bytes);
            let _ = decode(&bytes[..cut.index(bytes.len())]);
        }
    }
}
