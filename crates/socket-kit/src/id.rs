//! Ids: 16 random bytes, base64url without padding.

use std::{fmt, ops::Deref};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

const LENGTH: usize = 22;

/// A public name: 22 characters, safe to show to anybody.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id([u8; LENGTH]);

impl Id {
    /// One that nobody has had.
    pub fn random() -> Self {
        Self(random())
    }

    /// What could be one.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(text.as_bytes().try_into().ok()?))
    }

    /// The 22 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Deref for Id {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

/// A secret that a client shows to go on. It is not `Display`, and its `Debug` keeps it secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; LENGTH]);

impl Token {
    /// One that nobody can guess.
    pub fn random() -> Self {
        Self(random())
    }

    /// What could be one.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(text.as_bytes().try_into().ok()?))
    }

    /// The 22 characters.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// For protocols in which the name is the secret.
impl From<Id> for Token {
    fn from(id: Id) -> Self {
        Self(id.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_22_characters_of_base64url_and_differ() {
        let (one, two) = (Id::random(), Id::random());
        assert_eq!(one.len(), 22);
        assert!(one.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        assert_ne!(one, two);
        assert_eq!(Id::parse(&one), Some(one));
    }

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        let token = Token::random();
        assert!(!format!("{token:?}").contains(token.reveal()));
    }
}
