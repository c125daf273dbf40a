//! Brings in conversations of the past, many at a time: what was said elsewhere, or never. Nobody is told, nothing is owed or metered.

mod sql;

use jiff::Timestamp;

use crate::{
    Actor, Error, Result,
    actor::Role,
    app::App,
    contacts::{Contact, ExternalId},
    conversations::{Answering, Content, LastMessage, Rating, SenderType},
    ids::{AgentId, AssistantId, ChannelId, ContactId, ConversationId, MessageId, SessionId},
};

/// The most conversations that are brought in at once: they are one transaction, which others wait for.
pub const AT_ONCE: usize = 250;

/// Everything between one contact and one channel.
#[derive(Clone, Debug)]
pub struct PastConversation {
    pub channel_id: ChannelId,
    pub external_id: ExternalId,
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// In the order of time; all but the newest are resolved.
    pub sessions: Vec<PastSession>,
}

/// One support interaction.
#[derive(Clone, Debug)]
pub struct PastSession {
    pub assignee: Option<AgentId>,
    pub assigned_at: Option<Timestamp>,
    pub answering: Answering,
    pub tags: Vec<String>,
    /// `None` while it is open.
    pub resolved_at: Option<Timestamp>,
    /// When the assistant gave it to a person.
    pub handed_over_at: Option<Timestamp>,
    pub rating: Option<Rating>,
    /// In the order of time, at least one.
    pub messages: Vec<PastMessage>,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct PastMessage {
    pub sender: PastSender,
    pub content: Content,
    pub at: Timestamp,
}

/// Who wrote it.
#[derive(Clone, Debug)]
pub enum PastSender {
    Contact,
    Agent { id: AgentId, name: String },
    Assistant { id: AssistantId, name: String },
}

/// A conversation with its ids, as it is stored.
struct Numbered {
    past: PastConversation,
    contact: Contact,
    id: ConversationId,
    created_at: Timestamp,
    last_message_at: Timestamp,
    updated_at: Timestamp,
    last_message: LastMessage,
    /// How many of the contact's messages nobody has answered.
    unread: i64,
    sessions: Vec<(SessionId, Vec<MessageId>)>,
}

/// Stores past conversations, all or none of them.
///
/// # Errors
/// [`Error::NotAllowed`]; [`Error::NotFound`] for a channel; [`Error::Invalid`] for more than 250 of them, and for one in which nothing was
/// said; [`Error::Database`] when a channel knows the contact already.
pub async fn conversations(app: &App, actor: &Actor, past: Vec<PastConversation>) -> Result<()> {
    actor.require_role(Role::Owner)?;
    if past.len() > AT_ONCE {
        return Err(Error::invalid("conversations", "must be at most 250"));
    }
    let account_id = actor.account_id();
    let numbered: Vec<Numbered> = past.into_iter().map(|past| numbered(app, past)).collect::<Result<_>>()?;
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut channels: Vec<ChannelId> = numbered.iter().map(|one| one.past.channel_id).collect();
                channels.sort_unstable();
                channels.dedup();
                for channel in channels {
                    let known = crate::channels::sql::get(tx, account_id, channel).await?;
                    known.ok_or(Error::NotFound("Channel"))?;
                }
                sql::insert(tx, account_id, &numbered).await
            })
        })
        .await
}

/// Gives out ids that sort by the time of what they name, as those of the present do.
fn numbered(app: &App, past: PastConversation) -> Result<Numbered> {
    let silent = || Error::invalid("messages", "must not be empty");
    if past.sessions.iter().any(|session| session.messages.is_empty()) {
        return Err(silent());
    }
    let newest = past.sessions.last().ok_or_else(silent)?;
    let (created_at, last) = (past.sessions[0].messages[0].at, &newest.messages[newest.messages.len() - 1]);
    let sessions: Vec<(SessionId, Vec<MessageId>)> = past
        .sessions
        .iter()
        .map(|session| {
            let messages = session.messages.iter().map(|message| MessageId(app.id_at(message.at)));
            (SessionId(app.id_at(session.messages[0].at)), messages.collect())
        })
        .collect();
    let last_id = sessions.last().and_then(|(_, ids)| ids.last()).copied().ok_or_else(silent)?;
    let unanswered = newest.messages.iter().rev();
    let unanswered = unanswered.take_while(|message| message.sender.kind() != SenderType::Agent);
    let unanswered = unanswered.filter(|message| message.sender.kind() == SenderType::EndUser).count();
    Ok(Numbered {
        contact: Contact {
            id: ContactId(app.id_at(created_at)),
            external_id: past.external_id.clone(),
            display_name: past.display_name.clone(),
            email: past.email.clone(),
            phone: past.phone.clone(),
            verified_at: None,
            blocked_at: None,
        },
        id: ConversationId(app.id_at(created_at)),
        created_at,
        last_message_at: last.at,
        updated_at: newest.resolved_at.map_or(last.at, |at| at.max(last.at)),
        last_message: LastMessage::new(last_id, last.sender.kind(), last.sender.name(), &last.content),
        unread: if newest.resolved_at.is_some() { 0 } else { unanswered as i64 },
        sessions,
        past,
    })
}

impl PastSender {
    fn kind(&self) -> SenderType {
        match self {
            PastSender::Contact => SenderType::EndUser,
            PastSender::Agent { .. } => SenderType::Agent,
            PastSender::Assistant { .. } => SenderType::Bot,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            PastSender::Contact => None,
            PastSender::Agent { name, .. } | PastSender::Assistant { name, .. } => Some(name),
        }
    }
}
