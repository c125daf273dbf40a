//! What the core tells, in this door's language.
//!
//! | event | conversation's room | queue | presence |
//! |---|---|---|---|
//! | a message | `message_received` | `conversation_updated` | – |
//! | assigned | – | `conversation_assigned` | – |
//! | read | `messages_read` | – | – |
//! | somebody types, or no longer does | `typing_indicator`, `typing_cleared` | – | – |
//! | an agent comes or goes | – | – | `agent_status_changed` |
//!
//! What the inbox's room hears is in [`inbox::push`].

use parlor_core::{
    Event,
    bus::Heard,
    channels::Identity,
    conversations::{Conversation, Message},
    presence::{Place, Typing, Typist},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    inbox,
    socket::{Room, Sockets},
    wire::{MessageReceived, MessagesRead},
};

pub fn push(sockets: &Sockets, heard: &Heard) {
    match heard {
        Heard::Event(event) => tell(sockets, event),
        Heard::Gap(lost) => {
            // Nobody can know whom the lost events were for, so everybody is asked to come back and catch up.
            tracing::warn!(lost, "pushes were lost; all sockets are asked to reconnect");
            sockets.close_all();
        }
    }
}

fn tell(sockets: &Sockets, event: &Event) {
    inbox::push::tell(sockets, event);
    match event {
        Event::MessageSent { conversation, message } => message_sent(sockets, conversation, message),
        Event::Assigned { account_id, conversation_id, assignee } => {
            let assigned_to = assignee.map(|agent| agent.0);
            let assigned = ConversationAssigned { conversation_id: conversation_id.0, assigned_to };
            sockets.to(Room::Queue(*account_id)).emit("conversation_assigned", &(assigned,));
        }
        Event::MessagesRead { conversation, read, message_ids } => {
            let read = MessagesRead::new(conversation, *read, message_ids);
            sockets.to(Room::Conversation(conversation.id)).emit("messages_read", &(read,));
        }
        Event::Typing { place, by, typing } => typed(sockets, place, *by, *typing),
        Event::PresenceChanged { account_id, agent_id, presence } => {
            let changed = AgentStatusChanged { agent_id: agent_id.0, status: presence.as_str() };
            sockets.to(Room::Presence(*account_id)).emit("agent_status_changed", &(changed,));
        }
        Event::SignedOut { sign_in, .. } => sockets.to(Room::SignIn(*sign_in)).disconnect(),
        // They come back, and are refused where they have no proof then.
        Event::ChannelChanged { channel_id, identity: Identity::Verified, .. } => {
            sockets.to(Room::UnprovedVisitors(*channel_id)).send_back();
        }
        Event::ContactVerified { place } => {
            sockets.to(Room::UnprovedVisitor(place.channel_id, &place.external_id)).send_back();
        }
        // The first message says that there is a conversation; of other changes the guide has no event, and what is the inbox's alone
        // is told there.
        Event::ConversationOpened { .. }
        | Event::ConversationChanged { .. }
        | Event::InboxChanged { .. }
        | Event::NoteAdded { .. }
        | Event::NoteDeleted { .. }
        | Event::DraftChanged { .. }
        | Event::Changed { .. }
        | Event::ViewersChanged { .. }
        | Event::ChannelChanged { identity: Identity::Open, .. } => {}
    }
}

#[derive(Serialize)]
struct ConversationUpdated<'a> {
    conversation_id: Uuid,
    sender_type: &'static str,
    content_type: &'static str,
    content: &'a str,
}

fn message_sent(sockets: &Sockets, conversation: &Conversation, message: &Message) {
    let received = MessageReceived::new(message, conversation);
    sockets.to(Room::Conversation(conversation.id)).emit("message_received", &(received,));
    let updated = ConversationUpdated {
        conversation_id: conversation.id.0,
        sender_type: message.sender.kind().as_str(),
        content_type: message.content.kind.as_str(),
        content: &message.content.text,
    };
    sockets.to(Room::Queue(conversation.account_id)).emit("conversation_updated", &(updated,));
}

#[derive(Serialize)]
struct ConversationAssigned {
    conversation_id: Uuid,
    /// Null where it was taken from all.
    assigned_to: Option<Uuid>,
}

#[derive(Serialize)]
struct AgentStatusChanged {
    agent_id: Uuid,
    status: &'static str,
}

#[derive(Serialize)]
struct TypingIndicator {
    conversation_id: Uuid,
    sender_type: &'static str,
}

#[derive(Serialize)]
struct TypingCleared {
    conversation_id: Uuid,
}

fn typed(sockets: &Sockets, place: &Place, by: Typist, typing: Typing) {
    let conversation_id = place.conversation_id.0;
    let room = sockets.to(Room::Conversation(place.conversation_id));
    if typing == Typing::Stopped {
        room.emit("typing_cleared", &(TypingCleared { conversation_id },));
        return;
    }
    // Nobody is shown their own typing, on whichever of their screens.
    let own = match by {
        Typist::EndUser => Some(Room::Visitor(place.channel_id, &place.external_id)),
        Typist::Agent(agent) => Some(Room::Agent(agent)),
        Typist::Bot => None,
    };
    let others = own.map(|room| sockets.to(room).ids()).unwrap_or_default();
    let audience = others.iter().fold(room, |audience, id| audience.except(id.as_str()));
    let sender_type = by.kind().as_str();
    audience.emit("typing_indicator", &(TypingIndicator { conversation_id, sender_type },));
}
