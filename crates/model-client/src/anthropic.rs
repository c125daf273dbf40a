//! Anthropic's Messages API: `POST /v1/messages`.

use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::transport::{Transport, json_headers, key_header};
use crate::{Completion, Endpoint, Error, Prompt, Role, Stop, Usage, error, turns};

/// Its successor, 2026-10-21, takes away only what is not asked for here (sampling parameters, documents,
/// citations), and gateways and likenesses of the provider know the older one. The same holds for
/// `x-api-key`, beside which the provider itself now takes the key as a bearer token.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// Stands before a conversation that the assistant began, since the first turn has to be the user's. A
/// greeting or question of the assistant is what the next turn answers, so it is not cut off instead.
const SILENT_START: &str = "…";

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    system: &'a str,
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: String,
}

#[derive(Deserialize)]
struct Response {
    model: String,
    content: Vec<Block>,
    stop_reason: Option<String>,
    usage: Tokens,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
    },
    /// Thinking and whatever else is not said to the reader.
    #[serde(other)]
    Unspoken,
}

#[derive(Deserialize)]
struct Tokens {
    input_tokens: u64,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: u64,
}

pub(crate) async fn complete(
    transport: &Transport,
    endpoint: &Endpoint,
    prompt: &Prompt,
) -> Result<Completion, Error> {
    let request = request(prompt)?;
    let url = url(&endpoint.base_url);
    let mut headers = json_headers();
    headers.insert("anthropic-version", VERSION);
    if let Some(key) = key_header("", &endpoint.key)? {
        headers.insert("x-api-key", key);
    }
    let answer = transport.post(&url, headers, &request).await?;
    if !answer.status.is_success() {
        return Err(error::of_status(&answer));
    }
    completion(&answer.body)
}

/// The base URL is given without the version here and with it for OpenAI; people mix the two up.
fn url(base_url: &str) -> String {
    let base = base_url.trim_end_matches('/');
    format!("{}/v1/messages", base.strip_suffix("/v1").unwrap_or(base))
}

fn request(prompt: &Prompt) -> Result<Request<'_>, Error> {
    let turns = turns::merged(&prompt.turns)?;
    let silent_start = (turns[0].role == Role::Assistant).then(|| SILENT_START.to_owned());
    let silent_start = silent_start.map(|content| Message { role: Role::User.name(), content });
    let spoken = turns.into_iter().map(|turn| Message { role: turn.role.name(), content: turn.text });
    Ok(Request {
        model: &prompt.model,
        max_tokens: prompt.max_tokens,
        system: &prompt.system,
        messages: silent_start.into_iter().chain(spoken).collect(),
    })
}

fn completion(body: &[u8]) -> Result<Completion, Error> {
    let response: Response = serde_json::from_slice(body)
        .map_err(|_| Error::retryable("the provider's answer is not of the Messages API's shape"))?;
    let text: String = response
        .content
        .iter()
        .map(|block| match block {
            Block::Text { text } => text.as_str(),
            Block::Unspoken => "",
        })
        .collect();
    let stop = match response.stop_reason.as_deref() {
        Some("end_turn" | "stop_sequence") => Stop::EndTurn,
        Some("max_tokens" | "model_context_window_exceeded") => Stop::MaxTokens,
        Some("refusal") => Stop::Refusal,
        _ => Stop::Other,
    };
    if text.trim().is_empty() {
        return Err(Error::retryable(format!("the model's answer is empty ({stop:?})")));
    }
    let Tokens { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } =
        response.usage;
    let cached = [cache_creation_input_tokens, cache_read_input_tokens].into_iter().flatten();
    let input_tokens = cached.fold(input_tokens, u64::saturating_add);
    Ok(Completion { text, model: response.model, usage: Usage { input_tokens, output_tokens }, stop })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Turn;

    #[test]
    fn a_conversation_that_the_assistant_began_begins_with_the_user() {
        let turns = [(Role::Assistant, "Red or blue?"), (Role::User, "Blue")]
            .map(|(role, text)| Turn { role, text: text.to_owned() });
        let prompt =
            Prompt { model: "m".to_owned(), system: String::new(), turns: turns.to_vec(), max_tokens: 9 };
        let sent = serde_json::to_value(request(&prompt).unwrap()).unwrap();
        assert_eq!(
            sent,
            serde_json::json!({"model": "m", "max_tokens": 9, "messages": [
                {"role": "user", "content": "…"},
                {"role": "assistant", "content": "Red or blue?"},
                {"role": "user", "content": "Blue"},
            ]})
        );
    }

    #[test]
    fn the_base_url_is_understood_with_and_without_the_version() {
        for base in
            ["https://a.example", "https://a.example/", "https://a.example/v1", "https://a.example/v1/"]
        {
            assert_eq!(url(base), "https://a.example/v1/messages");
        }
    }

    #[test]
    fn thinking_is_not_spoken_and_cached_tokens_count() {
        let body = br#"{"id":"msg_1","type":"message","role":"assistant","model":"m-1","stop_sequence":null,
            "content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"Good "},
                       {"type":"text","text":"day"}],
            "stop_reason":"end_turn",
            "usage":{"input_tokens":3,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,
                     "output_tokens":7,"service_tier":"standard"}}"#;
        let expected = Completion {
            text: "Good day".to_owned(),
            model: "m-1".to_owned(),
            usage: Usage { input_tokens: 123, output_tokens: 7 },
            stop: Stop::EndTurn,
        };
        assert_eq!(completion(body).unwrap(), expected);
    }

    #[test]
    fn every_reason_to_stop_has_its_meaning() {
        for (reason, stop) in [
            ("\"stop_sequence\"", Stop::EndTurn),
            ("\"max_tokens\"", Stop::MaxTokens),
            ("\"model_context_window_exceeded\"", Stop::MaxTokens),
            ("\"refusal\"", Stop::Refusal),
            ("\"pause_turn\"", Stop::Other),
            ("null", Stop::Other),
        ] {
            let body = format!(
                r#"{{"model":"m","content":[{{"type":"text","text":"x"}}],"stop_reason":{reason},
                    "usage":{{"input_tokens":1,"cache_read_input_tokens":null,"output_tokens":1}}}}"#
            );
            assert_eq!(completion(body.as_bytes()).unwrap().stop, stop, "{reason}");
        }
    }
}
