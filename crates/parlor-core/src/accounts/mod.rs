//! Accounts, their agents, and how an agent signs in.

mod passwords;
pub(crate) mod sql;

use std::{net::IpAddr, time::Duration};

use jiff::{SignedDuration, Timestamp};

pub(crate) use passwords::Nobody;
use passwords::Password;

use crate::{
    Error, Event, Result,
    actor::{Agent, Role},
    app::App,
    ids::{AccountId, AgentId, SignInId},
    limits::{self, Action},
    secrets, text_enum,
    usage::Plan,
};

/// How long a sign-in lives that is not renewed.
const SIGN_IN_LIVES: SignedDuration = SignedDuration::from_hours(24 * 30);
const SHORTEST_PASSWORD: usize = 8;

/// Who owns everything.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: AccountId,
    pub name: String,
    pub plan: Plan,
}

/// What it takes to make an account with its owner.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub name: String,
    pub email: String,
    pub password: String,
}

text_enum! {
    /// What a person holds who has signed in.
    SignInKind {
        /// An access token, renewed by a refresh token.
        Tokens = "tokens",
        /// A cookie.
        Browser = "browser",
    }
}

/// A browser that has just signed in.
#[derive(Clone)]
pub struct BrowserSignIn {
    pub agent: Agent,
    /// The cookie's value; only its hash is stored.
    pub cookie: String,
}

/// A sign-in that has just begun or been renewed.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub agent: Agent,
    /// Good for one renewal; only its hash is stored.
    pub refresh_token: String,
}

/// Makes an account on the default plan, and its owner.
///
/// # Errors
/// [`Error::Invalid`] for a name, e-mail address or password that does not do; [`Error::Conflict`] when the address is taken.
pub async fn create(app: &App, new: NewAccount) -> Result<(Account, AgentId)> {
    let name = checked_name(&new.name)?;
    let email = checked_email(&new.email)?;
    let hash = passwords::hash(app, new.password).await?;
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                let account = Account { id: AccountId(inner.new_id()), name, plan: Plan::default() };
                sql::insert_account(tx, &account, now).await?;
                let owner = Agent {
                    id: AgentId(inner.new_id()),
                    account_id: account.id,
                    name: account.name.clone(),
                    email,
                    role: Role::Owner,
                    sign_in: SignInId(inner.new_id()),
                };
                if sql::insert_agent(tx, &owner, &hash, now).await? == 0 {
                    return Err(Error::Conflict("This e-mail address is taken."));
                }
                Ok((account, owner.id))
            })
        })
        .await
}

/// Adds a person to an account.
///
/// # Errors
/// As [`create`].
pub async fn add_agent(app: &App, account_id: AccountId, role: Role, new: NewAccount) -> Result<AgentId> {
    let name = checked_name(&new.name)?;
    let email = checked_email(&new.email)?;
    let hash = passwords::hash(app, new.password).await?;
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                sql::account(tx, account_id).await?.ok_or(Error::NotFound("Account"))?;
                let id = AgentId(inner.new_id());
                let agent = Agent { id, account_id, name, email, role, sign_in: SignInId(inner.new_id()) };
                match sql::insert_agent(tx, &agent, &hash, inner.now()).await? {
                    0 => Err(Error::Conflict("This e-mail address is taken.")),
                    _ => Ok(id),
                }
            })
        })
        .await
}

/// One account.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, id: AccountId) -> Result<Account> {
    app.db
        .read(move |tx| {
            Box::pin(async move { sql::account(tx, id).await?.ok_or(Error::NotFound("Account")) })
        })
        .await
}

/// How many accounts there are.
pub async fn count(app: &App) -> Result<i64> {
    app.db.read(|tx| Box::pin(async move { sql::count(tx).await })).await
}

/// Changes what an account may use.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for a negative limit.
pub async fn set_plan(app: &App, id: AccountId, plan: Plan) -> Result<()> {
    plan.check()?;
    app.db
        .write(move |tx| {
            Box::pin(async move {
                match sql::update_plan(tx, id, &plan).await? {
                    0 => Err(Error::NotFound("Account")),
                    _ => Ok(()),
                }
            })
        })
        .await
}

