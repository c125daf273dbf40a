//! `parlor serve`: opens the house, opens the doors, and closes them in order.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail};
use door_org::OrgDoor;
use door_store::{Settings, StoreDoor};
use parlor_core::{jobs, presence};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::timeout,
};

use crate::{
    config::{Config, Demo},
    database,
    demo::{self, SignIn},
    http, metrics,
};

/// Closing takes no longer than this.
const CLOSING: Duration = Duration::from_secs(10);

pub async fn run(config: &Config) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let listener = http::bind(config.listen).await?;
    let bound = listener.local_addr().context("cannot listen")?;
    let app = database::open(config, bound).await?;
    let demo = match config.demo {
        Demo::Wanted => demo::prepare(&app, &config.data).await.context("cannot prepare the demo account")?,
        Demo::Unwanted => None,
    };

    let public_url = config.public_url(bound);
    let door = StoreDoor::new(
        app.clone(),
        Settings {
            public_url: public_url.clone(),
            forwarded: config.forwarded,
            demo: demo.as_ref().and_then(|demo| demo.channel_token.clone()),
        },
    );
    let org = OrgDoor::new(
        app.clone(),
        door_org::Settings { public_url: public_url.clone(), forwarded: config.forwarded },
    );
    let (stop_serving, serving) = watch::channel(false);
    let (stop_working, working) = watch::channel(false);
    if let Some(listen) = config.metrics_listen {
        metrics::serve(listen, serving.clone()).await?;
    }
    let router = http::router(&app, door.router().merge(org.router()));
    let mut server = tokio::spawn(http::serve(listener, router, serving));
    let mut pushes = tokio::spawn(door.clone().push(working.clone()));
    let mut org_pushes = tokio::spawn(org.clone().push(working.clone()));
    let mut jobs = tokio::spawn(jobs::work(app.clone(), working.clone()));
    let mut attendance = tokio::spawn(presence::keep(app.clone(), working));
    print!("{}", greeting(config, bound, &public_url, demo.as_ref()));

    let ended = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        ended = &mut server => Some(("server", ended)),
        ended = &mut pushes => Some(("push task", ended)),
        ended = &mut org_pushes => Some(("push task", ended)),
        ended = &mut jobs => Some(("job worker", ended)),
        ended = &mut attendance => Some(("presence task", ended)),
    };
    if let Some((task, ended)) = ended {
        app.db.close().await;
        ended.with_context(|| format!("the {task} failed"))?;
        bail!("the {task} stopped by itself");
    }

    tracing::info!("closing");
    let closing = async {
        stop_serving.send_replace(true);
        let (_, _, served) = tokio::join!(door.shutdown(), org.shutdown(), server);
        served?;
        stop_working.send_replace(true);
        let (worked, pushed, told, kept) = tokio::join!(jobs, pushes, org_pushes, attendance);
        worked.and(pushed).and(told).and(kept)
    };
    let closed = tokio::select! {
        closed = timeout(CLOSING, closing) => closed,
        // Whoever asks twice does not want to wait.
        _ = terminate.recv() => Ok(Ok(())),
        _ = interrupt.recv() => Ok(Ok(())),
    };
    app.db.close().await;
    match closed {
        Ok(ended) => ended.context("a task failed while closing")?,
        Err(_) => tracing::warn!(
            "not everything came to its end within {CLOSING:?}; what is owed will be done after the next start"
        ),
    }
    tracing::info!("closed");
    Ok(())
}

/// What a person wants to know who has just started it.
fn greeting(config: &Config, bound: SocketAddr, public_url: &str, demo: Option<&SignIn>) -> String {
    let mut lines = vec![format!("Parlor {} is ready.", env!("CARGO_PKG_VERSION")), String::new()];
    let mut line = |label: &str, text: &str| lines.push(format!("  {label:<11} {text}"));
    line("Listening", &format!("http://{bound}"));
    if demo.is_some_and(|demo| demo.channel_token.is_some()) {
        line("Demo shop", &format!("{public_url}/"));
    }
    line("Inbox", &format!("{public_url}/inbox"));
    line("API docs", &format!("{public_url}/docs"));
    line("API", &format!("{public_url}/api/v1"));
    if let Some(demo) = demo {
        line("Sign-in", &demo.email);
        line("Password", &demo.password);
    }
    line("Data", &database::place(config));
    lines.push("\n".into());
    lines.join("\n")
}
