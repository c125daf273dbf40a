//! Hashing passwords with Argon2id, within the memory that an idle server should not keep.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt},
};

use super::SHORTEST_PASSWORD;
use crate::{Error, Result, app::App, secrets};

/// A password is not longer than this: hashing takes time in proportion.
pub const LONGEST_PASSWORD: usize = 256;
/// The bytes that an allocator hands back to the system at once: beyond what glibc keeps for reuse (32 MiB at the most). Only what is
/// touched costs anything.
const HANDED_BACK: usize = 33 * 1024 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Password {
    Right,
    Wrong,
}

/// Hashes a new password, to be stored as it comes out.
///
/// # Errors
/// [`Error::Invalid`] for one that is too short or too long.
pub async fn hash(app: &App, password: String) -> Result<String> {
    if password.chars().count() < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        return Err(Error::invalid("password", "must have 8 to 256 characters"));
    }
    let hashed = app.hash(move || {
        let params = Params::default();
        let salt = Salt::new(&secrets::random::<16>()).ok()?;
        let output = digest(&params, password.as_bytes(), &salt)?;
        let hash = PasswordHash {
            algorithm: Ident::new(Algorithm::Argon2id.as_str()).ok()?,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).ok()?,
            salt: Some(salt),
            hash: Some(output),
        };
        Some(hash.to_string())
    });
    hashed.await?.ok_or_else(|| Error::internal("a password could not be hashed"))
}

/// Compares a password with a stored hash.
pub async fn compare(app: &App, hash: String, password: String) -> Result<Password> {
    let compare = move || {
        let known = PasswordHash::new(&hash).ok()?;
        let output = digest(&Params::try_from(&known).ok()?, password.as_bytes(), known.salt.as_ref()?)?;
        (known.hash? == output).then_some(())
    };
    Ok(app.hash(compare).await?.map_or(Password::Wrong, |()| Password::Right))
}

fn digest(params: &Params, password: &[u8], salt: &[u8]) -> Option<Output> {
    let blocks = params.block_count();
    let mut memory: Vec<Block> = Vec::with_capacity(blocks.max(HANDED_BACK / size_of::<Block>()));
    memory.resize(blocks, Block::default());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password, salt, &mut output, &mut memory)
        .ok()?;
    Output::new(&output).ok()
}

/// The hash that an unknown person's password is compared with.
#[derive(Default)]
pub struct Nobody(tokio::sync::OnceCell<String>);

impl Nobody {
    pub async fn hash(&self, app: &App) -> Result<String> {
        self.0.get_or_try_init(|| hash(app, secrets::new_token(""))).await.cloned()
    }
}
