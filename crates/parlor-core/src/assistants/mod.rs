//! Assistants: what answers automatically.

mod local;
mod prompt;
pub(crate) mod sql;

use model_client::{ApiKey, Endpoint, Protocol};

use crate::{
    Actor, Error, Permission, Result,
    app::App,
    channels::{self, AutoReply, Channel},
    conversations::{self, Answering, Conversation, Message, NewMessage, Sender, SenderType, Source},
    ids::{AccountId, AssistantId, ConversationId},
    jobs::{self, Job, Setback, State},
    knowledge, text_enum, usage,
};

text_enum! {
    /// Where answers come from.
    Provider {
        /// Anthropic's Messages API.
        Anthropic = "anthropic",
        /// OpenAI's chat completions, or any compatible server.
        OpenAi = "openai",
        /// No network, no key: quotes the account's own articles.
        Local = "local",
    }
}

/// What answers automatically.
#[derive(Clone, Debug)]
pub struct Assistant {
    pub id: AssistantId,
    /// Shown to visitors.
    pub name: String,
    pub provider: Provider,
    pub model: String,
    /// Takes the place of the standard instructions.
    pub instructions: Option<String>,
}

/// What is to change. `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct AssistantChange {
    pub name: Option<String>,
    pub provider: Option<Provider>,
    pub model: Option<String>,
    /// `Some(None)` goes back to the standard instructions.
    pub instructions: Option<Option<String>>,
}

impl Assistant {
    pub(crate) fn new(app: &App) -> Assistant {
        Assistant {
            id: AssistantId(app.new_id()),
            name: "Assistant".into(),
            provider: Provider::Anthropic,
            model: "claude-sonnet-4-6".into(),
            instructions: None,
        }
    }
}

impl AssistantChange {
    pub(crate) fn apply(self, assistant: &mut Assistant) -> Result<()> {
        if let Some(name) = self.name {
            assistant.name = checked("assistantName", &name, 100)?;
        }
        if let Some(provider) = self.provider {
            assistant.provider = provider;
        }
        if let Some(model) = self.model {
            assistant.model = checked("aiModelCode", &model, 100)?;
        }
        if let Some(instructions) = self.instructions {
            let text = instructions.filter(|text| !text.trim().is_empty());
            assistant.instructions =
                text.map(|text| checked("systemPromptOverride", &text, 20_000)).transpose()?;
        }
        Ok(())
    }
}

fn checked(field: &'static str, text: &str, longest: usize) -> Result<String> {
    let text = text.trim();
    match text.chars().count() {
        count if (1..=longest).contains(&count) && !text.contains('\0') => Ok(text.to_owned()),
        _ => Err(Error::invalid(field, format!("must have 1 to {longest} characters"))),
    }
}

/// Where the model providers are, and the operator's own keys for them.
#[derive(Clone, Debug)]
pub struct Providers {
    pub anthropic: ProviderSettings,
    pub openai: ProviderSettings,
}

#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Set by the operator alone: an account must not choose whom this machine talks to.
    pub base_url: String,
    /// Used for accounts that have no key of their own.
    pub api_key: Option<ApiKey>,
}

impl Default for Providers {
    fn default() -> Providers {
        let settings = |url: &str| ProviderSettings { base_url: url.into(), api_key: None };
        Providers {
            anthropic: settings("https://api.anthropic.com"),
            openai: settings("https://api.openai.com/v1"),
        }
    }
}

impl Providers {
    /// Those that need a key and have none from the operator.
    pub(crate) fn without_key(&self) -> impl Iterator<Item = Provider> {
        let lacks =
            |provider: &Provider| self.of(*provider).is_some_and(|(_, settings)| settings.api_key.is_none());
        Provider::ALL.iter().copied().filter(lacks)
    }

    fn of(&self, provider: Provider) -> Option<(Protocol, &ProviderSettings)> {
        match provider {
            Provider::Anthropic => Some((Protocol::Anthropic, &self.anthropic)),
            Provider::OpenAi => Some((Protocol::OpenAi, &self.openai)),
            Provider::Local => None,
        }
    }
}

/// Where an account's key for a provider comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Sealed in the database, the account's own.
    Account,
    /// The operator's configuration.
    Operator,
    /// There is none: assistants of this provider answer by `local`.
    Missing,
    /// The provider needs none.
    NotNeeded,
}

/// Each provider, and where the account's key for it comes from.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn key_sources(app: &App, actor: &Actor) -> Result<Vec<(Provider, KeySource)>> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    let own =
        app.db.read(move |tx| Box::pin(async move { sql::providers_with_key(tx, account_id).await })).await?;
    let source = |provider: Provider| match app.settings.providers.of(provider) {
        None => KeySource::NotNeeded,
        Some(_) if own.contains(&provider) => KeySource::Account,
        Some((_, settings)) if settings.api_key.is_some() => KeySource::Operator,
        Some(_) => KeySource::Missing,
    };
    Ok(Provider::ALL.iter().map(|&provider| (provider, source(provider))).collect())
}