/// Signs a person in. An unknown person costs as much time as a wrong password.
///
/// # Errors
/// [`Error::Unauthenticated`], one text for whatever was wrong; [`Error::TooMany`] for the address or the person.
pub async fn sign_in(app: &App, email: &str, password: String, address: IpAddr) -> Result<SignedIn> {
    let agent = authenticate(app, email, password, address).await?;
    let (agent, refresh_token) = begin(app, agent, SignInKind::Tokens).await?;
    Ok(SignedIn { agent, refresh_token })
}

/// As [`sign_in`], for a browser that keeps a cookie.
///
/// # Errors
/// As [`sign_in`].
pub async fn sign_in_browser(
    app: &App,
    email: &str,
    password: String,
    address: IpAddr,
) -> Result<BrowserSignIn> {
    let agent = authenticate(app, email, password, address).await?;
    let (agent, cookie) = begin(app, agent, SignInKind::Browser).await?;
    Ok(BrowserSignIn { agent, cookie })
}

async fn authenticate(app: &App, email: &str, password: String, address: IpAddr) -> Result<Agent> {
    let email = email.trim().to_lowercase();
    app.limits.check(Action::AddressSignsIn, limits::network(address))?;
    app.limits.check(Action::PersonSignsIn, (&email, limits::network(address)))?;
    app.limits.check(Action::PersonIsTried, &email)?;
    let wrong = || Error::Unauthenticated("E-mail address or password is wrong.");
    if password.len() > passwords::LONGEST_PASSWORD {
        return Err(wrong());
    }
    // PostgreSQL takes no NUL, and no address holds one.
    let known = match email.contains('\0') {
        true => None,
        false => {
            app.db.read(move |tx| Box::pin(async move { sql::agent_by_email(tx, &email).await })).await?
        }
    };
    let hash = match &known {
        Some((_, hash)) => hash.clone(),
        None => app.nobody.hash(app).await?,
    };
    if passwords::compare(app, hash, password).await? == Password::Wrong {
        return Err(wrong());
    }
    known.map(|(agent, _)| agent).ok_or_else(wrong)
}

/// Begins a sign-in, and makes the secret that stands for it.
async fn begin(app: &App, agent: Agent, kind: SignInKind) -> Result<(Agent, String)> {
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let agent = Agent { sign_in: SignInId(inner.new_id()), ..agent };
                let (secret, hash) = SignInSecret::generate(kind, agent.sign_in);
                let now = inner.now();
                sql::insert_sign_in(tx, &agent, kind, &hash, now + SIGN_IN_LIVES, now).await?;
                Ok((agent, secret))
            })
        })
        .await
}

/// Renews a sign-in; the refresh token is spent and a new one handed out. One that was spent before ends the sign-in: somebody has a
/// copy of it.
///
/// # Errors
/// [`Error::Unauthenticated`].
pub async fn refresh(app: &App, refresh_token: &str) -> Result<SignedIn> {
    const REFUSED: Error = Error::Unauthenticated("The refresh token is not valid.");
    let token = SignInSecret::parse(SignInKind::Tokens, refresh_token).ok_or(REFUSED)?;
    let inner = app.clone();
    let renewed = app
        .db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                let Some((agent, hash)) = sql::lock_sign_in(tx, token.sign_in, now).await? else {
                    return Ok(None);
                };
                if hash != token.hash {
                    end(tx, &agent, now).await?;
                    return Ok(None);
                }
                let (refresh_token, hash) = SignInSecret::generate(SignInKind::Tokens, token.sign_in);
                sql::renew_sign_in(tx, token.sign_in, &hash, now + SIGN_IN_LIVES).await?;
                Ok(Some(SignedIn { agent, refresh_token }))
            })
        })
        .await?;
    renewed.ok_or(REFUSED)
}

