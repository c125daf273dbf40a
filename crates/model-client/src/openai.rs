//! OpenAI's chat completions: `POST {base}/chat/completions`, as the original and its many likenesses speak it.

use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::transport::{Transport, json_headers, key_header};
use crate::{Completion, Endpoint, Error, Prompt, Stop, Usage, error, turns};

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: &'a [Message],
    #[serde(flatten)]
    limit: Limit,
}

/// OpenAI's newer models refuse `max_tokens`; older servers of others ignore `max_completion_tokens`, so
/// that an answer would have no limit at all, or refuse it. Both at once OpenAI refuses too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Limit {
    MaxCompletionTokens(u32),
    MaxTokens(u32),
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: String,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    model: String,
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Choice {
    message: Spoken,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Spoken {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    refusal: Option<String>,
}

/// Text, or, from servers that show their models' thinking, a list of parts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text {
        text: String,
    },
    #[serde(other)]
    Unspoken,
}

#[derive(Deserialize)]
struct Tokens {
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

pub(crate) async fn complete(
    transport: &Transport,
    endpoint: &Endpoint,
    prompt: &Prompt,
) -> Result<Completion, Error> {
    let base = endpoint.base_url.trim_end_matches('/');
    let url = format!("{base}/chat/completions");
    let mut headers = json_headers();
    if let Some(key) = key_header("Bearer ", &endpoint.key)? {
        headers.insert(http::header::AUTHORIZATION, key);
    }
    let messages = messages(prompt)?;
    let limit = Limit::for_server(base, prompt.max_tokens);
    let request = |limit| Request { model: &prompt.model, messages: &messages, limit };

    let mut answer = transport.post(&url, headers.clone(), &request(limit)).await?;
    if limit.is_refused(answer.status, &Refusal::read(&answer)) {
        answer = transport.post(&url, headers, &request(limit.other())).await?;
    }
    if !answer.status.is_success() {
        return Err(error::of_status(&answer));
    }
    completion(&answer.body, &prompt.model)
}

impl Limit {
    fn for_server(base_url: &str, max_tokens: u32) -> Self {
        let host = http::Uri::try_from(base_url).ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase));
        match host.as_deref() {
            Some(host) if host.ends_with(".openai.com") || host.ends_with(".openai.azure.com") => {
                Self::MaxCompletionTokens(max_tokens)
            }
            _ => Self::MaxTokens(max_tokens),
        }
    }

    /// A gateway before OpenAI cannot be told by its address; it says `unsupported_parameter` at once and
    /// at no cost.
    fn is_refused(self, status: http::StatusCode, refusal: &Refusal) -> bool {
        status == http::StatusCode::BAD_REQUEST && refusal.param.as_deref() == Some(self.name())
    }

    fn name(self) -> &'static str {
        match self {
            Self::MaxCompletionTokens(_) => "max_completion_tokens",
            Self::MaxTokens(_) => "max_tokens",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::MaxCompletionTokens(tokens) => Self::MaxTokens(tokens),
            Self::MaxTokens(tokens) => Self::MaxCompletionTokens(tokens),
        }
    }
}

fn messages(prompt: &Prompt) -> Result<Vec<Message>, Error> {
    let turns = turns::merged(&prompt.turns)?;
    let system =
        (!prompt.system.is_empty()).then(|| Message { role: "system", content: prompt.system.clone() });
    let spoken = turns.into_iter().map(|turn| Message { role: turn.role.name(), content: turn.text });
    Ok(system.into_iter().chain(spoken).collect())
}

