//! Runs a flow in a conversation: what the visitor's messages lead to is stored in the transaction that ends the reply job.

use super::{
    Action, At, Flow, Known, Reach, Run, Successor, Takeover, machine,
    sql::{self, Progress},
};
use crate::{
    Result,
    app::App,
    assistants::{Assistant, Kind, needs_person, reply::silenced},
    channels,
    conversations::{self, Answering, Content, Conversation, NewMessage, Sender},
    db::Tx,
    ids::{AssistantId, ConversationId},
    jobs::{self, Job, State},
    usage,
};

/// The most messages of a visitor that are heard in one transaction; the rest is heard in the next.
const AT_ONCE: usize = 10;

/// What answers in a session.
pub(in crate::assistants) enum Answers {
    Flow(Script),
    /// The assistant's model.
    Model {
        /// The message that a flow has left for it to answer, whatever the flow has said since.
        left: Option<i64>,
    },
}

/// A flow as it was when it was read.
pub(in crate::assistants) struct Script {
    assistant_id: AssistantId,
    revision: i64,
    flow: Flow,
}

/// What answers in the newest session of a conversation.
pub(in crate::assistants) async fn who_answers(
    tx: &mut Tx,
    conversation: &Conversation,
    assistant: &Assistant,
) -> Result<Answers> {
    if assistant.kind == Kind::Model {
        return Ok(Answers::Model { left: None });
    }
    if let Some(progress) = sql::progress(tx, conversation.session.id).await?
        && progress.assistant_id == assistant.id
        && let At::WithAi(takeover) = progress.run.at
    {
        return Ok(Answers::Model { left: (takeover == Takeover::AtOnce).then_some(progress.seq) });
    }
    let Some(saved) = sql::get(tx, assistant.id).await? else { return Ok(Answers::Model { left: None }) };
    let flow = Flow::parse(&saved.definition)?;
    Ok(Answers::Flow(Script { assistant_id: assistant.id, revision: saved.revision, flow }))
}

/// Hears what the visitor has written since the flow last listened, and ends the job.
pub(in crate::assistants) async fn reply(
    app: &App,
    job: &Job,
    id: ConversationId,
    script: Script,
) -> Result<()> {
    let (inner, job) = (app.clone(), job.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                let conversation = conversations::sql::lock(tx, job.account_id, id).await?;
                let channel = channels::sql::of_conversation(tx, &conversation).await?;
                let silence = silenced(&conversation, &channel);
                tx.owe();
                if jobs::sql::finish(tx, &job, State::Done, silence, now).await? == 0 || silence.is_some() {
                    return Ok(());
                }
                let same_flow = channel.assistant.id == script.assistant_id
                    && sql::revision(tx, script.assistant_id).await? == Some(script.revision);
                if !same_flow {
                    return jobs::order_reply(&inner, tx, &conversation, now).await;
                }
                let progress = progress(tx, &conversation, channel.assistant.id).await?;
                let sender = Sender::Bot { id: channel.assistant.id, name: channel.assistant.name };
                Stage { app: &inner, tx, conversation, sender, progress, now }.play(&script.flow).await
            })
        })
        .await
}

/// Where the session stands; where no flow has been, after the last answer of anybody.
async fn progress(tx: &mut Tx, conversation: &Conversation, assistant_id: AssistantId) -> Result<Progress> {
    match sql::progress(tx, conversation.session.id).await? {
        Some(progress) if progress.assistant_id == assistant_id => Ok(progress),
        Some(other) => Ok(Progress { assistant_id, run: Run::default(), seq: other.seq }),
        None => {
            let seq = conversations::sql::newest_answer(tx, conversation).await?;
            Ok(Progress { assistant_id, run: Run::default(), seq })
        }
    }
}

