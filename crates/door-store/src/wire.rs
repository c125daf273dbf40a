//! The shapes that more than one place of this door speaks, spelled as the contract spells them.

use std::borrow::Cow;

use jiff::Timestamp;
use parlor_core::{
    conversations::{Conversation, Message, Read, Reader, SenderType, Session, Source, Status},
    ids::MessageId,
    presence::Typing,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// `Inbound` is the visitor's, `Outbound` everybody else's.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub enum Direction {
    Inbound,
    Outbound,
}

impl From<SenderType> for Direction {
    fn from(sender: SenderType) -> Direction {
        match sender {
            SenderType::EndUser => Direction::Inbound,
            SenderType::Agent | SenderType::Bot => Direction::Outbound,
        }
    }
}

/// A time as hubs write it: text in JSON, a time of its own in MessagePack.
pub fn time(at: Timestamp) -> signalr::Timestamp {
    let nanoseconds = u32::try_from(at.subsec_nanosecond()).unwrap_or_default();
    signalr::Timestamp::new(at.as_second(), nanoseconds)
        .expect("a message is stored between the years 1 and 9999")
}

/// What a message says to a client that knows only text: choices are listed in it, and an answer names its sources.
pub fn content_text(message: &Message) -> Cow<'_, str> {
    message.with_sources(message.content.plain())
}

/// A message as widgets see it: the payload of `MessageReceived`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WidgetMessage<'a> {
    id: Uuid,
    direction: Direction,
    content_text: Cow<'a, str>,
    is_ai_generated: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: signalr::Timestamp,
}

impl<'a> From<&'a Message> for WidgetMessage<'a> {
    fn from(message: &'a Message) -> WidgetMessage<'a> {
        let sender = message.sender.kind();
        WidgetMessage {
            id: message.id.0,
            direction: sender.into(),
            content_text: content_text(message),
            is_ai_generated: sender == SenderType::Bot,
            created_at: time(message.created_at),
        }
    }
}

/// A message as our own widget sees it (`widget.md` W1).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnMessage<'a> {
    id: Uuid,
    seq: i64,
    /// `visitor`, `agent` or `assistant`.
    sender: &'static str,
    sender_name: Option<&'a str>,
    content_type: &'static str,
    content: &'a str,
    #[schema(value_type = Option<Object>)]
    rich_media: Option<&'a serde_json::Value>,
    sources: Vec<OwnSource<'a>>,
    client_message_id: Option<&'a str>,
    /// When somebody of the other side first read it.
    #[schema(value_type = Option<String>, format = DateTime)]
    read_at: Option<signalr::Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: signalr::Timestamp,
}

/// What an answer rests on.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnSource<'a> {
    title: &'a str,
    url: Option<&'a str>,
}

impl<'a> From<&'a Source> for OwnSource<'a> {
    fn from(source: &'a Source) -> OwnSource<'a> {
        OwnSource { title: &source.title, url: source.url.as_deref() }
    }
}

impl<'a> From<&'a Message> for OwnMessage<'a> {
    fn from(message: &'a Message) -> OwnMessage<'a> {
        let sender = message.sender.kind();
        OwnMessage {
            id: message.id.0,
            seq: message.seq,
            sender: own_sender(sender),
            sender_name: message.sender.name(),
            content_type: message.content.kind.as_str(),
            content: &message.content.text,
            rich_media: message.content.rich_media.as_ref(),
            sources: message.sources.iter().map(OwnSource::from).collect(),
            client_message_id: message.client_id.as_deref().filter(|_| sender == SenderType::EndUser),
            read_at: message.read_by.first().map(|read| time(read.at)),
            created_at: time(message.created_at),
        }
    }
}

/// Our own widget's words for who wrote.
fn own_sender(sender: SenderType) -> &'static str {
    match sender {
        SenderType::EndUser => "visitor",
        SenderType::Agent => "agent",
        SenderType::Bot => "assistant",
    }
}

/// Which messages somebody of the other side has read: our own widget's words (`widget.md` W5).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnRead {
    reader: &'static str,
    message_ids: Vec<Uuid>,
    at: signalr::Timestamp,
}

impl OwnRead {
    pub fn new(read: Read, message_ids: &[MessageId]) -> OwnRead {
        let reader = match read.reader {
            Reader::Contact(_) => SenderType::EndUser,
            Reader::Agent(_) => SenderType::Agent,
        };
        let message_ids = message_ids.iter().map(|id| id.0).collect();
        OwnRead { reader: own_sender(reader), message_ids, at: time(read.at) }
    }
}

/// Who is typing, or no longer is: our own widget's words (`widget.md` W5).
#[derive(Debug, Serialize)]
pub struct OwnTyping {
    sender: &'static str,
    typing: bool,
}

impl OwnTyping {
    pub fn new(by: SenderType, typing: Typing) -> OwnTyping {
        OwnTyping { sender: own_sender(by), typing: typing == Typing::Started }
    }
}

/// The payload of `NewCustomerMessage`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCustomerMessage<'a> {
    conversation_id: Uuid,
    channel_id: Uuid,
    contact_display_name: Option<&'a str>,
    external_contact_id: &'a str,
    message_id: Uuid,
    content_text: Cow<'a, str>,
    created_at: signalr::Timestamp,
}

impl<'a> NewCustomerMessage<'a> {
    pub fn new(conversation: &'a Conversation, message: &'a Message) -> NewCustomerMessage<'a> {
        NewCustomerMessage {
            conversation_id: conversation.id.0,
            channel_id: conversation.channel_id.0,
            contact_display_name: conversation.contact.display_name.as_deref(),
            external_contact_id: conversation.contact.external_id.as_str(),
            message_id: message.id.0,
            content_text: content_text(message),
            created_at: time(message.created_at),
        }
    }
}

/// `open` or `resolved`, how that was rated, and whether the visitor may not write: our own widget's words (`widget.md` W3, W5).
#[derive(Debug, Serialize)]
pub struct OwnStatus {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<bool>,
}

impl From<&Conversation> for OwnStatus {
    fn from(conversation: &Conversation) -> OwnStatus {
        let session = &conversation.session;
        OwnStatus {
            status: session.status.as_str(),
            rating: rating(session),
            unavailable: unavailable(conversation),
        }
    }
}

/// Said to a visitor whom staff have blocked, in words that fit a channel which is switched off.
pub fn unavailable(conversation: &Conversation) -> Option<bool> {
    conversation.contact.blocked_at.map(|_| true)
}

/// How a session was rated, as long as it is resolved: once it is open again, it can still go better.
pub fn rating(session: &Session) -> Option<u8> {
    let rating = session.rating.as_ref().filter(|_| session.status == Status::Resolved);
    rating.map(|rating| rating.score.get())
}
