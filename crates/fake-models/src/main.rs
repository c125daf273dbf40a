//! The fake as a program of its own, for demos: `cargo run -p fake-models -- --listen 127.0.0.1:9099`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use fake_models::{FakeModels, Reply, Script, Step};

/// Answers as two model providers would, without a model.
#[derive(Parser)]
struct Arguments {
    #[arg(long, default_value = "127.0.0.1:9099")]
    listen: SocketAddr,
    /// What to answer; without it, what the user said last.
    #[arg(long)]
    reply: Option<String>,
    /// The only key that is right; without it, every key is.
    #[arg(long)]
    key: Option<String>,
    /// Milliseconds before each answer.
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// Milliseconds between the pieces of a streamed answer, and the bytes of another.
    #[arg(long)]
    trickle: Option<u64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let listener = tokio::net::TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let fake = FakeModels::start_on(listener);

    let reply = arguments.reply.map_or(Reply::Echo, Reply::Text);
    let mut step = Step::from(reply).delayed(Duration::from_millis(arguments.delay));
    if let Some(pause) = arguments.trickle {
        step = step.trickled(Duration::from_millis(pause));
    }
    fake.script(Script::always(step));
    if let Some(key) = arguments.key {
        fake.require_key(key);
    }

    println!("anthropic  base URL {}", fake.anthropic_url());
    println!("openai     base URL {}", fake.openai_url());
    tokio::select! {
        () = fake.serve() => anyhow::bail!("the fake stopped by itself"),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for Ctrl-C"),
    }
}