/// Keeps the account's key for a provider, sealed; `None` forgets it.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] for a provider that needs no key, or a key that cannot be one.
pub async fn set_key(app: &App, actor: &Actor, provider: Provider, key: Option<String>) -> Result<()> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    if app.settings.providers.of(provider).is_none() {
        return Err(Error::invalid("provider", "needs no key"));
    }
    let Some(key) = key else {
        return app
            .db
            .write(move |tx| {
                Box::pin(async move { sql::delete_key(tx, account_id, provider).await.map(drop) })
            })
            .await;
    };
    let key = key.trim();
    if key.is_empty() || key.len() > 500 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid("apiKey", "must have 1 to 500 printable characters without spaces"));
    }
    let sealed = app.secrets.seal(&place(account_id, provider), key.as_bytes())?;
    let now = app.now();
    app.db
        .write(move |tx| {
            Box::pin(async move { sql::save_key(tx, account_id, provider, &sealed, now).await.map(drop) })
        })
        .await
}

fn place(account_id: AccountId, provider: Provider) -> String {
    format!("provider_keys/{account_id}/{}", provider.as_str())
}

/// Where to ask for this assistant's answers: `None` is here, by `local`.
async fn endpoint(
    app: &App,
    tx: &mut crate::db::Tx,
    account_id: AccountId,
    provider: Provider,
) -> Result<Option<Endpoint>> {
    let Some((protocol, settings)) = app.settings.providers.of(provider) else { return Ok(None) };
    let own = match sql::key(tx, account_id, provider).await? {
        Some(sealed) => {
            let key = app.secrets.open(&place(account_id, provider), &sealed)?;
            Some(ApiKey::new(String::from_utf8_lossy(&key)))
        }
        None => settings.api_key.clone(),
    };
    Ok(own.map(|key| Endpoint { protocol, base_url: settings.base_url.clone(), key }))
}

/// How many messages a model is shown.
const HISTORY: i64 = 20;
/// How often an answer is thrown away because the visitor has gone on writing. Then it is given all the same.
const RESTARTS: i64 = 2;

/// What an answer is made from, as it was when it was begun.
struct Question {
    conversation: Conversation,
    channel: Channel,
    account_name: String,
    history: Vec<Message>,
    passages: Vec<knowledge::Passage>,
    endpoint: Option<Endpoint>,
}

/// What is to be said, and what it cost.
struct Answer {
    text: String,
    sources: Vec<Source>,
    spent: model_client::Usage,
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Answered,
    /// Nothing was found: staff should look.
    NeedsPerson,
}

/// The tag that tells staff that the assistant knew no answer.
pub const NEEDS_PERSON: &str = "needs-person";

/// Runs a reply job: reads, asks, and stores the answer together with the end of the job.
pub(crate) async fn reply(app: &App, job: &Job, id: ConversationId) -> Result<(), Setback> {
    let Some(question) = begin(app, job, id).await.map_err(ours)? else {
        return finish(app, job, State::Done, None).await.map_err(ours);
    };
    let asked_at = question.history.last().map_or(0, |message| message.seq);
    let answer = match &question.endpoint {
        None => local::answer(&question),
        Some(endpoint) => {
            let plan = question.channel.plan;
            let account_id = question.conversation.account_id;
            let now = app.now();
            let check = app.db.read(move |tx| {
                Box::pin(async move { usage::check_tokens(tx, account_id, &plan, now).await })
            });
            check.await.map_err(ours)?;
            let prompt = prompt::build(&question);
            let completion = app.models.complete(endpoint, &prompt).await.map_err(theirs)?;
            Answer {
                text: completion.text,
                sources: Vec::new(),
                spent: completion.usage,
                outcome: Outcome::Answered,
            }
        }
    };
    store(app, job, question, asked_at, answer).await.map_err(ours)
}

/// A failure of ours: a used-up limit does not come back within the hour, anything else may.
fn ours(error: Error) -> Setback {
    match error {
        Error::Usage(_) | Error::Invalid { .. } => Setback::Never { reason: error.to_string() },
        Error::Database(ref cause) | Error::Internal(ref cause) => {
            tracing::error!(%cause, "an assistant's answer failed");
            Setback::Again { reason: error.to_string(), after: None }
        }
        other => Setback::Again { reason: other.to_string(), after: None },
    }
}

fn theirs(error: model_client::Error) -> Setback {
    match error {
        model_client::Error::Retryable { reason, retry_after } => {
            Setback::Again { reason, after: retry_after }
        }
        model_client::Error::Permanent { reason } => Setback::Never { reason },
    }
}

