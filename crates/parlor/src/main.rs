//! The program: `serve`, `account`, `demo`, `migrate`, `config`, `doctor`.

mod account;
mod cli;
mod config;
mod database;
mod demo;
mod doctor;
mod files;
mod fill;
mod http;
mod logging;
mod metrics;
mod serve;
mod stories;

use std::{process::ExitCode, thread::available_parallelism};

use anyhow::{Context, Result};
use clap::{CommandFactory, FromArgMatches};

use cli::{Cli, Command};
use config::Config;

/// More threads than this only cost memory: writes share one thread, and reads a few.
const MOST_WORKERS: usize = 8;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match Config::load(&matches).and_then(|config| run(cli.command.unwrap_or(Command::Serve), config)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", explained(&error));
            ExitCode::FAILURE
        }
    }
}

/// What went wrong and why, each reason said once.
fn explained(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for reason in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = reason;
        } else if !said.contains(&reason) {
            said = format!("{}: {reason}", said.trim_end_matches('.'));
        }
    }
    said
}

fn run(command: Command, config: Config) -> Result<ExitCode> {
    match &command {
        Command::Config { reference: true } => print!("{}", config::REFERENCE),
        Command::Config { reference: false } => print!("{}", config.shown()),
        Command::Serve | Command::Account(_) | Command::Demo(_) | Command::Migrate | Command::Doctor => {
            logging::start(&config)?;
            let workers = available_parallelism().map_or(2, |cores| cores.get().clamp(2, MOST_WORKERS));
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
            return runtime.context("cannot start the runtime")?.block_on(run_async(command, config));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_async(command: Command, config: Config) -> Result<ExitCode> {
    match command {
        Command::Serve => serve::run(&config).await?,
        Command::Account(order) => account::run(&config, order).await?,
        Command::Demo(order) => fill::run(&config, order).await?,
        Command::Migrate => {
            let app = database::open(&config, config.listen).await?;
            println!("The schema is number {}.", database::schema(&app).await?);
            app.db.close().await;
        }
        Command::Doctor => return doctor::run(&config).await,
        Command::Config { .. } => unreachable!("printed without a runtime"),
    }
    Ok(ExitCode::SUCCESS)
}
