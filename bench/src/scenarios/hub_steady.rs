//! Open loop: messages are due at a fixed rate, whatever the server does, and their latency counts from when
//! they were due. So a server that stalls is charged for all that should have been sent meanwhile.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Load, in_time};
use crate::figures::{Figures, Tally, Window};
use crate::line::{Incoming, Line, number_of, numbered};

const MESSAGES_PER_SECOND: u32 = 1000;

struct Visitor {
    line: Line,
    /// When the next message is due; closed when there is none.
    due: UnboundedReceiver<Instant>,
}

pub async fn play(load: Load<'_>) -> anyhow::Result<Figures> {
    let (senders, visitors): (Vec<_>, Vec<_>) = load
        .visitors()
        .await?
        .into_iter()
        .map(|line| {
            let (sender, due) = unbounded_channel();
            (sender, Visitor { line, due })
        })
        .unzip();
    // Of its own, since a timer of the runtime is good to a millisecond only.
    let end = Instant::now() + load.warm_up + load.duration;
    let metronome = std::thread::spawn(move || tick(&senders, end));
    let mut figures = load.play("hub-steady", visitors, visit).await?;
    if metronome.join().is_err() {
        figures.errors += 1;
    }
    Ok(figures)
}

/// Tells the visitors in turn that a message is due.
fn tick(visitors: &[UnboundedSender<Instant>], end: Instant) {
    let start = Instant::now();
    for (n, visitor) in (0..).zip(visitors.iter().cycle()) {
        let due = start + Duration::from_secs(1) * n / MESSAGES_PER_SECOND;
        if due >= end {
            return;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        // A visitor who is gone has told why.
        let _ = visitor.send(due);
    }
}

async fn visit(visitor: Visitor, window: Window) -> Tally {
    let mut tally = Tally::default();
    let mut owed = VecDeque::new();
    if let Err(e) = in_time(window, talk(visitor, window, &mut owed, &mut tally)).await {
        tally.error(format!("{e:#}; {} messages were on their way", owed.len()));
    }
    tally
}

async fn talk(
    Visitor { mut line, mut due }: Visitor,
    window: Window,
    owed: &mut VecDeque<(u64, Instant)>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let mut all_sent = false;
    while !all_sent || !owed.is_empty() {
        tokio::select! {
            next = due.recv(), if !all_sent => match next {
                Some(due) => owed.push_back((line.send(numbered).await?, due)),
                None => all_sent = true,
            },
            incoming = line.receive() => match incoming? {
                Incoming::Completion { call, error: Some(error) } => {
                    owed.retain(|(own, _)| *own != call);
                    tally.error(error);
                }
                Incoming::Message { text, .. } => {
                    let Some((own, due)) = owed.pop_front() else { continue };
                    ensure!(number_of(&text) == Some(own), "{text:?} came where message {own} was due");
                    // Counted if it was due within the window, however late it came.
                    if window.start <= due {
                        tally.latency(due.elapsed());
                    }
                }
                _ => {}
            },
        }
    }
    Ok(())
}
