//! What is handed out once and proves something later: `prefix`, an id, and 256 random bits, of which only the hash is stored.

use uuid::Uuid;

use crate::secrets;

/// What was shown, taken apart. The hash is compared with the stored one by [`secrets::equal`].
pub struct Shown {
    pub id: Uuid,
    pub hash: Vec<u8>,
}

/// A new one, and the hash to store.
pub fn generate(prefix: &str, id: Uuid) -> (String, Vec<u8>) {
    let secret = secrets::new_token(&format!("{prefix}{}_", id.simple()));
    let hash = secrets::hash(&secret);
    (secret, hash)
}

/// What is none of this kind names nothing.
pub fn parse(prefix: &str, text: &str) -> Option<Shown> {
    let (id, _) = text.strip_prefix(prefix)?.split_once('_')?;
    Some(Shown { id: Uuid::try_parse(id).ok()?, hash: secrets::hash(text) })
}
