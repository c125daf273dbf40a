pub mod echo;
pub mod fan_out;
pub mod first_answer;
pub mod hub_steady;
pub mod idle;
pub mod inbox;
pub mod rest_send;
pub mod start;
pub mod storm;

use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;

use crate::figures::{Figures, Tally, Window, rounded};
use crate::line::{Line, Wire};
use crate::machine;
use crate::server::{Server, random_hex};

/// How long after the end a visitor may still wait for what it is owed.
const GRACE: Duration = Duration::from_secs(10);

/// What a scenario is given.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    pub server: &'a Server,
    pub token: &'a str,
    pub wire: Wire,
    pub connections: u32,
    pub warm_up: Duration,
    pub duration: Duration,
}

/// Processor time of both sides since a moment.
struct Costs {
    server: Option<f64>,
    generator: f64,
}

impl Load<'_> {
    /// The scenario's name on its wire.
    fn name(&self, hub: &'static str, socket: &'static str) -> &'static str {
        match self.wire {
            Wire::Hub => hub,
            Wire::Socket => socket,
        }
    }

    /// Visitors who have joined a session each.
    async fn visitors(&self) -> anyhow::Result<Vec<Line>> {
        let run = random_hex()?;
        let mut visitors = Vec::new();
        for n in 0..self.connections {
            let session = format!("{run}-{n}");
            let joined = Line::join(self.wire, self.server.address, self.token, &session).await;
            visitors.push(joined.with_context(|| format!("visitor {n} could not join"))?);
        }
        Ok(visitors)
    }

    /// Lets each visitor do its part, and adds up what they met.
    async fn play<V, P>(
        &self,
        scenario: &'static str,
        visitors: Vec<V>,
        part: impl Fn(V, Window) -> P,
    ) -> anyhow::Result<Figures>
    where
        P: Future<Output = Tally> + Send + 'static,
    {
        let window = Window::after(self.warm_up, self.duration);
        let mut parts = JoinSet::new();
        for visitor in visitors {
            parts.spawn(part(visitor, window));
        }
        tokio::time::sleep_until(window.start.into()).await;
        let before = Costs::so_far(self.server)?;
        tokio::time::sleep_until(window.end.into()).await;
        let costs = Costs::so_far(self.server)?.since(&before);

        let mut tally = Tally::default();
        while let Some(part) = parts.join_next().await {
            tally.add(part?);
        }
        let mut figures = tally.into_figures(scenario, self.connections, self.duration);
        figures.rss_bytes = self.server.rss_bytes()?;
        figures.server_cpu_seconds = costs.server;
        figures.generator_cpu_seconds = Some(costs.generator);
        Ok(figures)
    }
}

impl Costs {
    fn so_far(server: &Server) -> anyhow::Result<Self> {
        Ok(Self { server: server.cpu_seconds()?, generator: machine::cpu_seconds(std::process::id())? })
    }

    fn since(self, before: &Self) -> Self {
        let server = self.server.zip(before.server).map(|(now, then)| rounded(now - then));
        Self { server, generator: rounded(self.generator - before.generator) }
    }
}

/// Lets a visitor talk until it has come to its end, and not for ever.
async fn in_time(window: Window, talk: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::time::timeout_at((window.end + GRACE).into(), talk).await.context("no answer came")?
}
