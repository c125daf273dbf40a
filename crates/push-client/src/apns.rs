//! The Apple Push Notification service: `POST /3/device/{token}` over HTTP/2, signed with a token key.

use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderValue, StatusCode, header};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Client, DeviceToken, Error, Invalid, LARGEST_PAYLOAD, Notification, error,
    jwt::{Fingerprint, SigningKey},
    text,
    transport::{Answer, Version},
    unix,
};

const SERVICE: &str = "APNs";
/// Apple refuses provider tokens that are older than an hour, and new ones more often than every 20 minutes.
const USED_FOR: Duration = Duration::from_secs(50 * 60);
/// How many keys' tokens are kept.
const KEPT: usize = 1024;
/// The longest .p8 file that is read; a P-256 key's has some 250 bytes.
const LONGEST_FILE: usize = 4096;

/// Which of Apple's two services an app's devices are registered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    Sandbox,
    Production,
}

/// Who sends by APNs: a token key of a team, for one app.
#[derive(Clone)]
pub struct ApnsKey {
    team_id: String,
    key_id: String,
    bundle_id: HeaderValue,
    environment: Environment,
    key: SigningKey,
    fingerprint: Fingerprint,
}

impl fmt::Debug for ApnsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ApnsKey { team_id, key_id, bundle_id, environment, .. } = self;
        write!(f, "ApnsKey({team_id}, {key_id}, {bundle_id:?}, {environment:?})")
    }
}

impl ApnsKey {
    /// `private_key` is the .p8 file, whole.
    ///
    /// # Errors
    /// The field that does not do, and what is wrong with it.
    pub fn new(
        team_id: &str,
        key_id: &str,
        bundle_id: &str,
        private_key: &str,
        environment: Environment,
    ) -> Result<ApnsKey, (&'static str, Invalid)> {
        const TEN: Invalid = Invalid("must have 10 letters and digits");
        let is_id = |text: &str| text.len() == 10 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_id(team_id) {
            return Err(("team_id", TEN));
        }
        if !is_id(key_id) {
            return Err(("key_id", TEN));
        }
        let in_bundle = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        let bundle = Some(bundle_id).filter(|id| (1..=155).contains(&id.len()) && id.bytes().all(in_bundle));
        let bundle = bundle.and_then(|id| HeaderValue::from_str(id).ok());
        let bundle_id = bundle.ok_or(("bundle_id", Invalid("must look like com.example.app")))?;
        if private_key.len() > LONGEST_FILE {
            return Err(("private_key", Invalid("is longer than 4 KiB")));
        }
        let key = SigningKey::p256(private_key).map_err(|invalid| ("private_key", invalid))?;
        let fingerprint = Fingerprint::of(&[team_id, key_id, private_key]);
        let (team_id, key_id) = (team_id.to_owned(), key_id.to_owned());
        Ok(ApnsKey { team_id, key_id, bundle_id, environment, key, fingerprint })
    }
}

/// The provider tokens in use, by key.
#[derive(Clone, Default)]
pub(crate) struct ProviderTokens(Arc<Mutex<HashMap<Fingerprint, ProviderToken>>>);

#[derive(Clone)]
struct ProviderToken {
    header: HeaderValue,
    from: SystemTime,
}

impl ProviderTokens {
    /// Signing is quick, so it happens under the lock: of one key there is never more than one new token.
    fn get(&self, key: &ApnsKey, now: SystemTime) -> Result<HeaderValue, Error> {
        let mut tokens = self.0.lock();
        if let Some(token) = tokens.get(&key.fingerprint)
            && now.duration_since(token.from).is_ok_and(|age| age < USED_FOR)
        {
            return Ok(token.header.clone());
        }
        let claims = json!({ "iss": key.team_id, "iat": unix(now) });
        let jwt = key.key.sign(&key.key_id, &claims)?;
        let mut header = HeaderValue::from_str(&format!("bearer {jwt}"))
            .map_err(|_| Error::permanent("the provider token is not a header's text"))?;
        header.set_sensitive(true);
        if tokens.len() >= KEPT {
            tokens.clear();
        }
        tokens.insert(key.fingerprint, ProviderToken { header: header.clone(), from: now });
        Ok(header)
    }

