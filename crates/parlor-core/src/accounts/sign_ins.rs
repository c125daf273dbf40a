//! How an agent signs in, stays signed in and signs out.

use std::{net::IpAddr, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    passwords::{self, Password},
    secret::{self, Shown},
    sql,
};
use crate::{
    Error, Event, Result,
    actor::Agent,
    app::App,
    db::Tx,
    ids::{AgentId, SignInId},
    limits::{self, Action},
    secrets, text_enum,
};

/// How long a sign-in lives that is not renewed.
const SIGN_IN_LIVES: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long an access token is good for. The sign-in behind it may end earlier.
pub const ACCESS_LIVES: Duration = Duration::from_secs(15 * 60);

text_enum! {
    /// What a person holds who has signed in.
    SignInKind {
        /// An access token, renewed by a refresh token.
        Tokens = "tokens",
        /// A cookie.
        Browser = "browser",
    }
}

impl SignInKind {
    /// What the secret that stands for a sign-in begins with.
    const fn prefix(self) -> &'static str {
        match self {
            SignInKind::Tokens => "rt_",
            SignInKind::Browser => "bs_",
        }
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

const WRONG: Error = Error::Unauthenticated("E-mail address or password is wrong.");
const NOT_SIGNED_IN: Error = Error::Unauthenticated("Sign in first.");

/// Signs a person in. An unknown person costs as much time as a wrong password.
///
/// # Errors
/// [`Error::Unauthenticated`], one text for whatever was wrong; [`Error::TooMany`] for the address or the person.
pub async fn sign_in(app: &App, email: &str, password: String, address: IpAddr) -> Result<SignedIn> {
    let (agent, refresh_token) =
        authenticate(app, email, password, address, SignInKind::Tokens, None).await?;
    Ok(SignedIn { agent, refresh_token })
}

/// As [`sign_in`], for a browser that keeps a cookie. `former` is the one it still has: that sign-in ends, for nobody could end it later.
///
/// # Errors
/// As [`sign_in`].
pub async fn sign_in_browser(
    app: &App,
    email: &str,
    password: String,
    address: IpAddr,
    former: Option<&str>,
) -> Result<BrowserSignIn> {
    let former = former.and_then(shown_cookie);
    let (agent, cookie) = authenticate(app, email, password, address, SignInKind::Browser, former).await?;
    Ok(BrowserSignIn { agent, cookie })
}

async fn authenticate(
    app: &App,
    email: &str,
    password: String,
    address: IpAddr,
    kind: SignInKind,
    former: Option<Shown>,
) -> Result<(Agent, String)> {
    let email = email.trim().to_lowercase();
    app.limits.check(Action::AddressSignsIn, limits::network(address))?;
    app.limits.check(Action::PersonSignsIn, (&email, limits::network(address)))?;
    app.limits.check(Action::PersonIsTried, &email)?;
    if password.len() > passwords::LONGEST_PASSWORD {
        return Err(WRONG);
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
        return Err(WRONG);
    }
    let (agent, hash) = known.ok_or(WRONG)?;
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                // Comparing takes its time: the password may have been changed since it was read, or the person removed.
                if !sql::hold_agent(tx, agent.id, &hash).await? {
                    return Err(WRONG);
                }
                if let Some(former) = former {
                    end_former(tx, &former, now).await?;
                }
                begin(&inner, tx, agent, kind, now).await
            })
        })
        .await
}

pub(super) fn shown_cookie(cookie: &str) -> Option<Shown> {
    secret::parse(SignInKind::Browser.prefix(), cookie)
}

/// Ends the sign-in that a browser had before, if the cookie was good.
pub(super) async fn end_former(tx: &mut Tx, former: &Shown, now: Timestamp) -> Result<()> {
    match sql::sign_ins::by_browser(tx, SignInId(former.id), now).await? {
        Some((agent, hash)) if secrets::equal(&hash, &former.hash) => end(tx, &agent, now).await,
        _ => Ok(()),
    }
}

/// Begins a sign-in, and makes the secret that stands for it.
pub(super) async fn begin(
    app: &App,
    tx: &mut Tx,
    agent: Agent,
    kind: SignInKind,
    now: Timestamp,
) -> Result<(Agent, String)> {
    let agent = Agent { sign_in: SignInId(app.new_id()), ..agent };
    let (secret, hash) = secret::generate(kind.prefix(), agent.sign_in.0);
    sql::sign_ins::insert(tx, &agent, kind, &hash, now + SIGN_IN_LIVES, now).await?;
    Ok((agent, secret))
}

