//! What staff do: list, read, reply, assign, resolve, reopen.

use super::{Answering, Conversation, Message, NewMessage, Sender, Sent, Status, sql, store};
use crate::{
    Actor, Error, Permission, Result,
    app::App,
    assistants, channels,
    db::Tx,
    ids::{AgentId, ChannelId, ConversationId, MessageId},
};

/// Stores an agent's reply. It silences the assistant for this session.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Disabled`]; [`Error::Invalid`].
pub async fn reply(app: &App, actor: &Actor, id: ConversationId, new: NewMessage) -> Result<Sent> {
    actor.require(Permission::ManageConversations)?;
    let sender = match actor {
        Actor::Agent(agent) => Sender::Agent { id: agent.id, name: agent.name.clone() },
        Actor::Operator(_) => return Err(Error::Forbidden(Permission::ManageConversations)),
    };
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock(tx, account_id, id).await?;
                channels::sql::of_conversation(tx, &conversation).await?.check_open()?;
                if let Some(client_id) = &new.client_id
                    && let Some(message) = sql::by_client_id(tx, conversation.id, &sender, client_id).await?
                {
                    return Ok(Sent { conversation, message });
                }
                if conversation.session.answering == Answering::Assistant {
                    conversation.session.answering = Answering::Person;
                    sql::save_session(tx, &conversation).await?;
                }
                let now = inner.now();
                store::message(&inner, tx, conversation, sender, new, Vec::new(), now).await
            })
        })
        .await
}

/// Gives the open session to an agent, or to nobody. An assignment silences the assistant.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the conversation or the agent; [`Error::Conflict`] when it is resolved.
pub async fn assign(
    app: &App,
    actor: &Actor,
    id: ConversationId,
    assignee: Option<AgentId>,
) -> Result<Conversation> {
    change(app, actor, id, move |inner, tx, conversation| {
        Box::pin(async move {
            if conversation.session.status == Status::Resolved {
                return Err(Error::Conflict("The conversation is resolved."));
            }
            if let Some(assignee) = assignee
                && !sql::has_agent(tx, conversation.account_id, assignee).await?
            {
                return Err(Error::NotFound("Agent"));
            }
            conversation.session.assignee = assignee;
            conversation.session.assigned_at = assignee.map(|_| inner.now());
            if assignee.is_some() {
                conversation.session.answering = Answering::Person;
            }
            Ok(())
        })
    })
    .await
}

/// Lets the assistant answer again in this session.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn resume_assistant(app: &App, actor: &Actor, id: ConversationId) -> Result<Conversation> {
    change(app, actor, id, |inner, tx, conversation| {
        Box::pin(async move {
            if conversation.session.answering == Answering::Person {
                assistants::flow::resume(inner, tx, conversation).await?;
            }
            conversation.session.answering = Answering::Assistant;
            Ok(())
        })
    })
    .await
}

/// Closes the open session.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] when it is resolved already.
pub async fn resolve(app: &App, actor: &Actor, id: ConversationId) -> Result<Conversation> {
    change(app, actor, id, |inner, _, conversation| {
        Box::pin(async move {
            if conversation.session.status == Status::Resolved {
                return Err(Error::Conflict("The conversation is already resolved."));
            }
            conversation.session.status = Status::Resolved;
            conversation.session.resolved_at = Some(inner.now());
            Ok(())
        })
    })
    .await
}

/// Opens the newest session again.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] when it is open.
pub async fn reopen(app: &App, actor: &Actor, id: ConversationId) -> Result<Conversation> {
    change(app, actor, id, |_, _, conversation| {
        Box::pin(async move {
            if conversation.session.status == Status::Open {
                return Err(Error::Conflict("The conversation is already open."));
            }
            conversation.session.status = Status::Open;
            conversation.session.resolved_at = None;
            Ok(())
        })
    })
    .await
}

type Change<'a> = crate::db::TxFuture<'a, ()>;

/// The one way a session changes without a message.
async fn change<F>(app: &App, actor: &Actor, id: ConversationId, edit: F) -> Result<Conversation>
where
    F: for<'a> FnOnce(&'a App, &'a mut Tx, &'a mut Conversation) -> Change<'a> + Send + 'static,
{
    actor.require(Permission::ManageConversations)?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock(tx, account_id, id).await?;
                edit(&inner, tx, &mut conversation).await?;
                store::changed(tx, &mut conversation, inner.now()).await?;
                Ok(conversation)
            })
        })
        .await
}

/// What a list of conversations is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Option<Status>,
    pub channel_id: Option<ChannelId>,
    /// A part of the contact's name, e-mail address, phone number or external id.
    pub contact: Option<String>,
}

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// From 1.
    pub number: i64,
    pub size: i64,
}

/// A conversation in a list, with its newest message.
#[derive(Clone, Debug)]
pub struct Listed {
    pub conversation: Conversation,
    pub last_message: Message,
}

/// One page of the account's conversations, the one with the newest message first, and how many there are in all.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn list(app: &App, actor: &Actor, filter: Filter, page: Page) -> Result<(Vec<Listed>, i64)> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    app.db
        .read(move |tx| {
            Box::pin(async move {
                let total = sql::count(tx, account_id, &filter).await?;
                Ok((sql::list(tx, account_id, &filter, page).await?, total))
            })
        })
        .await
}

/// One conversation with its messages (the newest 1,000 at most), or those after `after`.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the conversation or the message; [`Error::Conflict`] when more than 1,000 came after it.
pub async fn get(
    app: &App,
    actor: &Actor,
    id: ConversationId,
    after: Option<MessageId>,
) -> Result<(Conversation, Vec<Message>)> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    app.db
        .read(move |tx| {
            Box::pin(async move {
                let conversation =
                    sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Conversation"))?;
                let messages = store::history(tx, &conversation, after).await?;
                Ok((conversation, messages))
            })
        })
        .await
}
