//! How somebody joins a team: an owner or admin invites an address, and whoever comes with the link chooses a password.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::{BrowserSignIn, SignInKind, checked_email, checked_name, passwords, secret, sign_ins, sql, team};
use crate::{
    Actor, Error, Result,
    actor::Role,
    app::App,
    ids::{AccountId, AgentId, InviteId},
    limits::{self, Action},
    secrets,
};

/// How long a link is good for.
const INVITE_LIVES: SignedDuration = SignedDuration::from_hours(24 * 7);
/// The most invites that wait at once.
const MOST_INVITES: i64 = 100;
const PREFIX: &str = "pi_";

/// Somebody the team waits for.
#[derive(Clone, Debug)]
pub struct Invite {
    pub id: InviteId,
    pub email: String,
    pub role: Role,
    /// The agent and their name.
    pub invited_by: (AgentId, String),
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
}

/// Whom to invite as what.
#[derive(Clone, Debug)]
pub struct NewInvite {
    pub email: String,
    pub role: Role,
}

/// What an invite offers to whoever holds its token.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub account_id: AccountId,
    pub account_name: String,
    pub email: String,
    pub role: Role,
}

const OVER: Error = Error::NotFound("Invitation");

/// Invites a person. The answer's text is the token, of which only the hash is stored. An invite of the same address that waits is
/// replaced: its token is good no longer.
///
/// # Errors
/// [`Error::NotAllowed`], also for an admin who would make an owner; [`Error::Invalid`] for the address; [`Error::Conflict`] when the
/// person is in the team or too many invites wait.
pub async fn invite(app: &App, actor: &Actor, new: NewInvite) -> Result<(Invite, String)> {
    actor.require_role(if new.role == Role::Owner { Role::Owner } else { Role::Admin })?;
    let by = actor.in_person()?;
    let invited_by = (by.id, by.name.clone());
    let email = checked_email(&new.email)?;
    let (inner, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (account_id, now) = (actor.account_id(), inner.now());
                sql::lock_team(tx, account_id).await?;
                if sql::member_by_email(tx, account_id, &email).await?.is_some() {
                    return Err(Error::Conflict("This person is in the team already."));
                }
                match sql::invites::by_email(tx, account_id, &email, now).await? {
                    Some(waiting) if waiting.role == Role::Owner => actor.require_role(Role::Owner)?,
                    Some(_) => {}
                    None if sql::invites::count(tx, account_id, now).await? >= MOST_INVITES => {
                        return Err(Error::Conflict("Too many invitations wait. Revoke one first."));
                    }
                    None => {}
                }
                let invite = Invite {
                    id: InviteId(inner.new_id()),
                    email,
                    role: new.role,
                    invited_by,
                    expires_at: now + INVITE_LIVES,
                    created_at: now,
                };
                let (token, hash) = secret::generate(PREFIX, invite.id.0);
                sql::invites::put(tx, account_id, &invite, &hash, now).await?;
                Ok((invite, token))
            })
        })
        .await
}

/// The invites that wait, the oldest first.
///
/// # Errors
/// [`Error::NotAllowed`].
pub async fn invites(app: &App, actor: &Actor) -> Result<Vec<Invite>> {
    actor.require_role(Role::Admin)?;
    let (account_id, now) = (actor.account_id(), app.now());
    app.db.read(move |tx| Box::pin(async move { sql::invites::list(tx, account_id, now).await })).await
}

/// Takes an invite back.
///
/// # Errors
/// [`Error::NotAllowed`]; [`Error::NotFound`].
pub async fn revoke_invite(app: &App, actor: &Actor, id: InviteId) -> Result<()> {
    actor.require_role(Role::Admin)?;
    let (actor, now) = (actor.clone(), app.now());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let account_id = actor.account_id();
                let invite = sql::invites::get(tx, account_id, id, now).await?.ok_or(OVER)?;
                if invite.role == Role::Owner {
                    actor.require_role(Role::Owner)?;
                }
                match sql::invites::delete(tx, account_id, id).await? {
                    0 => Err(OVER),
                    _ => Ok(()),
                }
            })
        })
        .await
}

/// What a token invites to.
///
/// # Errors
/// [`Error::NotFound`] for one that is wrong, spent, revoked or expired; [`Error::TooMany`] for the address.
pub async fn invitation(app: &App, token: &str, address: IpAddr) -> Result<Invitation> {
    app.limits.check(Action::AddressReads, limits::network(address))?;
    find(app, token).await.map(|(_, invitation)| invitation)
}

async fn find(app: &App, token: &str) -> Result<(InviteId, Invitation)> {
    let shown = secret::parse(PREFIX, token).ok_or(OVER)?;
    let (id, now) = (InviteId(shown.id), app.now());
    let known =
        app.db.read(move |tx| Box::pin(async move { sql::invites::invitation(tx, id, now).await })).await?;
    match known {
        Some((invitation, hash)) if secrets::equal(&hash, &shown.hash) => Ok((id, invitation)),
        _ => Err(OVER),
    }
}

/// Joins the team under a name and with a password, and signs the browser in. The token is spent. `former` is as in
/// [`super::sign_in_browser`].
///
/// # Errors
/// As [`invitation`]; [`Error::Invalid`] for the name or the password; [`Error::Conflict`] when the address is taken by now.
pub async fn accept(
    app: &App,
    token: &str,
    name: &str,
    password: String,
    address: IpAddr,
    former: Option<&str>,
) -> Result<BrowserSignIn> {
    app.limits.check(Action::AddressSignsIn, limits::network(address))?;
    let (id, invitation) = find(app, token).await?;
    let name = checked_name(name)?;
    let hash = passwords::hash(app, "password", password).await?;
    let former = former.and_then(sign_ins::shown_cookie);
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                let Invitation { account_id, email, role, .. } = invitation;
                sql::lock_team(tx, account_id).await?;
                if sql::invites::delete(tx, account_id, id).await? == 0 {
                    return Err(OVER);
                }
                let agent = team::join(&inner, tx, account_id, (name, email, role), &hash).await?;
                if let Some(former) = former {
                    sign_ins::end_former(tx, &former, now).await?;
                }
                let (agent, cookie) = sign_ins::begin(&inner, tx, agent, SignInKind::Browser, now).await?;
                Ok(BrowserSignIn { agent, cookie })
            })
        })
        .await
}
