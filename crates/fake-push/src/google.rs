//! Google's half: the token endpoint, and FCM's HTTP v1.

use std::sync::Arc;

use axum::{
    Form, Json, Router,
    extract::{Path, State as Shared, rejection::FormRejection},
    response::{Html, IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{Reply, Request, Service, State, files::GoogleFile};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const FCM_ERROR: &str = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
/// What FCM takes as one notification.
const LARGEST: usize = 4096;

pub(crate) async fn run(listener: TcpListener, state: Arc<State>) {
    let router = Router::new()
        .route("/token", post(token))
        .route("/v1/projects/{project}/{call}", post(send))
        .with_state(state);
    axum::serve(listener, router).await.expect("the loopback device works");
}

#[derive(Deserialize)]
struct Grant {
    grant_type: String,
    assertion: String,
}

async fn token(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    grant: Result<Form<Grant>, FormRejection>,
) -> Response {
    let checked = grant.map_err(|_| "invalid_request").and_then(|Form(grant)| check(&state, &grant));
    let claims = checked.clone().unwrap_or_default();
    let answer = match checked {
        Err(name) => refused(400, name),
        Ok(_) => {
            let step = state.next_step(Service::Tokens);
            step.wait().await;
            match step.reply {
                Reply::Take => {
                    let (token, expires_in) = state.issue();
                    let granted =
                        json!({ "access_token": token, "expires_in": expires_in, "token_type": "Bearer" });
                    Json(granted).into_response()
                }
                Reply::Refuse(status, name) => refused(status, name),
                other => failure(&other, |status| refused(status, "temporarily_unavailable")),
            }
        }
    };
    let request = Request {
        service: Service::Tokens,
        headers,
        device: String::new(),
        claims,
        body: Value::Null,
        status: answer.status().as_u16(),
    };
    state.record(request);
    answer
}

fn refused(status: u16, name: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a script names a status of HTTP");
    (status, Json(json!({ "error": name, "error_description": "The fake says so." }))).into_response()
}

/// The assertion's claims, if it is one of the service account's.
fn check(state: &State, grant: &Grant) -> Result<Value, &'static str> {
    if grant.grant_type != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        return Err("unsupported_grant_type");
    }
    let header = jsonwebtoken::decode_header(&grant.assertion).map_err(|_| "invalid_grant")?;
    if header.typ.as_deref() != Some("JWT") || header.kid.as_deref() != Some(GoogleFile::KEY_ID) {
        return Err("invalid_grant");
    }
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[&state.token_url]);
    validation.set_issuer(&[GoogleFile::EMAIL]);
    // The caller's clock is the test's.
    validation.validate_exp = false;
    let key = DecodingKey::from_rsa_der(&state.google.public_key);
    let claims = jsonwebtoken::decode::<Value>(&grant.assertion, &key, &validation);
    let claims = claims.map_err(|_| "invalid_grant")?.claims;
    let time = |name: &str| claims[name].as_u64().ok_or("invalid_grant");
    let lives = time("exp")?.checked_sub(time("iat")?).ok_or("invalid_grant")?;
    if lives == 0 || lives > 3600 {
        return Err("invalid_grant");
    }
    if claims["scope"] != SCOPE {
        return Err("invalid_scope");
    }
    Ok(claims)
}

async fn send(
    Shared(state): Shared<Arc<State>>,
    Path((project, call)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let device = json["message"]["token"].as_str().unwrap_or_default().to_owned();
    let answer = match accept(&state, &project, &call, &headers, &json, &device) {
        Err(refusal) => refusal,
        Ok(()) => {
            let step = state.next_step(Service::Fcm);
            step.wait().await;
            match step.reply {
                Reply::Take => {
                    let name = format!("projects/{project}/messages/0:{}", json.to_string().len());
                    Json(json!({ "name": name })).into_response()
                }
                Reply::Unregistered => unregistered(),
                Reply::ExpiredToken => unauthenticated(),
                Reply::TooMany(None) => error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", "QUOTA_EXCEEDED"),
                Reply::Refuse(status, code) => error(status, "PERMISSION_DENIED", "The fake says so.", code),
                other => failure(&other, |status| {
                    error(status, "UNAVAILABLE", "The service is currently unavailable.", "UNAVAILABLE")
                }),
            }
        }
    };
    let status = answer.status().as_u16();
    state.record(Request { service: Service::Fcm, headers, device, claims: Value::Null, body: json, status });
    answer
}

#[expect(clippy::result_large_err, reason = "a fake has time")]
fn accept(
    state: &State,
    project: &str,
    call: &str,
    headers: &HeaderMap,
    json: &Value,
    device: &str,
) -> Result<(), Response> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !text(header::AUTHORIZATION).strip_prefix("Bearer ").is_some_and(|token| state.is_issued(token)) {
        return Err(unauthenticated());
    }
    if project != GoogleFile::PROJECT || call != "messages:send" {
        return Err(error(
            403,
            "PERMISSION_DENIED",
            "Permission denied on resource project.",
            "SENDER_ID_MISMATCH",
        ));
    }
    if !text(header::CONTENT_TYPE).starts_with("application/json") {
        return Err(invalid("message", "Request must be JSON."));
    }
    if let Some((field, problem)) = fault(json) {
        return Err(invalid(&field, &problem));
    }
    if json.to_string().len() - device.len() > LARGEST {
        return Err(invalid("message", "Message is too big."));
    }
    if !state.is_registered(device) {
        return Err(unregistered());
    }
    Ok(())
}