/// Staff give the session back to the assistant: its flow goes on with what the visitor writes from now on.
pub(crate) async fn resume(app: &App, tx: &mut Tx, conversation: &Conversation) -> Result<()> {
    let assistant = channels::sql::of_conversation(tx, conversation).await?.assistant;
    if assistant.kind == Kind::Model {
        return Ok(());
    }
    let mut progress = progress(tx, conversation, assistant.id).await?;
    progress.seq = conversation.last_seq;
    let session_id = conversation.session.id;
    sql::save_progress(tx, conversation.account_id, session_id, &progress, app.now()).await.map(drop)
}

/// A conversation that a flow plays in, held until the end of the transaction.
struct Stage<'a> {
    app: &'a App,
    tx: &'a mut Tx,
    conversation: Conversation,
    sender: Sender,
    progress: Progress,
    now: jiff::Timestamp,
}

impl Stage<'_> {
    async fn play(mut self, flow: &Flow) -> Result<()> {
        let (account_id, assistant_id) = (self.conversation.account_id, self.progress.assistant_id);
        let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        let heard =
            conversations::sql::heard_since(self.tx, &self.conversation, self.progress.seq, limit).await?;
        let mut answers = 0;
        let whole = heard.len() < AT_ONCE;
        for message in heard {
            let mut known = Known::from(&self.conversation.contact);
            let actions = machine::hear(flow, &mut self.progress.run, &mut known, &message.content.plain());
            self.progress.seq = message.seq;
            answers += i64::from(actions.iter().any(|action| matches!(action, Action::Say(_))));
            for action in actions {
                self.perform(action).await?;
            }
            if matches!(self.progress.run.at, At::WithAi(_) | At::WithPerson) {
                break;
            }
        }
        let session_id = self.conversation.session.id;
        sql::save_progress(self.tx, account_id, session_id, &self.progress, self.now).await?;
        let goes_on = match self.progress.run.at {
            At::WithPerson => false,
            // Also where the visitor has gone on writing.
            At::WithAi(_) => self.is_asked().await?,
            _ => !whole,
        };
        if goes_on {
            jobs::order_reply(self.app, self.tx, &self.conversation, self.now).await?;
        }
        // Last, because all of the account's visitors meet in this row.
        for _ in 0..answers {
            usage::count_answer(self.tx, account_id, assistant_id, model_client::Usage::default(), self.now)
                .await?;
        }
        Ok(())
    }

    /// Whether the model that takes over has something to answer already.
    async fn is_asked(&mut self) -> Result<bool> {
        if self.progress.run.at == At::WithAi(Takeover::AtOnce) {
            return Ok(true);
        }
        let later =
            conversations::sql::heard_since(self.tx, &self.conversation, self.progress.seq, 1).await?;
        Ok(!later.is_empty())
    }

    async fn perform(&mut self, action: Action) -> Result<()> {
        match action {
            Action::Say(content) => self.say(content).await,
            Action::Keep(reach, found) => {
                let contact = &mut self.conversation.contact;
                match reach {
                    Reach::Email => contact.email = Some(found),
                    Reach::Phone => contact.phone = Some(found),
                }
                let Conversation { account_id, contact, .. } = &self.conversation;
                conversations::sql::save_contact(self.tx, *account_id, contact, self.now).await?;
                conversations::changed(self.tx, &mut self.conversation, self.now).await
            }
            Action::HandOver(Successor::Ai) => Ok(()),
            Action::HandOver(Successor::Person) => {
                self.conversation.session.answering = Answering::Person;
                needs_person(&mut self.conversation.session, self.now);
                conversations::changed(self.tx, &mut self.conversation, self.now).await
            }
        }
    }

    async fn say(&mut self, content: Content) -> Result<()> {
        let new = NewMessage { content, client_id: None };
        let (conversation, sender) = (self.conversation.clone(), self.sender.clone());
        let sent =
            conversations::store(self.app, self.tx, conversation, sender, new, Vec::new(), self.now).await?;
        self.conversation = sent.conversation;
        Ok(())
    }
}
