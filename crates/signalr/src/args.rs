//! Tuples as arguments: of methods that clients call, and of events that clients hear.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error, IgnoredAny, SeqAccess, Visitor, value::UnitDeserializer},
    ser::{SerializeSeq, SerializeTuple},
};

/// The arguments of a hub method: a tuple of zero to eight deserialisable values.
///
/// `null` fits what deserialises from null: take an `Option<String>` where a caller may send null.
pub trait Parameters: Sized + Send + 'static {
    /// How many there are.
    const COUNT: usize;

    /// Reads them from an array. The last `optional` ones may be missing and then read as null.
    ///
    /// # Errors
    /// The array is too short or too long, or a value does not fit its type.
    fn bind<'de, D: Deserializer<'de>>(from: D, optional: usize) -> Result<Self, D::Error>;
}

/// The arguments of an event: a tuple of zero to eight serialisable values.
pub trait Arguments {
    /// Writes them as an array.
    ///
    /// # Errors
    /// What the values' own serialisation reports.
    fn serialize_array<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
}

/// Lets a tuple's array stand inside another value.
pub(crate) struct Array<'a, A>(pub(crate) &'a A);

impl<A: Arguments> Serialize for Array<'_, A> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_array(to)
    }
}

impl Arguments for () {
    fn serialize_array<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_seq(Some(0))?.end()
    }
}

/// The argument at `index`, or null for one that may be missing.
fn next<'de, S: SeqAccess<'de>, T: DeserializeOwned>(
    seq: &mut S,
    index: usize,
    required: usize,
) -> Result<T, S::Error> {
    match seq.next_element()? {
        Some(value) => Ok(value),
        None if index >= required => T::deserialize(UnitDeserializer::new()),
        None => Err(S::Error::invalid_length(index, &"more arguments")),
    }
}

macro_rules! tuples {
    ($($count:literal: $($T:ident $index:tt),*;)+) => {$(
        impl<$($T: DeserializeOwned + Send + 'static,)*> Parameters for ($($T,)*) {
            const COUNT: usize = $count;

            fn bind<'de, De: Deserializer<'de>>(from: De, optional: usize) -> Result<Self, De::Error> {
                struct Bind<T> {
                    required: usize,
                    tuple: PhantomData<T>,
                }

                impl<'de, $($T: DeserializeOwned,)*> Visitor<'de> for Bind<($($T,)*)> {
                    type Value = ($($T,)*);

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "an array of {} arguments", $count)
                    }

                    fn visit_seq<Se: SeqAccess<'de>>(self, mut seq: Se) -> Result<Self::Value, Se::Error> {
                        let _ = self.required;
                        let bound = ($(next::<Se, $T>(&mut seq, $index, self.required)?,)*);
                        if seq.next_element::<IgnoredAny>()?.is_some() {
                            return Err(Se::Error::invalid_length($count + 1, &self));
                        }
                        Ok(bound)
                    }
                }

                from.deserialize_seq(Bind::<Self> {
                    required: Self::COUNT.saturating_sub(optional),
                    tuple: PhantomData,
                })
            }
        }
    )+};
}

macro_rules! events {
    ($($count:literal: $($T:ident $index:tt),*;)+) => {$(
        impl<$($T: Serialize,)*> Arguments for ($($T,)*) {
            fn serialize_array<Se: Serializer>(&self, to: Se) -> Result<Se::Ok, Se::Error> {
                let mut tuple = to.serialize_tuple($count)?;
                $(tuple.serialize_element(&self.$index)?;)*
                tuple.end()
            }
        }
    )+};
}

tuples! {
    0: ;
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

events! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind<P: Parameters>(json: &str, optional: usize) -> Option<P> {
        P::bind(&mut serde_json::Deserializer::from_str(json), optional).ok()
    }

    #[test]
    fn the_number_must_match() {
        assert_eq!(bind::<(u8, String)>(r#"[1,"a"]"#, 0), Some((1, "a".into())));
        assert_eq!(bind::<(u8, String)>("[1]", 0), None);
        assert_eq!(bind::<(u8, String)>(r#"[1,"a",2]"#, 0), None);
        assert_eq!(bind::<()>("[]", 0), Some(()));
        assert_eq!(bind::<()>("[1]", 0), None);
    }

    #[test]
    fn optional_ones_read_as_null() {
        assert_eq!(bind::<(u8, Option<u8>)>("[1]", 1), Some((1, None)));
        assert_eq!(bind::<(u8, Option<u8>)>("[1,2]", 1), Some((1, Some(2))));
        assert_eq!(bind::<(u8, Option<u8>)>("[]", 1), None);
        assert_eq!(bind::<(u8, u8)>("[1]", 1), None, "null does not fit a number");
    }

    #[test]
    fn events_are_arrays() {
        let json = |it: &dyn Fn() -> serde_json::Result<String>| it().unwrap();
        assert_eq!(json(&|| serde_json::to_string(&Array(&()))), "[]");
        assert_eq!(json(&|| serde_json::to_string(&Array(&(1, "a", None::<u8>)))), r#"[1,"a",null]"#);
    }
}
