use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

/// What to do with the next requests, one step each, and what with those after them (take them, unless told). A request that
/// is refused on its own account takes no step.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(crate) steps: Vec<Step>,
    pub(crate) otherwise: Step,
}

/// One answer and how it is delivered.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub(crate) reply: Reply,
    pub(crate) gate: Option<Gate>,
    pub(crate) delay: Duration,
}

#[derive(Clone, Debug, Default)]
pub enum Reply {
    #[default]
    Take,
    /// The device is not there any more.
    Unregistered,
    /// 429, with what to wait where there is something.
    TooMany(Option<u64>),
    /// 500, or another status of the service's own failures.
    Fail(u16),
    /// The token in the request's header is too old: 401 of FCM, 403 of APNs.
    ExpiredToken,
    /// A status with a code in the service's words: `(403, "SENDER_ID_MISMATCH")`, `(403, "InvalidProviderToken")`,
    /// `(400, "invalid_grant")`.
    Refuse(u16, &'static str),
    /// A page of HTML with a status, as a proxy in between would send it.
    Html(u16),
    /// More than anybody wants to read.
    Flood,
}

impl Script {
    pub fn new() -> Script {
        Script::default()
    }

    pub fn then(mut self, step: impl Into<Step>) -> Script {
        self.steps.push(step.into());
        self
    }

    pub fn otherwise(mut self, step: impl Into<Step>) -> Script {
        self.otherwise = step.into();
        self
    }
}

impl From<Reply> for Step {
    fn from(reply: Reply) -> Step {
        Step { reply, ..Step::default() }
    }
}

/// The same for every request.
impl<T: Into<Step>> From<T> for Script {
    fn from(step: T) -> Script {
        Script::new().otherwise(step)
    }
}

impl Step {
    pub fn delayed(mut self, delay: Duration) -> Step {
        self.delay = delay;
        self
    }

    /// The request waits until the gate is opened.
    pub fn held(mut self, gate: &Gate) -> Step {
        self.gate = Some(gate.clone());
        self
    }

    pub(crate) async fn wait(&self) {
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
        tokio::time::sleep(self.delay).await;
    }
}

/// Holds requests until it is opened. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<(watch::Sender<usize>, watch::Sender<bool>)>);

impl Default for Gate {
    fn default() -> Gate {
        Gate::closed()
    }
}

impl Gate {
    pub fn closed() -> Gate {
        Gate(Arc::new((watch::Sender::new(0), watch::Sender::new(false))))
    }

    pub fn open(&self) {
        self.0.1.send_replace(true);
    }

    /// Waits until so many requests have come to the gate.
    pub async fn arrived(&self, requests: usize) {
        let mut arrived = self.0.0.subscribe();
        arrived.wait_for(|n| *n >= requests).await.expect("the gate holds its own sender");
    }

    async fn pass(&self) {
        self.0.0.send_modify(|n| *n += 1);
        let mut open = self.0.1.subscribe();
        open.wait_for(|open| *open).await.expect("the gate holds its own sender");
    }
}
