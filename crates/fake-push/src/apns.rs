//! Apple's half: one environment of APNs, over HTTP/2 and nothing else.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State as Shared},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use uuid::Uuid;

use crate::{Reply, Request, Service, State, google::failure};

/// What APNs takes as one notification.
const LARGEST: usize = 4096;

#[derive(Clone)]
struct Environment {
    state: Arc<State>,
    service: Service,
}

pub(crate) async fn run(listener: TcpListener, state: Arc<State>, service: Service) {
    let router = Router::new()
        .route("/3/device/{token}", post(notify))
        .fallback(|| async { refuse(404, "BadPath") })
        .method_not_allowed_fallback(|| async { refuse(405, "MethodNotAllowed") })
        .with_state(Environment { state, service });
    // Dropped with this future, and the connections with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let service = TowerToHyperService::new(router.clone());
                connections.spawn(async move {
                    // A client that goes away, or speaks HTTP/1, is no concern of a fake.
                    let _ = http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn notify(
    Shared(Environment { state, service }): Shared<Environment>,
    Path(device): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let checked = provider(&state, &headers);
    let claims = checked.clone().unwrap_or_default();
    let answer = match checked.and_then(|_| accept(&state, &device, &headers, &bytes, &body)) {
        Err((status, reason)) => refuse(status, reason),
        Ok(()) => {
            let step = state.next_step(service);
            step.wait().await;
            match step.reply {
                Reply::Take => ().into_response(),
                Reply::Unregistered => refuse(410, "Unregistered"),
                Reply::ExpiredToken => refuse(403, "ExpiredProviderToken"),
                Reply::Refuse(status, reason) => refuse(status, reason),
                other => failure(&other, |status| match status {
                    429 => refuse(429, "TooManyRequests"),
                    503 => refuse(503, "ServiceUnavailable"),
                    status => refuse(status, "InternalServerError"),
                }),
            }
        }
    };
    let status = answer.status().as_u16();
    state.record(Request { service, headers, device, claims, body, status });
    answer
}

type Refused = (u16, &'static str);

/// The claims of the provider token, if it is one of the key's.
fn provider(state: &State, headers: &HeaderMap) -> Result<Value, Refused> {
    const INVALID: Refused = (403, "InvalidProviderToken");
    let header = text(headers, "authorization")?.ok_or((403, "MissingProviderToken"))?;
    let (scheme, token) = header.split_once(' ').ok_or(INVALID)?;
    let shape = jsonwebtoken::decode_header(token).map_err(|_| INVALID)?;
    if !scheme.eq_ignore_ascii_case("bearer") || shape.kid.as_deref() != Some(state.apns.key_id) {
        return Err(INVALID);
    }
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[state.apns.team_id]);
    validation.set_required_spec_claims(&["iss"]);
    validation.validate_exp = false;
    let key = DecodingKey::from_ec_der(&state.apns.public_key);
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).map_err(|_| INVALID)?.claims;
    claims["iat"].as_u64().ok_or(INVALID)?;
    if state.changes_too_often(token) {
        return Err((429, "TooManyProviderTokenUpdates"));
    }
    Ok(claims)
}

fn accept(
    state: &State,
    device: &str,
    headers: &HeaderMap,
    bytes: &[u8],
    body: &Value,
) -> Result<(), Refused> {
    if !(64..=200).contains(&device.len()) || !device.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err((400, "BadDeviceToken"));
    }
    match text(headers, "apns-topic")? {
        None => return Err((400, "MissingTopic")),
        Some(topic) if topic != state.apns.bundle_id => return Err((400, "DeviceTokenNotForTopic")),
        Some(_) => {}
    }
    if text(headers, "apns-push-type")? != Some("alert") {
        return Err((400, "InvalidPushType"));
    }
    if !matches!(text(headers, "apns-priority")?, None | Some("10" | "5" | "1")) {
        return Err((400, "BadPriority"));
    }
    if text(headers, "apns-expiration")?.is_some_and(|seconds| seconds.parse::<u64>().is_err()) {
        return Err((400, "BadExpirationDate"));
    }
    if text(headers, "apns-collapse-id")?.is_some_and(|id| id.is_empty() || id.len() > 64) {
        return Err((400, "BadCollapseId"));
    }
    if bytes.is_empty() || !body["aps"].is_object() {
        return Err((400, "PayloadEmpty"));
    }
    if bytes.len() > LARGEST {
        return Err((413, "PayloadTooLarge"));
    }
    if !state.is_registered(device) {
        return Err((410, "Unregistered"));
    }
    Ok(())
}

/// A header that may be there once.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refused> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err((400, "DuplicateHeaders"));
    }
    Ok(value.and_then(|value| value.to_str().ok()))
}

fn refuse(status: u16, reason: &str) -> Response {
    let mut body = json!({ "reason": reason });
    if status == 410 {
        body["timestamp"] = json!(1_781_258_700_000_u64);
    }
    let status = StatusCode::from_u16(status).expect("a script names a status of HTTP");
    let mut response = (status, Json(body)).into_response();
    let id = HeaderValue::from_str(&Uuid::nil().to_string()).expect("an id is a header's text");
    response.headers_mut().insert("apns-id", id);
    response
}
