//! Closed loop: each visitor sends, waits for the completion and for the echo of its own message, and sends
//! again. The latency is that of the echo.

use std::time::Instant;

use super::{Load, in_time};
use crate::figures::{Figures, Tally, Window};
use crate::line::{Incoming, Line, number_of, numbered};

pub async fn play(load: Load<'_>) -> anyhow::Result<Figures> {
    load.play(load.name("hub-echo", "socket-echo"), load.visitors().await?, visit).await
}

async fn visit(line: Line, window: Window) -> Tally {
    let mut tally = Tally::default();
    if let Err(e) = in_time(window, talk(line, window, &mut tally)).await {
        tally.error(format!("{e:#}"));
    }
    tally
}

async fn talk(mut line: Line, window: Window, tally: &mut Tally) -> anyhow::Result<()> {
    while Instant::now() < window.end {
        let sent = Instant::now();
        let own = line.send(numbered).await?;
        let (mut completed, mut echoed) = (false, false);
        while !(completed && echoed) {
            match line.receive().await? {
                Incoming::Completion { call, error } if call == own => {
                    completed = true;
                    // What was refused is not echoed.
                    if let Some(error) = error {
                        tally.error(error);
                        echoed = true;
                    }
                }
                Incoming::Message { text, .. } if number_of(&text) == Some(own) => {
                    echoed = true;
                    tally.within(window, sent, Instant::now());
                }
                _ => {}
            }
        }
    }
    Ok(())
}
