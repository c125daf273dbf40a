//! What a visitor costs who is connected, has joined, and is silent.

use std::time::Duration;

use super::Load;
use crate::figures::{Figures, Tally};

/// Come and go before, so that what the server allocates only once is not charged to the first visitors.
const FORERUNNERS: u32 = 100;

pub async fn play(load: Load<'_>) -> anyhow::Result<Figures> {
    drop(Load { connections: FORERUNNERS, ..load }.visitors().await?);
    let before = load.server.settled_rss_bytes().await?;
    let visitors = load.visitors().await?;
    let after = load.server.settled_rss_bytes().await?;
    drop(visitors);

    let mut figures =
        Tally::default().into_figures(load.name("idle", "socket-idle"), load.connections, Duration::ZERO);
    figures.rss_bytes = after;
    figures.bytes_per_connection = after.zip(before).map(|(after, before)| {
        (i64::try_from(after).unwrap_or(i64::MAX) - i64::try_from(before).unwrap_or(0))
            / i64::from(load.connections)
    });
    Ok(figures)
}
