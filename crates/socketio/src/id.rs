//! Ids: 16 random bytes, base64url without padding.

use std::{fmt, ops::Deref};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

const LENGTH: usize = 22;

/// The public name of a socket: 22 characters, safe to show to anybody.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketId([u8; LENGTH]);

impl SocketId {
    pub(crate) fn random() -> Self {
        Self(random())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(Self(text.as_bytes().try_into().ok()?))
    }

    /// The 22 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Deref for SocketId {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketId({self})")
    }
}

/// A secret that a client shows to go on: the session id of a connection, or the private id of a socket that may be
/// recovered. It is not `Display`, and its `Debug` keeps it secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token([u8; LENGTH]);

impl Token {
    pub(crate) fn random() -> Self {
        Self(random())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(Self(text.as_bytes().try_into().ok()?))
    }

    pub(crate) fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

fn random() -> [u8; LENGTH] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    let mut text = [0; LENGTH];
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
    debug_assert_eq!(written, Ok(LENGTH));
    text
}

/// An odd number nobody can guess.
pub(crate) fn odd() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    u64::from_ne_bytes(bytes) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_22_characters_of_base64url_and_differ() {
        let (one, two) = (SocketId::random(), SocketId::random());
        assert_eq!(one.len(), 22);
        assert!(one.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        assert_ne!(one, two);
        assert_eq!(SocketId::parse(&one), Some(one));
    }

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        let token = Token::random();
        assert!(!format!("{token:?}").contains(token.reveal()));
    }
}
