//! Asks for an answer: a provider, or `local` where there is no key.

use model_client::{Completion, Endpoint, Role, Turn};

use super::{Assistant, keys, local, prompt};
use crate::{
    Error, Result,
    app::App,
    conversations::{self, Source},
    db::Tx,
    ids::AccountId,
    knowledge,
    usage::{self, Plan},
};

/// How many messages a model is shown.
pub(super) const HISTORY: u8 = 20;

/// What has been said, the oldest first. It ends with a visitor's words.
pub(super) struct Said(pub Vec<Turn>);

/// What an answer is made from.
pub(super) struct Question {
    pub account_id: AccountId,
    pub account_name: String,
    pub plan: Plan,
    pub assistant: Assistant,
    pub said: Said,
    pub passages: Vec<knowledge::Passage>,
    endpoint: Option<Endpoint>,
}

/// What is to be said, and what it cost.
pub(super) struct Answer {
    pub text: String,
    pub sources: Vec<Source>,
    /// The model that answered, as its provider calls it; `None` where none was asked.
    pub model: Option<String>,
    pub spent: model_client::Usage,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered,
    /// Nothing was found: staff should look.
    NeedsPerson,
}

/// Why there is no answer.
pub(super) enum Unanswered {
    Ours(Error),
    /// The provider's failure.
    Theirs(model_client::Error),
}

impl Said {
    /// What the visitor has written since the last answer, as one text.
    pub fn unanswered(&self) -> String {
        let since = self.0.iter().rposition(|turn| turn.role == Role::Assistant);
        let asked = &self.0[since.map_or(0, |index| index + 1)..];
        asked.iter().map(|turn| turn.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// What is asked, with what is known of it.
pub(super) async fn question(
    app: &App,
    tx: &mut Tx,
    account_id: AccountId,
    plan: Plan,
    assistant: Assistant,
    said: Said,
) -> Result<Question> {
    let endpoint = keys::endpoint(app, tx, account_id, assistant.provider).await?;
    let passages = knowledge::find(tx, account_id, &said.unanswered()).await?;
    let account = crate::accounts::sql::account(tx, account_id).await?;
    let account_name = account.map(|account| account.name).unwrap_or_default();
    Ok(Question { account_id, account_name, plan, assistant, said, passages, endpoint })
}

/// Asks the provider, or answers by `local` where there is no key. Whoever gets an answer meters it.
pub(super) async fn ask(app: &App, question: &Question) -> Result<Answer, Unanswered> {
    let Some(endpoint) = &question.endpoint else { return Ok(local::answer(question)) };
    let (plan, account_id, now) = (question.plan, question.account_id, app.now());
    let check =
        app.db.read(move |tx| Box::pin(async move { usage::check_tokens(tx, account_id, &plan, now).await }));
    check.await.map_err(Unanswered::Ours)?;
    let prompt = prompt::build(question);
    let completion = app.models.complete(endpoint, &prompt).await.map_err(Unanswered::Theirs)?;
    let Completion { text, model, usage: spent, .. } = completion;
    Ok(Answer { text, sources: Vec::new(), model: Some(model), spent, outcome: Outcome::Answered })
}

/// The same for staff who wait for it: it is metered here, and why there is none is said at once.
pub(super) async fn ask_for_staff(app: &App, question: &Question) -> Result<Answer> {
    let mut answer = match ask(app, question).await {
        Ok(answer) => answer,
        Err(Unanswered::Ours(error)) => return Err(error),
        Err(Unanswered::Theirs(error)) => {
            tracing::warn!(reason = %error, "an answer for staff failed");
            return Err(Error::Unavailable(error.to_string()));
        }
    };
    answer.text = cut(&answer.text);
    let (inner, account_id, assistant_id, spent) =
        (app.clone(), question.account_id, question.assistant.id, answer.spent);
    let meter = app.db.write(move |tx| {
        Box::pin(async move { usage::count_answer(tx, account_id, assistant_id, spent, inner.now()).await })
    });
    meter.await?;
    Ok(answer)
}

/// A model may say more than a message may hold.
pub(super) fn cut(text: &str) -> String {
    if text.chars().count() <= conversations::LONGEST_TEXT {
        return text.replace('\0', "");
    }
    let mut cut: String = text.chars().filter(|&c| c != '\0').take(conversations::LONGEST_TEXT - 1).collect();
    cut.push('…');
    cut
}
