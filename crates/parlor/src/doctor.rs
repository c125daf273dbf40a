//! `parlor doctor`: what is broken or risky, why, and how to mend it. Each check is one function in a table.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::ExitCode};

use anyhow::Result;
use door_store::Forwarded;
use parlor_core::{accounts, limits::RateLimits, secrets::MasterKey};

use crate::{
    config::{Config, Demo},
    database, explained, files,
};

/// SQLite before this could corrupt a database when the write-ahead log was reset.
const OLDEST_SQLITE: (i32, &str) = (3_051_003, "3.51.3");
const MIB: u64 = 1024 * 1024;
/// Below this the disk is soon full.
const LITTLE: u64 = 1024 * MIB;
/// Below this it is as good as full.
const NOTHING: u64 = 100 * MIB;

/// What the checks look at.
struct Patient<'a> {
    config: &'a Config,
    database: Database,
}

enum Database {
    /// The first start will make it.
    NotYet,
    Open {
        schema: i64,
        accounts: i64,
    },
    Failed(String),
}

enum Finding {
    Fine(String),
    Warning { what: String, mend: String },
    Broken { what: String, mend: String },
}

type Check = fn(&Patient<'_>) -> Finding;

const CHECKS: &[Check] = &[
    database_opens,
    sqlite_is_sound,
    disk_has_room,
    folder_is_private,
    key_is_private,
    demo_is_not_public,
    rate_limits_are_on,
    address_is_encrypted,
    proxy_is_in_front,
    models_can_be_asked,
];

/// Runs the checks and prints what they find. Opening the database brings its schema up to date, as every start does.
pub async fn run(config: &Config) -> Result<ExitCode> {
    let patient = Patient { config, database: open(config).await };
    let mut code = ExitCode::SUCCESS;
    for check in CHECKS {
        match check(&patient) {
            Finding::Fine(what) => println!("ok       {what}"),
            Finding::Warning { what, mend } => println!("warning  {what}\n         → {mend}"),
            Finding::Broken { what, mend } => {
                println!("broken   {what}\n         → {mend}");
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// Looks into the database, if it is there. Its secret key is not needed for that, and none is made.
async fn open(config: &Config) -> Database {
    if config.database_url.is_none() && !config.sqlite_file().exists() {
        return Database::NotYet;
    }
    let looked = async {
        let app = database::open_with(config, config.listen, MasterKey::generate()).await?;
        let (schema, accounts) = (database::schema(&app).await, accounts::count(&app).await);
        app.db.close().await;
        Ok(Database::Open { schema: schema?, accounts: accounts? })
    };
    looked.await.unwrap_or_else(|error| Database::Failed(explained(&error)))
}

fn fine(what: impl Into<String>) -> Finding {
    Finding::Fine(what.into())
}

fn warning(what: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding::Warning { what: what.into(), mend: mend.into() }
}

fn broken(what: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding::Broken { what: what.into(), mend: mend.into() }
}

fn database_opens(patient: &Patient<'_>) -> Finding {
    let place = database::place(patient.config);
    match &patient.database {
        Database::NotYet => fine(format!("{place} will be made at the first start")),
        Database::Open { schema, .. } => fine(format!("{place} opens; its schema is number {schema}")),
        Database::Failed(problem) => broken(
            problem.clone(),
            match &patient.config.database_url {
                Some(_) => {
                    "check database_url, and that the server runs, is PostgreSQL 15 or newer and lets this user in"
                }
                None => {
                    "check the data folder's owner and rights; if the file is damaged, restore the backup"
                }
            },
        ),
    }
}

fn sqlite_is_sound(patient: &Patient<'_>) -> Finding {
    let version = rusqlite::version();
    if patient.config.database_url.is_some() || rusqlite::version_number() >= OLDEST_SQLITE.0 {
        return fine(format!("SQLite {version} is built in"));
    }
    let what = format!("SQLite {version} is older than {} and can corrupt a database", OLDEST_SQLITE.1);
    broken(what, "build Parlor with its bundled SQLite, or link a newer one")
}

fn disk_has_room(patient: &Patient<'_>) -> Finding {
    let folder = std::path::absolute(&patient.config.data).unwrap_or_else(|_| patient.config.data.clone());
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let free = match rustix::fs::statvfs(there) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            return warning(
                format!("cannot tell how much room {} has: {error}", there.display()),
                "look with df",
            );
        }
    };
    let what = format!("{} MiB are free for {}", free / MIB, patient.config.data.display());
    match free {
        ..NOTHING => {
            broken(what, "make room, or move the data folder: messages cannot be stored on a full disk")
        }
        NOTHING..LITTLE => warning(what, "make room, or move the data folder to a larger disk"),
        LITTLE.. => fine(what),
    }
}

fn folder_is_private(patient: &Patient<'_>) -> Finding {
    private(&patient.config.data, "0700", "conversations and the secret key lie in it")
}

fn key_is_private(patient: &Patient<'_>) -> Finding {
    if patient.config.secret_key.is_some() {
        return fine("the secret key comes from the configuration");
    }
    let path = files::secret_key_path(&patient.config.data);
    match patient.database {
        Database::Open { accounts: 1.., .. } if !path.exists() => broken(
            format!("there are accounts, but {} is gone", path.display()),
            "put it back from the backup; a new one ends all sign-ins and loses the provider keys and push credentials that accounts have stored",
        ),
        _ => private(&path, "0600", "whoever knows it can sign in as anybody"),
    }
}

fn private(path: &Path, wanted: &str, why: &str) -> Finding {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(meta) if meta.permissions().mode() & 0o077 == 0 => fine(format!("{shown} is its owner's alone")),
        Ok(_) => warning(format!("{shown} can be read by others: {why}"), format!("chmod {wanted} {shown}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            fine(format!("{shown} will be made at the first start, for its owner only"))
        }
        Err(error) => broken(format!("cannot look at {shown}: {error}"), "check its owner and rights"),
    }
}

/// Whether others than this machine can connect.
fn is_public(config: &Config) -> bool {
    !config.listen.ip().is_loopback()
}

fn demo_is_not_public(patient: &Patient<'_>) -> Finding {
    match (patient.config.demo, is_public(patient.config)) {
        (Demo::Wanted, true) => warning(
            format!("the demo account is served on {}, for others to see", patient.config.listen),
            "set demo = false (or --demo false) before the first start of an installation that is meant seriously",
        ),
        (Demo::Wanted, false) => fine("the demo account is for this machine only"),
        (Demo::Unwanted, _) => fine("no demo account is made"),
    }
}

fn rate_limits_are_on(patient: &Patient<'_>) -> Finding {
    match patient.config.rate_limits {
        RateLimits::On => fine("rate limits are on"),
        RateLimits::Off => warning(
            "rate limits are off: anybody may write, and try passwords and session ids, as often as they like",
            "set rate_limits = \"on\"; off is for load tests",
        ),
    }
}

fn address_is_encrypted(patient: &Patient<'_>) -> Finding {
    let url = patient.config.public_url(patient.config.listen);
    if url.starts_with("https://") {
        return fine(format!("visitors come by {url}"));
    }
    match (&patient.config.public_url, is_public(patient.config)) {
        (None, false) => fine(format!("{url} is for this machine only")),
        (None, true) => warning(
            format!("public_url is not set, so embed snippets say {url}"),
            "put a TLS proxy in front and set public_url to its https:// address",
        ),
        (Some(_), _) => warning(
            format!("{url} is not encrypted: passwords and conversations can be read on their way"),
            "put a TLS proxy in front and set public_url to its https:// address",
        ),
    }
}

fn proxy_is_in_front(patient: &Patient<'_>) -> Finding {
    let behind_one = patient.config.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    match (patient.config.forwarded, is_public(patient.config)) {
        (Forwarded::Ignore, false) if behind_one => warning(
            "visitors come through a proxy on this machine, but its word on who they are is not trusted: all of them share one rate limit",
            "let the proxy append to X-Forwarded-For and set trust_forwarded_for = true",
        ),
        (Forwarded::Ignore, _) => fine("callers are known by the address they connect from"),
        (Forwarded::Trust, false) => fine("a proxy on this machine says who is calling"),
        (Forwarded::Trust, true) => warning(
            format!(
                "trust_forwarded_for is on while {} takes connections from anywhere",
                patient.config.listen
            ),
            "listen on an address that only the proxy reaches; otherwise callers choose their own address and escape the rate limits",
        ),
    }
}

fn models_can_be_asked(patient: &Patient<'_>) -> Finding {
    let known = [("anthropic", &patient.config.anthropic), ("openai", &patient.config.openai)];
    let keys: Vec<&str> =
        known.iter().filter(|(_, provider)| provider.api_key.is_some()).map(|(name, _)| *name).collect();
    if !keys.is_empty() {
        return fine(format!("there is a key for {}", keys.join(" and ")));
    }
    warning(
        "no model provider has a key: assistants answer by `local`, from the account's own articles, unless the account has a key of its own",
        "set ANTHROPIC_API_KEY or OPENAI_API_KEY, or leave it at that: `local` needs no network",
    )
}
