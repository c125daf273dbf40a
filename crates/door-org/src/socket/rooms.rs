//! The names of rooms. They are scoped and never go on the wire.

use std::fmt;

use parlor_core::{
    contacts::ExternalId,
    ids::{AccountId, AgentId, ChannelId, ConversationId, SignInId},
};

/// Who hears an event together.
#[derive(Clone, Copy, Debug)]
pub enum Room<'a> {
    /// The guide's `conv:{conversation_id}`: the visitor and the agents who look at it.
    Conversation(ConversationId),
    /// The guide's `org:{org_id}:queue`.
    Queue(AccountId),
    /// The guide's `org:{org_id}:presence`.
    Presence(AccountId),
    /// The agents' sockets that show the inbox.
    Inbox(AccountId),
    /// Those of them that are one agent's.
    OwnInbox(AgentId),
    /// All sockets of an agent.
    Agent(AgentId),
    /// All sockets of one sign-in.
    SignIn(SignInId),
    /// All sockets on which a visitor has joined the own conversation.
    Visitor(ChannelId, &'a ExternalId),
    /// Those of them that came without a proof of who the visitor is.
    UnprovedVisitor(ChannelId, &'a ExternalId),
    /// All visitors' sockets of a channel that came without one.
    UnprovedVisitors(ChannelId),
}

impl fmt::Display for Room<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Room::Conversation(id) => write!(f, "conv:{id}"),
            Room::Queue(account) => write!(f, "org:{account}:queue"),
            Room::Presence(account) => write!(f, "org:{account}:presence"),
            Room::Inbox(account) => write!(f, "org:{account}:inbox"),
            Room::OwnInbox(agent) => write!(f, "agent:{agent}:inbox"),
            Room::Agent(id) => write!(f, "agent:{id}"),
            Room::SignIn(id) => write!(f, "sign-in:{id}"),
            Room::Visitor(channel, visitor) => write!(f, "visitor:{channel}:{}", visitor.as_str()),
            Room::UnprovedVisitor(channel, visitor) => {
                write!(f, "unproved-visitor:{channel}:{}", visitor.as_str())
            }
            Room::UnprovedVisitors(channel) => write!(f, "unproved:{channel}"),
        }
    }
}
