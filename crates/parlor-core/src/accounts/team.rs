//! Who works for an account: named, raised, lowered, removed.

use jiff::Timestamp;

use super::{NewAccount, TAKEN, checked_email, checked_name, passwords, sign_ins, sql};
use crate::{
    Actor, Error, Event, Permission, Result,
    actor::{Agent, Role},
    app::App,
    db::Tx,
    event::What,
    ids::{AccountId, AgentId, SignInId},
    jobs,
};

/// The most people in a team.
const LARGEST_TEAM: i64 = 1000;

/// Somebody in a team.
#[derive(Clone, Debug)]
pub struct Member {
    pub id: AgentId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub created_at: Timestamp,
}

/// What may be changed of a member. What is left out stays.
#[derive(Clone, Debug, Default)]
pub struct MemberChange {
    pub name: Option<String>,
    pub role: Option<Role>,
}

/// Adds a person to an account, for the operator. In the team itself people are invited.
///
/// # Errors
/// As [`super::create`]; [`Error::NotFound`] for the account.
pub async fn add_agent(app: &App, account_id: AccountId, role: Role, new: NewAccount) -> Result<AgentId> {
    let name = checked_name(&new.name)?;
    let email = checked_email(&new.email)?;
    let hash = passwords::hash(app, "password", new.password).await?;
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                sql::account(tx, account_id).await?.ok_or(Error::NotFound("Account"))?;
                join(&inner, tx, account_id, (name, email, role), &hash).await.map(|agent| agent.id)
            })
        })
        .await
}

/// Puts a person with a name, an e-mail address and a role into a team.
pub(super) async fn join(
    app: &App,
    tx: &mut Tx,
    account_id: AccountId,
    (name, email, role): (String, String, Role),
    password_hash: &str,
) -> Result<Agent> {
    sql::lock_team(tx, account_id).await?;
    if sql::count_members(tx, account_id).await? >= LARGEST_TEAM {
        return Err(Error::Conflict("The team is full."));
    }
    let id = AgentId(app.new_id());
    let agent = Agent { id, account_id, name, email, role, sign_in: SignInId(app.new_id()) };
    if sql::insert_agent(tx, &agent, password_hash, app.now()).await? == 0 {
        return Err(TAKEN);
    }
    tx.tell(Event::Changed { account_id, what: What::Team });
    Ok(agent)
}

/// The account's people, the oldest first.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn team(app: &App, actor: &Actor) -> Result<Vec<Member>> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    app.db.read(move |tx| Box::pin(async move { sql::members(tx, account_id).await })).await
}

/// Changes a member. Everybody may change their own name; the rest is for owners and admins, and what makes or touches an owner is for
/// owners. A role counts from the next request on.
///
/// # Errors
/// [`Error::NotAllowed`]; [`Error::NotFound`]; [`Error::Invalid`] for the name; [`Error::Conflict`] when it would leave no owner.
pub async fn change_member(app: &App, actor: &Actor, id: AgentId, change: MemberChange) -> Result<Member> {
    let own_name = change.role.is_none() && actor.in_person().is_ok_and(|agent| agent.id == id);
    if !own_name {
        actor.require_role(Role::Admin)?;
    }
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut member = lock(tx, actor.account_id(), id).await?;
                let role = change.role.unwrap_or(member.role);
                if !own_name && (member.role == Role::Owner || role == Role::Owner) {
                    actor.require_role(Role::Owner)?;
                }
                if member.role == Role::Owner && role != Role::Owner {
                    another_owner(tx, actor.account_id()).await?;
                }
                // What somebody may no longer promise is promised no longer.
                if !role.reaches(Role::Admin) {
                    sql::invites::delete_of(tx, id).await?;
                } else if role != Role::Owner {
                    sql::invites::delete_of_role(tx, id, Role::Owner).await?;
                }
                member.role = role;
                member.name = name.unwrap_or(member.name);
                sql::save_member(tx, &member).await?;
                tx.tell(Event::Changed { account_id: actor.account_id(), what: What::Team });
                Ok(member)
            })
        })
        .await
}

/// Removes a member: sign-ins, API keys and invites of theirs end with it, and their open conversations go back to the queue. What they
/// have written stays, and their address can be invited again.
///
/// # Errors
/// [`Error::NotAllowed`]; [`Error::NotFound`]; [`Error::Conflict`] for the last owner.
pub async fn remove_member(app: &App, actor: &Actor, id: AgentId) -> Result<()> {
    actor.require_role(Role::Admin)?;
    let (inner, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                let member = lock(tx, actor.account_id(), id).await?;
                if member.role == Role::Owner {
                    actor.require_role(Role::Owner)?;
                    another_owner(tx, actor.account_id()).await?;
                }
                sql::disable(tx, id, now).await?;
                sql::api_keys::delete_of(tx, id).await?;
                sql::invites::delete_of(tx, id).await?;
                sign_ins::end_all(tx, id, None, now).await?;
                tx.tell(Event::Changed { account_id: actor.account_id(), what: What::Team });
                jobs::order_release(&inner, tx, actor.account_id(), id, now).await
            })
        })
        .await
}

async fn lock(tx: &mut Tx, account_id: AccountId, id: AgentId) -> Result<Member> {
    sql::lock_team(tx, account_id).await?;
    sql::member_by_id(tx, account_id, id).await?.ok_or(Error::NotFound("Agent"))
}

/// The team is held, so this stays true until the end of the transaction.
async fn another_owner(tx: &mut Tx, account_id: AccountId) -> Result<()> {
    match sql::count_owners(tx, account_id).await? {
        0 | 1 => Err(Error::Conflict("An account needs an owner: this is the last one.")),
        _ => Ok(()),
    }
}
