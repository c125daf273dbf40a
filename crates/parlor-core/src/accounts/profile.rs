//! An account as its people see it, and whether it has been set up.

use jiff::Timestamp;

use super::{checked_name, sql};
use crate::{
    Actor, Error, Event, Permission, Result, actor::Role, app::App, event::What, ids::AccountId, text_enum,
};

text_enum! {
    /// Whether the account's people still have to be led through it.
    Welcome {
        Pending = "pending",
        /// Somebody has said so, or a visitor has written: whoever has been heard needs no welcome.
        Done = "done",
    }
}

/// An account as its people see it.
#[derive(Clone, Debug)]
pub struct Profile {
    pub id: AccountId,
    pub name: String,
    pub welcome: Welcome,
    pub created_at: Timestamp,
}

/// What is to change. `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// Assistants call themselves by it.
    pub name: Option<String>,
    pub welcome: Option<Welcome>,
}

/// The actor's account.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn profile(app: &App, actor: &Actor) -> Result<Profile> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    let found = app.db.read(move |tx| Box::pin(async move { sql::profile(tx, account_id).await })).await?;
    found.ok_or(Error::NotFound("Account"))
}

/// Changes the actor's account. For owners and admins.
///
/// # Errors
/// [`Error::NotAllowed`]; [`Error::Invalid`] for the name.
pub async fn change_profile(app: &App, actor: &Actor, change: ProfileChange) -> Result<Profile> {
    actor.require_role(Role::Admin)?;
    let account_id = actor.account_id();
    let name = change.name.as_deref().map(checked_name).transpose()?;
    app.db
        .write(move |tx| {
            Box::pin(async move {
                sql::change_account(tx, account_id, name.as_deref(), change.welcome).await?;
                tx.tell(Event::Changed { account_id, what: What::Account });
                sql::profile(tx, account_id).await?.ok_or(Error::NotFound("Account"))
            })
        })
        .await
}
