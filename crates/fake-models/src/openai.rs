//! OpenAI's chat completions. Texts of errors are close to the provider's; their types and codes are exact.

use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::dialect::{Asked, Delivery, Dialect, Refused, Said, Stopped, words};
use crate::exchange::text_of;
use crate::{Provider, State};

pub(crate) struct OpenAi;

/// All answers are of one moment, so that they can be compared.
const CREATED: u64 = 1_781_258_700;

const FIELDS: [&str; 35] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

impl Dialect for OpenAi {
    const PROVIDER: Provider = Provider::OpenAi;
    const REQUEST_ID_HEADER: &'static str = "x-request-id";
    const OVERLOADED: u16 = 503;

    fn check_headers(state: &State, headers: &HeaderMap) -> Result<(), Refused> {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match authorization.and_then(|value| value.strip_prefix("Bearer ")) {
            None | Some("") => Err(Refused::new(StatusCode::UNAUTHORIZED, "You didn't provide an API key.")),
            Some(key) if !state.is_right_key(key) => Err(Self::wrong_key()),
            Some(_) => Ok(()),
        }
    }

    fn read(_headers: &HeaderMap, body: &Map<String, Value>) -> Result<Asked, Refused> {
        if let Some(unknown) = body.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(Refused::bad(format!("Unknown parameter: '{unknown}'.")).code("unknown_parameter"));
        }
        let model = body
            .get("model")
            .and_then(Value::as_str)
            .filter(|model| !model.is_empty())
            .ok_or_else(|| Refused::bad("you must provide a model parameter"))?;
        let turns = turns(body.get("messages"))?;
        let last_user_text = turns
            .iter()
            .rev()
            .find(|(role, _)| *role == "user")
            .map(|(_, text)| text.clone())
            .unwrap_or_default();
        Ok(Asked {
            model: model.to_owned(),
            texts: turns.into_iter().map(|(_, text)| text).collect(),
            last_user_text,
            max_tokens: max_tokens(model, body)?,
            delivery: delivery(body)?,
        })
    }

    fn models(state: &State, headers: &HeaderMap) -> Result<Value, Refused> {
        Self::check_headers(state, headers)?;
        let model = |id| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "system"});
        Ok(json!({"object": "list", "data": [model("gpt-4o-mini"), model("gpt-5-mini")]}))
    }

    fn completion(said: &Said) -> Value {
        let message = json!({"role": "assistant", "content": said.text, "refusal": null, "annotations": []});
        let choice =
            json!({"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason(said)});
        envelope(said, "chat.completion", json!([choice]), usage(said))
    }

    fn events(said: &Said) -> Vec<String> {
        let chunk = |choices, usage| envelope(said, "chat.completion.chunk", choices, usage);
        let delta = |delta: Value, finish_reason: Value| {
            let choice =
                json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason});
            chunk(json!([choice]), Value::Null)
        };
        let first = delta(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null);
        let spoken = words(&said.text).map(|word| delta(json!({"content": word}), Value::Null));
        let last = delta(json!({}), json!(finish_reason(said)));
        let counted = (said.delivery == Delivery::StreamWithUsage).then(|| chunk(json!([]), usage(said)));
        std::iter::once(first)
            .chain(spoken)
            .chain([last])
            .chain(counted)
            .map(|chunk| format!("data: {chunk}\n\n"))
            .chain(["data: [DONE]\n\n".to_owned()])
            .collect()
    }

    fn error(refused: &Refused, _request_id: &str) -> Value {
        let (kind, code) = match refused.status.as_u16() {
            429 => ("requests", Some("rate_limit_exceeded")),
            500.. => ("server_error", None),
            _ => ("invalid_request_error", None),
        };
        json!({"error": {
            "message": refused.message,
            "type": kind,
            "param": refused.param,
            "code": refused.code.or(code),
        }})
    }

    fn wrong_key() -> Refused {
        Refused::new(StatusCode::UNAUTHORIZED, "Incorrect API key provided.").code("invalid_api_key")
    }
}

