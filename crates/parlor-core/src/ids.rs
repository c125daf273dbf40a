//! The ids of the domain, one type each, so that one cannot stand where another belongs.

use std::fmt;

use uuid::Uuid;

use crate::{
    Result,
    db::{Column, Value},
};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'a> From<$name> for Value<'a> {
            fn from(id: $name) -> Value<'a> {
                Value::Uuid(id.0)
            }
        }

        impl Column for $name {
            fn from_sqlite(value: rusqlite::types::ValueRef<'_>) -> Option<Self> {
                Uuid::from_sqlite(value).map($name)
            }

            fn from_postgres(row: &tokio_postgres::Row, index: usize) -> Result<Self> {
                Uuid::from_postgres(row, index).map($name)
            }
        }
    )*};
}

ids! {
    /// Who owns everything.
    AccountId
    /// A person who signs in.
    AgentId
    /// One sign-in of an agent.
    SignInId
    /// Somebody who was asked to join a team.
    InviteId
    /// What a program proves itself with.
    ApiKeyId
    /// A way in for visitors.
    ChannelId
    /// A further key to a website channel.
    EmbedId
    /// One of the secrets that prove visitors' ids.
    IdentitySecretId
    /// What answers automatically.
    AssistantId
    /// A person on a channel.
    ContactId
    /// Everything between one contact and one channel.
    ConversationId
    /// One support interaction of a conversation.
    SessionId
    /// One entry of a conversation.
    MessageId
    /// What agents tell each other in a conversation.
    NoteId
    /// A reply that is kept for many.
    CannedReplyId
    /// One piece of the account's knowledge.
    ArticleId
    /// A file that somebody has sent up.
    UploadId
    /// An app on a phone.
    DeviceId
    /// Something owed.
    JobId
}
