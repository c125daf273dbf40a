//! What the two protocols have in common, and where each fills in its own words.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::script::Cached;
use crate::{Provider, State, Usage};

pub(crate) trait Dialect: 'static {
    const PROVIDER: Provider;
    const REQUEST_ID_HEADER: &'static str;
    const OVERLOADED: u16;

    fn check_headers(state: &State, headers: &HeaderMap) -> Result<(), Refused>;
    fn read(headers: &HeaderMap, body: &Map<String, Value>) -> Result<Asked, Refused>;
    fn models(state: &State, headers: &HeaderMap) -> Result<Value, Refused>;

    fn completion(said: &Said) -> Value;
    /// The stream's events as they go over the wire.
    fn events(said: &Said) -> Vec<String>;
    fn error(refused: &Refused, request_id: &str) -> Value;
    fn wrong_key() -> Refused;
}

/// A request that is in order.
pub(crate) struct Asked {
    pub(crate) model: String,
    /// What the model has to read, piece by piece.
    pub(crate) texts: Vec<String>,
    pub(crate) last_user_text: String,
    pub(crate) max_tokens: u64,
    pub(crate) delivery: Delivery,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    Stream,
    /// OpenAI's `stream_options.include_usage`.
    StreamWithUsage,
}

pub(crate) struct Said {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) text: String,
    pub(crate) stop: Stopped,
    pub(crate) usage: Usage,
    pub(crate) cached: Cached,
    pub(crate) delivery: Delivery,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    EndTurn,
    MaxTokens,
    Refusal,
}

pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// OpenAI's two further members.
    pub(crate) param: Option<&'static str>,
    pub(crate) code: Option<&'static str>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), param: None, code: None }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn param(mut self, param: &'static str) -> Self {
        self.param = Some(param);
        self
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }
}

pub(crate) fn error_response<D: Dialect>(state: &State, refused: Refused) -> Response {
    let request_id = state.next_id("req_");
    let body = D::error(&refused, &request_id);
    (refused.status, [(D::REQUEST_ID_HEADER, request_id)], axum::Json(body)).into_response()
}

/// The text in a few pieces, as a stream gives it out: word by word.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}
