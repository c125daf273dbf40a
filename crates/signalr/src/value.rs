//! Values that look different in JSON and in MessagePack.

use std::{fmt, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
};

use crate::protocol::messagepack;

/// MessagePack's own kind of extension for times.
const TIMESTAMP: i8 = -1;

/// Bytes: base64 in JSON, binary in MessagePack. (A plain `Vec<u8>` is an array of numbers in both.)
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ByteArray(pub Vec<u8>);

impl Serialize for ByteArray {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if messagepack::is_writing() {
            to.serialize_bytes(&self.0)
        } else {
            to.serialize_str(&STANDARD.encode(&self.0))
        }
    }
}

impl<'de> Deserialize<'de> for ByteArray {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = ByteArray;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes, or base64")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ByteArray, E> {
                STANDARD.decode(text).map(ByteArray).map_err(E::custom)
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<ByteArray, E> {
                Ok(ByteArray(bytes.to_owned()))
            }
        }

        from.deserialize_any(Read)
    }
}

/// A moment: ISO 8601 in JSON (`2026-06-12T10:05:00.1234567Z`), the timestamp extension in MessagePack.
///
/// Years 1 to 9999. JSON has fractions down to 100 ns, as other servers write them; MessagePack has nanoseconds.
/// It is read from either form in both, an offset from UTC included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanoseconds: u32,
}

const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;

impl Timestamp {
    /// The moment so many seconds and nanoseconds after 1970-01-01T00:00:00Z.
    /// `None` outside the years 1 to 9999, or for 1,000,000,000 nanoseconds and more.
    pub fn new(seconds: i64, nanoseconds: u32) -> Option<Self> {
        let fits = (FIRST_SECOND..=LAST_SECOND).contains(&seconds) && nanoseconds < 1_000_000_000;
        fits.then_some(Self { seconds, nanoseconds })
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// The nanoseconds after them.
    pub fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }

    /// Reads `2026-06-12T10:05:00Z`, with or without a fraction, with `Z` or an offset such as `+02:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't'])?;
        let mut date = date.split('-').map(digits);
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        if date.next().is_some() || !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        if !(1..=days_in(year, month)).contains(&day) {
            return None;
        }
        let zone = time.find(['Z', 'z', '+', '-'])?;
        let (time, zone) = time.split_at(zone);
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let mut time = time.split(':').map(digits);
        let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
        if time.next().is_some() || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        if fraction.is_empty() || fraction.len() > 9 {
            return None;
        }
        let nanoseconds = digits(&format!("{fraction:0<9}"))?;
        let local = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        Self::new(local - offset(zone)?, u32::try_from(nanoseconds).ok()?)
    }
}

/// The seconds that a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    let (sign, text) = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(0),
        ("+", text) => (1, text),
        ("-", text) => (-1, text),
        _ => return None,
    };
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours <= 14 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, by Howard Hinnant's algorithm: years begin in March, eras of 400 years repeat.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.seconds.div_euclid(86_400));
        let of_day = self.seconds.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        let fraction = format!("{:07}", self.nanoseconds / 100);
        match fraction.trim_end_matches('0') {
            "" => f.write_str("Z"),
            digits => write!(f, ".{digits}Z"),
        }
    }
}

impl From<SystemTime> for Timestamp {
    /// Moments outside the years 1 to 9999 become the nearest inside.
    fn from(time: SystemTime) -> Self {
        let signed = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        let (seconds, nanoseconds) = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => (signed(after.as_secs()), after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                match before.subsec_nanos() {
                    0 => (-signed(before.as_secs()), 0),
                    nanoseconds => (-1 - signed(before.as_secs()), 1_000_000_000 - nanoseconds),
                }
            }
        };
        Self { seconds: seconds.clamp(FIRST_SECOND, LAST_SECOND), nanoseconds }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if messagepack::is_writing() {
            let extension = (TIMESTAMP, Payload(&self.pack()));
            to.serialize_newtype_struct(rmp_serde::MSGPACK_EXT_STRUCT_NAME, &extension)
        } else {
            to.collect_str(self)
        }
    }
}

