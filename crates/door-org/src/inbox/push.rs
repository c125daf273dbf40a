//! What the core tells, for whoever shows the inbox.

use jiff::Timestamp;
use parlor_core::{
    Event,
    conversations::{Conversation, Message, Read},
    ids::{AccountId, MessageId},
    presence::{Place, Typing, Typist},
};
use serde::Serialize;
use uuid::Uuid;

use super::wire::{InboxConversation, InboxMessage, InboxNote, ids};
use crate::socket::{Room, Sockets};

/// Everything of a conversation carries it with its version, so that whoever has heard something newer ignores it.
pub fn tell(sockets: &Sockets, event: &Event) {
    match event {
        Event::ConversationChanged { conversation } | Event::InboxChanged { conversation } => {
            let changed = ConversationTold { conversation: conversation.into() };
            inbox(sockets, conversation.account_id).emit("inbox_conversation", &(changed,));
        }
        Event::MessageSent { conversation, message } => message_sent(sockets, conversation, message),
        Event::MessagesRead { conversation, read, message_ids } => {
            messages_read(sockets, conversation, *read, message_ids);
        }
        Event::NoteAdded { conversation, note } => {
            let told = NoteTold { conversation: conversation.into(), note: note.into() };
            inbox(sockets, conversation.account_id).emit("inbox_note", &(told,));
        }
        Event::NoteDeleted { conversation, note_id } => {
            let told = NoteGone {
                conversation: conversation.into(),
                conversation_id: conversation.id.0,
                note_id: note_id.0,
            };
            inbox(sockets, conversation.account_id).emit("inbox_note_deleted", &(told,));
        }
        Event::DraftChanged { agent_id, conversation_id, content, .. } => {
            let told = DraftTold {
                conversation_id: conversation_id.0,
                content: content.as_deref().unwrap_or_default(),
            };
            sockets.to(Room::OwnInbox(*agent_id)).emit("inbox_draft", &(told,));
        }
        Event::Typing { place, by, typing } => typed(sockets, place, *by, *typing),
        Event::ViewersChanged { account_id, conversation_id, viewers } => {
            let told = ViewersTold { conversation_id: conversation_id.0, viewers: ids(viewers) };
            inbox(sockets, *account_id).emit("inbox_viewers", &(told,));
        }
        Event::PresenceChanged { account_id, agent_id, presence } => {
            let told = PresenceTold { agent_id: agent_id.0, status: presence.as_str() };
            inbox(sockets, *account_id).emit("inbox_presence", &(told,));
        }
        Event::Changed { account_id, what } => {
            inbox(sockets, *account_id).emit("inbox_changed", &(SetUp { what: what.as_str() },));
        }
        Event::ChannelChanged { account_id, .. } => {
            inbox(sockets, *account_id).emit("inbox_changed", &(SetUp { what: "channels" },));
        }
        // The conversation as it is then follows, or the message that opened it.
        Event::ConversationOpened { .. } | Event::Assigned { .. } | Event::ContactVerified { .. } => {}
        Event::SignedOut { .. } => {}
    }
}

fn inbox(sockets: &Sockets, account_id: AccountId) -> socketio::Audience {
    sockets.to(Room::Inbox(account_id))
}

#[derive(Serialize)]
struct ConversationTold<'a> {
    conversation: InboxConversation<'a>,
}

#[derive(Serialize)]
struct MessageTold<'a> {
    conversation: InboxConversation<'a>,
    message: InboxMessage<'a>,
}

fn message_sent(sockets: &Sockets, conversation: &Conversation, message: &Message) {
    let told = MessageTold { conversation: conversation.into(), message: message.into() };
    inbox(sockets, conversation.account_id).emit("inbox_message", &(told,));
}

#[derive(Serialize)]
struct ReadTold<'a> {
    conversation: InboxConversation<'a>,
    message_ids: Vec<Uuid>,
    reader_type: &'static str,
    reader_id: Uuid,
    read_at: Timestamp,
}

fn messages_read(sockets: &Sockets, conversation: &Conversation, read: Read, message_ids: &[MessageId]) {
    let told = ReadTold {
        conversation: conversation.into(),
        message_ids: message_ids.iter().map(|message| message.0).collect(),
        reader_type: read.reader.kind().as_str(),
        reader_id: read.reader.id(),
        read_at: read.at,
    };
    inbox(sockets, conversation.account_id).emit("inbox_read", &(told,));
}

#[derive(Serialize)]
struct NoteTold<'a> {
    conversation: InboxConversation<'a>,
    note: InboxNote<'a>,
}

#[derive(Serialize)]
struct NoteGone<'a> {
    conversation: InboxConversation<'a>,
    conversation_id: Uuid,
    note_id: Uuid,
}

#[derive(Serialize)]
struct DraftTold<'a> {
    conversation_id: Uuid,
    content: &'a str,
}

#[derive(Serialize)]
struct TypingTold {
    conversation_id: Uuid,
    sender_type: &'static str,
    agent_id: Option<Uuid>,
    typing: bool,
}

fn typed(sockets: &Sockets, place: &Place, by: Typist, typing: Typing) {
    let agent_id = match by {
        Typist::Agent(agent) => Some(agent.0),
        Typist::EndUser | Typist::Bot => None,
    };
    let told = TypingTold {
        conversation_id: place.conversation_id.0,
        sender_type: by.kind().as_str(),
        agent_id,
        typing: typing == Typing::Started,
    };
    inbox(sockets, place.account_id).emit("inbox_typing", &(told,));
}

#[derive(Serialize)]
struct ViewersTold {
    conversation_id: Uuid,
    viewers: Vec<Uuid>,
}

#[derive(Serialize)]
struct PresenceTold {
    agent_id: Uuid,
    status: &'static str,
}

#[derive(Serialize)]
struct SetUp {
    what: &'static str,
}