    fn forget(&self, key: &ApnsKey, header: &HeaderValue) {
        let mut tokens = self.0.lock();
        if tokens.get(&key.fingerprint).is_some_and(|token| token.header == header) {
            tokens.remove(&key.fingerprint);
        }
    }
}

pub(crate) async fn send(
    client: &Client,
    key: &ApnsKey,
    device: &DeviceToken,
    notification: &Notification,
    now: SystemTime,
) -> Result<(), Error> {
    let base = match key.environment {
        Environment::Sandbox => &client.endpoints.apns_sandbox,
        Environment::Production => &client.endpoints.apns_production,
    };
    let url = format!("{}/3/device/{}", base.trim_end_matches('/'), device.expose());
    let authorization = client.provider_tokens.get(key, now)?;
    let collapse = HeaderValue::from_str(&notification.collapse)
        .map_err(|_| Error::permanent("the collapse key is not a header's text"))?;
    let body = payload(notification);
    let answer = client
        .transport
        .post(SERVICE, Version::Http2, &url, |request| {
            request
                .header(header::AUTHORIZATION, authorization.clone())
                .header("apns-topic", key.bundle_id.clone())
                .header("apns-push-type", "alert")
                .header("apns-priority", "10")
                .header("apns-expiration", unix(now + notification.lives))
                .header("apns-collapse-id", collapse)
                .json(&body)
        })
        .await?;
    if answer.status.is_success() {
        return Ok(());
    }
    let refusal = Refusal::read(&answer);
    if refusal.reason == "ExpiredProviderToken" {
        client.provider_tokens.forget(key, &authorization);
        return Err(Error::retryable(error::reason(SERVICE, answer.status, Some(&refusal.reason))));
    }
    Err(refusal.meaning(&answer))
}

fn payload(notification: &Notification) -> Value {
    let Notification { title, body, unread, collapse, data, lives: _ } = notification;
    let written = |body: &str| {
        let mut payload: Map<String, Value> =
            data.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        let aps = json!({
            "alert": { "title": text::cut(title, 200), "body": body },
            "badge": unread,
            "sound": "default",
            "thread-id": collapse,
        });
        payload.insert("aps".into(), aps);
        Value::Object(payload)
    };
    let around = written("").to_string().len();
    written(&text::cut(body, LARGEST_PAYLOAD.saturating_sub(around)))
}

#[derive(Default, Deserialize)]
struct Refusal {
    reason: String,
}

impl Refusal {
    fn read(answer: &Answer) -> Refusal {
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    fn meaning(&self, answer: &Answer) -> Error {
        let name = error::name(&self.reason);
        match (answer.status, self.reason.as_str()) {
            (StatusCode::GONE, "Unregistered" | "ExpiredToken")
            | (StatusCode::BAD_REQUEST, "BadDeviceToken" | "DeviceTokenNotForTopic") => {
                Error::Gone { reason: error::reason(SERVICE, answer.status, name) }
            }
            _ => error::of_status(SERVICE, answer, name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_to_what_apns_takes() {
        for body in ["x".repeat(10_000), "\n".repeat(10_000), "😀".repeat(5_000), "\u{1}é\"".repeat(3_000)]
        {
            let notification = Notification {
                title: "\"".repeat(300),
                body,
                unread: 12,
                collapse: "c".repeat(64),
                data: vec![("conversation_id".into(), "c-1".into())],
                lives: Duration::from_secs(60),
            };
            let size = payload(&notification).to_string().len();
            assert!((LARGEST_PAYLOAD - 8..=LARGEST_PAYLOAD).contains(&size), "{size}");
        }
    }

    #[test]
    fn a_field_that_does_not_do_is_named() {
        let field = |team: &str, key: &str, bundle: &str| {
            let refused = ApnsKey::new(team, key, bundle, "no key", Environment::Sandbox);
            refused.expect_err("there is no key in it").0
        };
        assert_eq!(field("short", "ABCDE12345", "com.example"), "team_id");
        assert_eq!(field("TEAM123456", "ABCDE1234/", "com.example"), "key_id");
        assert_eq!(field("TEAM123456", "ABCDE12345", "com/example"), "bundle_id");
        assert_eq!(field("TEAM123456", "ABCDE12345", "com.example"), "private_key");
    }
}
