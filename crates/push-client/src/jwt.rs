//! Signs the two kinds of JWTs that the services want. The keys are files from elsewhere: they go through a parser that
//! takes PKCS#8 and no other structure.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::Value;

use crate::{Error, Invalid};

/// Weaker keys are no keys any more, stronger ones only cost time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

#[derive(Clone)]
pub(crate) enum SigningKey {
    Rs256(Arc<rsa::KeyPair>),
    Es256(Arc<EcdsaKeyPair>),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(redacted)")
    }
}

impl SigningKey {
    pub(crate) fn rsa(pem: &str) -> Result<SigningKey, Invalid> {
        const INVALID: Invalid =
            Invalid("is not an RSA key of at least 2048 bits in a PEM block \"PRIVATE KEY\"");
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| INVALID)?;
        let key = rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| INVALID)?;
        if !RSA_BITS.contains(&(key.public_modulus_len() * 8)) {
            return Err(INVALID);
        }
        Ok(SigningKey::Rs256(Arc::new(key)))
    }

    pub(crate) fn p256(pem: &str) -> Result<SigningKey, Invalid> {
        const INVALID: Invalid =
            Invalid("is not a P-256 key in a PEM block \"PRIVATE KEY\" (the .p8 file, whole)");
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| INVALID)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der());
        Ok(SigningKey::Es256(Arc::new(key.map_err(|_| INVALID)?)))
    }

    fn algorithm(&self) -> &'static str {
        match self {
            SigningKey::Rs256(_) => "RS256",
            SigningKey::Es256(_) => "ES256",
        }
    }

    /// A compact JWT.
    pub(crate) fn sign(&self, key_id: &str, claims: &Value) -> Result<String, Error> {
        let header = serde_json::json!({ "alg": self.algorithm(), "typ": "JWT", "kid": key_id });
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let failed = |_| Error::permanent("the private key cannot sign");
        let random = SystemRandom::new();
        let signature = match self {
            SigningKey::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).map_err(failed)?;
                signature
            }
            SigningKey::Es256(key) => {
                key.sign(&random, message.as_bytes()).map_err(failed)?.as_ref().to_vec()
            }
        };
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Tells credentials apart without keeping them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(parts: &[&str]) -> Fingerprint {
        let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        for part in parts {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.finish().as_ref());
        Fingerprint(bytes)
    }
}