/// What stands for a sign-in: a prefix that says of which kind it is, the sign-in, and a secret of which only the hash is stored.
struct SignInSecret {
    sign_in: SignInId,
    hash: Vec<u8>,
}

impl SignInSecret {
    const fn prefix(kind: SignInKind) -> &'static str {
        match kind {
            SignInKind::Tokens => "rt_",
            SignInKind::Browser => "bs_",
        }
    }

    /// A new one, and the hash to store.
    fn generate(kind: SignInKind, sign_in: SignInId) -> (String, Vec<u8>) {
        let secret = secrets::new_token(&format!("{}{}_", Self::prefix(kind), sign_in.0.simple()));
        let hash = secrets::hash(&secret);
        (secret, hash)
    }

    fn parse(kind: SignInKind, text: &str) -> Option<SignInSecret> {
        let (sign_in, _) = text.strip_prefix(Self::prefix(kind))?.split_once('_')?;
        Some(SignInSecret { sign_in: SignInId(sign_in.parse().ok()?), hash: secrets::hash(text) })
    }
}

/// Who is behind a sign-in, with the role they have now.
///
/// # Errors
/// [`Error::Unauthenticated`] when it has ended or the agent is disabled.
pub async fn signed_in(app: &App, sign_in: SignInId) -> Result<Agent> {
    let now = app.now();
    let agent =
        app.db.read(move |tx| Box::pin(async move { sql::agent_by_sign_in(tx, sign_in, now).await })).await?;
    agent.ok_or(Error::Unauthenticated("The sign-in has ended."))
}

/// Ends the sign-in that this refresh token belongs to, also where it is spent. An unknown one is fine: the wish is fulfilled.
pub async fn sign_out(app: &App, refresh_token: &str) -> Result<()> {
    let Some(token) = SignInSecret::parse(SignInKind::Tokens, refresh_token) else { return Ok(()) };
    let now = app.now();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                if let Some((agent, _)) = sql::lock_sign_in(tx, token.sign_in, now).await? {
                    end(tx, &agent, now).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Who is behind a browser's cookie, with the role they have now.
///
/// # Errors
/// [`Error::Unauthenticated`] for a cookie that is not ours, and when the sign-in has ended or the agent is disabled.
pub async fn by_cookie(app: &App, cookie: &str) -> Result<Agent> {
    const REFUSED: Error = Error::Unauthenticated("Sign in first.");
    let SignInSecret { sign_in, hash } = SignInSecret::parse(SignInKind::Browser, cookie).ok_or(REFUSED)?;
    let now = app.now();
    let known =
        app.db.read(move |tx| Box::pin(async move { sql::agent_by_browser(tx, sign_in, now).await })).await?;
    match known {
        Some((agent, stored)) if secrets::equal(&stored, &hash) => Ok(agent),
        _ => Err(REFUSED),
    }
}

/// Ends the sign-in of a browser that has proved itself by [`by_cookie`].
pub async fn sign_out_browser(app: &App, agent: &Agent) -> Result<()> {
    let (agent, now) = (agent.clone(), app.now());
    app.db.write(move |tx| Box::pin(async move { end(tx, &agent, now).await })).await
}

async fn end(tx: &mut crate::db::Tx, agent: &Agent, now: Timestamp) -> Result<()> {
    sql::end_sign_in(tx, agent.sign_in, now).await?;
    tx.tell(Event::SignedOut { account_id: agent.account_id, agent_id: agent.id, sign_in: agent.sign_in });
    Ok(())
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    match name.chars().count() {
        1..=100 if !name.chars().any(char::is_control) => Ok(name.to_owned()),
        _ => Err(Error::invalid("name", "must have 1 to 100 printable characters")),
    }
}

fn checked_email(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    let well_formed = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !email.contains(|c: char| c.is_whitespace() || c.is_control())
    });
    if well_formed && email.len() <= 254 {
        Ok(email)
    } else {
        Err(Error::invalid("email", "must be an e-mail address"))
    }
}

/// How long an access token is good for. The sign-in behind it may end earlier.
pub const ACCESS_LIVES: Duration = Duration::from_secs(15 * 60);
