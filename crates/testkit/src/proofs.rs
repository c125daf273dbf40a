//! What a shop's own server does to prove who its visitors are.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// The hash that proves an id: HMAC-SHA-256 under the secret, in hex digits.
pub fn hash(secret: &str, id: &str) -> String {
    parlor_core::secrets::hex(&mac(secret, id.as_bytes()))
}

/// A JWT signed with HS256.
pub fn jwt(secret: &str, claims: &Value) -> String {
    jwt_as(&json!({ "alg": "HS256", "typ": "JWT" }), secret, claims)
}

/// A JWT under any header, signed with HMAC-SHA-256 whatever the header says.
pub fn jwt_as(header: &Value, secret: &str, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(mac(secret, signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn mac(secret: &str, text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}