fn completion(body: &[u8], asked_model: &str) -> Result<Completion, Error> {
    let misshapen = || Error::retryable("the provider's answer is not of the chat completions' shape");
    let response: Response = serde_json::from_slice(body).map_err(|_| misshapen())?;
    let choice = response.choices.into_iter().next().ok_or_else(misshapen)?;
    let text = choice.message.content.map(Content::text).unwrap_or_default();
    let refusal = choice.message.refusal.filter(|refusal| !refusal.trim().is_empty());
    let stop = match (choice.finish_reason.as_deref(), &refusal) {
        (_, Some(_)) | (Some("content_filter"), _) => Stop::Refusal,
        (Some("stop"), _) => Stop::EndTurn,
        (Some("length"), _) => Stop::MaxTokens,
        _ => Stop::Other,
    };
    let text = if text.trim().is_empty() { refusal.unwrap_or_default() } else { text };
    if text.is_empty() {
        return Err(Error::retryable(format!("the model's answer is empty ({stop:?})")));
    }
    let model = if response.model.is_empty() { asked_model.to_owned() } else { response.model };
    let usage = response.usage.map_or(Usage::default(), |tokens| Usage {
        input_tokens: tokens.prompt_tokens,
        output_tokens: tokens.completion_tokens,
    });
    Ok(Completion { text, model, usage, stop })
}

impl Content {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts
                .into_iter()
                .map(|part| match part {
                    Part::Text { text } => text,
                    Part::Unspoken => String::new(),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_named_as_the_server_knows_it() {
        for base in [
            "https://api.openai.com/v1",
            "https://shop.openai.azure.com/openai/v1",
            "https://EU.API.OpenAI.com/v1",
        ] {
            assert_eq!(Limit::for_server(base, 5), Limit::MaxCompletionTokens(5), "{base}");
        }
        for base in [
            "http://127.0.0.1:11434/v1",
            "https://models.example/v1",
            "https://evilopenai.com/v1",
            "nonsense",
        ] {
            assert_eq!(Limit::for_server(base, 5), Limit::MaxTokens(5), "{base}");
        }
        let request = Request { model: "m", messages: &[], limit: Limit::MaxCompletionTokens(5) };
        let sent = serde_json::to_value(request).unwrap();
        assert_eq!(sent, serde_json::json!({"model": "m", "messages": [], "max_completion_tokens": 5}));
    }

    fn said(message: &str, finish_reason: &str) -> Result<Completion, Error> {
        let body = format!(
            r#"{{"id":"c","object":"chat.completion","choices":[{{"index":0,"message":{message},"finish_reason":{finish_reason}}}],
                "usage":{{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,
                          "completion_tokens_details":{{"reasoning_tokens":1}}}}}}"#
        );
        completion(body.as_bytes(), "asked")
    }

    #[test]
    fn every_reason_to_stop_has_its_meaning() {
        for (message, reason, stop) in [
            (r#"{"content":"x"}"#, "\"stop\"", Stop::EndTurn),
            (r#"{"content":"x"}"#, "\"length\"", Stop::MaxTokens),
            (r#"{"content":"x"}"#, "\"content_filter\"", Stop::Refusal),
            (r#"{"content":"x"}"#, "\"tool_calls\"", Stop::Other),
            (r#"{"content":"x"}"#, "null", Stop::Other),
            (r#"{"content":null,"refusal":"x"}"#, "\"stop\"", Stop::Refusal),
        ] {
            let expected = Completion {
                text: "x".to_owned(),
                model: "asked".to_owned(),
                usage: Usage { input_tokens: 5, output_tokens: 2 },
                stop,
            };
            assert_eq!(said(message, reason).unwrap(), expected, "{message} {reason}");
        }
    }

    #[test]
    fn thinking_is_not_spoken() {
        let parts = r#"{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"Good day"}]}"#;
        assert_eq!(said(parts, "\"stop\"").unwrap().text, "Good day");
    }

    #[test]
    fn silence_is_no_answer() {
        for message in [r#"{"content":null}"#, r#"{}"#, r#"{"content":" \n"}"#, r#"{"content":[]}"#] {
            assert!(matches!(said(message, "\"stop\""), Err(Error::Retryable { .. })), "{message}");
        }
        assert!(matches!(completion(br#"{"choices":[]}"#, "m"), Err(Error::Retryable { .. })));
    }

    #[test]
    fn a_server_that_counts_no_tokens_is_understood() {
        let body = br#"{"model":"local","choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#;
        assert_eq!(completion(body, "asked").unwrap().usage, Usage::default());
    }
}
