//! Secrets: made here, hashed or sealed here, and never shown by `Debug`.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Error, Result, ids::SignInId};

/// The one secret that the operator keeps; all others are derived from it or sealed with it.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// A new one.
    pub fn generate() -> MasterKey {
        MasterKey(random())
    }

    /// Reads it from 64 hex digits.
    pub fn parse(text: &str) -> Option<MasterKey> {
        let text = text.trim().as_bytes();
        let mut key = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (byte, digits) in key.iter_mut().zip(text.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(MasterKey(key))
    }

    /// 64 hex digits, to be kept in a file that only the operator can read.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

/// The first byte of everything sealed: which key sealed it.
const KEY_ID: u8 = 1;
const NONCE: usize = 12;

/// What is derived from the master key.
pub struct Secrets {
    seal: Aes256Gcm,
    token: [u8; 32],
    csrf: [u8; 32],
    link: [u8; 32],
}

impl Secrets {
    pub(crate) fn new(master: &MasterKey) -> Secrets {
        let seal = derive(master, "seal");
        Secrets {
            seal: Aes256Gcm::new(&seal.into()),
            token: derive(master, "access token"),
            csrf: derive(master, "csrf"),
            link: derive(master, "link"),
        }
    }

    /// The key that signs access tokens.
    pub fn token_key(&self) -> &[u8; 32] {
        &self.token
    }

    /// The CSRF token of a sign-in: a page of ours shows it, a foreign page cannot know it.
    pub fn csrf_token(&self, sign_in: SignInId) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.csrf).expect("any length is a key");
        mac.update(sign_in.0.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// Signs what a link says. The parts must be such that no two links say the same when they are put together.
    pub(crate) fn sign_link(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.link).expect("any length is a key");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// Encrypts `plain` so that only the same `place` (table and row) opens it again.
    pub(crate) fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE] = random();
        let sealed = self
            .seal
            .encrypt(&nonce.into(), Payload { msg: plain, aad: place.as_bytes() })
            .map_err(|_| Error::internal("sealing failed"))?;
        Ok([&[KEY_ID], nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Secrets::seal`] made for the same `place`.
    pub(crate) fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let failed = || Error::internal("a sealed secret does not open: was the secret key changed?");
        let (&key, rest) = sealed.split_first().ok_or_else(failed)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(failed)?;
        if key != KEY_ID {
            return Err(failed());
        }
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        self.seal.decrypt(&(*nonce).into(), payload).map_err(|_| failed())
    }
}

fn derive(master: &MasterKey, label: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&master.0).expect("any length is a key");
    mac.update(label.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Random bytes from the system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}

/// A secret of 256 random bits to hand out once: `prefix` and 43 characters.
pub fn new_token(prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// How a handed-out secret is stored.
pub fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Compares in a time that does not depend on where they differ.
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}
