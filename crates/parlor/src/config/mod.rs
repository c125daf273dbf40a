//! The configuration: flags over environment over file over the defaults that are built in.

mod layers;
mod parse;

use std::{fmt::Write, net::SocketAddr, path::PathBuf};

use anyhow::Result;
use clap::ArgMatches;
use model_client::ApiKey;
use parlor_core::{limits::RateLimits, push::Endpoints, secrets::MasterKey};

use crate::database;
use layers::Layers;
pub use layers::REFERENCE;

/// Whether `X-Forwarded-For` says who is calling.
pub use door_store::Forwarded;

/// What the program runs with.
pub struct Config {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub database_url: Option<String>,
    pub metrics_listen: Option<SocketAddr>,
    /// Without a slash at the end.
    pub public_url: Option<String>,
    pub secret_key: Option<MasterKey>,
    pub forwarded: Forwarded,
    pub rate_limits: RateLimits,
    /// In bytes.
    pub largest_upload: u64,
    pub demo: Demo,
    pub log: String,
    pub log_format: LogFormat,
    pub anthropic: Provider,
    pub openai: Provider,
    pub push: Endpoints,
    layers: Layers,
}

/// Whether the first start makes a demo account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demo {
    Wanted,
    Unwanted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Where a model provider is, and the operator's key for it.
pub struct Provider {
    pub api_key: Option<ApiKey>,
    pub base_url: String,
}

/// One key of the configuration.
struct Key {
    /// As in the file, with dots between tables.
    name: &'static str,
    /// The flag's id, where there is a flag; its variable is read together with it.
    flag: Option<&'static str>,
    /// The variables of keys without a flag, the first that is set wins.
    variables: &'static [&'static str],
    shown: Shown,
}

/// How `parlor config` shows a value.
enum Shown {
    Openly,
    /// Without the password in it.
    AsDatabase,
    /// Only that there is one.
    AsSet,
}

const fn flag(name: &'static str) -> Key {
    Key { name, flag: Some(name), variables: &[], shown: Shown::Openly }
}

const fn variables(name: &'static str, variables: &'static [&'static str], shown: Shown) -> Key {
    Key { name, flag: None, variables, shown }
}

const KEYS: &[Key] = &[
    flag("listen"),
    flag("data"),
    Key { shown: Shown::AsDatabase, ..flag("database_url") },
    variables("metrics_listen", &["PARLOR_METRICS_LISTEN"], Shown::Openly),
    flag("public_url"),
    variables("secret_key", &["PARLOR_SECRET_KEY"], Shown::AsSet),
    flag("trust_forwarded_for"),
    flag("rate_limits"),
    variables("largest_upload", &["PARLOR_LARGEST_UPLOAD"], Shown::Openly),
    flag("demo"),
    flag("log"),
    flag("log_format"),
    variables(
        "providers.anthropic.api_key",
        &["PARLOR_ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY"],
        Shown::AsSet,
    ),
    variables("providers.anthropic.base_url", &["PARLOR_ANTHROPIC_BASE_URL"], Shown::Openly),
    variables("providers.openai.api_key", &["PARLOR_OPENAI_API_KEY", "OPENAI_API_KEY"], Shown::AsSet),
    variables("providers.openai.base_url", &["PARLOR_OPENAI_BASE_URL"], Shown::Openly),
    variables("push.fcm_url", &["PARLOR_PUSH_FCM_URL"], Shown::Openly),
    variables("push.google_token_url", &["PARLOR_PUSH_GOOGLE_TOKEN_URL"], Shown::Openly),
    variables("push.apns_production_url", &["PARLOR_PUSH_APNS_PRODUCTION_URL"], Shown::Openly),
    variables("push.apns_sandbox_url", &["PARLOR_PUSH_APNS_SANDBOX_URL"], Shown::Openly),
];

impl Config {
    /// Puts the layers on each other and reads the values.
    ///
    /// # Errors
    /// For a file that cannot be read, an unknown key, or a value that does not do; each says where it stands.
    pub fn load(matches: &ArgMatches) -> Result<Config> {
        let layers = Layers::load(matches)?;
        Ok(Config {
            listen: layers.required("listen", parse::address)?,
            data: layers.required("data", parse::folder)?,
            database_url: layers.optional("database_url", parse::database_url)?,
            metrics_listen: layers.optional("metrics_listen", parse::address)?,
            public_url: layers.optional("public_url", parse::origin)?,
            secret_key: layers.optional("secret_key", parse::secret_key)?,
            forwarded: layers.required("trust_forwarded_for", parse::forwarded)?,
            rate_limits: layers.required("rate_limits", parse::rate_limits)?,
            largest_upload: layers.required("largest_upload", parse::size)?,
            demo: layers.required("demo", parse::demo)?,
            log: layers.required("log", parse::text)?,
            log_format: layers.required("log_format", parse::log_format)?,
            anthropic: Provider {
                api_key: layers.optional("providers.anthropic.api_key", parse::api_key)?,
                base_url: layers.required("providers.anthropic.base_url", parse::base_url)?,
            },
            openai: Provider {
                api_key: layers.optional("providers.openai.api_key", parse::api_key)?,
                base_url: layers.required("providers.openai.base_url", parse::base_url)?,
            },
            push: Endpoints {
                fcm: layers.required("push.fcm_url", parse::base_url)?,
                google_token: layers.required("push.google_token_url", parse::base_url)?,
                apns_production: layers.required("push.apns_production_url", parse::base_url)?,
                apns_sandbox: layers.required("push.apns_sandbox_url", parse::base_url)?,
            },
            layers,
        })
    }

    /// The SQLite database, where it is not PostgreSQL.
    pub fn sqlite_file(&self) -> PathBuf {
        self.data.join("parlor.db")
    }

    /// The folder for the files that visitors and agents send up.
    pub fn uploads_folder(&self) -> PathBuf {
        self.data.join("uploads")
    }

    /// Where the world reaches a server that listens on `bound`.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.clone(),
            None => format!("http://{}", parse::reachable(bound)),
        }
    }

    /// Every key as TOML, with where its value comes from.
    pub fn shown(&self) -> String {
        let mut shown = String::new();
        let mut table = "";
        for key in KEYS {
            let (own_table, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
            if own_table != table {
                table = own_table;
                writeln!(shown, "\n[{table}]").expect("a string takes everything");
            }
            let line = match self.layers.get(key.name) {
                None => format!("# {name} is not set"),
                Some((value, origin)) => {
                    let value = match key.shown {
                        Shown::Openly => value.to_owned(),
                        Shown::AsDatabase => database::shown_url(value),
                        Shown::AsSet => "(set)".into(),
                    };
                    format!("{:<40} # {origin}", format!("{name} = {}", in_toml(key, &value)))
                }
            };
            writeln!(shown, "{line}").expect("a string takes everything");
        }
        shown
    }
}

fn in_toml(key: &Key, value: &str) -> String {
    match (key.name, parse::truth(value)) {
        ("demo" | "trust_forwarded_for", Ok(truth)) => truth.to_string(),
        _ => toml::Value::from(value).to_string(),
    }
}
