//! The inbox's shapes (`org.md` I).

use std::collections::BTreeMap;

use jiff::Timestamp;
use parlor_core::{
    contacts::PageView,
    conversations::{Conversation, Details, Draft, Message, Note, PastSession, Sender, Status, Timeline},
    ids::AgentId,
};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// A conversation in the inbox (I1). The contact's external id, which lets its holder in as them, is not in it.
#[derive(Debug, Serialize)]
pub struct InboxConversation<'a> {
    id: Uuid,
    version: i64,
    status: &'static str,
    snoozed_until: Option<Timestamp>,
    channel_id: Uuid,
    contact: InboxContact<'a>,
    session_id: Uuid,
    assignee_id: Option<Uuid>,
    assigned_at: Option<Timestamp>,
    /// Null is the channel's own.
    assistant_id: Option<Uuid>,
    answering: &'static str,
    tags: &'a [String],
    unread: i64,
    last_seq: i64,
    last_message: Option<Newest<'a>>,
    /// What the contact has said of the newest session, 1 to 5.
    rating: Option<u8>,
    last_message_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Who a conversation is with.
#[derive(Debug, Serialize)]
pub struct InboxContact<'a> {
    id: Uuid,
    display_name: Option<&'a str>,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    verified: bool,
    blocked: bool,
}

#[derive(Debug, Serialize)]
struct Newest<'a> {
    id: Uuid,
    seq: i64,
    sender_type: &'static str,
    sender_name: Option<&'a str>,
    content_type: &'static str,
    preview: &'a str,
    created_at: Timestamp,
}

impl<'a> From<&'a Conversation> for InboxContact<'a> {
    fn from(conversation: &'a Conversation) -> InboxContact<'a> {
        let contact = &conversation.contact;
        InboxContact {
            id: contact.id.0,
            display_name: contact.display_name.as_deref(),
            email: contact.email.as_deref(),
            phone: contact.phone.as_deref(),
            verified: contact.verified_at.is_some(),
            blocked: contact.blocked_at.is_some(),
        }
    }
}

impl<'a> From<&'a Conversation> for InboxConversation<'a> {
    fn from(conversation: &'a Conversation) -> InboxConversation<'a> {
        let session = &conversation.session;
        let status = match (session.status, conversation.snoozed_until) {
            (Status::Open, Some(_)) => "snoozed",
            (status, _) => status.as_str(),
        };
        let last_message = conversation.last_message.as_ref().map(|last| Newest {
            id: last.id.0,
            seq: conversation.last_seq,
            sender_type: last.sender.as_str(),
            sender_name: last.sender_name.as_deref(),
            content_type: last.kind.as_str(),
            preview: &last.preview,
            created_at: conversation.last_message_at,
        });
        InboxConversation {
            id: conversation.id.0,
            version: conversation.version,
            status,
            snoozed_until: conversation.snoozed_until,
            channel_id: conversation.channel_id.0,
            contact: conversation.into(),
            session_id: session.id.0,
            assignee_id: session.assignee.map(|agent| agent.0),
            assigned_at: session.assigned_at,
            assistant_id: session.assistant.map(|assistant| assistant.0),
            answering: session.answering.as_str(),
            tags: &session.tags,
            unread: conversation.unread,
            last_seq: conversation.last_seq,
            last_message,
            rating: session.rating.as_ref().map(|rating| rating.score.get()),
            last_message_at: conversation.last_message_at,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}

/// A message in a thread (I3).
#[derive(Debug, Serialize)]
pub struct InboxMessage<'a> {
    id: Uuid,
    conversation_id: Uuid,
    session_id: Uuid,
    seq: i64,
    sender_type: &'static str,
    /// The contact's, the agent's or the assistant's.
    sender_id: Uuid,
    sender_name: Option<&'a str>,
    content_type: &'static str,
    content: &'a str,
    rich_media: Option<&'a Value>,
    sources: Vec<Source<'a>>,
    client_message_id: Option<&'a str>,
    /// Reader to time.
    read_by: BTreeMap<Uuid, Timestamp>,
    created_at: Timestamp,
}

#[derive(Debug, Serialize)]
pub struct Source<'a> {
    article_id: Uuid,
    title: &'a str,
    url: Option<&'a str>,
}

impl<'a> From<&'a parlor_core::conversations::Source> for Source<'a> {
    fn from(source: &'a parlor_core::conversations::Source) -> Source<'a> {
        Source { article_id: source.article_id.0, title: &source.title, url: source.url.as_deref() }
    }
}

