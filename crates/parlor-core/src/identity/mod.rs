//! Identity verification: how a shop's server proves to us who its visitors are.
//!
//! A channel has up to two secrets, so that one can take the place of the other. A proof is an HMAC of the visitor's id, or a JWT about the
//! visitor, made with one of them.

mod proof;
mod sql;

use jiff::Timestamp;

pub use proof::Person;
pub(crate) use proof::check;

use crate::{
    Actor, Error, Permission, Result,
    app::App,
    channels::{self, Identity},
    db::Tx,
    ids::{AccountId, ChannelId, IdentitySecretId},
    secrets,
};

/// One may take the place of the other while the shop's servers change over.
const MOST_SECRETS: usize = 2;
const PREFIX: &str = "is_";

/// How a channel verifies its visitors.
#[derive(Clone, Debug)]
pub struct Settings {
    pub mode: Identity,
    /// Oldest first, at most two.
    pub secrets: Vec<Secret>,
}

/// One of a channel's secrets, without what is secret of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret {
    pub id: IdentitySecretId,
    pub created_at: Timestamp,
}

/// How a channel verifies its visitors.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, channel_id: ChannelId) -> Result<Settings> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    app.db
        .read(move |tx| {
            Box::pin(async move {
                let channel = channels::sql::get(tx, account_id, channel_id).await?;
                let mode = channel.ok_or(Error::NotFound("Channel"))?.identity;
                Ok(Settings { mode, secrets: sql::list(tx, channel_id).await? })
            })
        })
        .await
}

/// Switches the channel. From `Verified` on, whoever has no proof hears nothing any more, connections that are open included.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] without a secret to make proofs with.
pub async fn set_mode(app: &App, actor: &Actor, channel_id: ChannelId, mode: Identity) -> Result<Settings> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    let now = app.now();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (_, secrets) = locked(tx, account_id, channel_id).await?;
                if mode == Identity::Verified && secrets.is_empty() {
                    return Err(Error::Conflict("Make a secret first: without one nobody could get in."));
                }
                channels::change(tx, account_id, channel_id, now, move |channel| {
                    channel.identity = mode;
                    Ok(())
                })
                .await?;
                Ok(Settings { mode, secrets })
            })
        })
        .await
}

/// Makes a new secret, to be shown once. The newest one before it stays valid until it is dropped; an older one is gone.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn rotate(app: &App, actor: &Actor, channel_id: ChannelId) -> Result<(Secret, String)> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    let text = secrets::new_token(PREFIX);
    let secret = Secret { id: IdentitySecretId(app.new_id()), created_at: app.now() };
    let sealed = app.secrets.seal(&place(secret.id), text.as_bytes())?;
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let secrets = locked(tx, account_id, channel_id).await?.1;
                let too_many = (secrets.len() + 1).saturating_sub(MOST_SECRETS);
                for old in &secrets[..too_many] {
                    sql::delete(tx, old.id).await?;
                }
                sql::insert(tx, account_id, channel_id, &secret, &sealed).await?;
                Ok((secret, text))
            })
        })
        .await
}

/// Drops a secret: what was proved with it is no longer believed.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for the last one of a channel that lets nobody in without a proof.
pub async fn drop_secret(
    app: &App,
    actor: &Actor,
    channel_id: ChannelId,
    id: IdentitySecretId,
) -> Result<()> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (mode, secrets) = locked(tx, account_id, channel_id).await?;
                if secrets.iter().all(|secret| secret.id != id) {
                    return Err(Error::NotFound("Secret"));
                }
                if mode == Identity::Verified && secrets.len() == 1 {
                    return Err(Error::Conflict(
                        "Without this secret nobody could get in: make another first.",
                    ));
                }
                sql::delete(tx, id).await.map(drop)
            })
        })
        .await
}

/// The channel's mode and secrets, held until the end of the transaction.
async fn locked(
    tx: &mut Tx,
    account_id: AccountId,
    channel_id: ChannelId,
) -> Result<(Identity, Vec<Secret>)> {
    channels::sql::lock_plan(tx, account_id).await?;
    let channel = channels::sql::get(tx, account_id, channel_id).await?.ok_or(Error::NotFound("Channel"))?;
    Ok((channel.identity, sql::list(tx, channel_id).await?))
}

fn place(id: IdentitySecretId) -> String {
    format!("identity_secrets/{id}")
}
