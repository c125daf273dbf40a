//! Tries an assistant without anybody there: a real answer, of which nothing is stored but what it cost.

use std::collections::HashSet;

use model_client::{Role, Turn};

use super::{
    AssistantChange, Provider,
    ask::{self, Answer, HISTORY, Outcome, Question, Said},
    sql,
};
use crate::{
    Actor, Error, Permission, Result, accounts,
    app::App,
    conversations::{LONGEST_TEXT, Source},
    ids::AssistantId,
    limits::Action,
};

/// The most messages of a trial.
const MOST_SPOKEN: usize = 50;

/// Who speaks in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Whoever tries stands in for one.
    Visitor,
    Assistant,
}

/// One message of a trial.
#[derive(Clone, Debug)]
pub struct Spoken {
    pub by: Speaker,
    pub text: String,
}

/// What the assistant would answer.
#[derive(Clone, Debug)]
pub struct Trial {
    pub content: String,
    /// Each article that was quoted, or that the model was shown; once.
    pub sources: Vec<Source>,
    /// Who has answered: `local` where there is no key for the assistant's own.
    pub provider: Provider,
    /// As its provider calls it; `None` where none was asked.
    pub model: Option<String>,
    pub handed_over: HandedOver,
}

/// Whether staff would be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandedOver {
    Yes,
    No,
}

/// Asks an assistant what it would answer to the last of these messages, if need be with other instructions. One that has a flow is asked as
/// one without.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`]; [`Error::TooMany`]; [`Error::Usage`]; [`Error::Unavailable`] when the provider
/// fails.
pub async fn try_out(
    app: &App,
    actor: &Actor,
    id: AssistantId,
    spoken: Vec<Spoken>,
    instructions: Option<Option<String>>,
) -> Result<Trial> {
    actor.require(Permission::ManageChannels)?;
    let said = checked(spoken)?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    let read = app.db.read(move |tx| {
        Box::pin(async move {
            let found = sql::get(tx, account_id, id).await?;
            let mut assistant = found.ok_or(Error::NotFound("Assistant"))?;
            AssistantChange { instructions, ..AssistantChange::default() }.apply(&mut assistant)?;
            let account = accounts::sql::account(tx, account_id).await?.ok_or(Error::NotFound("Account"))?;
            ask::question(&inner, tx, account_id, account.plan, assistant, said).await
        })
    });
    let question = read.await?;
    app.limits.check(Action::AgentAsks, actor.name().map(|(agent_id, _)| agent_id))?;
    // What was asked is paid for, also when whoever asked has gone.
    let inner = app.clone();
    tokio::spawn(async move { answer(&inner, question).await }).await.map_err(Error::internal)?
}

async fn answer(app: &App, question: Question) -> Result<Trial> {
    let Answer { text, mut sources, model, outcome, .. } = ask::ask_for_staff(app, &question).await?;
    if model.is_some() {
        sources = question.passages.into_iter().map(|passage| passage.source).collect();
    }
    let mut seen = HashSet::new();
    sources.retain(|source| seen.insert(source.article_id));
    Ok(Trial {
        content: text,
        sources,
        provider: if model.is_some() { question.assistant.provider } else { Provider::Local },
        model,
        handed_over: if outcome == Outcome::NeedsPerson { HandedOver::Yes } else { HandedOver::No },
    })
}

/// The newest of the messages, as many as a model is shown.
fn checked(spoken: Vec<Spoken>) -> Result<Said> {
    if !(1..=MOST_SPOKEN).contains(&spoken.len()) {
        return Err(Error::invalid("messages", "must be a list of 1 to 50"));
    }
    if spoken.last().is_none_or(|last| last.by != Speaker::Visitor) {
        return Err(Error::invalid("messages", "must end with one of the user"));
    }
    let mut turns = Vec::new();
    for (index, Spoken { by, text }) in spoken.into_iter().enumerate() {
        let text = text.trim();
        if !(1..=LONGEST_TEXT).contains(&text.chars().count()) || text.contains('\0') {
            let path = format!("messages[{index}].content");
            return Err(Error::invalid(path, "must have 1 to 10,000 characters and no NUL"));
        }
        let role = if by == Speaker::Visitor { Role::User } else { Role::Assistant };
        turns.push(Turn { role, text: text.to_owned() });
    }
    Ok(Said(turns.split_off(turns.len().saturating_sub(HISTORY.into()))))
}
