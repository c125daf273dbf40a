//! One visitor in a thousand windows: all connections join one session, one more sends, and the next message
//! goes out when the last connection has the one before. The latency is that of the last delivery;
//! `messages` and the rate count deliveries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::bail;
use tokio::sync::Notify;

use super::{Load, in_time};
use crate::figures::{Figures, Tally, Window, rounded};
use crate::line::{Incoming, Line, number_of, numbered};
use crate::server::random_hex;

/// Where the listeners meet the speaker.
#[derive(Default)]
struct Delivered {
    count: AtomicU64,
    /// The number of the message that is on its way.
    awaited: AtomicU64,
    to_all: Notify,
}

enum Part {
    Speaker(Line),
    Listener(Line),
}

pub async fn play(load: Load<'_>) -> anyhow::Result<Figures> {
    let session = random_hex()?;
    let delivered = Arc::new(Delivered::default());
    let mut parts = Vec::new();
    for _ in 0..load.connections {
        parts.push(Part::Listener(Line::join(load.wire, load.server.address, load.token, &session).await?));
    }
    parts.push(Part::Speaker(Line::join(load.wire, load.server.address, load.token, &session).await?));

    let listeners = u64::from(load.connections);
    let play = |part, window| take_part(part, window, delivered.clone(), listeners);
    let mut figures = load.play(load.name("fan-out", "socket-fan-out"), parts, play).await?;
    figures.messages *= listeners;
    figures.rate_per_second = rounded(figures.messages as f64 / figures.seconds);
    Ok(figures)
}

async fn take_part(part: Part, window: Window, delivered: Arc<Delivered>, listeners: u64) -> Tally {
    let mut tally = Tally::default();
    let played = match part {
        Part::Speaker(line) => in_time(window, speak(line, window, &delivered, &mut tally)).await,
        Part::Listener(line) => {
            tokio::select! {
                failed = listen(line, &delivered, listeners) => failed,
                () = tokio::time::sleep_until(window.end.into()) => Ok(()),
            }
        }
    };
    if let Err(e) = played {
        tally.error(format!("{e:#}"));
    }
    tally
}

async fn speak(
    mut line: Line,
    window: Window,
    delivered: &Delivered,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    while Instant::now() < window.end {
        delivered.count.store(0, Ordering::Relaxed);
        let sent = Instant::now();
        let own = line
            .send(|number| {
                delivered.awaited.store(number, Ordering::Relaxed);
                numbered(number)
            })
            .await?;
        let (mut completed, mut echoed, mut heard) = (false, false, false);
        while !(completed && echoed && heard) {
            tokio::select! {
                () = delivered.to_all.notified(), if !heard => {
                    heard = true;
                    tally.within(window, sent, Instant::now());
                }
                // The listeners leave at the end, and what they still lack is not owed to them.
                () = tokio::time::sleep_until(window.end.into()), if !heard => return Ok(()),
                incoming = line.receive() => match incoming? {
                    Incoming::Completion { call, error } if call == own => match error {
                        Some(error) => bail!("SendMessage: {error}"),
                        None => completed = true,
                    },
                    Incoming::Message { text, .. } if number_of(&text) == Some(own) => echoed = true,
                    _ => {}
                },
            }
        }
    }
    Ok(())
}

async fn listen(mut line: Line, delivered: &Delivered, listeners: u64) -> anyhow::Result<()> {
    loop {
        if let Incoming::Message { text, .. } = line.receive().await? {
            let awaited = delivered.awaited.load(Ordering::Relaxed);
            if number_of(&text) != Some(awaited) {
                bail!("{text:?} came where message {awaited} was due");
            }
            if delivered.count.fetch_add(1, Ordering::Relaxed) + 1 == listeners {
                delivered.to_all.notify_one();
            }
        }
    }
}
