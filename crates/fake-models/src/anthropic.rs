//! Anthropic's Messages API. Texts of errors are close to the provider's; their types are exact.

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use crate::dialect::{Asked, Delivery, Dialect, Refused, Said, Stopped, words};
use crate::exchange::text_of;
use crate::{Provider, State};

pub(crate) struct Anthropic;

const VERSIONS: [&str; 3] = ["2023-01-01", "2023-06-01", UNSAMPLED];

/// The version since which the sampling parameters are refused.
const UNSAMPLED: &str = "2026-10-21";
const SAMPLING: [&str; 3] = ["temperature", "top_k", "top_p"];

const FIELDS: [&str; 20] = [
    "cache_control",
    "container",
    "diagnostics",
    "inference_geo",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

impl Dialect for Anthropic {
    const PROVIDER: Provider = Provider::Anthropic;
    const REQUEST_ID_HEADER: &'static str = "request-id";
    const OVERLOADED: u16 = 529;

    /// The key comes as `x-api-key` or, from the provider's newer clients, as a bearer token.
    fn check_headers(state: &State, headers: &HeaderMap) -> Result<(), Refused> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match header("authorization").strip_prefix("Bearer ").unwrap_or(header("x-api-key")) {
            "" => return Err(Refused::new(StatusCode::UNAUTHORIZED, "x-api-key header is required")),
            key if !state.is_right_key(key) => return Err(Self::wrong_key()),
            _ => {}
        }
        match header("anthropic-version") {
            "" => Err(Refused::bad("anthropic-version: header is required")),
            version if !VERSIONS.contains(&version) => {
                Err(Refused::bad(format!("anthropic-version: \"{version}\" is not a valid version")))
            }
            _ => Ok(()),
        }
    }

    fn read(headers: &HeaderMap, body: &Map<String, Value>) -> Result<Asked, Refused> {
        let sampling = SAMPLING.iter().find(|name| body.contains_key(**name));
        if let Some(name) = sampling.filter(|_| headers["anthropic-version"] == UNSAMPLED) {
            return Err(Refused::bad(format!("{name}: Extra inputs are not permitted")));
        }
        if let Some(unknown) = body.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(Refused::bad(format!("{unknown}: Extra inputs are not permitted")));
        }
        let field =
            |name: &str| body.get(name).ok_or_else(|| Refused::bad(format!("{name}: Field required")));
        let model =
            field("model")?.as_str().ok_or_else(|| Refused::bad("model: Input should be a valid string"))?;
        if model.is_empty() {
            return Err(Refused::bad("model: String should have at least 1 character"));
        }
        let max_tokens = field("max_tokens")?
            .as_u64()
            .ok_or_else(|| Refused::bad("max_tokens: Input should be a valid integer"))?;
        let stream = match body.get("stream") {
            None => false,
            Some(stream) => {
                stream.as_bool().ok_or_else(|| Refused::bad("stream: Input should be a valid boolean"))?
            }
        };
        let system = match body.get("system") {
            None => None,
            Some(system) => Some(
                text_of(system)
                    .ok_or_else(|| Refused::bad("system: Input should be a valid string or list"))?,
            ),
        };
        let messages = field("messages")?
            .as_array()
            .ok_or_else(|| Refused::bad("messages: Input should be a valid list"))?;
        let turns = turns(messages)?;
        let last_user_text = turns
            .iter()
            .rev()
            .find(|(role, _)| *role == "user")
            .map(|(_, text)| text.clone())
            .unwrap_or_default();
        Ok(Asked {
            model: model.to_owned(),
            texts: system.into_iter().chain(turns.into_iter().map(|(_, text)| text)).collect(),
            last_user_text,
            max_tokens,
            delivery: if stream { Delivery::Stream } else { Delivery::Whole },
        })
    }

    fn models(state: &State, headers: &HeaderMap) -> Result<Value, Refused> {
        Self::check_headers(state, headers)?;
        let model = |id: &str, name: &str| json!({"type": "model", "id": id, "display_name": name, "created_at": "2026-02-17T00:00:00Z"});
        Ok(json!({
            "data": [model("claude-sonnet-4-6", "Claude Sonnet 4.6"), model("claude-haiku-4-5", "Claude Haiku 4.5")],
            "has_more": false,
            "first_id": "claude-sonnet-4-6",
            "last_id": "claude-haiku-4-5",
        }))
    }

    fn completion(said: &Said) -> Value {
        let blocks =
            if said.text.is_empty() { json!([]) } else { json!([{"type": "text", "text": said.text}]) };
        message(said, blocks, json!(stop_reason(said)), said.usage.output_tokens)
    }

    fn events(said: &Said) -> Vec<String> {
        let mut events =
            vec![json!({"type": "message_start", "message": message(said, json!([]), Value::Null, 1)})];
        if !said.text.is_empty() {
            let block = json!({"type": "text", "text": ""});
            events.push(json!({"type": "content_block_start", "index": 0, "content_block": block}));
            events.push(json!({"type": "ping"}));
            events.extend(words(&said.text).map(|word| {
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}})
            }));
            events.push(json!({"type": "content_block_stop", "index": 0}));
        }
        events.push(json!({
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason(said), "stop_sequence": null},
            "usage": usage(said, said.usage.output_tokens),
        }));
        events.push(json!({"type": "message_stop"}));
        events
            .into_iter()
            .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()))
            .collect()
    }

    fn error(refused: &Refused, request_id: &str) -> Value {
        let kind = match refused.status.as_u16() {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            409 => "conflict_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            504 => "timeout_error",
            529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        json!({
            "type": "error",
            "error": {"type": kind, "message": refused.message},
            "request_id": request_id,
        })
    }

    fn wrong_key() -> Refused {
        Refused::new(StatusCode::UNAUTHORIZED, "invalid x-api-key")
    }
}

