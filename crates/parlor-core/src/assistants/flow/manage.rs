//! What staff do with flows.

use serde_json::Value as Json;

use super::{Flow, Known, Rehearsal, Saved, sql};
use crate::{
    Actor, Error, Permission, Result,
    app::App,
    assistants::{manage, sql as assistants},
    ids::AssistantId,
    uploads,
};

/// How many messages a rehearsal takes.
const MOST_REHEARSED: usize = 50;

/// Checks a flow and keeps it with its assistant, which follows it from now on. Answers the new revision.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] that names the step at fault.
pub async fn save(app: &App, actor: &Actor, id: AssistantId, definition: Json) -> Result<i64> {
    actor.require(Permission::ManageChannels)?;
    let flow = Flow::parse(&definition)?;
    let inner = app.clone();
    manage::edit(app, actor, id, move |tx, account_id, assistant, now| {
        Box::pin(async move {
            for (step, content) in flow.shown() {
                uploads::keep(&inner, tx, account_id, &content)
                    .await
                    .map_err(|refused| at_fault(step, refused))?;
            }
            sql::save(tx, account_id, assistant.id, &definition, now).await
        })
    })
    .await
}

/// What is wrong with an upload that a step shows.
fn at_fault(step: &str, refused: Error) -> Error {
    match refused {
        Error::NotFound(_) => Error::invalid(
            "flow",
            format!("has a fault in step `{step}`: it shows an upload that is not there"),
        ),
        Error::Invalid { field, problem } => Error::invalid(
            "flow",
            format!("has a fault in step `{step}`: it cannot be said: {field} {problem}"),
        ),
        other => other,
    }
}

/// The assistant's flow.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the assistant, or when it has no flow.
pub async fn get(app: &App, actor: &Actor, id: AssistantId) -> Result<Saved> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    app.db
        .read(move |tx| {
            Box::pin(async move {
                assistants::get(tx, account_id, id).await?.ok_or(Error::NotFound("Assistant"))?;
                sql::get(tx, id).await?.ok_or(Error::NotFound("Flow"))
            })
        })
        .await
}

/// Takes the assistant's flow away: its model answers from now on.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the assistant, or when it has no flow.
pub async fn remove(app: &App, actor: &Actor, id: AssistantId) -> Result<()> {
    actor.require(Permission::ManageChannels)?;
    manage::edit(app, actor, id, |tx, _, assistant, _| {
        Box::pin(async move {
            match sql::delete(tx, assistant.id).await? {
                0 => Err(Error::NotFound("Flow")),
                _ => Ok(()),
            }
        })
    })
    .await
}

/// Checks a flow as [`save`] does, and keeps nothing. Answers the ids of the steps that nothing leads to.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the assistant; [`Error::Invalid`] that names the step at fault.
pub async fn check(app: &App, actor: &Actor, id: AssistantId, definition: &Json) -> Result<Vec<String>> {
    manage::get(app, actor, id).await?;
    let flow = Flow::parse(definition)?;
    Ok(flow.unreachable().into_iter().map(str::to_owned).collect())
}

/// Plays a flow through, or without a definition the one that is saved, and keeps nothing.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] for the flow, or for more than 50 messages.
pub async fn rehearse(
    app: &App,
    actor: &Actor,
    id: AssistantId,
    definition: Option<Json>,
    known: Known,
    messages: Vec<String>,
) -> Result<Rehearsal> {
    actor.require(Permission::ViewChannels)?;
    if messages.len() > MOST_REHEARSED {
        return Err(Error::invalid("messages", "must be at most 50"));
    }
    let definition = match definition {
        Some(definition) => {
            manage::get(app, actor, id).await?;
            definition
        }
        None => get(app, actor, id).await?.definition,
    };
    Ok(Flow::parse(&definition)?.rehearse(known, messages))
}
