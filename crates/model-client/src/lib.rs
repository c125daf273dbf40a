//! Asks model providers for an answer. Two protocols, one call, no streaming yet.
//!
//! The crate knows nothing of Parlor: it is given an endpoint and a prompt, and says what came back, or
//! whether asking again may help. It keeps no clock, retries nothing by itself and logs nothing; that is
//! for the caller, who has a job to keep.

mod anthropic;
mod error;
mod openai;
mod transport;
mod turns;

use std::fmt;
use std::time::Duration;

pub use error::Error;

/// Which of the two foreign protocols an endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Anthropic's Messages API.
    Anthropic,
    /// OpenAI's chat completions, which many other servers speak too.
    OpenAi,
}

/// Where to ask, and with whose key.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub protocol: Protocol,
    /// What the provider's own client libraries call the base URL: `https://api.anthropic.com`,
    /// `https://api.openai.com/v1`.
    pub base_url: String,
    /// Empty for a local server that asks for none: then no key is sent.
    pub key: ApiKey,
}

/// A provider's key. It shows itself to the provider only.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Prompt {
    pub model: String,
    /// Empty for none.
    pub system: String,
    /// Oldest first. Turns without text are left out, and neighbours of the same role become one.
    pub turns: Vec<Turn>,
    pub max_tokens: u32,
}

#[derive(Clone, Debug)]
pub struct Turn {
    pub role: Role,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
}

/// What came back. The text is never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    pub text: String,
    /// The model that answered, as the provider names it; often more exact than the one asked for.
    pub model: String,
    pub usage: Usage,
    pub stop: Stop,
}

/// Tokens, as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All tokens read. Anthropic reports those written to and read from its cache apart from the rest;
    /// here they are in the sum, as they are in OpenAI's figure.
    pub input_tokens: u64,
    /// All tokens written, those of hidden reasoning included.
    pub output_tokens: u64,
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    EndTurn,
    /// The answer is cut off: `max_tokens` or the model's context was used up.
    MaxTokens,
    /// The model, or a filter around it, would not answer.
    Refusal,
    Other,
}

#[derive(Clone, Copy, Debug)]
pub struct ClientOptions {
    pub connect_timeout: Duration,
    /// From the start of the request to the last byte of the answer.
    pub total_timeout: Duration,
    pub max_response_bytes: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(60),
            max_response_bytes: 1024 * 1024,
        }
    }
}

/// Holds the open connections; clones share them.
#[derive(Clone)]
pub struct Client {
    transport: transport::Transport,
}

impl Client {
    pub fn new(options: ClientOptions) -> Self {
        Self { transport: transport::Transport::new(options) }
    }

    /// Asks once. Dropping the future gives up the request.
    pub async fn complete(&self, endpoint: &Endpoint, prompt: &Prompt) -> Result<Completion, Error> {
        match endpoint.protocol {
            Protocol::Anthropic => anthropic::complete(&self.transport, endpoint, prompt).await,
            Protocol::OpenAi => openai::complete(&self.transport, endpoint, prompt).await,
        }
    }
}
