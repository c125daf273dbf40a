//! What goes into a statement and what comes out of a row.

use std::error::Error as StdError;

use bytes::BytesMut;
use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use serde_json::Value as Json;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};
use uuid::Uuid;

use crate::{Error, Result};

/// One parameter of a statement.
///
/// SQLite keeps UUIDs as 16 bytes, times as microseconds since 1970, truth as 0 and 1, and JSON as text. A bare JSON number would not
/// survive SQLite's type affinity: store objects and arrays.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Uuid(Uuid),
    Time(Timestamp),
    Json(&'a Json),
}

macro_rules! value_from {
    ($($source:ty => $convert:expr;)*) => {$(
        impl<'a> From<$source> for Value<'a> {
            fn from(value: $source) -> Value<'a> {
                $convert(value)
            }
        }
    )*};
}

value_from! {
    bool => Value::Bool;
    i64 => Value::Int;
    &'a str => Value::Text;
    &'a String => |text: &'a String| Value::Text(text);
    &'a [u8] => Value::Bytes;
    &'a Vec<u8> => |bytes: &'a Vec<u8>| Value::Bytes(bytes);
    Uuid => Value::Uuid;
    Timestamp => Value::Time;
    &'a Json => Value::Json;
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Value<'a> {
        value.map_or(Value::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Bool(value) => ToSqlOutput::Owned(rusqlite::types::Value::Integer(i64::from(*value))),
            Value::Int(value) => ToSqlOutput::Owned(rusqlite::types::Value::Integer(*value)),
            Value::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Value::Bytes(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
            Value::Uuid(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value.as_bytes())),
            Value::Time(value) => ToSqlOutput::Owned(rusqlite::types::Value::Integer(value.as_microsecond())),
            Value::Json(value) => ToSqlOutput::Owned(rusqlite::types::Value::Text(value.to_string())),
        })
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Bool(value) => value.to_sql(ty, out),
            Value::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Value::Int(value) => value.to_sql(ty, out),
            Value::Text(value) => value.to_sql(ty, out),
            Value::Bytes(value) => value.to_sql(ty, out),
            Value::Uuid(value) => value.to_sql(ty, out),
            Value::Time(value) => value.to_sql(ty, out),
            Value::Json(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// One row of an answer.
pub enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The value of column `index`, counted from 0.
    ///
    /// # Errors
    /// When the column does not hold a `T`: a fault of the statement or of the data, not of the caller.
    pub fn get<T: Column>(&self, index: usize) -> Result<T> {
        match self {
            Row::Sqlite(row) => {
                let value = row.get_ref(index).map_err(Error::database)?;
                T::from_sqlite(value)
                    .ok_or_else(|| Error::database(format!("column {index} is of another type")))
            }
            Row::Postgres(row) => T::from_postgres(row, index),
        }
    }
}

/// A type that a column can hold.
pub trait Column: Sized {
    /// Reads it from SQLite; `None` when it is of another type.
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self>;
    /// Reads it from PostgreSQL.
    fn from_postgres(row: &tokio_postgres::Row, index: usize) -> Result<Self>;
}

macro_rules! column {
    ($($ty:ty: $pattern:pat => $value:expr;)*) => {$(
        impl Column for $ty {
            fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
                match value {
                    $pattern => $value,
                    _ => None,
                }
            }

            fn from_postgres(row: &tokio_postgres::Row, index: usize) -> Result<Self> {
                row.try_get(index).map_err(Error::database)
            }
        }
    )*};
}

column! {
    bool: ValueRef::Integer(value) => Some(value != 0);
    i64: ValueRef::Integer(value) => Some(value);
    String: ValueRef::Text(value) => String::from_utf8(value.to_vec()).ok();
    Vec<u8>: ValueRef::Blob(value) => Some(value.to_vec());
    Uuid: ValueRef::Blob(value) => Uuid::from_slice(value).ok();
    Timestamp: ValueRef::Integer(value) => Timestamp::from_microsecond(value).ok();
    Json: ValueRef::Text(value) => serde_json::from_slice(value).ok();
}

impl<T: Column> Column for Option<T> {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(None),
            value => T::from_sqlite(value).map(Some),
        }
    }

    fn from_postgres(row: &tokio_postgres::Row, index: usize) -> Result<Self> {
        let there: Option<Anything> = row.try_get(index).map_err(Error::database)?;
        there.map(|Anything| T::from_postgres(row, index)).transpose()
    }
}

/// Fits every PostgreSQL type, to learn whether a column is null before reading it.
struct Anything;

impl<'a> FromSql<'a> for Anything {
    fn from_sql(_: &Type, _: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Anything)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Makes an enum of plain names storable as text: `text_enum! { Role { Owner = "owner", Admin = "admin" } }`.
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $name {
            /// All there are, in the order of their declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The name it is stored under.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The one stored under `text`.
            pub fn parse(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }

        impl<'a> From<$name> for $crate::db::Value<'a> {
            fn from(value: $name) -> $crate::db::Value<'a> {
                $crate::db::Value::Text(value.as_str())
            }
        }

        impl $crate::db::Column for $name {
            fn from_sqlite(value: rusqlite::types::ValueRef<'_>) -> Option<Self> {
                value.as_str().ok().and_then($name::parse)
            }

            fn from_postgres(row: &tokio_postgres::Row, index: usize) -> $crate::Result<Self> {
                let text: &str = row.try_get(index).map_err($crate::Error::database)?;
                $name::parse(text).ok_or_else(|| $crate::Error::database(format!("unknown {}: {text}", stringify!($name))))
            }
        }
    };
}