/// What is wrong with a message, and where.
fn fault(json: &Value) -> Option<(String, String)> {
    let fault = |field: &str, problem: &str| Some((field.to_owned(), problem.to_owned()));
    let unknown = |value: &Value, known: &[&str]| {
        let keys = value.as_object().into_iter().flatten().map(|(key, _)| key.clone());
        keys.into_iter().find(|key| !known.contains(&key.as_str()))
    };
    if let Some(key) = unknown(json, &["message", "validate_only"]) {
        return fault(&key, "Cannot find field.");
    }
    let message = &json["message"];
    if !message.is_object() {
        return fault("message", "Message is required.");
    }
    for (path, known) in [
        ("", &["token", "notification", "data", "android", "apns"][..]),
        ("/notification", &["title", "body", "image"]),
        ("/android", &["collapse_key", "priority", "ttl", "notification", "data"]),
        ("/android/notification", &["tag", "sound", "notification_count", "title", "body"]),
        ("/apns", &["headers", "payload"]),
    ] {
        let part = message.pointer(path).unwrap_or(&Value::Null);
        if let Some(key) = unknown(part, known) {
            return fault(&format!("message{}.{key}", path.replace('/', ".")), "Cannot find field.");
        }
    }
    if message["token"].as_str().is_none_or(str::is_empty) {
        return fault("message.token", "Invalid registration token.");
    }
    for part in ["/data", "/apns/headers"] {
        for (key, value) in message.pointer(part).and_then(Value::as_object).into_iter().flatten() {
            let reserved = ["from", "notification", "message_type"].contains(&key.as_str())
                || key.starts_with("google.")
                || key.starts_with("gcm.");
            if !value.is_string() || reserved {
                return fault(&format!("message{}[0].value", part.replace('/', ".")), "Invalid value.");
            }
        }
    }
    let android = &message["android"];
    let seconds = android["ttl"].as_str().and_then(|ttl| ttl.strip_suffix('s')?.parse::<u64>().ok());
    if !android["ttl"].is_null() && seconds.is_none_or(|seconds| seconds > 28 * 24 * 3600) {
        return fault("message.android.ttl", "Illegal duration format.");
    }
    if !["NORMAL", "HIGH"].map(Value::from).contains(&android["priority"]) {
        return fault("message.android.priority", "Invalid value at 'message.android.priority'.");
    }
    None
}

fn invalid(field: &str, problem: &str) -> Response {
    let details = json!([
        { "@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT" },
        { "@type": BAD_REQUEST, "fieldViolations": [{ "field": field, "description": problem }] },
    ]);
    answer(400, "INVALID_ARGUMENT", problem, &details)
}

fn unregistered() -> Response {
    error(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED")
}

fn unauthenticated() -> Response {
    let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
                   authentication credential.";
    answer(401, "UNAUTHENTICATED", message, &json!([]))
}

fn error(status: u16, name: &str, message: &str, code: &str) -> Response {
    answer(status, name, message, &json!([{ "@type": FCM_ERROR, "errorCode": code }]))
}

fn answer(status: u16, name: &str, message: &str, details: &Value) -> Response {
    let body = json!({ "error": { "code": status, "message": message, "status": name, "details": details } });
    let status = StatusCode::from_u16(status).expect("a script names a status of HTTP");
    (status, Json(body)).into_response()
}

/// The failures that are the same wherever they happen.
pub(crate) fn failure(reply: &Reply, of_status: impl Fn(u16) -> Response) -> Response {
    match reply {
        Reply::TooMany(wait) => {
            let mut response = of_status(429);
            if let Some(wait) = wait {
                response.headers_mut().insert(header::RETRY_AFTER, (*wait).into());
            }
            response
        }
        Reply::Fail(status) => of_status(*status),
        Reply::Html(status) => {
            let status = StatusCode::from_u16(*status).expect("a script names a status of HTTP");
            (status, Html("<html><h1>Something in between</h1></html>")).into_response()
        }
        Reply::Flood => "x".repeat(1024 * 1024).into_response(),
        other => unreachable!("{other:?} does not happen here"),
    }
}
