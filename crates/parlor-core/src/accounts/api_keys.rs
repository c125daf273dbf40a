//! API keys: how programs prove who they are.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::{checked_name, secret, sql};
use crate::{
    Actor, Error, Permission, Result,
    actor::Role,
    app::App,
    ids::{AgentId, ApiKeyId},
    limits::{self, Action},
    secrets,
};

/// What an API key begins with.
pub const API_KEY_PREFIX: &str = "pk_";
/// The most keys of an account.
const MOST_KEYS: i64 = 100;
/// A use is noted once in this time: a request must not cost a write.
const NOTED_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What a program proves itself with, without the secret.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub scopes: Vec<Permission>,
    /// The agent in whose name it acts, and their name.
    pub made_by: (AgentId, String),
    /// To the hour.
    pub last_used_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl ApiKey {
    /// How the key begins, so that it is recognised where it is kept. No secret.
    pub fn hint(&self) -> String {
        format!("{API_KEY_PREFIX}{}", self.id.0.simple())
    }
}

/// What a key is called and what it may do.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    pub name: String,
    pub scopes: Vec<Permission>,
}

/// Makes a key that acts in the name of whoever makes it. The answer's text is the key, of which only the hash is stored.
///
/// # Errors
/// [`Error::NotAllowed`]; [`Error::Forbidden`] for a scope that the actor does not have; [`Error::Invalid`]; [`Error::Conflict`] when
/// there are too many.
pub async fn create_api_key(app: &App, actor: &Actor, new: NewApiKey) -> Result<(ApiKey, String)> {
    actor.require_role(Role::Admin)?;
    let agent = actor.in_person()?;
    let name = checked_name(&new.name)?;
    let scopes: Vec<_> = Permission::ALL.iter().copied().filter(|scope| new.scopes.contains(scope)).collect();
    if scopes.is_empty() {
        return Err(Error::invalid("scopes", "must name at least one permission"));
    }
    for scope in &scopes {
        actor.require(*scope)?;
    }
    let (inner, account_id, made_by) = (app.clone(), actor.account_id(), (agent.id, agent.name.clone()));
    app.db
        .write(move |tx| {
            Box::pin(async move {
                sql::lock_team(tx, account_id).await?;
                if sql::api_keys::count(tx, account_id).await? >= MOST_KEYS {
                    return Err(Error::Conflict("There are too many API keys. Revoke one first."));
                }
                let id = ApiKeyId(inner.new_id());
                let (key, hash) = secret::generate(API_KEY_PREFIX, id.0);
                let made = ApiKey { id, name, scopes, made_by, last_used_at: None, created_at: inner.now() };
                sql::api_keys::insert(tx, account_id, &made, &hash).await?;
                Ok((made, key))
            })
        })
        .await
}

/// The account's keys, the oldest first.
///
/// # Errors
/// [`Error::NotAllowed`].
pub async fn api_keys(app: &App, actor: &Actor) -> Result<Vec<ApiKey>> {
    actor.require_role(Role::Admin)?;
    let account_id = actor.account_id();
    app.db.read(move |tx| Box::pin(async move { sql::api_keys::list(tx, account_id).await })).await
}

/// Ends a key: the next request with it is refused.
///
/// # Errors
/// [`Error::NotAllowed`]; [`Error::NotFound`].
pub async fn revoke_api_key(app: &App, actor: &Actor, id: ApiKeyId) -> Result<()> {
    actor.require_role(Role::Admin)?;
    let account_id = actor.account_id();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                match sql::api_keys::delete(tx, account_id, id).await? {
                    0 => Err(Error::NotFound("API key")),
                    _ => Ok(()),
                }
            })
        })
        .await
}

/// Who comes with a key: a program, with the permissions that the key and its agent share now.
///
/// # Errors
/// [`Error::Unauthenticated`] for one that is wrong or revoked, or whose agent is gone; [`Error::TooMany`] when the address has come with
/// many such.
pub async fn by_api_key(app: &App, key: &str, address: IpAddr) -> Result<Actor> {
    if let Some(shown) = secret::parse(API_KEY_PREFIX, key) {
        let id = ApiKeyId(shown.id);
        let known =
            app.db.read(move |tx| Box::pin(async move { sql::api_keys::behind(tx, id).await })).await?;
        if let Some(behind) = known
            && secrets::equal(&behind.hash, &shown.hash)
        {
            note_use(app, id, behind.last_used_at).await?;
            return Ok(Actor::ApiKey(behind.integration));
        }
    }
    app.limits.check(Action::AddressTriesKeys, limits::network(address))?;
    Err(Error::Unauthenticated("The API key is not valid."))
}

async fn note_use(app: &App, id: ApiKeyId, noted: Option<Timestamp>) -> Result<()> {
    let now = app.now();
    if noted.is_some_and(|noted| now.duration_since(noted) < NOTED_EVERY) {
        return Ok(());
    }
    app.db.write(move |tx| Box::pin(async move { sql::api_keys::used(tx, id, now).await.map(drop) })).await
}
