//! From the start of the process until `/readyz` says 200: on a folder that it has to make first, and on the
//! one it left behind. And what it holds in memory then.

use std::time::Duration;

use anyhow::Context;

use crate::figures::{Figures, Tally};
use crate::server::{Provision, Server};

const STARTS: u32 = 10;

pub async fn play(provision: &Provision) -> anyhow::Result<Vec<Figures>> {
    let (mut first, mut again) = (Tally::default(), Tally::default());
    let (mut first_rss, mut again_rss) = (None, None);
    for n in 1..=STARTS {
        let is_last = n == STARTS;
        let (server, took) = Server::start(provision).await?;
        first.latency(took);
        if is_last {
            first_rss = server.settled_rss_bytes().await?;
        }
        let folder = server.stop().await?.context("a server started here leaves its folder")?;
        let (server, took) = Server::start_on(provision, folder).await?;
        again.latency(took);
        if is_last {
            again_rss = server.settled_rss_bytes().await?;
        }
        server.stop().await?;
    }
    let figures = [("start-first", first, first_rss), ("start-again", again, again_rss)];
    Ok(figures
        .map(|(scenario, tally, rss_bytes)| {
            let mut figures = tally.into_figures(scenario, 0, Duration::ZERO);
            figures.rss_bytes = rss_bytes;
            figures
        })
        .into())
}
