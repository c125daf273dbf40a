//! Opens the house on the configured data, and what is asked of the database itself.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use parlor_core::{
    App,
    app::{Database, Settings},
    assistants::{ProviderSettings, Providers},
    params,
    secrets::MasterKey,
};

use crate::{
    config::{Config, Provider},
    files,
};

/// Opens the house for a server on `address`, and brings the schema up to date. What is not there yet is made.
pub async fn open(config: &Config, address: SocketAddr) -> Result<App> {
    files::make_folder(&config.data)?;
    let key = match &config.secret_key {
        Some(key) => key.clone(),
        None => files::secret_key(&config.data)?,
    };
    open_with(config, address, key).await
}

/// The same with another key: nothing that is sealed can be opened, and no token is right.
pub async fn open_with(config: &Config, address: SocketAddr, key: MasterKey) -> Result<App> {
    let mut settings = Settings::new(database(config), config.uploads_folder(), key);
    settings.providers =
        Providers { anthropic: provider(&config.anthropic), openai: provider(&config.openai) };
    settings.push.endpoints = config.push.clone();
    settings.rate_limits = config.rate_limits;
    settings.largest_upload = config.largest_upload;
    settings.uploads_url = format!("{}/uploads", config.public_url(address));
    App::open(settings).await.with_context(|| format!("cannot open {}", place(config)))
}

fn database(config: &Config) -> Database {
    match &config.database_url {
        Some(url) => Database::Postgres(url.clone()),
        None => Database::Sqlite(config.sqlite_file()),
    }
}

fn provider(configured: &Provider) -> ProviderSettings {
    ProviderSettings { base_url: configured.base_url.clone(), api_key: configured.api_key.clone() }
}

/// Which database it is, without a password.
pub fn place(config: &Config) -> String {
    match &config.database_url {
        Some(url) => format!("PostgreSQL at {}", shown_url(url)),
        None => format!("SQLite in {}", config.sqlite_file().display()),
    }
}

/// A database URL without whatever could be secret in it.
pub fn shown_url(url: &str) -> String {
    use tokio_postgres::config::Host;
    let Ok(parsed) = url.parse::<tokio_postgres::Config>() else { return "(set)".into() };
    let host = match parsed.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".into(),
    };
    let port = parsed.get_ports().first().map(|port| format!(":{port}")).unwrap_or_default();
    let user = parsed.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let name = parsed.get_dbname().map(|name| format!("/{name}")).unwrap_or_default();
    format!("postgres://{user}{host}{port}{name}")
}

/// The number of the newest migration.
pub async fn schema(app: &App) -> parlor_core::Result<i64> {
    let sql = "select coalesce(max(number), 0) from migrations";
    app.db.read(move |tx| Box::pin(async move { tx.one(sql, params![], |row| row.get(0)).await })).await
}