/// Stricter than the provider in one thing: it would join neighbours of the same role, and whoever asks it
/// had better know that he sent them.
fn turns(messages: &[Value]) -> Result<Vec<(&str, String)>, Refused> {
    let mut turns: Vec<(&str, String)> = Vec::new();
    for (i, message) in messages.iter().enumerate() {
        let role = match message["role"].as_str() {
            Some(role @ ("user" | "assistant")) => role,
            Some(role) => return Err(Refused::bad(format!("messages: Unexpected role \"{role}\""))),
            None => return Err(Refused::bad(format!("messages.{i}.role: Field required"))),
        };
        let text = match message.get("content") {
            None => return Err(Refused::bad(format!("messages.{i}.content: Field required"))),
            Some(content) => text_of(content)
                .ok_or_else(|| Refused::bad(format!("messages.{i}.content: Input should be text")))?,
        };
        if text.trim().is_empty() {
            return Err(Refused::bad("messages: text content blocks must be non-empty"));
        }
        if turns.last().is_some_and(|(last, _)| *last == role) {
            return Err(Refused::bad(format!(
                "messages: roles must alternate between \"user\" and \"assistant\", \
                 but found multiple \"{role}\" roles in a row"
            )));
        }
        turns.push((role, text));
    }
    match (turns.first(), turns.last()) {
        (Some(("user", _)), Some(("user", _))) => Ok(turns),
        (Some(("user", _)), _) => {
            Err(Refused::bad("Prefilling assistant messages is not supported for this model."))
        }
        (Some(_), _) => Err(Refused::bad("messages: first message must use the \"user\" role")),
        (None, _) => Err(Refused::bad("messages: at least one message is required")),
    }
}

fn message(said: &Said, content: Value, stop_reason: Value, output_tokens: u64) -> Value {
    json!({
        "id": format!("msg_{}", said.id),
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": usage(said, output_tokens),
    })
}

fn stop_reason(said: &Said) -> &'static str {
    match said.stop {
        Stopped::EndTurn => "end_turn",
        Stopped::MaxTokens => "max_tokens",
        Stopped::Refusal => "refusal",
    }
}

/// The three kinds of input tokens are disjoint.
fn usage(said: &Said, output_tokens: u64) -> Value {
    let fresh = said.usage.input_tokens - said.cached.created - said.cached.read;
    json!({
        "input_tokens": fresh,
        "cache_creation_input_tokens": said.cached.created,
        "cache_read_input_tokens": said.cached.read,
        "cache_creation": {"ephemeral_5m_input_tokens": said.cached.created, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output_tokens,
        "service_tier": "standard",
    })
}
