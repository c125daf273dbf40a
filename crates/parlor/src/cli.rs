//! What can be said on the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use parlor_core::actor::Role;
use uuid::Uuid;

/// Self-hosted live chat for websites, with an assistant that answers.
///
/// Without a command: `serve`. Every key of the configuration is explained in the file that `parlor config --reference` prints.
#[derive(Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

/// What overrides the configuration file. Keys that are secrets have no flag: command lines can be read by others.
#[derive(Args)]
#[command(next_help_heading = "Configuration")]
struct Options {
    /// The configuration file; otherwise parlor.toml in the data folder or here, if there is one.
    #[arg(long, global = true, value_name = "FILE", env = "PARLOR_CONFIG", hide_env_values = true)]
    config: Option<String>,
    /// Where to listen, 127.0.0.1:8080 by default; port 0 takes a free one.
    #[arg(long, global = true, value_name = "ADDRESS:PORT", env = "PARLOR_LISTEN", hide_env_values = true)]
    listen: Option<String>,
    /// The folder for everything that is kept, ./data by default.
    #[arg(long, global = true, value_name = "FOLDER", env = "PARLOR_DATA", hide_env_values = true)]
    data: Option<String>,
    /// PostgreSQL instead of the SQLite file in the data folder.
    #[arg(long, global = true, value_name = "URL", env = "PARLOR_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Where visitors reach this server.
    #[arg(long, global = true, value_name = "URL", env = "PARLOR_PUBLIC_URL", hide_env_values = true)]
    public_url: Option<String>,
    /// Whether X-Forwarded-For says who is calling.
    #[arg(
        long,
        global = true,
        value_name = "true|false",
        env = "PARLOR_TRUST_FORWARDED_FOR",
        hide_env_values = true
    )]
    trust_forwarded_for: Option<String>,
    /// Rate limits on whatever is anonymous.
    #[arg(long, global = true, value_name = "on|off", env = "PARLOR_RATE_LIMITS", hide_env_values = true)]
    rate_limits: Option<String>,
    /// Whether the first start makes a demo account.
    #[arg(long, global = true, value_name = "true|false", env = "PARLOR_DEMO", hide_env_values = true)]
    demo: Option<String>,
    /// What is logged to standard error, `info` by default.
    #[arg(long, global = true, value_name = "LEVELS", env = "PARLOR_LOG", hide_env_values = true)]
    log: Option<String>,
    /// How it is logged.
    #[arg(long, global = true, value_name = "text|json", env = "PARLOR_LOG_FORMAT", hide_env_values = true)]
    log_format: Option<String>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Start the server.
    Serve,
    /// Make and change accounts, also while the server runs on the same data.
    #[command(subcommand)]
    Account(Account),
    /// Fill an account with conversations of the last half year, to try Parlor with as many as a busy shop has.
    Demo(Fill),
    /// Bring the database's schema up to date.
    Migrate,
    /// Print the configuration in effect and where each value comes from; secrets are not shown.
    Config {
        /// Print the built-in file instead, which explains every key.
        #[arg(long)]
        reference: bool,
    },
    /// Look for what is broken (exit code 1) or risky (a warning), and say how to mend it.
    Doctor,
}

#[derive(Args)]
pub struct Fill {
    /// How many conversations are added.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub conversations: u64,
    /// How many messages they have in all.
    #[arg(long, value_name = "M", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub messages: u64,
    /// Which account; otherwise the demo account, which is made in a database that has no account yet.
    #[arg(long, value_name = "ID")]
    pub account: Option<Uuid>,
    /// The same number tells the same stories, reckoned from the present.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

#[derive(Subcommand)]
pub enum Account {
    /// Make an account with its owner and a website channel.
    Create(CreateAccount),
    /// Change what an account may use; what is not named stays as it is.
    Plan(ChangePlan),
    /// Add a person to an account.
    Agent(AddAgent),
    /// Give a person a new password; all their sign-ins end.
    Password(ResetPassword),
}

#[derive(Args)]
pub struct CreateAccount {
    /// The shop's name; the owner gets it too.
    #[arg(long)]
    pub name: String,
    /// The owner's e-mail address, to sign in with.
    #[arg(long)]
    pub email: String,
    /// The owner's password, 8 to 256 characters.
    #[arg(long)]
    pub password: String,
    /// Make no website channel.
    #[arg(long)]
    pub no_channel: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct ChangePlan {
    #[arg(long, value_name = "ID")]
    pub account: Uuid,
    #[arg(long, value_name = "true|false")]
    pub allows_social_messaging: Option<bool>,
    #[arg(long, value_name = "N")]
    pub max_social_channels: Option<i64>,
    #[arg(long, value_name = "N|none")]
    pub max_monthly_ai_tokens: Option<Ceiling>,
    #[arg(long, value_name = "N|none")]
    pub max_monthly_messages: Option<Ceiling>,
}

#[derive(Args)]
pub struct AddAgent {
    #[arg(long, value_name = "ID")]
    pub account: Uuid,
    #[arg(long)]
    pub name: String,
    #[arg(long)]
    pub email: String,
    /// 8 to 256 characters.
    #[arg(long)]
    pub password: String,
    #[arg(long, value_enum)]
    pub role: RoleName,
}

#[derive(Args)]
pub struct ResetPassword {
    /// The person's e-mail address.
    #[arg(long)]
    pub email: String,
    /// The new one, 8 to 256 characters.
    #[arg(long)]
    pub password: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum RoleName {
    Owner,
    Admin,
    Agent,
    Viewer,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Role {
        match name {
            RoleName::Owner => Role::Owner,
            RoleName::Admin => Role::Admin,
            RoleName::Agent => Role::Agent,
            RoleName::Viewer => Role::Viewer,
        }
    }
}

/// A limit that may be none.
#[derive(Clone, Copy)]
pub struct Ceiling(pub Option<i64>);

impl std::str::FromStr for Ceiling {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Ceiling, Self::Err> {
        if text == "none" { Ok(Ceiling(None)) } else { text.parse().map(|limit| Ceiling(Some(limit))) }
    }
}
