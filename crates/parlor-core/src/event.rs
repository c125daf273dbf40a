//! What has happened. Told after the commit, and fat: whoever hears it needs no database.
//!
//! An event carries the conversation as it was at the commit, with its `version`; whoever holds a newer version ignores it.

use crate::{
    channels::Identity,
    conversations::{Conversation, Message, Note, Read},
    ids::{AccountId, AgentId, ChannelId, ConversationId, MessageId, NoteId, SignInId},
    presence::{Place, Presence, Typing, Typist},
    text_enum,
};

text_enum! {
    /// What of an account's set-up has changed. Of channels [`Event::ChannelChanged`] tells.
    What {
        Assistants = "assistants",
        Team = "team",
        CannedReplies = "canned_replies",
        Account = "account",
    }
}

/// A door matches every event without a wildcard: a new one does not compile until each door has decided what it means there.
#[derive(Clone, Debug)]
pub enum Event {
    /// A contact's first message opened a conversation. [`Event::MessageSent`] with that message follows.
    ConversationOpened { conversation: Conversation },
    /// A message was stored.
    MessageSent { conversation: Conversation, message: Message },
    /// Somebody has read messages of the other side for the first time. Where an agent has, fewer may be unread.
    MessagesRead { conversation: Conversation, read: Read, message_ids: Vec<MessageId> },
    /// Status, assignee, tags or who answers changed, without a message.
    ConversationChanged { conversation: Conversation },
    /// What only staff see of a conversation has changed: what is unread, until when it sleeps, what they know of the contact.
    InboxChanged { conversation: Conversation },
    /// An agent has written a note. Staff alone may hear of it.
    NoteAdded { conversation: Conversation, note: Note },
    /// A note was deleted.
    NoteDeleted { conversation: Conversation, note_id: NoteId },
    /// An agent's draft of a reply was kept, or removed (`None`). For that agent alone.
    DraftChanged {
        account_id: AccountId,
        agent_id: AgentId,
        conversation_id: ConversationId,
        content: Option<String>,
    },
    /// The open session was given to an agent, or taken from all. [`Event::ConversationChanged`] says what the conversation is now.
    Assigned { account_id: AccountId, conversation_id: ConversationId, assignee: Option<AgentId> },
    /// A channel was changed, switched or deleted. Where it is [`Identity::Verified`], whoever listens without a proof must no longer.
    ChannelChanged { account_id: AccountId, channel_id: ChannelId, identity: Identity },
    /// A contact's id has been proved for the first time: whoever listens under it without a proof must no longer.
    ContactVerified { place: Place },
    /// A sign-in has ended: whatever it holds open must close.
    SignedOut { account_id: AccountId, agent_id: AgentId, sign_in: SignInId },
    /// What an account is set up with was changed: whoever shows it reads it afresh.
    Changed { account_id: AccountId, what: What },
    /// Who has a conversation open now, the agents' ids in order. Not stored.
    ViewersChanged { account_id: AccountId, conversation_id: ConversationId, viewers: Vec<AgentId> },
    /// An agent came online or went offline. Not stored.
    PresenceChanged { account_id: AccountId, agent_id: AgentId, presence: Presence },
    /// Somebody types, or no longer does. Not stored.
    Typing { place: Place, by: Typist, typing: Typing },
}
