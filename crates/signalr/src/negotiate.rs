//! Negotiation: what the server offers, and the secret that names the connection from now on.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header::CONTENT_TYPE};
use serde::Serialize;
use socket_kit::{Token, query};

use crate::{
    ConnectionId, Transport,
    hub::Core,
    refusal::Refusal,
    registry::{Negotiated, TooMany},
};

/// The highest version there is.
const NEWEST: i64 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Offer<'a> {
    negotiate_version: i64,
    connection_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_token: Option<&'a str>,
    available_transports: Vec<Offered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_stateful_reconnect: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Offered {
    transport: &'static str,
    transfer_formats: &'static [&'static str],
}

#[derive(Serialize)]
struct Failure {
    error: String,
}

/// Answers `POST P/negotiate`.
pub(crate) fn negotiate(core: &Core, query: Option<&str>) -> Result<Response, Refusal> {
    if core.is_closed() {
        return Err(Refusal::Unavailable);
    }
    let version = match version(core, query) {
        Ok(version) => version,
        Err(error) => return Ok(json(&Failure { error })),
    };
    let id = ConnectionId::random();
    let token = if version == 0 { Token::from(id) } else { Token::random() };
    let resumable = core.options.stateful_reconnect
        && query::find_in_any_case(query, "useStatefulReconnect")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let negotiated = Negotiated { id, since: core.now(), resumable, lane: None };
    core.registry
        .negotiate(token, negotiated, core.options.max_negotiated)
        .map_err(|TooMany| Refusal::Unavailable)?;
    Ok(json(&Offer {
        negotiate_version: version,
        connection_id: &id,
        connection_token: (version > 0).then(|| token.reveal()),
        available_transports: Transport::ALL
            .into_iter()
            .filter(|transport| core.options.transports.contains(transport))
            .map(|transport| Offered { transport: transport.name(), transfer_formats: formats(transport) })
            .collect(),
        use_stateful_reconnect: resumable.then_some(true),
    }))
}

/// The version to speak, or what is wrong with the one asked for.
fn version(core: &Core, query: Option<&str>) -> Result<i64, String> {
    let asked: i64 = match query::find_in_any_case(query, "negotiateVersion") {
        None => 0,
        Some(text) => text
            .trim()
            .parse::<i32>()
            .map_err(|_| "The client requested a non-integer protocol version.".to_owned())?
            .into(),
    };
    if asked < i64::from(core.options.minimum_negotiate_version) {
        return Err(format!(
            "The client requested version '{asked}', but the server does not support this version."
        ));
    }
    Ok(asked.min(NEWEST))
}

fn formats(transport: Transport) -> &'static [&'static str] {
    match transport {
        Transport::ServerSentEvents => &["Text"],
        Transport::WebSockets | Transport::LongPolling => &["Text", "Binary"],
    }
}

fn json<T: Serialize>(answer: &T) -> Response {
    match serde_json::to_vec(answer) {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
