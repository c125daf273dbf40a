//! Who does it. An actor is an argument of every verb, never ambient, and only the core decides what it may do.

use crate::{
    Error, Result,
    ids::{AccountId, AgentId, ApiKeyId, SignInId},
    text_enum,
};

text_enum! {
    /// What an agent is in the account, the highest first.
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
    /// Whether it may whatever `least` may.
    pub const fn reaches(self, least: Role) -> bool {
        self as u8 <= least as u8
    }

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

/// A program that has proved itself by an API key. It acts in the name of the agent who made the key.
#[derive(Clone, Debug)]
pub struct Integration {
    pub key_id: ApiKeyId,
    pub account_id: AccountId,
    pub agent_id: AgentId,
    pub agent_name: String,
    /// Those of the key that its agent has, too, now.
    pub permissions: Vec<Permission>,
}

/// Who does it.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A person who signed in.
    Agent(Agent),
    /// A program with an API key.
    ApiKey(Integration),
    /// Whoever runs the program: the command line.
    Operator(AccountId),
}

impl Actor {
    /// The account everything this actor does is confined to.
    pub fn account_id(&self) -> AccountId {
        match self {
            Actor::Agent(agent) => agent.account_id,
            Actor::ApiKey(integration) => integration.account_id,
            Actor::Operator(account_id) => *account_id,
        }
    }

    /// In whose name it is done: the agent's id and name. The operator is nobody in the account.
    pub fn name(&self) -> Option<(AgentId, &str)> {
        match self {
            Actor::Agent(agent) => Some((agent.id, &agent.name)),
            Actor::ApiKey(integration) => Some((integration.agent_id, &integration.agent_name)),
            Actor::Operator(_) => None,
        }
    }

    /// # Errors
    /// [`Error::Forbidden`] when the actor may not.
    pub fn require(&self, permission: Permission) -> Result<()> {
        let may = match self {
            Actor::Operator(_) => true,
            Actor::Agent(agent) => agent.role.permissions().contains(&permission),
            Actor::ApiKey(integration) => integration.permissions.contains(&permission),
        };
        if may { Ok(()) } else { Err(Error::Forbidden(permission)) }
    }

    /// What is about the team and its keys goes by role, and no API key may do it: a key must not be able to make another.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] when the actor's role is lower.
    pub fn require_role(&self, least: Role) -> Result<()> {
        match self {
            Actor::Operator(_) => Ok(()),
            Actor::Agent(agent) if agent.role.reaches(least) => Ok(()),
            Actor::Agent(_) if least == Role::Owner => Err(Error::NotAllowed("Only an owner may do this.")),
            Actor::Agent(_) => Err(Error::NotAllowed("Only an owner or an admin may do this.")),
            Actor::ApiKey(_) => Err(Error::NotAllowed("An API key may not do this.")),
        }
    }

    /// The agent who is here in person.
    ///
    /// # Errors
    /// [`Error::NotAllowed`] for a program.
    pub fn in_person(&self) -> Result<&Agent> {
        match self {
            Actor::Agent(agent) => Ok(agent),
            Actor::ApiKey(_) | Actor::Operator(_) => {
                Err(Error::NotAllowed("Only a person who has signed in may do this."))
            }
        }
    }
}
