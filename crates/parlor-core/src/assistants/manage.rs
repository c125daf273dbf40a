//! What staff do with assistants: make, list, change, remove.

use jiff::Timestamp;

use super::{Assistant, AssistantChange, sql};
use crate::{
    Actor, Error, Event, Permission, Result,
    app::App,
    channels,
    db::{Tx, TxFuture},
    event::What,
    ids::{AccountId, AssistantId},
};

/// The most assistants of an account.
const MOST: i64 = 100;

/// Makes an assistant. It answers nobody until a channel has it.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`]; [`Error::Conflict`] when there are 100 already.
pub async fn create(app: &App, actor: &Actor, change: AssistantChange) -> Result<Assistant> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    let mut assistant = Assistant::new(app);
    change.apply(&mut assistant)?;
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                channels::sql::lock_plan(tx, account_id).await?.ok_or(Error::NotFound("Account"))?;
                if sql::count(tx, account_id).await? >= MOST {
                    return Err(Error::Conflict("There are 100 assistants already."));
                }
                sql::insert(tx, account_id, &assistant, inner.now()).await?;
                tx.tell(Event::Changed { account_id, what: What::Assistants });
                Ok(assistant)
            })
        })
        .await
}

/// The account's assistants, oldest first.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Assistant>> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    app.db.read(move |tx| Box::pin(async move { sql::list(tx, account_id).await })).await
}

/// One assistant.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn get(app: &App, actor: &Actor, id: AssistantId) -> Result<Assistant> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    app.db
        .read(move |tx| {
            Box::pin(async move { sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Assistant")) })
        })
        .await
}

/// Changes an assistant, for every channel that has it.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`].
pub async fn change(app: &App, actor: &Actor, id: AssistantId, change: AssistantChange) -> Result<Assistant> {
    actor.require(Permission::ManageChannels)?;
    edit(app, actor, id, move |tx, _, mut assistant, now| {
        Box::pin(async move {
            change.apply(&mut assistant)?;
            sql::update(tx, &assistant, now).await?;
            Ok(assistant)
        })
    })
    .await
}

/// Removes an assistant. What it has said stays.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] while a channel or an embed token has it.
pub async fn remove(app: &App, actor: &Actor, id: AssistantId) -> Result<()> {
    actor.require(Permission::ManageChannels)?;
    edit(app, actor, id, |tx, account_id, assistant, now| {
        Box::pin(async move {
            if !sql::channels_of(tx, account_id, assistant.id).await?.is_empty() {
                return Err(Error::Conflict("A channel or an embed token uses this assistant."));
            }
            sql::delete(tx, assistant.id, now).await.map(drop)
        })
    })
    .await
}

/// The one way an assistant changes. Whoever changes channels or assistants of an account does so one after another.
pub(super) async fn edit<T, F>(app: &App, actor: &Actor, id: AssistantId, change: F) -> Result<T>
where
    T: Send + 'static,
    F: for<'a> FnOnce(&'a mut Tx, AccountId, Assistant, Timestamp) -> TxFuture<'a, T> + Send + 'static,
{
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                channels::sql::lock_plan(tx, account_id).await?;
                let assistant = sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Assistant"))?;
                let changed = change(tx, account_id, assistant, inner.now()).await?;
                tx.tell(Event::Changed { account_id, what: What::Assistants });
                for (channel_id, identity) in sql::channels_of(tx, account_id, id).await? {
                    tx.tell(Event::ChannelChanged { account_id, channel_id, identity });
                }
                Ok(changed)
            })
        })
        .await
}
