//! Where the log goes. Nobody logs queries, bodies, tokens, session ids or message texts.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Libraries that would log statements with their parameters, headers or frames when everything is asked for. Whoever names one of them
/// in the configuration gets it all the same.
const DISCREET: &str =
    "hyper=info,h2=info,reqwest=info,rustls=info,tokio_postgres=warn,tungstenite=info,tokio_tungstenite=info";

/// From here on, the log goes to standard error.
pub fn start(config: &Config) -> Result<()> {
    let filter = EnvFilter::try_new(format!("{DISCREET},{}", config.log))
        .with_context(|| format!("`log` does not say what is to be logged: {:?}", config.log))?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let subscriber = subscriber.with_ansi(std::io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
    Ok(())
}
