//! The load generator. It starts a server of its own for each scenario (or is shown one), plays visitors
//! against it, and prints one JSON object a scenario. README.md says what each figure means.

mod figures;
mod http1;
mod hub;
mod line;
mod machine;
mod scenarios;
mod server;
mod socket;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Parser, ValueEnum};

use crate::line::Wire;
use crate::scenarios::{Load, inbox::Kind};
use crate::server::{Agent, Provision, Server};

/// Measures a Parlor server on this machine.
#[derive(Parser)]
struct Arguments {
    /// What to play; without any, everything.
    scenarios: Vec<Scenario>,

    /// A server that runs already, on a loopback address: `http://127.0.0.1:8080`. `--data` or
    /// `--database-url` must then be its own, for the account that is made there.
    #[arg(long)]
    server: Option<String>,
    /// The process of that server, for its memory and processor time.
    #[arg(long, requires = "server")]
    pid: Option<u32>,

    /// The server's binary.
    #[arg(long, default_value = "target/release/parlor")]
    binary: PathBuf,
    /// Where the servers keep their data: a folder for each is made in here and removed again. It should be
    /// on the kind of disk that is to be measured. With `--server`: that server's own folder.
    #[arg(long)]
    data: Option<PathBuf>,
    /// PostgreSQL instead of the embedded database.
    #[arg(long)]
    database_url: Option<String>,

