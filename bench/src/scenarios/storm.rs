//! Everybody at once: all clients connect and join together, as after a restart of the server. None may be lost.

use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::task::JoinSet;

use super::Load;
use crate::figures::{Figures, Tally, Window};
use crate::server::random_hex;
use crate::socket::{Socket, open_conversation};

/// How many conversations the clients share: what is measured is coming back, not the first message.
const CONVERSATIONS: u32 = 100;
/// A client that has not joined by then is lost.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn play(load: Load<'_>) -> anyhow::Result<Figures> {
    let run = random_hex()?;
    let mut conversations = Vec::new();
    for n in 0..CONVERSATIONS {
        let session = format!("{run}-{n}");
        let id = open_conversation(load.server.address, load.token, &session).await?;
        conversations.push((id, session));
    }

    let begun = Instant::now();
    let window = Window { start: begun, end: begun + PATIENCE };
    let mut clients = JoinSet::new();
    for (_, (id, session)) in (0..load.connections).zip(conversations.iter().cycle()) {
        let (address, id, session) = (load.server.address, id.clone(), session.clone());
        clients.spawn(async move {
            let joining = Socket::join_conversation(address, id, &session);
            let socket = tokio::time::timeout(PATIENCE, joining).await.context("not joined in time")??;
            anyhow::Ok((socket, Instant::now()))
        });
    }
    let (mut tally, mut joined) = (Tally::default(), Vec::new());
    while let Some(client) = clients.join_next().await {
        match client? {
            Ok((socket, at)) => {
                tally.within(window, begun, at);
                joined.push(socket);
            }
            Err(e) => tally.error(format!("{e:#}")),
        }
    }
    let took = begun.elapsed();
    let mut figures = tally.into_figures("socket-storm", load.connections, took);
    figures.rss_bytes = load.server.rss_bytes()?;
    Ok(figures)
}
