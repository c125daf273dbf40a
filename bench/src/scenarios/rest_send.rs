//! Closed loop over REST, on kept-alive connections.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use serde_json::json;

use super::{Load, in_time};
use crate::figures::{Figures, Tally, Window};
use crate::http1::Connection;
use crate::line::numbered;
use crate::server::random_hex;

/// The answer holds the whole history, so a session that went on for ever would measure its own length.
const MESSAGES_A_SESSION: u64 = 20;

#[derive(Clone)]
struct Client {
    address: SocketAddr,
    path: String,
    name: String,
}

pub async fn play(load: Load<'_>) -> anyhow::Result<Figures> {
    let run = random_hex()?;
    let client = |n| Client {
        address: load.server.address,
        path: format!("/api/v1/widget/chat/{}/messages", load.token),
        name: format!("{run}-{n}"),
    };
    load.play("rest-send", (0..load.connections).map(client).collect(), visit).await
}

async fn visit(client: Client, window: Window) -> Tally {
    let mut tally = Tally::default();
    if let Err(e) = in_time(window, talk(client, window, &mut tally)).await {
        tally.error(format!("{e:#}"));
    }
    tally
}

async fn talk(client: Client, window: Window, tally: &mut Tally) -> anyhow::Result<()> {
    let mut connection = Connection::open(client.address).await?;
    for n in 0.. {
        let sent = Instant::now();
        if sent >= window.end {
            break;
        }
        let session = format!("{}-{}", client.name, n / MESSAGES_A_SESSION);
        let text = numbered(n);
        let body = Bytes::from(json!({"sessionId": session, "text": text}).to_string());
        let (status, answer) = connection.post(&client.path, body).await?;
        if status.is_success() {
            ensure!(String::from_utf8_lossy(&answer).contains(&text), "the answer lacks the message");
            tally.within(window, sent, Instant::now());
        } else {
            tally.error(format!("{status} {}", String::from_utf8_lossy(&answer)));
        }
    }
    Ok(())
}
