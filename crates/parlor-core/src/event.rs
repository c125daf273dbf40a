//! What has happened. Told after the commit, and fat: whoever hears it needs no database.
//!
//! An event carries the conversation as it was at the commit, with its `version`; whoever holds a newer version ignores it.

use crate::{
    channels::Identity,
    conversations::{Conversation, Message, Read},
    ids::{AccountId, AgentId, ChannelId, ConversationId, MessageId, SignInId},
    presence::{Place, Presence, Typing, Typist},
};

/// A door matches every event without a wildcard: a new one does not compile until each door has decided what it means there.
#[derive(Clone, Debug)]
pub enum Event {
    /// A contact's first message opened a conversation. [`Event::MessageSent`] with that message follows.
    ConversationOpened { conversation: Conversation },
    /// A message was stored.
    MessageSent { conversation: Conversation, message: Message },
    /// Somebody has read messages of the other side for the first time. The conversation itself stays as it was.
    MessagesRead { conversation: Conversation, read: Read, message_ids: Vec<MessageId> },
    /// Status, assignee, tags or who answers changed, without a message.
    ConversationChanged { conversation: Conversation },
    /// The open session was given to an agent, or taken from all. [`Event::ConversationChanged`] says what the conversation is now.
    Assigned { account_id: AccountId, conversation_id: ConversationId, assignee: Option<AgentId> },
    /// A channel was changed, switched or deleted. Where it is [`Identity::Verified`], whoever listens without a proof must no longer.
    ChannelChanged { account_id: AccountId, channel_id: ChannelId, identity: Identity },
    /// A contact's id has been proved for the first time: whoever listens under it without a proof must no longer.
    ContactVerified { place: Place },
    /// A sign-in has ended: whatever it holds open must close.
    SignedOut { account_id: AccountId, agent_id: AgentId, sign_in: SignInId },
    /// An agent came online or went offline. Not stored.
    PresenceChanged { account_id: AccountId, agent_id: AgentId, presence: Presence },
    /// Somebody types, or no longer does. Not stored.
    Typing { place: Place, by: Typist, typing: Typing },
}