impl<'a> From<&'a Message> for InboxMessage<'a> {
    fn from(message: &'a Message) -> InboxMessage<'a> {
        InboxMessage {
            id: message.id.0,
            conversation_id: message.conversation_id.0,
            session_id: message.session_id.0,
            seq: message.seq,
            sender_type: message.sender.kind().as_str(),
            sender_id: match &message.sender {
                Sender::EndUser(id) => id.0,
                Sender::Agent { id, .. } => id.0,
                Sender::Bot { id, .. } => id.0,
            },
            sender_name: message.sender.name(),
            content_type: message.content.kind.as_str(),
            content: &message.content.text,
            rich_media: message.content.rich_media.as_ref(),
            sources: message.sources.iter().map(Source::from).collect(),
            client_message_id: message.client_id.as_deref(),
            read_by: message.read_by.iter().map(|read| (read.reader.id(), read.at)).collect(),
            created_at: message.created_at,
        }
    }
}

/// A note (I7).
#[derive(Debug, Serialize)]
pub struct InboxNote<'a> {
    id: Uuid,
    conversation_id: Uuid,
    author_id: Uuid,
    author_name: &'a str,
    content: &'a str,
    mentions: Vec<Uuid>,
    after_seq: i64,
    client_note_id: Option<&'a str>,
    created_at: Timestamp,
}

impl<'a> From<&'a Note> for InboxNote<'a> {
    fn from(note: &'a Note) -> InboxNote<'a> {
        InboxNote {
            id: note.id.0,
            conversation_id: note.conversation_id.0,
            author_id: note.author_id.0,
            author_name: &note.author_name,
            content: &note.content,
            mentions: ids(&note.mentions),
            after_seq: note.after_seq,
            client_note_id: note.client_id.as_deref(),
            created_at: note.created_at,
        }
    }
}

/// A stretch of a thread (I4).
#[derive(Debug, Serialize)]
pub struct InboxTimeline<'a> {
    messages: Vec<InboxMessage<'a>>,
    notes: Vec<InboxNote<'a>>,
    has_earlier: bool,
}

impl<'a> From<&'a Timeline> for InboxTimeline<'a> {
    fn from(timeline: &'a Timeline) -> InboxTimeline<'a> {
        InboxTimeline {
            messages: timeline.messages.iter().map(InboxMessage::from).collect(),
            notes: timeline.notes.iter().map(InboxNote::from).collect(),
            has_earlier: timeline.has_earlier,
        }
    }
}

/// What is shown beside a thread (I3).
#[derive(Debug, Serialize)]
pub struct InboxDetails<'a> {
    external_id: &'a str,
    attributes: &'a Map<String, Value>,
    blocked_at: Option<Timestamp>,
    first_seen_at: Timestamp,
    page_views: Vec<Seen<'a>>,
    sessions: Vec<InboxSession<'a>>,
    other_conversations: Vec<InboxConversation<'a>>,
}

#[derive(Debug, Serialize)]
struct Seen<'a> {
    url: &'a str,
    title: Option<&'a str>,
    at: Timestamp,
}

#[derive(Debug, Serialize)]
struct InboxSession<'a> {
    id: Uuid,
    status: &'static str,
    assignee_id: Option<Uuid>,
    tags: &'a [String],
    created_at: Timestamp,
    resolved_at: Option<Timestamp>,
    rating: Option<u8>,
    rating_comment: Option<&'a str>,
}

impl<'a> InboxDetails<'a> {
    pub fn new(details: &'a Details, conversation: &'a Conversation) -> InboxDetails<'a> {
        let session = |session: &'a PastSession| InboxSession {
            id: session.id.0,
            status: session.status.as_str(),
            assignee_id: session.assignee.map(|agent| agent.0),
            tags: &session.tags,
            created_at: session.created_at,
            resolved_at: session.resolved_at,
            rating: session.rating.as_ref().map(|rating| rating.score.get()),
            rating_comment: session.rating.as_ref().and_then(|rating| rating.comment.as_deref()),
        };
        let seen = |page: &'a PageView| Seen { url: &page.url, title: page.title.as_deref(), at: page.at };
        InboxDetails {
            external_id: conversation.contact.external_id.as_str(),
            attributes: &details.attributes,
            blocked_at: conversation.contact.blocked_at,
            first_seen_at: details.first_seen_at,
            page_views: details.page_views.iter().map(seen).collect(),
            sessions: details.sessions.iter().map(session).collect(),
            other_conversations: details.other_conversations.iter().map(InboxConversation::from).collect(),
        }
    }
}

/// What an agent has begun to write (I8).
#[derive(Debug, Serialize)]
pub struct InboxDraft<'a> {
    content: &'a str,
    updated_at: Timestamp,
}

impl<'a> From<&'a Draft> for InboxDraft<'a> {
    fn from(draft: &'a Draft) -> InboxDraft<'a> {
        InboxDraft { content: &draft.content, updated_at: draft.updated_at }
    }
}

pub fn ids(agents: &[AgentId]) -> Vec<Uuid> {
    agents.iter().map(|agent| agent.0).collect()
}
