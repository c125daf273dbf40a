//! Accounts, their teams, and how people and programs prove who they are.

mod api_keys;
mod invites;
mod passwords;
mod preferences;
mod profile;
mod secret;
mod sign_ins;
pub(crate) mod sql;
mod team;

pub use api_keys::{API_KEY_PREFIX, ApiKey, NewApiKey, api_keys, by_api_key, create_api_key, revoke_api_key};
pub use invites::{Invitation, Invite, NewInvite, accept, invitation, invite, invites, revoke_invite};
pub(crate) use passwords::Nobody;
pub use passwords::{change_password, reset_password};
pub use preferences::{OwnChange, Preferences, PreferencesChange, Theme, change_own, preferences};
pub use profile::{Profile, ProfileChange, Welcome, change_profile, profile};
pub(crate) use sign_ins::tell_of_ended;
pub use sign_ins::{
    ACCESS_LIVES, BrowserSignIn, SignInKind, SignedIn, by_cookie, other_sign_ins, refresh, sign_in,
    sign_in_browser, sign_out, sign_out_browser, sign_out_others, signed_in,
};
pub use team::{Member, MemberChange, add_agent, change_member, remove_member, team};

use crate::{
    Error, Result,
    actor::{Agent, Role},
    app::App,
    ids::{AccountId, AgentId, SignInId},
    usage::Plan,
};

/// Who owns everything.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: AccountId,
    pub name: String,
    pub plan: Plan,
}

/// What it takes to make an account with its owner.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub name: String,
    pub email: String,
    pub password: String,
}

/// Makes an account on the default plan, and its owner.
///
/// # Errors
/// [`Error::Invalid`] for a name, e-mail address or password that does not do; [`Error::Conflict`] when the address is taken.
pub async fn create(app: &App, new: NewAccount) -> Result<(Account, AgentId)> {
    let name = checked_name(&new.name)?;
    let email = checked_email(&new.email)?;
    let hash = passwords::hash(app, "password", new.password).await?;
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let now = inner.now();
                let account = Account { id: AccountId(inner.new_id()), name, plan: Plan::default() };
                sql::insert_account(tx, &account, now).await?;
                let owner = Agent {
                    id: AgentId(inner.new_id()),
                    account_id: account.id,
                    name: account.name.clone(),
                    email,
                    role: Role::Owner,
                    sign_in: SignInId(inner.new_id()),
                };
                if sql::insert_agent(tx, &owner, &hash, now).await? == 0 {
                    return Err(TAKEN);
                }
                Ok((account, owner.id))
            })
        })
        .await
}

/// One account.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, id: AccountId) -> Result<Account> {
    app.db
        .read(move |tx| {
            Box::pin(async move { sql::account(tx, id).await?.ok_or(Error::NotFound("Account")) })
        })
        .await
}

/// How many accounts there are.
pub async fn count(app: &App) -> Result<i64> {
    app.db.read(|tx| Box::pin(async move { sql::count(tx).await })).await
}

/// Changes what an account may use.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Invalid`] for a negative limit.
pub async fn set_plan(app: &App, id: AccountId, plan: Plan) -> Result<()> {
    plan.check()?;
    app.db
        .write(move |tx| {
            Box::pin(async move {
                match sql::update_plan(tx, id, &plan).await? {
                    0 => Err(Error::NotFound("Account")),
                    _ => Ok(()),
                }
            })
        })
        .await
}

/// One person works for one account, so an address is taken for all of them.
const TAKEN: Error = Error::Conflict("This e-mail address is taken.");

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    match name.chars().count() {
        1..=100 if !name.chars().any(char::is_control) => Ok(name.to_owned()),
        _ => Err(Error::invalid("name", "must have 1 to 100 printable characters")),
    }
}

fn checked_email(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    let well_formed = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !email.contains(|c: char| c.is_whitespace() || c.is_control())
    });
    if well_formed && email.len() <= 254 {
        Ok(email)
    } else {
        Err(Error::invalid("email", "must be an e-mail address"))
    }
}
