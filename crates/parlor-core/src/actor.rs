//! Who does it. An actor is an argument of every verb, never ambient, and only the core decides what it may do.

use crate::{
    Error, Result,
    ids::{AccountId, AgentId, SignInId},
    text_enum,
};

text_enum! {
    /// What an agent is in the account.
    Role {
        Owner = "owner",
        Admin = "admin",
        Agent = "agent",
        Viewer = "viewer",
    }
}

text_enum! {
    /// What a role allows.
    Permission {
        ViewChannels = "store.social_channels.view",
        ManageChannels = "store.social_channels.manage",
        ViewConversations = "store.conversations.view",
        ManageConversations = "store.conversations.manage",
    }
}

impl Role {
    /// The permissions this role maps onto.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::{ManageChannels, ManageConversations, ViewChannels, ViewConversations};
        match self {
            Role::Owner | Role::Admin => {
                &[ViewChannels, ManageChannels, ViewConversations, ManageConversations]
            }
            Role::Agent => &[ViewChannels, ViewConversations, ManageConversations],
            Role::Viewer => &[ViewChannels, ViewConversations],
        }
    }
}

/// An agent who has proved who they are.
#[derive(Clone, Debug)]
pub struct Agent {
    pub id: AgentId,
    pub account_id: AccountId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub sign_in: SignInId,
}

/// Who does it.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A person who signed in.
    Agent(Agent),
    /// Whoever runs the program: the command line.
    Operator(AccountId),
}

impl Actor {
    /// The account everything this actor does is confined to.
    pub fn account_id(&self) -> AccountId {
        match self {
            Actor::Agent(agent) => agent.account_id,
            Actor::Operator(account_id) => *account_id,
        }
    }

    /// # Errors
    /// [`Error::Forbidden`] when the actor may not.
    pub fn require(&self, permission: Permission) -> Result<()> {
        match self {
            Actor::Operator(_) => Ok(()),
            Actor::Agent(agent) if agent.role.permissions().contains(&permission) => Ok(()),
            Actor::Agent(_) => Err(Error::Forbidden(permission)),
        }
    }
}
