//! A fresh visitor sends a first message, and the assistant answers: one visitor after the other.

use std::time::Instant;

use anyhow::{Context, bail};

use super::{GRACE, Load};
use crate::figures::{Figures, Tally};
use crate::line::{Incoming, Line, Sender};
use crate::server::random_hex;

/// At most; the time set may end before.
const VISITORS: u32 = 200;

const QUESTION: &str = "How long does shipping take?";

pub async fn play(load: Load<'_>) -> anyhow::Result<Figures> {
    let mut tally = Tally::default();
    let started = Instant::now();
    for _ in 0..VISITORS {
        if started.elapsed() >= load.duration {
            break;
        }
        let asked = tokio::time::timeout(GRACE, ask(load, &mut tally)).await.context("no answer came");
        if let Err(e) = asked.flatten() {
            tally.error(format!("{e:#}"));
        }
    }
    let mut figures = tally.into_figures("first-answer", 1, started.elapsed());
    figures.rss_bytes = load.server.rss_bytes()?;
    Ok(figures)
}

async fn ask(load: Load<'_>, tally: &mut Tally) -> anyhow::Result<()> {
    let mut line = Line::join(load.wire, load.server.address, load.token, &random_hex()?).await?;
    let sent = Instant::now();
    line.send(|_| QUESTION.to_owned()).await?;
    loop {
        match line.receive().await? {
            Incoming::Message { sender: Sender::Assistant, .. } => break,
            Incoming::Completion { error: Some(error), .. } => bail!("SendMessage: {error}"),
            _ => {}
        }
    }
    tally.latency(sent.elapsed());
    Ok(())
}
