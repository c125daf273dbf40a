//! Suggests a reply to an agent: asks as for an answer, and stores nothing but what it cost.

use super::{
    ask::{self, Answer, HISTORY, Outcome, Question},
    reply,
};
use crate::{
    Actor, Error, Permission, Result,
    app::App,
    channels,
    conversations::{self, SenderType, Source},
    ids::ConversationId,
    limits::Action,
};

/// What an agent might answer.
#[derive(Clone, Debug)]
pub struct Suggestion {
    pub content: String,
    /// What it rests on.
    pub sources: Vec<Source>,
}

/// Asks the conversation's assistant for an answer to what the contact has written. An assistant with a flow is asked as one without.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] when there is nothing to answer, or the assistant knows nothing;
/// [`Error::TooMany`]; [`Error::Usage`]; [`Error::Unavailable`] when the provider fails.
pub async fn suggest(app: &App, actor: &Actor, id: ConversationId) -> Result<Suggestion> {
    actor.require(Permission::ManageConversations)?;
    let (account_id, inner) = (actor.account_id(), app.clone());
    let read = app.db.read(move |tx| {
        Box::pin(async move {
            let found = conversations::sql::get(tx, account_id, id).await?;
            let conversation = found.ok_or(Error::NotFound("Conversation"))?;
            let channel = channels::sql::of_conversation(tx, &conversation).await?;
            let history = conversations::sql::before(tx, id, i64::MAX, HISTORY.into()).await?;
            if history.last().is_none_or(|newest| newest.sender.kind() != SenderType::EndUser) {
                return Err(Error::Conflict("There is nothing to answer."));
            }
            let said = reply::said(&history);
            ask::question(&inner, tx, account_id, channel.plan, channel.assistant, said).await
        })
    });
    let question = read.await?;
    app.limits.check(Action::AgentAsks, actor.name().map(|(agent_id, _)| agent_id))?;
    // What was asked is paid for, also when whoever asked has gone.
    let inner = app.clone();
    tokio::spawn(async move { ask(&inner, question).await }).await.map_err(Error::internal)?
}

async fn ask(app: &App, question: Question) -> Result<Suggestion> {
    let Answer { text, sources, outcome, .. } = ask::ask_for_staff(app, &question).await?;
    match outcome {
        Outcome::Answered => Ok(Suggestion { content: text, sources }),
        Outcome::NeedsPerson => Err(Error::Conflict("The assistant knows no answer to this.")),
    }
}
