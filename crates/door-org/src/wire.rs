//! The shapes that more than one place of this door speaks, spelled as the guide spells them.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::Timestamp;
use parlor_core::{
    conversations::{Conversation, Message, Read, Reader, Sender, Status},
    ids::MessageId,
};
use serde::Serialize;
use uuid::Uuid;

/// Who wrote a message: the contact's external id, the agent's id or the assistant's.
pub fn sender_id<'a>(message: &Message, conversation: &'a Conversation) -> Cow<'a, str> {
    match &message.sender {
        Sender::EndUser(_) => Cow::Borrowed(conversation.contact.external_id.as_str()),
        Sender::Agent { id, .. } => Cow::Owned(id.to_string()),
        Sender::Bot { id, .. } => Cow::Owned(id.to_string()),
    }
}

/// Who has read a message: the id that would be its `sender_id`.
pub fn reader_id<'a>(reader: Reader, conversation: &'a Conversation) -> Cow<'a, str> {
    match reader {
        Reader::Contact(_) => Cow::Borrowed(conversation.contact.external_id.as_str()),
        Reader::Agent(id) => Cow::Owned(id.to_string()),
    }
}

/// What everybody is shown of a message.
#[derive(Debug, Serialize)]
struct Said<'a> {
    sender_type: &'static str,
    sender_id: Cow<'a, str>,
    content_type: &'static str,
    content: Cow<'a, str>,
    rich_media: Option<&'a serde_json::Value>,
}

impl<'a> Said<'a> {
    fn new(message: &'a Message, conversation: &'a Conversation) -> Said<'a> {
        Said {
            sender_type: message.sender.kind().as_str(),
            sender_id: sender_id(message, conversation),
            content_type: message.content.kind.as_str(),
            content: message.with_sources(Cow::Borrowed(&message.content.text)),
            rich_media: message.content.rich_media.as_ref(),
        }
    }
}

/// The payload of `message_received`.
#[derive(Debug, Serialize)]
pub struct MessageReceived<'a> {
    id: Uuid,
    conversation_id: Uuid,
    session_id: Uuid,
    #[serde(flatten)]
    said: Said<'a>,
    created_at: Timestamp,
}

impl<'a> MessageReceived<'a> {
    pub fn new(message: &'a Message, conversation: &'a Conversation) -> MessageReceived<'a> {
        MessageReceived {
            id: message.id.0,
            conversation_id: message.conversation_id.0,
            session_id: message.session_id.0,
            said: Said::new(message, conversation),
            created_at: message.created_at,
        }
    }
}

/// The payload of `messages_read`.
#[derive(Debug, Serialize)]
pub struct MessagesRead<'a> {
    conversation_id: Uuid,
    message_ids: Vec<Uuid>,
    reader_type: &'static str,
    reader_id: Cow<'a, str>,
    read_at: Timestamp,
}

impl<'a> MessagesRead<'a> {
    pub fn new(conversation: &'a Conversation, read: Read, message_ids: &[MessageId]) -> MessagesRead<'a> {
        MessagesRead {
            conversation_id: conversation.id.0,
            message_ids: message_ids.iter().map(|message| message.0).collect(),
            reader_type: read.reader.kind().as_str(),
            reader_id: reader_id(read.reader, conversation),
            read_at: read.at,
        }
    }
}

/// What an assignment came to (R6).
#[derive(Debug, Serialize)]
pub struct AssignedTo {
    id: Uuid,
    assigned_agent_id: Option<Uuid>,
    assigned_at: Option<Timestamp>,
}

impl From<&Conversation> for AssignedTo {
    fn from(conversation: &Conversation) -> AssignedTo {
        AssignedTo {
            id: conversation.id.0,
            assigned_agent_id: conversation.session.assignee.map(|agent| agent.0),
            assigned_at: conversation.session.assigned_at,
        }
    }
}

/// A message in a history as agents read it (R4).
#[derive(Debug, Serialize)]
pub struct StaffMessage<'a> {
    id: Uuid,
    session_id: Uuid,
    #[serde(flatten)]
    said: Said<'a>,
    /// Reader to time.
    read_by: BTreeMap<Cow<'a, str>, Timestamp>,
    created_at: Timestamp,
}

impl<'a> StaffMessage<'a> {
    pub fn new(message: &'a Message, conversation: &'a Conversation) -> StaffMessage<'a> {
        let entry = |read: &Read| (reader_id(read.reader, conversation), read.at);
        StaffMessage {
            id: message.id.0,
            session_id: message.session_id.0,
            said: Said::new(message, conversation),
            read_by: message.read_by.iter().map(entry).collect(),
            created_at: message.created_at,
        }
    }
}

/// A message in a history as its end user reads it (R5).
#[derive(Debug, Serialize)]
pub struct WidgetMessage<'a> {
    id: Uuid,
    #[serde(flatten)]
    said: Said<'a>,
    created_at: Timestamp,
}

impl<'a> WidgetMessage<'a> {
    pub fn new(message: &'a Message, conversation: &'a Conversation) -> WidgetMessage<'a> {
        WidgetMessage {
            id: message.id.0,
            said: Said::new(message, conversation),
            created_at: message.created_at,
        }
    }
}

/// A conversation as agents see it (R1).
#[derive(Debug, Serialize)]
pub struct ConversationShown<'a> {
    id: Uuid,
    end_user: EndUser<'a>,
    channel_id: Uuid,
    /// Null when the newest session is resolved.
    active_session: Option<ActiveSession<'a>>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct EndUser<'a> {
    id: Uuid,
    display_name: Option<&'a str>,
    external_id: &'a str,
}

#[derive(Debug, Serialize)]
struct ActiveSession<'a> {
    id: Uuid,
    status: &'static str,
    assigned_agent_id: Option<Uuid>,
    tags: &'a [String],
}

impl<'a> From<&'a Conversation> for ConversationShown<'a> {
    fn from(conversation: &'a Conversation) -> ConversationShown<'a> {
        let (contact, session) = (&conversation.contact, &conversation.session);
        ConversationShown {
            id: conversation.id.0,
            end_user: EndUser {
                id: contact.id.0,
                display_name: contact.display_name.as_deref(),
                external_id: contact.external_id.as_str(),
            },
            channel_id: conversation.channel_id.0,
            active_session: (session.status == Status::Open).then(|| ActiveSession {
                id: session.id.0,
                status: session.status.as_str(),
                assigned_agent_id: session.assignee.map(|agent| agent.0),
                tags: &session.tags,
            }),
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}