/// `None` when there is nothing to answer any more.
async fn begin(app: &App, job: &Job, id: ConversationId) -> Result<Option<Question>> {
    let (inner, job) = (app.clone(), job.clone());
    let account_id = job.account_id;
    app.db
        .read(move |tx| {
            Box::pin(async move {
                let Some(conversation) = conversations::sql::get(tx, account_id, id).await? else {
                    return Ok(None);
                };
                let channel = channels::sql::of_conversation(tx, conversation.channel_id).await?;
                if silenced(&conversation, &channel).is_some() {
                    return Ok(None);
                }
                let mut history = conversations::sql::before(tx, id, i64::MAX, HISTORY).await?;
                if job.restarts > RESTARTS {
                    put_back(&mut history);
                }
                if history.last().is_none_or(|newest| newest.sender.kind() != SenderType::EndUser) {
                    return Ok(None);
                }
                let endpoint = endpoint(&inner, tx, account_id, channel.assistant.provider).await?;
                let asked = unanswered(&history);
                let passages = knowledge::find(tx, account_id, &asked).await?;
                let account = crate::accounts::sql::account(tx, account_id).await?;
                let account_name = account.map(|account| account.name).unwrap_or_default();
                Ok(Some(Question { conversation, channel, account_name, history, passages, endpoint }))
            })
        })
        .await
}

/// Why the assistant has nothing to say here, if it has not.
fn silenced(conversation: &Conversation, channel: &Channel) -> Option<&'static str> {
    if conversation.session.answering == Answering::Person {
        return Some("A person has stepped in.");
    }
    if conversation.session.status == conversations::Status::Resolved {
        return Some("The conversation is resolved.");
    }
    let off = channel.auto_reply == AutoReply::Off || channel.check_open().is_err();
    off.then_some("The assistant or the channel is switched off.")
}

/// An answer that was given all the same stands after words that it did not know of. They are still to be answered: it goes before the
/// last of them.
fn put_back(history: &mut [Message]) {
    let Some(last) = history.iter().rposition(|message| message.sender.kind() == SenderType::EndUser) else {
        return;
    };
    if history[last + 1..].iter().all(|message| message.sender.kind() == SenderType::Bot) {
        history[last..].rotate_left(1);
    }
}

/// What the visitor has written since the last answer, as one text.
fn unanswered(history: &[Message]) -> String {
    let since = history.iter().rposition(|message| message.sender.kind() != SenderType::EndUser);
    let asked = &history[since.map_or(0, |index| index + 1)..];
    asked.iter().map(|message| message.content.text.as_str()).collect::<Vec<_>>().join("\n")
}

async fn finish(app: &App, job: &Job, state: State, reason: Option<&'static str>) -> Result<()> {
    let (inner, job) = (app.clone(), job.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                jobs::sql::finish(tx, &job, state, reason, inner.now()).await?;
                tx.owe();
                Ok(())
            })
        })
        .await
}

/// Meters what the answer cost, and stores it if it is still wanted.
async fn store(app: &App, job: &Job, question: Question, asked_at: i64, answer: Answer) -> Result<()> {
    let (inner, job) = (app.clone(), job.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let Question { conversation, channel, .. } = question;
                let (account_id, assistant) = (conversation.account_id, channel.assistant);
                let now = inner.now();
                let mut conversation = conversations::sql::lock(tx, account_id, conversation.id).await?;
                usage::count_answer(tx, account_id, assistant.id, answer.spent, now).await?;
                tx.owe();
                let overtaken =
                    conversations::sql::newest_of(tx, conversation.id, SenderType::EndUser).await? > asked_at;
                let waits = overtaken && jobs::sql::count_restart(tx, &job).await? > 0;
                let channel = channels::sql::of_conversation(tx, conversation.channel_id).await?;
                let reason = match silenced(&conversation, &channel) {
                    None if waits && job.restarts < RESTARTS => Some("The visitor went on writing."),
                    silence => silence,
                };
                if jobs::sql::finish(tx, &job, State::Done, reason, now).await? == 0 || reason.is_some() {
                    return Ok(());
                }
                let tags = &mut conversation.session.tags;
                if answer.outcome == Outcome::NeedsPerson && !tags.iter().any(|tag| tag == NEEDS_PERSON) {
                    tags.push(NEEDS_PERSON.into());
                    conversations::sql::save_session(tx, &conversation).await?;
                }
                let sender = Sender::Bot { id: assistant.id, name: assistant.name };
                let content = conversations::Content::text(&cut(&answer.text))?;
                let new = NewMessage { content, client_id: None };
                conversations::store(&inner, tx, conversation, sender, new, answer.sources, now).await?;
                Ok(())
            })
        })
        .await
}

/// A model may say more than a message may hold.
fn cut(text: &str) -> String {
    if text.chars().count() <= conversations::LONGEST_TEXT {
        return text.replace('\0', "");
    }
    let mut cut: String = text.chars().filter(|&c| c != '\0').take(conversations::LONGEST_TEXT - 1).collect();
    cut.push('…');
    cut
}

/// How the newest reply job of a conversation stands, for staff.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn report(app: &App, actor: &Actor, id: ConversationId) -> Result<Option<jobs::Report>> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    app.db
        .read(move |tx| {
            Box::pin(async move {
                conversations::sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Conversation"))?;
                jobs::sql::newest(tx, jobs::Kind::Reply, id.0).await
            })
        })
        .await
}
