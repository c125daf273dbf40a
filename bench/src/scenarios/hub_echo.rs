//! Closed loop: each visitor sends, waits for the completion and for the echo of its own message, and sends
//! again. The latency is that of the echo.

use std::time::Instant;

use super::{Load, in_time};
use crate::figures::{Figures, Tally, Window};
use crate::hub::{Hub, Incoming, number_of, numbered};

pub async fn play(load: Load<'_>) -> anyhow::Result<Figures> {
    load.play("hub-echo", load.visitors().await?, visit).await
}

async fn visit(hub: Hub, window: Window) -> Tally {
    let mut tally = Tally::default();
    if let Err(e) = in_time(window, talk(hub, window, &mut tally)).await {
        tally.error(format!("{e:#}"));
    }
    tally
}

async fn talk(mut hub: Hub, window: Window, tally: &mut Tally) -> anyhow::Result<()> {
    while Instant::now() < window.end {
        let sent = Instant::now();
        let own = hub.send(numbered).await?;
        let (mut completed, mut echoed) = (false, false);
        while !(completed && echoed) {
            match hub.receive().await? {
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
