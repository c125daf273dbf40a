//! Snoozing: an open session sleeps until a time, or until the contact writes.

use jiff::{SignedDuration, Timestamp};

use super::{Conversation, sql, staff, store};
use crate::{
    Actor, Error, Permission, Result,
    app::App,
    ids::ConversationId,
    jobs::{self, Job, Setback, State},
};

/// The longest sleep.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Puts the open session to sleep; a later call moves the time.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] when it is resolved; [`Error::Invalid`] for a time that is not within the
/// coming year.
pub async fn snooze(app: &App, actor: &Actor, id: ConversationId, until: Timestamp) -> Result<Conversation> {
    actor.require(Permission::ManageConversations)?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                if until <= now || until.duration_since(now) > LONGEST {
                    return Err(Error::invalid("until", "must be a time within the coming year"));
                }
                let mut conversation = sql::lock(tx, account_id, id).await?;
                staff::check_open(&conversation)?;
                conversation.snoozed_until = Some(until);
                jobs::order_wake(&inner, tx, &conversation, until, now).await?;
                store::inbox_changed(tx, &mut conversation, now).await?;
                Ok(conversation)
            })
        })
        .await
}

/// Wakes a session before its time. Fine if it is awake.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn unsnooze(app: &App, actor: &Actor, id: ConversationId) -> Result<Conversation> {
    actor.require(Permission::ManageConversations)?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock(tx, account_id, id).await?;
                if conversation.snoozed_until.take().is_some() {
                    store::inbox_changed(tx, &mut conversation, inner.now()).await?;
                }
                Ok(conversation)
            })
        })
        .await
}

/// Runs a wake job: what has been woken since, or sleeps longer by now, stays as it is.
pub(crate) async fn wake(app: &App, job: &Job, id: ConversationId) -> Result<(), Setback> {
    let (inner, job) = (app.clone(), job.clone());
    let woken = app.db.write(move |tx| {
        Box::pin(async move {
            let now = inner.now();
            let mut conversation = sql::lock(tx, job.account_id, id).await?;
            if jobs::sql::finish(tx, &job, State::Done, None, now).await? > 0
                && conversation.snoozed_until.is_some_and(|until| until <= now)
            {
                conversation.snoozed_until = None;
                store::inbox_changed(tx, &mut conversation, now).await?;
            }
            Ok(())
        })
    });
    woken.await.map_err(|error| Setback::Again { reason: error.to_string(), after: None })
}
