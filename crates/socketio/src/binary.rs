//! Binary data among the arguments.

use std::{cell::RefCell, ops::Deref};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::Error as _,
    ser::{Error as _, SerializeStruct as _},
};

/// Bytes as an argument, or anywhere inside of one. On the wire they travel beside the JSON, unchanged; in a JavaScript client they are an
/// `ArrayBuffer` or a `Buffer`.
///
/// It is read and written by this crate only: any other serialiser takes it as bytes or refuses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binary(pub Bytes);

impl Deref for Binary {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<T: Into<Bytes>> From<T> for Binary {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

/// What stands in the JSON for an attachment.
#[derive(Deserialize)]
struct Placeholder {
    #[serde(rename = "_placeholder")]
    placeholder: bool,
    num: usize,
}

/// serde has no way to hand something along, so what is collected or looked up lies beside it for as long as one value is written or read.
enum Beside {
    Nothing,
    Written(Vec<Bytes>),
    Read(Vec<Bytes>),
}

thread_local! {
    static BESIDE: RefCell<Beside> = const { RefCell::new(Beside::Nothing) };
}

/// Puts back what was there, also when a value's own code panics.
struct Scope(Option<Beside>);

impl Scope {
    fn enter(beside: Beside) -> Self {
        Self(Some(BESIDE.replace(beside)))
    }

    fn leave(mut self) -> Beside {
        BESIDE.replace(self.0.take().unwrap_or(Beside::Nothing))
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if let Some(before) = self.0.take() {
            BESIDE.set(before);
        }
    }
}

/// Collects the attachments of what `write` writes.
pub(crate) fn collect<T>(write: impl FnOnce() -> T) -> (T, Vec<Bytes>) {
    let scope = Scope::enter(Beside::Written(Vec::new()));
    let written = write();
    match scope.leave() {
        Beside::Written(attachments) => (written, attachments),
        Beside::Nothing | Beside::Read(_) => (written, Vec::new()),
    }
}

/// Adds attachments that already have their places in the JSON, which therefore has to be the first to have any.
pub(crate) fn attach(attachments: &[Bytes]) -> bool {
    BESIDE.with_borrow_mut(|beside| match beside {
        Beside::Written(written) if written.is_empty() || attachments.is_empty() => {
            written.extend_from_slice(attachments);
            true
        }
        _ => false,
    })
}

/// Lets what `read` reads find these attachments.
pub(crate) fn provide<T>(attachments: &[Bytes], read: impl FnOnce() -> T) -> T {
    let scope = Scope::enter(Beside::Read(attachments.to_vec()));
    let value = read();
    drop(scope);
    value
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let num = BESIDE.with_borrow_mut(|beside| match beside {
            Beside::Written(attachments) => {
                attachments.push(self.0.clone());
                Ok(Some(attachments.len() - 1))
            }
            Beside::Nothing => Ok(None),
            Beside::Read(_) => Err("binary data cannot be written while arguments are read"),
        });
        let Some(num) = num.map_err(S::Error::custom)? else { return to.serialize_bytes(&self.0) };
        let mut placeholder = to.serialize_struct("Placeholder", 2)?;
        placeholder.serialize_field("_placeholder", &true)?;
        placeholder.serialize_field("num", &num)?;
        placeholder.end()
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let placeholder = Placeholder::deserialize(from)?;
        BESIDE
            .with_borrow(|beside| match beside {
                Beside::Read(attachments) if placeholder.placeholder => {
                    attachments.get(placeholder.num).cloned().map(Self)
                }
                _ => None,
            })
            .ok_or_else(|| D::Error::custom("there are no binary data in this place"))
    }
}
