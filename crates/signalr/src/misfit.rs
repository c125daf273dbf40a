//! What does not fit, in words for whoever is at the other end: of what was expected and what came, and not of
//! how this program names its types.

/// Says what an error of serde's says.
pub(crate) fn words(error: &str) -> String {
    // The position is one in a piece of the message, which nobody else has.
    let error = error.rfind(" at line ").map_or(error, |end| &error[..end]);
    let Some((came, expected)) = error.rsplit_once(", expected ") else {
        return format!("{}.", capital(error));
    };
    let expected = plain(expected);
    match came.strip_prefix("invalid type: ").or_else(|| came.strip_prefix("invalid value: ")) {
        Some("unit value") => format!("Expected {expected}, got null."),
        Some(came) => format!("Expected {expected}, got {came}."),
        None => format!("{}, expected {expected}.", capital(came)),
    }
}

/// What was expected, for those who do not read Rust.
fn plain(expected: &str) -> String {
    let whole = |from: &dyn std::fmt::Display, to: &dyn std::fmt::Display| {
        format!("a whole number from {from} to {to}")
    };
    let (first, rest) = expected.split_once(' ').unwrap_or((expected, ""));
    match (first, rest) {
        ("u8", "") => whole(&u8::MIN, &u8::MAX),
        ("u16", "") => whole(&u16::MIN, &u16::MAX),
        ("u32", "") => whole(&u32::MIN, &u32::MAX),
        ("u64" | "usize", "") => whole(&u64::MIN, &u64::MAX),
        ("i8", "") => whole(&i8::MIN, &i8::MAX),
        ("i16", "") => whole(&i16::MIN, &i16::MAX),
        ("i32", "") => whole(&i32::MIN, &i32::MAX),
        ("i64" | "isize", "") => whole(&i64::MIN, &i64::MAX),
        ("u128" | "i128", "") => "a whole number".to_owned(),
        ("f32" | "f64", "") => "a number".to_owned(),
        ("unit", "") => "null".to_owned(),
        ("struct", _) | ("a", "map") => "an object".to_owned(),
        ("tuple", _) | ("a", "sequence") => "an array".to_owned(),
        ("enum" | "newtype" | "variant" | "unit", _) => "another value".to_owned(),
        ("a", rest) if rest.starts_with("nonzero ") => "a whole number other than 0".to_owned(),
        ("a", rest) if rest.starts_with("tuple of size ") => {
            format!("an array of {}", &rest["tuple of size ".len()..])
        }
        _ => expected.to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU8;

    use serde::{Deserialize, de::DeserializeOwned};

    use crate::protocol::Protocol;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is only read")]
    struct Point {
        x: u8,
        label: Label,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Label {
        UpperLeft,
        Right(#[expect(dead_code, reason = "it is only read")] u8),
    }

    fn said<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
        Protocol::Json.value::<T>(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_was_expected_is_said_without_rust() {
        assert_eq!(said::<u8>(r#""x""#), r#"Expected a whole number from 0 to 255, got string "x"."#);
        assert_eq!(said::<u8>("256"), "Expected a whole number from 0 to 255, got integer `256`.");
        assert_eq!(
            said::<i16>("1.5"),
            "Expected a whole number from -32768 to 32767, got floating point `1.5`."
        );
        assert_eq!(said::<f64>("null"), "Expected a number, got null.");
        assert_eq!(said::<String>("[]"), "Expected a string, got sequence.");
        assert_eq!(said::<bool>("0"), "Expected a boolean, got integer `0`.");
        assert_eq!(said::<()>("0"), "Expected null, got integer `0`.");
        assert_eq!(said::<NonZeroU8>("0"), "Expected a whole number other than 0, got integer `0`.");
        assert_eq!(said::<Vec<u8>>("{}"), "Expected an array, got map.");
        assert_eq!(said::<(u8, u8)>("[1]"), "Invalid length 1, expected an array of 2.");
        assert_eq!(said::<Point>("true"), "Expected an object, got boolean `true`.");
        assert_eq!(said::<Point>(r#"{"x":1}"#), "Missing field `label`.");
        assert_eq!(said::<Label>(r#""left""#), "Unknown variant `left`, expected `upperLeft` or `right`.");
        assert_eq!(said::<Label>(r#""right""#), "Expected another value, got unit variant.");
        assert_eq!(
            said::<u8>(r#"", expected u16 at line 1""#),
            r#"Expected a whole number from 0 to 255, got string ", expected u16 at line 1"."#
        );
    }

    #[test]
    fn both_protocols_say_the_same() {
        let said = |bytes: &[u8]| Protocol::MessagePack.value::<u8>(bytes).unwrap_err();
        assert_eq!(said(b"\xA1x"), r#"Expected a whole number from 0 to 255, got string "x"."#);
        assert_eq!(said(b"\xC0"), "Expected a whole number from 0 to 255, got null.");
        assert_eq!(said(b"\xCD\x01\x00"), "Expected a whole number from 0 to 255, got integer `256`.");
        assert_eq!(said(b"\xC4\x01x"), "Expected another value.");
    }
}
