//! Firebase Cloud Messaging, HTTP v1: `POST /v1/projects/{project}/messages:send`.

use std::time::{Duration, SystemTime};

use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Client, DeviceToken, Error, LARGEST_PAYLOAD, Notification, ServiceAccount, error,
    google::Age,
    text,
    transport::{self, Answer, Version},
    unix,
};

const SERVICE: &str = "FCM";
/// What FCM asks to wait where it refuses for its quota and names no time.
const QUOTA_PAUSE: Duration = Duration::from_secs(60);

pub(crate) async fn send(
    client: &Client,
    account: &ServiceAccount,
    device: &DeviceToken,
    notification: &Notification,
    now: SystemTime,
) -> Result<(), Error> {
    let (token, age) = client.access_tokens.get(client, account, now).await?;
    let base = client.endpoints.fcm.trim_end_matches('/');
    let url = format!("{base}/v1/projects/{}/messages:send", account.project_id);
    let authorization = transport::bearer(&token)?;
    let body = message(device, notification, now);
    let answer = client
        .transport
        .post(SERVICE, Version::Any, &url, |request| {
            request.header(header::AUTHORIZATION, authorization).json(&body)
        })
        .await?;
    if answer.status.is_success() {
        return Ok(());
    }
    let refusal = Refusal::read(&answer);
    if answer.status == StatusCode::UNAUTHORIZED && !refusal.is("THIRD_PARTY_AUTH_ERROR") {
        client.access_tokens.forget(account, &token).await;
        if age == Age::Used {
            return Err(Error::retryable("FCM no longer takes the access token; a new one will be fetched"));
        }
    }
    Err(refusal.meaning(&answer))
}

fn message(device: &DeviceToken, notification: &Notification, now: SystemTime) -> Value {
    let Notification { title, body, unread, collapse, data, lives } = notification;
    let data: Map<String, Value> = data.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    let written = |token: &str, body: &str| {
        json!({ "message": {
            "token": token,
            "notification": { "title": text::cut(title, 200), "body": body },
            "data": data,
            "android": {
                "collapse_key": collapse,
                "priority": "HIGH",
                "ttl": format!("{}s", lives.as_secs()),
                "notification": { "tag": collapse, "sound": "default", "notification_count": unread },
            },
            // A registration token may be an iPhone's, too.
            "apns": {
                "headers": {
                    "apns-collapse-id": collapse,
                    "apns-priority": "10",
                    "apns-expiration": unix(now + *lives).to_string(),
                },
                "payload": { "aps": { "badge": unread, "sound": "default", "thread-id": collapse } },
            },
        }})
    };
    let around = written("", "").to_string().len();
    written(device.expose(), &text::cut(body, LARGEST_PAYLOAD.saturating_sub(around)))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    status: String,
    message: String,
    details: Vec<Detail>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    error_code: Option<String>,
    field_violations: Vec<Violation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    field: String,
}

impl Refusal {
    fn read(answer: &Answer) -> Refusal {
        #[derive(Deserialize)]
        struct Envelope {
            error: Refusal,
        }
        serde_json::from_slice::<Envelope>(&answer.body).map(|envelope| envelope.error).unwrap_or_default()
    }

    fn is(&self, code: &str) -> bool {
        self.details.iter().any(|detail| detail.error_code.as_deref() == Some(code))
    }

    fn meaning(&self, answer: &Answer) -> Error {
        let code = self.details.iter().find_map(|detail| detail.error_code.as_deref());
        let name = code.and_then(error::name).or_else(|| error::name(&self.status));
        if self.names_no_device(answer.status) {
            return Error::Gone { reason: error::reason(SERVICE, answer.status, name) };
        }
        match error::of_status(SERVICE, answer, name) {
            Error::Retryable { reason, retry_after: None } if self.is("QUOTA_EXCEEDED") => {
                Error::Retryable { reason, retry_after: Some(QUOTA_PAUSE) }
            }
            meaning => meaning,
        }
    }

    /// A token that is not registered (any more), or never was one. A 404 without FCM's own words is some other server's, and
    /// an invalid argument may be any argument: neither costs a device its token.
    fn names_no_device(&self, status: StatusCode) -> bool {
        match status {
            StatusCode::NOT_FOUND => self.is("UNREGISTERED") || self.status == "NOT_FOUND",
            StatusCode::BAD_REQUEST if self.is("INVALID_ARGUMENT") => {
                let mut violations =
                    self.details.iter().flat_map(|detail| &detail.field_violations).peekable();
                match violations.peek() {
                    Some(_) => violations.any(|violation| violation.field == "message.token"),
                    None => self.message.contains("registration token"),
                }
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(body: &str) -> Notification {
        Notification {
            title: "Ada".into(),
            body: body.into(),
            unread: 3,
            collapse: "c-1".into(),
            data: vec![("conversation_id".into(), "c-1".into())],
            lives: Duration::from_secs(60),
        }
    }

    #[test]
    fn a_long_text_is_cut_to_what_fcm_takes() {
        let device = DeviceToken::fcm("token").expect("a token");
        for body in ["x".repeat(10_000), "\n".repeat(10_000), "😀".repeat(5_000), "\u{1}é\"".repeat(3_000)]
        {
            let written = message(&device, &notification(&body), SystemTime::UNIX_EPOCH);
            let size = written.to_string().len() - "token".len();
            assert!((LARGEST_PAYLOAD - 8..=LARGEST_PAYLOAD).contains(&size), "{size}");
        }
    }

    fn meaning(status: u16, body: &str) -> Error {
        let answer = Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: http::HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        };
        Refusal::read(&answer).meaning(&answer)
    }

    #[test]
    fn only_fcm_itself_says_that_a_token_is_gone() {
        let gone = |status, body: &str| matches!(meaning(status, body), Error::Gone { .. });
        assert!(gone(
            404,
            r#"{"error":{"code":404,"status":"NOT_FOUND","details":[{"errorCode":"UNREGISTERED"}]}}"#
        ));
        assert!(gone(404, r#"{"error":{"code":404,"status":"NOT_FOUND"}}"#));
        assert!(!gone(404, "<html>Not Found</html>"));
        assert!(gone(
            400,
            r#"{"error":{"message":"The registration token is not a valid FCM registration token",
                "details":[{"errorCode":"INVALID_ARGUMENT"}]}}"#
        ));
        assert!(gone(
            400,
            r#"{"error":{"details":[{"errorCode":"INVALID_ARGUMENT"},{"fieldViolations":[{"field":"message.token"}]}]}}"#
        ));
        assert!(!gone(
            400,
            r#"{"error":{"details":[{"errorCode":"INVALID_ARGUMENT"},{"fieldViolations":[{"field":"message.android.ttl"}]}]}}"#
        ));
        assert!(!gone(403, r#"{"error":{"details":[{"errorCode":"SENDER_ID_MISMATCH"}]}}"#));
    }

    #[test]
    fn a_reason_names_the_code_and_quotes_nothing() {
        let body = r#"{"error":{"message":"secret words","status":"PERMISSION_DENIED","details":[{"errorCode":"SENDER_ID_MISMATCH"}]}}"#;
        assert_eq!(meaning(403, body).to_string(), "FCM answered 403 SENDER_ID_MISMATCH");
        assert_eq!(meaning(403, "<html>").to_string(), "FCM answered 403");
    }
}
