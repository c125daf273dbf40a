//! A service account of Google's, and the access token that its signature is changed for.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;

use crate::{
    Client, Error, Invalid, error,
    jwt::{Fingerprint, SigningKey},
    transport::Version,
    unix,
};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long an assertion and a token are good for, at most.
const HOUR: Duration = Duration::from_secs(3600);
/// A token is not used any more this long before its end.
const MARGIN: Duration = Duration::from_secs(120);
/// How many accounts' tokens are kept.
const KEPT: usize = 1024;
const SERVICE: &str = "Google's token endpoint";

/// The longest file that is read.
const LONGEST_FILE: usize = 16 * 1024;

/// Who sends by FCM: the JSON file that Google hands out for a service account.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    pub(crate) project_id: String,
    client_email: String,
    private_key_id: String,
    key: SigningKey,
    fingerprint: Fingerprint,
}

#[derive(Deserialize)]
struct File {
    r#type: String,
    project_id: String,
    private_key_id: String,
    private_key: String,
    client_email: String,
}

impl ServiceAccount {
    /// Reads the file. Its `token_uri` is not: where tokens come from is not for the file to say.
    ///
    /// # Errors
    /// [`Invalid`], without a word of what the file holds.
    pub fn parse(json: &str) -> Result<ServiceAccount, Invalid> {
        if json.len() > LONGEST_FILE {
            return Err(Invalid("is longer than 16 KiB"));
        }
        let file: File = serde_json::from_str(json).map_err(|_| {
            Invalid(
                "is not a service account's JSON: it needs type, project_id, private_key_id, private_key and client_email",
            )
        })?;
        if file.r#type != "service_account" {
            return Err(Invalid("is not of the type \"service_account\""));
        }
        if !is_project(&file.project_id) {
            return Err(Invalid("has a project_id that no project has"));
        }
        let plain =
            |text: &str| (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !plain(&file.client_email) || !plain(&file.private_key_id) {
            return Err(Invalid("has a client_email or a private_key_id that is none"));
        }
        let key = SigningKey::rsa(&file.private_key)
            .map_err(|_| Invalid("has a private_key that is not an RSA key of at least 2048 bits in PEM"))?;
        let fingerprint = Fingerprint::of(&[&file.client_email, &file.private_key_id, &file.private_key]);
        let File { project_id, client_email, private_key_id, .. } = file;
        Ok(ServiceAccount { project_id, client_email, private_key_id, key, fingerprint })
    }

    pub fn project_id(&self) -> &str {
        &self.project_id
    }

    pub fn client_email(&self) -> &str {
        &self.client_email
    }

    pub fn private_key_id(&self) -> &str {
        &self.private_key_id
    }
}

/// It becomes a part of a path, so nothing but a project's name may come through: `my-project-1`, `example.com:my-project`.
fn is_project(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b':');
    (4..=100).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(allowed)
}

/// The tokens in use, by account. Who needs one that is being fetched waits for it.
#[derive(Clone, Default)]
pub(crate) struct AccessTokens(Arc<Mutex<HashMap<Fingerprint, Slot>>>);

type Slot = Arc<tokio::sync::Mutex<Option<AccessToken>>>;

#[derive(Clone)]
struct AccessToken {
    text: String,
    from: SystemTime,
    until: SystemTime,
}

/// Whether a token has been used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    Used,
}

impl AccessTokens {
    fn slot(&self, of: Fingerprint) -> Slot {
        let mut slots = self.0.lock();
        if slots.len() >= KEPT && !slots.contains_key(&of) {
            slots.clear();
        }
        slots.entry(of).or_default().clone()
    }

    pub(crate) async fn get(
        &self,
        client: &Client,
        account: &ServiceAccount,
        now: SystemTime,
    ) -> Result<(String, Age), Error> {
        let slot = self.slot(account.fingerprint);
        let mut slot = slot.lock().await;
        // A clock that was set back says nothing about a token's age.
        if let Some(token) = slot.as_ref().filter(|token| (token.from..token.until).contains(&now)) {
            return Ok((token.text.clone(), Age::Used));
        }
        let token = fetch(client, account, now).await?;
        *slot = Some(token.clone());
        Ok((token.text, Age::Fresh))
    }

    /// Forgets a token that the service does not take.
    pub(crate) async fn forget(&self, account: &ServiceAccount, text: &str) {
        let slot = self.slot(account.fingerprint);
        let mut slot = slot.lock().await;
        if slot.as_ref().is_some_and(|token| token.text == text) {
            *slot = None;
        }
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

async fn fetch(client: &Client, account: &ServiceAccount, now: SystemTime) -> Result<AccessToken, Error> {
    let url = &client.endpoints.google_token;
    let claims = json!({
        "iss": account.client_email,
        "scope": SCOPE,
        "aud": url,
        "iat": unix(now),
        "exp": unix(now) + HOUR.as_secs(),
    });
    let assertion = account.key.sign(&account.private_key_id, &claims)?;
    let form = [("grant_type", GRANT), ("assertion", &assertion)];
    let answer = client.transport.post(SERVICE, Version::Any, url, |request| request.form(&form)).await?;
    if !answer.status.is_success() {
        let refused = serde_json::from_slice::<Refused>(&answer.body).ok();
        let name = refused.as_ref().and_then(|refused| error::name(&refused.error));
        return Err(error::of_status(SERVICE, &answer, name));
    }
    let granted: Granted = serde_json::from_slice(&answer.body)
        .map_err(|_| Error::retryable(format!("the answer of {SERVICE} is not an access token")))?;
    let lives = Duration::from_secs(granted.expires_in).min(HOUR).saturating_sub(MARGIN);
    Ok(AccessToken { text: granted.access_token, from: now, until: now + lives })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_cannot_lead_elsewhere() {
        for good in ["shop-1234", "example.com:shop-1"] {
            assert!(is_project(good), "{good}");
        }
        for bad in ["", "..", "a/b/c", "../../x", "Shop-1", "shop?x", "shop%2f", "1234", "shöp"] {
            assert!(!is_project(bad), "{bad}");
        }
    }

    #[test]
    fn a_file_that_is_none_is_refused_without_being_quoted() {
        for file in ["", "{}", "[]", r#"{"type":"authorized_user"}"#] {
            assert!(ServiceAccount::parse(file).is_err(), "{file}");
        }
        let file = json!({"type": "service_account", "project_id": "shop-1", "private_key_id": "k", "client_email": "a@b",
            "private_key": "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"});
        let refusal = ServiceAccount::parse(&file.to_string()).expect_err("that is no key");
        assert!(refusal.to_string().contains("private_key") && !refusal.to_string().contains("c2VjcmV0"));
        assert!(ServiceAccount::parse(&" ".repeat(LONGEST_FILE + 1)).is_err());
    }
}