    /// How long a scenario is measured.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// What comes before, and is not counted.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=60))]
    warm_up: u64,
    /// Another number of visitors than the scenario's own.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    connections: Option<u32>,
    /// How many conversations the demo account of the inbox's scenarios is filled with. With `--server`, its demo account is taken as it is.
    #[arg(long, default_value_t = 50_000)]
    conversations: u64,
    /// How many messages these have.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// 64 visitors, each sends and waits for its own echo.
    HubEcho,
    /// The same with 500 visitors.
    #[value(name = "hub-echo-500")]
    HubEcho500,
    /// 1,000 messages a second over 64 visitors, whatever the server does.
    HubSteady,
    /// 64 clients of the REST door.
    RestSend,
    /// The memory of 2,000 visitors who are connected and silent.
    Idle,
    /// One visitor's message to 1,000 connections.
    FanOut,
    /// A visitor's first message until the local assistant has answered.
    FirstAnswer,
    /// `hub-echo` over Socket.IO: `send_message` until the own `message_received`.
    SocketEcho,
    /// The same with 500 visitors.
    #[value(name = "socket-echo-500")]
    SocketEcho500,
    /// `idle` over Socket.IO.
    SocketIdle,
    /// `fan-out` over Socket.IO.
    SocketFanOut,
    /// 10,000 Socket.IO clients who connect and join at once.
    SocketStorm,
    /// The lists of an agent's inbox, on a filled demo account.
    InboxList,
    /// Opening conversations there.
    InboxThread,
    /// Searching there.
    InboxSearch,
    /// Its reports.
    InboxReports,
    /// From the start of the process until it is ready, and its memory then.
    Start,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    // One thread: the generator shares its cores with the server, and work that is stolen back and forth
    // would be paid by both.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let played = match arguments.scenarios.as_slice() {
        [] => Scenario::value_variants().to_vec(),
        chosen => chosen.to_vec(),
    };
    let absolute =
        |path: &Path| path.canonicalize().with_context(|| format!("{} does not exist", path.display()));
    let provision = Provision {
        binary: absolute(&arguments.binary)?,
        database_url: arguments.database_url.clone(),
        data: absolute(&arguments.data.clone().unwrap_or_else(std::env::temp_dir))?,
    };
    machine::check_open_files()?;
    println!("{}", serde_json::to_string(&machine::describe(&provision.data)?)?);

    let mut errors = 0;
    let mut filled = None;
    for scenario in played {
        let figures = match scenario.of_inbox() {
            Some(kind) => play_inbox(kind, &arguments, &provision, &mut filled).await,
            None => play(scenario, &arguments, &provision).await,
        };
        let figures = figures.with_context(|| format!("{} could not be played", scenario.name()))?;
        for figures in figures {
            errors += figures.errors;
            println!("{}", serde_json::to_string(&figures)?);
        }
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn play(
    scenario: Scenario,
    arguments: &Arguments,
    provision: &Provision,
) -> anyhow::Result<Vec<figures::Figures>> {
    if scenario == Scenario::Start {
        ensure!(arguments.server.is_none(), "a server that runs already cannot be started");
        return scenarios::start::play(provision).await;
    }
    let server = match &arguments.server {
        Some(url) => Server::attach(provision, loopback(url)?, arguments.pid),
        None => Server::start(provision).await?.0,
    };
    let account = server.create_account().await?;
    if scenario == Scenario::FirstAnswer {
        account
            .add_article("Shipping", "Parcels leave within a day. Shipping takes two to four days.")
            .await?;
        account.toggle_agent(Agent::On).await?;
    } else {
        account.toggle_agent(Agent::Off).await?;
    }

    let load = |connections, wire| Load {
        server: &server,
        token: &account.channel_token,
        wire,
        connections: arguments.connections.unwrap_or(connections),
        warm_up: Duration::from_secs(arguments.warm_up),
        duration: Duration::from_secs(arguments.seconds),
    };
    let figures = match scenario {
        Scenario::HubEcho => scenarios::echo::play(load(64, Wire::Hub)).await,
        Scenario::HubEcho500 => scenarios::echo::play(load(500, Wire::Hub)).await,
        Scenario::HubSteady => scenarios::hub_steady::play(load(64, Wire::Hub)).await,
        Scenario::RestSend => scenarios::rest_send::play(load(64, Wire::Hub)).await,
        Scenario::Idle => scenarios::idle::play(load(2000, Wire::Hub)).await,
        Scenario::FanOut => scenarios::fan_out::play(load(1000, Wire::Hub)).await,
        Scenario::FirstAnswer => scenarios::first_answer::play(load(1, Wire::Hub)).await,
        Scenario::SocketEcho => scenarios::echo::play(load(64, Wire::Socket)).await,
        Scenario::SocketEcho500 => scenarios::echo::play(load(500, Wire::Socket)).await,
        Scenario::SocketIdle => scenarios::idle::play(load(2000, Wire::Socket)).await,
        Scenario::SocketFanOut => scenarios::fan_out::play(load(1000, Wire::Socket)).await,
        Scenario::SocketStorm => scenarios::storm::play(load(10_000, Wire::Socket)).await,
        Scenario::InboxList | Scenario::InboxThread | Scenario::InboxSearch | Scenario::InboxReports => {
            unreachable!("played on a filled account")
        }
        Scenario::Start => unreachable!("played above, without a server"),
    }?;
    server.stop().await?;
    Ok(vec![figures])
}

/// All of the inbox's scenarios share a server: filling takes minutes, and they only read.
async fn play_inbox(
    kind: Kind,
    arguments: &Arguments,
    provision: &Provision,
    filled: &mut Option<Server>,
) -> anyhow::Result<Vec<figures::Figures>> {
    let server = match (filled.take(), &arguments.server) {
        (Some(server), _) => server,
        (None, Some(url)) => Server::attach(provision, loopback(url)?, arguments.pid),
        (None, None) => Server::start_filled(provision, arguments.conversations, arguments.messages).await?,
    };
    let (warm_up, seconds) = (Duration::from_secs(arguments.warm_up), Duration::from_secs(arguments.seconds));
    scenarios::inbox::play(filled.insert(server), kind, warm_up, seconds).await
}

/// Load is for this machine only.
fn loopback(url: &str) -> anyhow::Result<SocketAddr> {
    let authority = url.strip_prefix("http://").context("the server's URL begins with http://")?;
    let authority = authority.trim_end_matches('/').replace("localhost", "127.0.0.1");
    let address: SocketAddr =
        authority.parse().with_context(|| format!("{authority} is no address and port"))?;
    ensure!(address.ip().is_loopback(), "{address} is not an address of this machine's loopback");
    Ok(address)
}

impl Scenario {
    fn of_inbox(self) -> Option<Kind> {
        match self {
            Scenario::InboxList => Some(Kind::List),
            Scenario::InboxThread => Some(Kind::Thread),
            Scenario::InboxSearch => Some(Kind::Search),
            Scenario::InboxReports => Some(Kind::Reports),
            _ => None,
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