impl Timestamp {
    /// The shortest of the extension's three forms.
    fn pack(self) -> Vec<u8> {
        match (u32::try_from(self.seconds), u64::try_from(self.seconds)) {
            (Ok(seconds), _) if self.nanoseconds == 0 => seconds.to_be_bytes().to_vec(),
            (_, Ok(seconds)) if seconds >> 34 == 0 => {
                (u64::from(self.nanoseconds) << 34 | seconds).to_be_bytes().to_vec()
            }
            _ => [&self.nanoseconds.to_be_bytes()[..], &self.seconds.to_be_bytes()[..]].concat(),
        }
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        if let Ok(seconds) = bytes.try_into().map(u32::from_be_bytes) {
            return Self::new(seconds.into(), 0);
        }
        if let Ok(both) = bytes.try_into().map(u64::from_be_bytes) {
            let seconds = i64::try_from(both & 0x3_FFFF_FFFF).ok()?;
            return Self::new(seconds, u32::try_from(both >> 34).ok()?);
        }
        let (nanoseconds, seconds) = bytes.split_at_checked(4)?;
        let nanoseconds = u32::from_be_bytes(nanoseconds.try_into().ok()?);
        Self::new(i64::from_be_bytes(seconds.try_into().ok()?), nanoseconds)
    }
}

/// What an extension holds.
struct Payload<'a>(&'a [u8]);

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).ok_or_else(|| E::custom("not a time in ISO 8601"))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<Timestamp, D::Error> {
                from.deserialize_any(self)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Timestamp, A::Error> {
                if seq.next_element::<i8>()? != Some(TIMESTAMP) {
                    return Err(A::Error::custom("not a timestamp"));
                }
                let bytes: ByteArray = seq.next_element()?.ok_or_else(|| A::Error::custom("no timestamp"))?;
                Timestamp::unpack(&bytes.0).ok_or_else(|| A::Error::custom("not a timestamp"))
            }
        }

        from.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::messagepack;

    fn packed<T: Serialize>(value: &T) -> Vec<u8> {
        // Past the length, the type, the headers, the id and the kind of a completion.
        messagepack::result("", value).unwrap()[6..].to_vec()
    }

    #[test]
    fn times_are_iso_8601_without_trailing_zeros() {
        for (seconds, nanoseconds, text) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (1_781_258_700, 123_456_700, "2026-06-12T10:05:00.1234567Z"),
            (951_782_400, 500_000_000, "2000-02-29T00:00:00.5Z"),
            (FIRST_SECOND, 0, "0001-01-01T00:00:00Z"),
            (LAST_SECOND, 0, "9999-12-31T23:59:59Z"),
        ] {
            let time = Timestamp::new(seconds, nanoseconds).unwrap();
            assert_eq!(serde_json::to_string(&time).unwrap(), format!("\"{text}\""));
            assert_eq!(Timestamp::parse(text), Some(time));
        }
        assert_eq!(Timestamp::parse("1970-01-01T02:00:00+02:00"), Timestamp::new(0, 0));
        for wrong in
            ["", "1970-01-01", "1970-13-01T00:00:00Z", "1970-02-30T00:00:00Z", "1970-01-01T24:00:00Z"]
        {
            assert_eq!(Timestamp::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn in_messagepack_times_are_extensions_and_bytes_are_binary() {
        assert_eq!(packed(&Timestamp::new(1, 0).unwrap()), [0xD6, 0xFF, 0, 0, 0, 1]);
        assert_eq!(packed(&ByteArray(vec![1, 2])), [0xC4, 2, 1, 2]);
        assert_eq!(serde_json::to_string(&ByteArray(vec![1, 2, 3])).unwrap(), "\"AQID\"");
        let text = packed(&"1970-01-01T00:00:00Z");
        assert_eq!(messagepack::value::<Timestamp>(&text).unwrap(), Timestamp::new(0, 0).unwrap());
    }

    proptest! {
        #[test]
        fn times_survive_both_protocols(
            seconds in FIRST_SECOND..=LAST_SECOND,
            ticks in 0..10_000_000_u32,
        ) {
            let time = Timestamp::new(seconds, ticks * 100).unwrap();
            let json = serde_json::to_string(&time).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
            prop_assert_eq!(messagepack::value::<Timestamp>(&packed(&time)).unwrap(), time);
        }

        #[test]
        fn bytes_survive_both_protocols(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let bytes = ByteArray(bytes);
            let json = serde_json::to_string(&bytes).unwrap();
            prop_assert_eq!(&serde_json::from_str::<ByteArray>(&json).unwrap(), &bytes);
            prop_assert_eq!(&messagepack::value::<ByteArray>(&packed(&bytes)).unwrap(), &bytes);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9TZ:+.-]{0,40}|\\PC*") {
            let _ = Timestamp::parse(&text);
        }
    }
}