fn turns(messages: Option<&Value>) -> Result<Vec<(&str, String)>, Refused> {
    let messages = messages.ok_or_else(|| {
        Refused::bad("Missing required parameter: 'messages'.")
            .param("messages")
            .code("missing_required_parameter")
    })?;
    let invalid = |message: &str, code| Refused::bad(message).param("messages").code(code);
    let messages = messages.as_array().ok_or_else(|| {
        invalid("Invalid type for 'messages': expected an array of objects.", "invalid_type")
    })?;
    if messages.is_empty() {
        return Err(invalid("Invalid 'messages': empty array. Expected at least 1 message.", "empty_array"));
    }
    messages
        .iter()
        .map(|message| {
            let role = message["role"]
                .as_str()
                .filter(|role| matches!(*role, "system" | "developer" | "user" | "assistant"))
                .ok_or_else(|| invalid("Invalid value for a message's 'role'.", "invalid_value"))?;
            let text = text_of(&message["content"])
                .ok_or_else(|| invalid("Invalid type for a message's 'content'.", "invalid_type"))?;
            Ok((role, text))
        })
        .collect()
}

/// The reasoning models know only the newer name, and nobody may give both.
fn max_tokens(model: &str, body: &Map<String, Value>) -> Result<u64, Refused> {
    let limit = |name: &'static str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(limit) if limit > 0 => Ok(Some(limit)),
            _ => Err(Refused::bad(format!("Invalid type for '{name}': expected a positive integer."))
                .param(name)
                .code("invalid_type")),
        },
    };
    let reasons = ["o1", "o3", "o4", "gpt-5"].iter().any(|family| model.starts_with(family));
    match (limit("max_tokens")?, limit("max_completion_tokens")?) {
        (Some(_), _) if reasons => Err(Refused::bad(
            "Unsupported parameter: 'max_tokens' is not supported with this model. \
             Use 'max_completion_tokens' instead.",
        )
        .param("max_tokens")
        .code("unsupported_parameter")),
        (Some(_), Some(_)) => Err(Refused::bad(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
        )
        .param("max_tokens")
        .code("invalid_parameter_combination")),
        (old, new) => Ok(new.or(old).unwrap_or(u64::MAX / 4)),
    }
}

fn delivery(body: &Map<String, Value>) -> Result<Delivery, Refused> {
    let stream = match body.get("stream") {
        None | Some(Value::Null) => false,
        Some(stream) => stream.as_bool().ok_or_else(|| {
            Refused::bad("Invalid type for 'stream': expected a boolean.")
                .param("stream")
                .code("invalid_type")
        })?,
    };
    match body.get("stream_options") {
        None | Some(Value::Null) => Ok(if stream { Delivery::Stream } else { Delivery::Whole }),
        Some(_) if !stream => {
            Err(Refused::bad("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
                .param("stream_options"))
        }
        Some(options) if options["include_usage"] == true => Ok(Delivery::StreamWithUsage),
        Some(_) => Ok(Delivery::Stream),
    }
}

fn envelope(said: &Said, object: &str, choices: Value, usage: Value) -> Value {
    let mut envelope = json!({
        "id": format!("chatcmpl-{}", said.id),
        "object": object,
        "created": CREATED,
        "model": said.model,
        "service_tier": "default",
        "system_fingerprint": "fp_fake",
        "choices": choices,
    });
    // A stream that was not asked to count has no such member.
    if said.delivery != Delivery::Stream {
        envelope["usage"] = usage;
    }
    envelope
}

fn finish_reason(said: &Said) -> &'static str {
    match said.stop {
        Stopped::EndTurn => "stop",
        Stopped::MaxTokens => "length",
        Stopped::Refusal => "content_filter",
    }
}

fn usage(said: &Said) -> Value {
    let (read, written) = (said.usage.input_tokens, said.usage.output_tokens);
    json!({
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": said.cached.read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}
