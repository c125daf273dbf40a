use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// What to do with the next requests, one step each, and what with those after them (echo, unless told).
/// A request that is refused on its own account takes no step.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(crate) steps: Vec<Step>,
    pub(crate) otherwise: Step,
}

/// One answer and how it is delivered.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub(crate) reply: Reply,
    pub(crate) stop: Stop,
    pub(crate) cached: Cached,
    pub(crate) gate: Option<Gate>,
    pub(crate) delay: Duration,
    pub(crate) trickle: Option<Duration>,
}

#[derive(Clone, Debug, Default)]
pub enum Reply {
    /// What the user said last.
    #[default]
    Echo,
    Text(String),
    /// 429.
    RateLimited(RetryAfter),
    /// 529 from Anthropic, 503 from OpenAI.
    Overloaded,
    /// 401.
    WrongKey,
    /// Any other error of the provider's, in its shape.
    Status(u16),
    /// 307 to the same path.
    Redirect,
    /// The connection ends where the answer should begin.
    Cut,
    /// The connection ends in the middle of the body, or of the stream's events.
    CutMidway,
    Garbage(Garbage),
}

#[derive(Clone, Debug)]
pub enum RetryAfter {
    Missing,
    Seconds(u64),
    Millis(u64),
    /// An HTTP date, this long after the `Date` of the answer.
    DateIn(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// A page of HTML that says it is JSON.
    NotJson,
    /// JSON, but of no completion.
    WrongShape,
    /// A completion that says it is HTML.
    WrongContentType,
    /// A completion in which nothing is said.
    EmptyContent,
}

/// Why the model says it stopped. Where `max_tokens` cuts the text off, that is the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stop {
    #[default]
    EndTurn,
    Refusal,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cached {
    pub(crate) created: u64,
    pub(crate) read: u64,
}

/// Holds requests until it is opened. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<GateState>);

#[derive(Debug)]
struct GateState {
    arrived: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Script {
    pub fn new() -> Self {
        Self::default()
    }

    /// The same for every request.
    pub fn always(step: impl Into<Step>) -> Self {
        Self::new().otherwise(step)
    }

    pub fn then(mut self, step: impl Into<Step>) -> Self {
        self.steps.push(step.into());
        self
    }

    pub fn otherwise(mut self, step: impl Into<Step>) -> Self {
        self.otherwise = step.into();
        self
    }
}

impl From<Reply> for Step {
    fn from(reply: Reply) -> Self {
        Self { reply, ..Self::default() }
    }
}

impl<T: Into<Step>> From<T> for Script {
    fn from(step: T) -> Self {
        Self::always(step)
    }
}

impl Reply {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Step {
    pub fn stopping(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// As if so many further input tokens had been written to and read from the provider's cache.
    pub fn cached(mut self, created: u64, read: u64) -> Self {
        self.cached = Cached { created, read };
        self
    }

    /// The request is recorded, then waits until the gate is opened.
    pub fn held(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The body comes byte by byte, a stream event by event, with this pause after each.
    pub fn trickled(mut self, pause: Duration) -> Self {
        self.trickle = Some(pause);
        self
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::closed()
    }
}

impl Gate {
    pub fn closed() -> Self {
        Self(Arc::new(GateState { arrived: watch::Sender::new(0), open: watch::Sender::new(false) }))
    }

    pub fn open(&self) {
        self.0.open.send_replace(true);
    }

    /// Waits until so many requests have come to the gate.
    pub async fn arrived(&self, requests: usize) {
        let mut arrived = self.0.arrived.subscribe();
        arrived.wait_for(|n| *n >= requests).await.expect("the gate holds its own sender");
    }

    pub(crate) async fn pass(&self) {
        self.0.arrived.send_modify(|n| *n += 1);
        let mut open = self.0.open.subscribe();
        open.wait_for(|open| *open).await.expect("the gate holds its own sender");
    }
}
