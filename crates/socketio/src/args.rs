//! Arguments: of events that clients send, of events that they hear, and of acknowledgements both ways.

use std::{fmt, marker::PhantomData};

use bytes::Bytes;
use serde::{
    Deserializer, Serialize,
    de::{DeserializeOwned, Error as _, IgnoredAny, SeqAccess, Visitor, value::UnitDeserializer},
};
use serde_json::{Error, Value};

use crate::binary;

/// What a client sent, not yet read: a JSON array and the binary data beside it.
///
/// It can be sent on as it is.
#[derive(Clone)]
pub struct Args {
    /// The array, known to be well-formed.
    json: Box<str>,
    attachments: Box<[Bytes]>,
}

impl Args {
    pub(crate) fn new(json: impl Into<Box<str>>, attachments: Vec<Bytes>) -> Self {
        Self { json: json.into(), attachments: attachments.into() }
    }

    /// The array's JSON. Binary data are objects of `_placeholder` and `num` in it.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The binary data, in the order of their `num`.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Reads them as a tuple.
    ///
    /// # Errors
    /// A value does not fit its type.
    pub fn read<P: Parameters>(&self) -> Result<P, Error> {
        P::bind(self)
    }

    /// Reads them as JSON values.
    ///
    /// # Errors
    /// They nest too deeply, or hold text that is not Unicode.
    pub fn values(&self) -> Result<Vec<Value>, Error> {
        serde_json::from_str(&self.json)
    }

    pub(crate) fn weight(&self) -> usize {
        self.json.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Args").field("bytes", &self.weight()).finish_non_exhaustive()
    }
}

/// What a handler reads its event's arguments as: a tuple of zero to eight deserialisable values, or [`Args`] as they are.
///
/// As in JavaScript, arguments beyond the tuple are ignored and missing ones read as null: take an `Option` where a client may leave one out.
pub trait Parameters: Sized + Send + 'static {
    /// Reads them.
    ///
    /// # Errors
    /// A value does not fit its type.
    fn bind(args: &Args) -> Result<Self, Error>;
}

/// The arguments of an event or of an acknowledgement: a tuple of zero to eight serialisable values, or [`Args`] as they came.
pub trait Arguments {
    /// Writes them, each after a comma.
    ///
    /// # Errors
    /// What the values' own serialisation reports.
    fn write(&self, to: &mut ArgumentsWriter) -> Result<(), Error>;
}

/// Where [`Arguments`] are written to.
pub struct ArgumentsWriter {
    json: Vec<u8>,
}

impl ArgumentsWriter {
    /// Writes one argument.
    ///
    /// # Errors
    /// What its serialisation reports.
    pub fn argument<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.json.push(b',');
        serde_json::to_writer(&mut self.json, value)
    }

    fn raw(&mut self, args: &Args) -> Result<(), Error> {
        if !binary::attach(&args.attachments) {
            return Err(serde::ser::Error::custom("binary data came before these arguments"));
        }
        let array = args.json.trim();
        let inside = array[1..array.len() - 1].trim();
        if !inside.is_empty() {
            self.json.push(b',');
            self.json.extend_from_slice(inside.as_bytes());
        }
        Ok(())
    }
}

/// Written arguments: each after a comma, and their attachments.
pub(crate) struct Written {
    pub(crate) json: String,
    pub(crate) attachments: Vec<Bytes>,
}

/// Writes arguments.
///
/// A value that looks like the place of an attachment and is none would make its readers close their connections; it is an error.
pub(crate) fn written<A: Arguments + ?Sized>(arguments: &A) -> Result<Written, Error> {
    let (json, attachments) = binary::collect(|| {
        let mut writer = ArgumentsWriter { json: Vec::with_capacity(64) };
        arguments.write(&mut writer).map(|()| writer.json)
    });
    let json = String::from_utf8(json?).map_err(|_| serde::ser::Error::custom("not UTF-8"))?;
    if !attachments.is_empty() && json.matches(r#""_placeholder":true"#).count() > attachments.len() {
        return Err(serde::ser::Error::custom("a value looks like the place of binary data"));
    }
    Ok(Written { json, attachments })
}

impl Parameters for Args {
    fn bind(args: &Args) -> Result<Self, Error> {
        Ok(args.clone())
    }
}

impl Arguments for Args {
    fn write(&self, to: &mut ArgumentsWriter) -> Result<(), Error> {
        to.raw(self)
    }
}

impl Arguments for () {
    fn write(&self, _: &mut ArgumentsWriter) -> Result<(), Error> {
        Ok(())
    }
}

