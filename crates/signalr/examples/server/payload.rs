//! What travels; property names as they are written here.

use std::{error::Error, fmt};

use serde::{Deserialize, Serialize};
use signalr::{ByteArray, Timestamp};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CustomObject {
    pub name: Option<String>,
    pub value: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ComplexObject {
    pub string: Option<String>,
    pub int_array: Option<Vec<i32>>,
    pub byte_array: Option<ByteArray>,
    pub guid: Uuid,
    pub date_time: Timestamp,
}

/// 2000-01-01T00:00:00Z.
const YEAR_2000: i64 = 946_684_800;

impl ComplexObject {
    pub fn sample() -> Option<Self> {
        Some(Self {
            string: Some("hello world".into()),
            int_array: Some(vec![1, 2, 3]),
            byte_array: Some(ByteArray(vec![1, 2, 3])),
            guid: Uuid::from_u128(0x0001_0203_0405_0607_0706_0504_0302_0100),
            date_time: Timestamp::new(YEAR_2000, 0)?,
        })
    }
}

/// Named as clients' tests expect the server's own exceptions to be.
#[derive(Debug)]
pub struct InvalidOperationException(pub String);

impl fmt::Display for InvalidOperationException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidOperationException {}
