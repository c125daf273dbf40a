//! What staff do in one conversation: reply, claim, assign, tag, resolve, reopen.

use jiff::Timestamp;

use super::{Answering, Conversation, NewMessage, Sender, Sent, Status, sql, store};
use crate::{
    Actor, Error, Event, Permission, Result,
    app::App,
    assistants, channels,
    db::Tx,
    ids::{AgentId, ConversationId},
    uploads::links,
};

/// Stores an agent's reply. It silences the assistant for this session.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Disabled`]; [`Error::Invalid`].
pub async fn reply(app: &App, actor: &Actor, id: ConversationId, new: NewMessage) -> Result<Sent> {
    actor.require(Permission::ManageConversations)?;
    let (agent_id, name) = agent_of(actor)?;
    let sender = Sender::Agent { id: agent_id, name: name.to_owned() };
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock(tx, account_id, id).await?;
                channels::sql::of_conversation(tx, &conversation).await?.check_open()?;
                if let Some(client_id) = &new.client_id
                    && let Some(mut message) =
                        sql::by_client_id(tx, conversation.id, &sender, client_id).await?
                {
                    links::sign(&inner, &mut message);
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
            check_open(conversation)?;
            if let Some(assignee) = assignee
                && !sql::has_agent(tx, conversation.account_id, assignee).await?
            {
                return Err(Error::NotFound("Agent"));
            }
            give(tx, conversation, assignee, inner.now());
            Ok(())
        })
    })
    .await
}

/// Takes the open session for whoever calls. One's own is taken already, and nothing is told of it.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] when it is resolved or somebody else's.
pub async fn claim(app: &App, actor: &Actor, id: ConversationId) -> Result<Conversation> {
    actor.require(Permission::ManageConversations)?;
    let (agent, _) = agent_of(actor)?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock(tx, account_id, id).await?;
                check_open(&conversation)?;
                match conversation.session.assignee {
                    Some(assignee) if assignee == agent => return Ok(conversation),
                    Some(_) => return Err(Error::Conflict("The conversation is assigned to somebody else.")),
                    // Whoever was removed meanwhile must not be left with a conversation.
                    None if !sql::has_agent(tx, account_id, agent).await? => {
                        return Err(Error::NotFound("Agent"));
                    }
                    None => {}
                }
                give(tx, &mut conversation, Some(agent), inner.now());
                store::changed(tx, &mut conversation, inner.now()).await?;
                Ok(conversation)
            })
        })
        .await
}

pub(super) fn check_open(conversation: &Conversation) -> Result<()> {
    match conversation.session.status {
        Status::Open => Ok(()),
        Status::Resolved => Err(Error::Conflict("The conversation is resolved.")),
    }
}

pub(super) fn give(tx: &mut Tx, conversation: &mut Conversation, assignee: Option<AgentId>, now: Timestamp) {
    conversation.session.assignee = assignee;
    conversation.session.assigned_at = assignee.map(|_| now);
    if assignee.is_some() {
        conversation.session.answering = Answering::Person;
    }
    tx.tell(Event::Assigned {
        account_id: conversation.account_id,
        conversation_id: conversation.id,
        assignee,
    });
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

/// Labels the open session; the tags take the place of those it had.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] when it is resolved; [`Error::Invalid`] for a tag that does not do, and for more than 20.
pub async fn tag(app: &App, actor: &Actor, id: ConversationId, tags: Vec<String>) -> Result<Conversation> {
    let tags = checked_tags(tags)?;
    change(app, actor, id, move |_, _, conversation| {
        Box::pin(async move {
            check_open(conversation)?;
            conversation.session.tags = tags;
            Ok(())
        })
    })
    .await
}

/// Closes the open session. The final tags join those it has.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] when it is resolved already; [`Error::Invalid`] as [`tag`].
pub async fn resolve(
    app: &App,
    actor: &Actor,
    id: ConversationId,
    final_tags: Vec<String>,
) -> Result<Conversation> {
    let final_tags = checked_tags(final_tags)?;
    change(app, actor, id, move |inner, _, conversation| {
        Box::pin(async move {
            if conversation.session.status == Status::Resolved {
                return Err(Error::Conflict("The conversation is already resolved."));
            }
            if !final_tags.is_empty() {
                let tags = std::mem::take(&mut conversation.session.tags);
                conversation.session.tags = checked_tags(tags.into_iter().chain(final_tags).collect())?;
            }
            conversation.session.status = Status::Resolved;
            conversation.session.resolved_at = Some(inner.now());
            conversation.snoozed_until = None;
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
    change(app, actor, id, |inner, tx, conversation| {
        Box::pin(async move {
            if conversation.session.status == Status::Open {
                return Err(Error::Conflict("The conversation is already open."));
            }
            // Whoever had it may have left the team since.
            if let Some(assignee) = conversation.session.assignee
                && !sql::has_agent(tx, conversation.account_id, assignee).await?
            {
                give(tx, conversation, None, inner.now());
            }
            conversation.session.status = Status::Open;
            conversation.session.resolved_at = None;
            Ok(())
        })
    })
    .await
}

/// The most tags of a session, and the most characters of one.
const MOST_TAGS: usize = 20;
const LONGEST_TAG: usize = 50;

/// Trimmed, each once, in the order they came in.
fn checked_tags(tags: Vec<String>) -> Result<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for (index, tag) in tags.into_iter().enumerate() {
        let tag = tag.trim();
        if !(1..=LONGEST_TAG).contains(&tag.chars().count()) || tag.contains(char::is_control) {
            return Err(Error::invalid(format!("tags[{index}]"), "must have 1 to 50 printable characters"));
        }
        if kept.iter().any(|known| known == tag) {
            continue;
        }
        if kept.len() == MOST_TAGS {
            return Err(Error::invalid("tags", "must be at most 20"));
        }
        kept.push(tag.to_owned());
    }
    Ok(kept)
}

/// In whose name it is done, by id and name: what a person does cannot be done from the command line.
pub(super) fn agent_of(actor: &Actor) -> Result<(AgentId, &str)> {
    actor.name().ok_or(Error::Forbidden(Permission::ManageConversations))
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
