//! The files that the services hand out, made afresh: no private key lies in the repository.

use std::sync::OnceLock;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// What a service account's file says, and what Google keeps of it.
pub(crate) struct GoogleFile {
    pub(crate) public_key: Vec<u8>,
    private_key: String,
}

impl GoogleFile {
    pub(crate) const EMAIL: &str = "push@shop-1234.iam.gserviceaccount.com";
    pub(crate) const PROJECT: &str = "shop-1234";
    pub(crate) const KEY_ID: &str = "0123456789abcdef0123456789abcdef01234567";

    pub(crate) fn new() -> GoogleFile {
        let (private_key, public_key) = rsa_key();
        GoogleFile { public_key: public_key.clone(), private_key: private_key.clone() }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "type": "service_account",
            "project_id": Self::PROJECT,
            "private_key_id": Self::KEY_ID,
            "private_key": self.private_key,
            "client_email": Self::EMAIL,
            "client_id": "100000000000000000001",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            // Nobody is to believe this.
            "token_uri": "http://169.254.169.254/token",
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "universe_domain": "googleapis.com",
        })
    }
}

/// An RSA key takes a while to make, so a process makes one.
fn rsa_key() -> &'static (String, Vec<u8>) {
    static KEY: OnceLock<(String, Vec<u8>)> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = rsa::KeyPair::generate(KeySize::Rsa2048).expect("the system has randomness");
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).expect("a key can be written down");
        (pem(der.as_ref()), key.public_key().as_ref().to_vec())
    })
}

/// An RSA key in PEM, for a file that is wrong.
pub fn rsa_pem() -> String {
    rsa_key().0.clone()
}

/// A token key of Apple's, as a developer gets it.
pub struct ApnsFile {
    pub team_id: &'static str,
    pub key_id: &'static str,
    pub bundle_id: &'static str,
    /// The .p8 file.
    pub private_key: String,
    pub(crate) public_key: Vec<u8>,
}

impl ApnsFile {
    pub(crate) fn new() -> ApnsFile {
        let (private_key, public_key) = Self::key(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let (team_id, key_id, bundle_id) = ("TEAM123456", "KEY1234567", "com.example.shop");
        ApnsFile { team_id, key_id, bundle_id, private_key, public_key }
    }

    /// A key that nobody knows, on the curve of `algorithm`.
    pub fn key(algorithm: &'static EcdsaSigningAlgorithm) -> (String, Vec<u8>) {
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).expect("randomness");
        let key = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref()).expect("it was just made");
        (pem(der.as_ref()), key.public_key().as_ref().to_vec())
    }
}

/// A PKCS#8 key in PEM.
pub fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("base64 is ASCII")).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}
