//! Runs a reply job: read, ask, store the answer in the transaction that ends the job.

use model_client::{Role, Turn};

use super::{
    ask::{self, Answer, HISTORY, Outcome, Question, Said, Unanswered},
    flow::run::{self as flow, Answers, Script},
    needs_person,
};
use crate::{
    Actor, Error, Permission, Result,
    app::App,
    channels::{self, AutoReply, Channel},
    conversations::{self, Answering, Conversation, Message, NewMessage, Sender, SenderType},
    ids::ConversationId,
    jobs::{self, Job, Setback, State},
    usage,
};

/// How often an answer is thrown away because the visitor has gone on writing. Then it is given all the same.
const RESTARTS: i64 = 2;

/// What is to be answered, as it was when the answer was begun.
struct Asked {
    conversation: Conversation,
    /// The place of the newest message.
    seq: i64,
    question: Question,
}

/// Runs a reply job: reads, asks, and stores the answer together with the end of the job.
pub(crate) async fn run(app: &App, job: &Job, id: ConversationId) -> Result<(), Setback> {
    let asked = match begin(app, job, id).await.map_err(ours)? {
        Begun::Nothing => return finish(app, job, State::Done, None).await.map_err(ours),
        Begun::Flow(script) => return flow::reply(app, job, id, script).await.map_err(ours),
        Begun::Question(asked) => *asked,
    };
    let answer = match ask::ask(app, &asked.question).await {
        Ok(answer) => answer,
        Err(Unanswered::Ours(error)) => return Err(ours(error)),
        Err(Unanswered::Theirs(error)) => return Err(theirs(error)),
    };
    store(app, job, asked, answer).await.map_err(ours)
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

/// How a job begins.
enum Begun {
    /// There is nothing to answer any more.
    Nothing,
    Flow(Script),
    Question(Box<Asked>),
}

async fn begin(app: &App, job: &Job, id: ConversationId) -> Result<Begun> {
    let (inner, job) = (app.clone(), job.clone());
    let account_id = job.account_id;
    app.db
        .read(move |tx| {
            Box::pin(async move {
                let Some(conversation) = conversations::sql::get(tx, account_id, id).await? else {
                    return Ok(Begun::Nothing);
                };
                let channel = channels::sql::of_conversation(tx, &conversation).await?;
                if silenced(&conversation, &channel).is_some() {
                    return Ok(Begun::Nothing);
                }
                let left = match flow::who_answers(tx, &conversation, &channel.assistant).await? {
                    Answers::Flow(script) => return Ok(Begun::Flow(script)),
                    Answers::Model { left } => left,
                };
                let mut history = conversations::sql::before(tx, id, i64::MAX, HISTORY.into()).await?;
                if job.restarts > RESTARTS || left.is_some_and(|seq| seq == newest(&history)) {
                    put_back(&mut history);
                }
                if history.last().is_none_or(|newest| newest.sender.kind() != SenderType::EndUser) {
                    return Ok(Begun::Nothing);
                }
                let seq = history.last().map_or(0, |message| message.seq);
                let (plan, assistant) = (channel.plan, channel.assistant);
                let question = ask::question(&inner, tx, account_id, plan, assistant, said(&history)).await?;
                Ok(Begun::Question(Box::new(Asked { conversation, seq, question })))
            })
        })
        .await
}

/// What has been said in a conversation, as a model is told it.
pub(super) fn said(history: &[Message]) -> Said {
    let turn = |message: &Message| Turn {
        role: match message.sender.kind() {
            SenderType::EndUser => Role::User,
            SenderType::Agent | SenderType::Bot => Role::Assistant,
        },
        text: message.content.plain().into_owned(),
    };
    Said(history.iter().map(turn).collect())
}

/// Why the assistant has nothing to say here, if it has not.
pub(super) fn silenced(conversation: &Conversation, channel: &Channel) -> Option<&'static str> {
    if conversation.session.answering == Answering::Person {
        return Some("A person has stepped in.");
    }
    if conversation.session.status == conversations::Status::Resolved {
        return Some("The conversation is resolved.");
    }
    let off = channel.auto_reply == AutoReply::Off || channel.check_open().is_err();
    off.then_some("The assistant or the channel is switched off.")
}

/// The place of the visitor's newest message, 0 for none.
fn newest(history: &[Message]) -> i64 {
    let of_visitor = |message: &&Message| message.sender.kind() == SenderType::EndUser;
    history.iter().rfind(of_visitor).map_or(0, |message| message.seq)
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
async fn store(app: &App, job: &Job, asked: Asked, answer: Answer) -> Result<()> {
    let (inner, job) = (app.clone(), job.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let Asked { conversation, seq, question } = asked;
                let (account_id, assistant) = (question.account_id, question.assistant);
                let now = inner.now();
                let mut conversation = conversations::sql::lock(tx, account_id, conversation.id).await?;
                usage::count_answer(tx, account_id, assistant.id, answer.spent, now).await?;
                let (input, output) = usage::tokens(answer.spent);
                if input + output > 0 {
                    conversations::sql::count_tokens(tx, &conversation, input, output).await?;
                }
                tx.owe();
                let overtaken =
                    conversations::sql::newest_of(tx, conversation.id, SenderType::EndUser).await? > seq;
                let waits = overtaken && jobs::sql::count_restart(tx, &job).await? > 0;
                let channel = channels::sql::of_conversation(tx, &conversation).await?;
                let reason = match silenced(&conversation, &channel) {
                    None if waits && job.restarts < RESTARTS => Some("The visitor went on writing."),
                    silence => silence,
                };
                if jobs::sql::finish(tx, &job, State::Done, reason, now).await? == 0 || reason.is_some() {
                    return Ok(());
                }
                if answer.outcome == Outcome::NeedsPerson {
                    needs_person(&mut conversation.session, now);
                    conversations::sql::save_session(tx, &conversation).await?;
                }
                let sender = Sender::Bot { id: assistant.id, name: assistant.name };
                let content = conversations::Content::text(&ask::cut(&answer.text))?;
                let new = NewMessage { content, client_id: None };
                conversations::store(&inner, tx, conversation, sender, new, answer.sources, now).await?;
                Ok(())
            })
        })
        .await
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
