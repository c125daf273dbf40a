//! What the core tells, in this door's language.
//!
//! | event | widget group | our own widget | store group |
//! |---|---|---|---|
//! | a visitor's message | `MessageReceived` | `Message` | `NewCustomerMessage` |
//! | an agent's reply | `MessageReceived` | `Message` | – |
//! | an assistant's answer | `MessageReceived` | `Message` | `NewCustomerMessage` |
//! | resolved, reopened, rated, blocked | – | `Status` | – |
//! | messages were read | – | `Read` | – |
//! | somebody types | – | `Typing` | – |
//! | a channel or a visitor is verified from now on | connections without a proof end | as before | – |

use parlor_core::{
    Event,
    bus::Heard,
    channels::Identity,
    conversations::{Conversation, Message, SenderType},
    ids::{AccountId, ChannelId, SignInId},
};

use crate::{
    hubs::Hubs,
    wire::{NewCustomerMessage, OwnMessage, OwnRead, OwnStatus, OwnTyping, WidgetMessage},
};

pub fn push(hubs: &Hubs, heard: &Heard) {
    match heard {
        Heard::Event(event) => tell(hubs, event),
        Heard::Gap(lost) => {
            // Nobody can know whom the lost events were for, so everybody is asked to come back and catch up.
            tracing::warn!(lost, "pushes were lost; all hub connections are asked to reconnect");
            hubs.widget.close_all();
            hubs.store.close_all();
        }
    }
}

fn tell(hubs: &Hubs, event: &Event) {
    match event {
        Event::MessageSent { conversation, message } => message_sent(hubs, conversation, message),
        Event::ConversationChanged { conversation } => {
            let group = own_group(conversation.channel_id, conversation.contact.external_id.as_str());
            hubs.widget.group(&group).send("Status", &(OwnStatus::from(conversation),));
        }
        Event::MessagesRead { conversation, read, message_ids } => {
            let group = own_group(conversation.channel_id, conversation.contact.external_id.as_str());
            hubs.widget.group(&group).send("Read", &(OwnRead::new(*read, message_ids),));
        }
        Event::SignedOut { sign_in, .. } => hubs.store.group(&sign_in_group(*sign_in)).abort(),
        Event::Typing { place, by, typing } => {
            let group = own_group(place.channel_id, place.external_id.as_str());
            hubs.widget.group(&group).send("Typing", &(OwnTyping::new(by.kind(), *typing),));
        }
        // To whom a conversation belongs and who of the staff is online is nothing this door's contract speaks of.
        Event::Assigned { .. } | Event::PresenceChanged { .. } => {}
        // The first message says it all.
        Event::ConversationOpened { .. } => {}
        // What staff know and tell each other is nobody's here.
        Event::InboxChanged { .. }
        | Event::NoteAdded { .. }
        | Event::NoteDeleted { .. }
        | Event::DraftChanged { .. }
        | Event::Changed { .. }
        | Event::ViewersChanged { .. } => {}
        Event::ChannelChanged { channel_id, identity: Identity::Verified, .. } => {
            hubs.widget.group(&unproved_group(*channel_id)).abort();
        }
        Event::ChannelChanged { identity: Identity::Open, .. } => {}
        Event::ContactVerified { place } => {
            hubs.widget.group(&unproved_visitor_group(place.channel_id, place.external_id.as_str())).abort();
        }
    }
}

fn message_sent(hubs: &Hubs, conversation: &Conversation, message: &Message) {
    let (channel, visitor) = (conversation.channel_id, conversation.contact.external_id.as_str());
    hubs.widget
        .group(&widget_group(channel, visitor))
        .send("MessageReceived", &(WidgetMessage::from(message),));
    hubs.widget.group(&own_group(channel, visitor)).send("Message", &(OwnMessage::from(message),));
    match message.sender.kind() {
        SenderType::EndUser | SenderType::Bot => {
            let notification = NewCustomerMessage::new(conversation, message);
            hubs.store
                .group(&store_group(conversation.account_id))
                .send("NewCustomerMessage", &(notification,));
        }
        SenderType::Agent => {}
    }
}

/// How the groups of sessions begin, and no others.
pub const SESSION_GROUPS: [&str; 2] = ["widget:", "own:"];

/// The contract's `widget:{sessionId}`, scoped: a visitor chooses the session id, so alone it would leak between channels.
pub fn widget_group(channel: ChannelId, visitor: &str) -> String {
    format!("widget:{channel}:{visitor}")
}

/// The same for connections that joined by our own method and hear our own events.
pub fn own_group(channel: ChannelId, visitor: &str) -> String {
    format!("own:{channel}:{visitor}")
}

/// Connections that have joined some session of a channel without a proof.
pub fn unproved_group(channel: ChannelId) -> String {
    format!("unproved:{channel}")
}

/// Connections that have joined this session without a proof.
pub fn unproved_visitor_group(channel: ChannelId, visitor: &str) -> String {
    format!("unproved:{channel}:{visitor}")
}

pub fn store_group(account: AccountId) -> String {
    format!("store:{account}")
}

/// Everything that one sign-in holds open.
pub fn sign_in_group(sign_in: SignInId) -> String {
    format!("sign-in:{sign_in}")
}