/// Renews a sign-in; the refresh token is spent and a new one handed out. One that was spent before ends the sign-in: somebody has a
/// copy of it.
///
/// # Errors
/// [`Error::Unauthenticated`].
pub async fn refresh(app: &App, refresh_token: &str) -> Result<SignedIn> {
    const REFUSED: Error = Error::Unauthenticated("The refresh token is not valid.");
    let token = secret::parse(SignInKind::Tokens.prefix(), refresh_token).ok_or(REFUSED)?;
    let inner = app.clone();
    let renewed = app
        .db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                let sign_in = SignInId(token.id);
                let Some((agent, hash)) = sql::sign_ins::lock(tx, sign_in, now).await? else {
                    return Ok(None);
                };
                if hash != token.hash {
                    end(tx, &agent, now).await?;
                    return Ok(None);
                }
                let (refresh_token, hash) = secret::generate(SignInKind::Tokens.prefix(), token.id);
                sql::sign_ins::renew(tx, sign_in, &hash, now + SIGN_IN_LIVES).await?;
                Ok(Some(SignedIn { agent, refresh_token }))
            })
        })
        .await?;
    renewed.ok_or(REFUSED)
}

/// Who is behind a sign-in, with the role they have now.
///
/// # Errors
/// [`Error::Unauthenticated`] when it has ended or the agent is disabled.
pub async fn signed_in(app: &App, sign_in: SignInId) -> Result<Agent> {
    let now = app.now();
    let agent = app
        .db
        .read(move |tx| Box::pin(async move { sql::sign_ins::agent_of(tx, sign_in, now).await }))
        .await?;
    agent.ok_or(Error::Unauthenticated("The sign-in has ended."))
}

/// Who is behind a browser's cookie, with the role they have now.
///
/// # Errors
/// [`Error::Unauthenticated`] for a cookie that is not ours, and when the sign-in has ended or the agent is disabled.
pub async fn by_cookie(app: &App, cookie: &str) -> Result<Agent> {
    let shown = shown_cookie(cookie).ok_or(NOT_SIGNED_IN)?;
    let (sign_in, now) = (SignInId(shown.id), app.now());
    let known = app
        .db
        .read(move |tx| Box::pin(async move { sql::sign_ins::by_browser(tx, sign_in, now).await }))
        .await?;
    match known {
        Some((agent, stored)) if secrets::equal(&stored, &shown.hash) => Ok(agent),
        _ => Err(NOT_SIGNED_IN),
    }
}

/// How many other sign-ins the person has, tokens and browsers together.
pub async fn other_sign_ins(app: &App, agent: &Agent) -> Result<i64> {
    let (agent_id, sign_in, now) = (agent.id, agent.sign_in, app.now());
    app.db
        .read(move |tx| {
            Box::pin(async move { sql::sign_ins::count_others(tx, agent_id, sign_in, now).await })
        })
        .await
}

/// Ends the sign-in that this refresh token belongs to, also where it is spent. An unknown one is fine: the wish is fulfilled.
pub async fn sign_out(app: &App, refresh_token: &str) -> Result<()> {
    let Some(token) = secret::parse(SignInKind::Tokens.prefix(), refresh_token) else { return Ok(()) };
    let now = app.now();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                if let Some((agent, _)) = sql::sign_ins::lock(tx, SignInId(token.id), now).await? {
                    end(tx, &agent, now).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Ends the sign-in of a browser that has proved itself by [`by_cookie`].
pub async fn sign_out_browser(app: &App, agent: &Agent) -> Result<()> {
    let (agent, now) = (agent.clone(), app.now());
    app.db.write(move |tx| Box::pin(async move { end(tx, &agent, now).await })).await
}

/// Ends all sign-ins of a person but the one they do it with, tokens and browsers alike.
pub async fn sign_out_others(app: &App, agent: &Agent) -> Result<()> {
    let (agent, now) = (agent.clone(), app.now());
    app.db
        .write(move |tx| Box::pin(async move { end_all(tx, agent.id, Some(agent.sign_in), now).await }))
        .await
}

async fn end(tx: &mut Tx, agent: &Agent, now: Timestamp) -> Result<()> {
    sql::sign_ins::end(tx, agent.sign_in, now).await?;
    tx.tell(Event::SignedOut { account_id: agent.account_id, agent_id: agent.id, sign_in: agent.sign_in });
    Ok(())
}

/// Ends all sign-ins of an agent, save perhaps one.
pub(super) async fn end_all(
    tx: &mut Tx,
    agent_id: AgentId,
    save: Option<SignInId>,
    now: Timestamp,
) -> Result<()> {
    for (account_id, sign_in) in sql::sign_ins::end_all(tx, agent_id, save, now).await? {
        tx.tell(Event::SignedOut { account_id, agent_id, sign_in });
    }
    Ok(())
}

/// Tells once more what has ended since: another process on this database (the command line) tells only itself. To hear twice of a
/// sign-in's end harms nobody.
pub(crate) async fn tell_of_ended(tx: &mut Tx, since: Timestamp) -> Result<()> {
    for (account_id, agent_id, sign_in) in sql::sign_ins::ended_since(tx, since).await? {
        tx.tell(Event::SignedOut { account_id, agent_id, sign_in });
    }
    Ok(())
}