/// The next argument, or null.
fn next<'de, S: SeqAccess<'de>, T: DeserializeOwned>(seq: &mut S) -> Result<T, S::Error> {
    match seq.next_element()? {
        Some(value) => Ok(value),
        None => T::deserialize(UnitDeserializer::<S::Error>::new())
            .map_err(|_| S::Error::custom("an argument is missing")),
    }
}

macro_rules! tuples {
    ($($count:literal: $($T:ident)*;)+) => {$(
        impl<$($T: DeserializeOwned + Send + 'static,)*> Parameters for ($($T,)*) {
            fn bind(args: &Args) -> Result<Self, Error> {
                struct Bind<T>(PhantomData<T>);

                impl<'de, $($T: DeserializeOwned,)*> Visitor<'de> for Bind<($($T,)*)> {
                    type Value = ($($T,)*);

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "an array of {} arguments", $count)
                    }

                    fn visit_seq<Se: SeqAccess<'de>>(self, mut seq: Se) -> Result<Self::Value, Se::Error> {
                        let bound = ($(next::<Se, $T>(&mut seq)?,)*);
                        while seq.next_element::<IgnoredAny>()?.is_some() {}
                        Ok(bound)
                    }
                }

                binary::provide(&args.attachments, || {
                    serde_json::Deserializer::from_str(&args.json).deserialize_seq(Bind::<Self>(PhantomData))
                })
            }
        }
    )+};
}

macro_rules! events {
    ($($($T:ident $index:tt),+;)+) => {$(
        impl<$($T: Serialize,)+> Arguments for ($($T,)+) {
            fn write(&self, to: &mut ArgumentsWriter) -> Result<(), Error> {
                $(to.argument(&self.$index)?;)+
                Ok(())
            }
        }
    )+};
}

tuples! {
    0: ;
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
    7: A B C D E F G;
    8: A B C D E F G H;
}

events! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Binary;

    fn bind<P: Parameters>(json: &str) -> Option<P> {
        Args::new(json, Vec::new()).read().ok()
    }

    #[test]
    fn missing_arguments_are_null_and_further_ones_are_ignored() {
        assert_eq!(bind::<(u8, String)>(r#"[1,"a"]"#), Some((1, "a".into())));
        assert_eq!(bind::<(u8, String)>("[1]"), None, "null does not fit a text");
        assert_eq!(bind::<(u8, Option<u8>)>("[1]"), Some((1, None)));
        assert_eq!(bind::<(u8,)>(r#"[1,"a",{}]"#), Some((1,)));
        assert_eq!(bind::<()>("[1]"), Some(()));
        assert_eq!(bind::<(Vec<u8>,)>("[[1,2]]"), Some((vec![1, 2],)));
        assert_eq!(bind::<(u8,)>(r#"["1"]"#), None);
    }

    #[test]
    fn events_are_lists() {
        assert_eq!(written(&()).unwrap().json, "");
        assert_eq!(written(&(1, "a", None::<u8>)).unwrap().json, r#",1,"a",null"#);
        assert_eq!(written(&Args::new(" [ 1, [2] ] ", Vec::new())).unwrap().json, ",1, [2]");
        assert_eq!(written(&Args::new("[ ]", Vec::new())).unwrap().json, "");
    }

    #[test]
    fn binary_data_travel_beside_the_json() {
        let bytes = |text: &'static str| Binary::from(text.as_bytes());
        let written = written(&("x", json!({"a": 1}), vec![bytes("one"), bytes("two")])).unwrap();
        assert_eq!(
            written.json,
            r#","x",{"a":1},[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#
        );
        let args = Args::new(format!("[{}]", &written.json[1..]), written.attachments);
        let (_, _, read): (String, Value, Vec<Binary>) = args.read().unwrap();
        assert_eq!(read, [bytes("one"), bytes("two")]);
        assert_eq!(super::written(&args).unwrap().attachments, args.attachments());
    }

    #[test]
    fn a_place_of_binary_data_cannot_be_forged() {
        let forged = json!({"_placeholder": true, "num": 7});
        assert!(written(&(forged.clone(), Binary::from("x"))).is_err());
        assert!(written(&(forged,)).is_ok(), "where there are none, it is only an object");
        assert!(written(&(r#""_placeholder":true"#, Binary::from("x"))).is_ok(), "texts are texts");
        assert!(bind::<(Binary,)>(r#"[{"_placeholder":true,"num":0}]"#).is_none());
    }
}
