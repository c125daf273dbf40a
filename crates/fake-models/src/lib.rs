//! A fake of two model providers, for tests and demos: it speaks Anthropic's Messages API and OpenAI's chat
//! completions on one port, refuses what they would refuse, and fails in every way they fail when told to.
//!
//! Without a script it echoes what the user said last. Token counts are a function of the text
//! ([`tokens`]), and [`FakeModels::usage`] is the sum of all that was reported.

mod anthropic;
mod dialect;
mod exchange;
mod openai;
mod script;
mod server;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderMap;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;

pub use exchange::tokens;
pub use script::{Garbage, Gate, Reply, RetryAfter, Script, Step, Stop};

/// The running fake. It stops, and cuts every connection, when dropped.
pub struct FakeModels {
    address: SocketAddr,
    state: Arc<State>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    Anthropic,
    OpenAi,
}

/// A request to a model as it came in, refused ones included.
#[derive(Clone, Debug)]
pub struct Request {
    pub provider: Provider,
    pub headers: HeaderMap,
    /// Null if it was not JSON.
    pub body: Value,
}

/// Tokens as they were reported; those of Anthropic's cache are part of the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
}

#[derive(Default)]
pub(crate) struct State {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    key: Option<String>,
    steps: VecDeque<Step>,
    otherwise: Step,
    requests: Vec<Request>,
    usage: Usage,
    ids: u64,
}

impl FakeModels {
    /// On a free port of the loopback address.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        Self::start_on(listener)
    }

    pub fn start_on(listener: TcpListener) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = Arc::new(State::default());
        let server = tokio::spawn(server::run(listener, state.clone()));
        Self { address, state, server }
    }

    /// The base URL for clients of Anthropic.
    pub fn anthropic_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL for clients of OpenAI.
    pub fn openai_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// From now on only this key is right. Before, every key is.
    pub fn require_key(&self, key: impl Into<String>) {
        self.state.inner.lock().key = Some(key.into());
    }

    /// Replaces what is left of the script before.
    pub fn script(&self, script: Script) {
        let mut inner = self.state.inner.lock();
        inner.steps = script.steps.into();
        inner.otherwise = script.otherwise;
    }

    /// All requests to a model so far, in the order they came.
    pub fn requests(&self) -> Vec<Request> {
        self.state.inner.lock().requests.clone()
    }

    /// The sum of what all whole answers reported.
    pub fn usage(&self) -> Usage {
        self.state.inner.lock().usage
    }

    /// Serves until the task is cancelled.
    pub async fn serve(mut self) {
        // Aborted by `drop` if this future is.
        let _ = (&mut self.server).await;
    }
}

impl Drop for FakeModels {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Request {
    /// Who said what, oldest first; OpenAI's system message is one of them.
    pub fn turns(&self) -> Vec<(String, String)> {
        let messages = self.body["messages"].as_array().into_iter().flatten();
        messages
            .map(|message| {
                let role = message["role"].as_str().unwrap_or_default().to_owned();
                (role, exchange::text_of(&message["content"]).unwrap_or_default())
            })
            .collect()
    }

    /// The instructions, wherever this provider has them.
    pub fn system(&self) -> String {
        match self.provider {
            Provider::Anthropic => exchange::text_of(&self.body["system"]).unwrap_or_default(),
            Provider::OpenAi => self
                .turns()
                .into_iter()
                .filter(|(role, _)| matches!(role.as_str(), "system" | "developer"))
                .map(|(_, text)| text)
                .collect(),
        }
    }
}

impl State {
    pub(crate) fn record(&self, request: Request) {
        self.inner.lock().requests.push(request);
    }

    pub(crate) fn next_step(&self) -> Step {
        let mut inner = self.inner.lock();
        inner.steps.pop_front().unwrap_or_else(|| inner.otherwise.clone())
    }

    pub(crate) fn next_id(&self, prefix: &str) -> String {
        let mut inner = self.inner.lock();
        inner.ids += 1;
        format!("{prefix}fake{:020}", inner.ids)
    }

    pub(crate) fn is_right_key(&self, key: &str) -> bool {
        self.inner.lock().key.as_deref().is_none_or(|right| right == key)
    }

    pub(crate) fn count(&self, usage: Usage) {
        let mut inner = self.inner.lock();
        inner.usage.input_tokens += usage.input_tokens;
        inner.usage.output_tokens += usage.output_tokens;
    }
}
