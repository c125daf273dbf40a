//! Canned replies: texts that agents keep for what they say often, found by a shortcut.

mod sql;

use jiff::Timestamp;

use crate::{
    Actor, Error, Event, Permission, Result, accounts,
    app::App,
    db::Tx,
    event::What,
    ids::{AccountId, AgentId, CannedReplyId},
};

/// The most canned replies of an account.
const MOST: i64 = 500;
/// The most characters of a text, and of a shortcut.
const LONGEST: usize = 10_000;
const LONGEST_SHORTCUT: usize = 40;

const TAKEN: Error = Error::Conflict("There is a canned reply with this shortcut.");

/// A text that is kept for many.
#[derive(Clone, Debug)]
pub struct CannedReply {
    pub id: CannedReplyId,
    pub shortcut: String,
    pub content: String,
    /// Who made it, and what they are called now.
    pub created_by: (AgentId, String),
    pub updated_at: Timestamp,
}

/// What may be changed of one. What is left out stays.
#[derive(Clone, Debug, Default)]
pub struct CannedReplyChange {
    pub shortcut: Option<String>,
    pub content: Option<String>,
}

/// The account's canned replies, in the order of their shortcuts.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<CannedReply>> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    app.db.read(move |tx| Box::pin(async move { sql::list(tx, account_id).await })).await
}

/// Keeps a text under a shortcut.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`]; [`Error::Conflict`] for a shortcut that is taken, and when there are too many.
pub async fn create(app: &App, actor: &Actor, shortcut: String, content: String) -> Result<CannedReply> {
    actor.require(Permission::ManageConversations)?;
    let (agent_id, name) = actor.name().ok_or(Error::Forbidden(Permission::ManageConversations))?;
    let reply = CannedReply {
        id: CannedReplyId(app.new_id()),
        shortcut: checked_shortcut(&shortcut)?,
        content: checked_content(content)?,
        created_by: (agent_id, name.to_owned()),
        updated_at: app.now(),
    };
    let account_id = actor.account_id();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                // Held, so that two who come at once are counted one after the other.
                accounts::sql::lock_team(tx, account_id).await?;
                if sql::count(tx, account_id).await? >= MOST {
                    return Err(Error::Conflict("There are as many canned replies as an account can have."));
                }
                if sql::insert(tx, account_id, &reply).await? == 0 {
                    return Err(TAKEN);
                }
                tell(tx, account_id);
                Ok(reply)
            })
        })
        .await
}

/// Changes one.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`]; [`Error::Conflict`] for a shortcut that is taken.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: CannedReplyId,
    change: CannedReplyChange,
) -> Result<CannedReply> {
    actor.require(Permission::ManageConversations)?;
    let shortcut = change.shortcut.as_deref().map(checked_shortcut).transpose()?;
    let content = change.content.map(checked_content).transpose()?;
    let (inner, account_id) = (app.clone(), actor.account_id());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                accounts::sql::lock_team(tx, account_id).await?;
                let found = sql::find(tx, account_id, id).await?;
                let mut reply = found.ok_or(Error::NotFound("Canned reply"))?;
                if let Some(shortcut) = shortcut {
                    let other = sql::by_shortcut(tx, account_id, &shortcut).await?;
                    if other.is_some_and(|other| other != id) {
                        return Err(TAKEN);
                    }
                    reply.shortcut = shortcut;
                }
                reply.content = content.unwrap_or(reply.content);
                reply.updated_at = inner.now();
                sql::save(tx, &reply).await?;
                tell(tx, account_id);
                Ok(reply)
            })
        })
        .await
}

/// Deletes one.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn delete(app: &App, actor: &Actor, id: CannedReplyId) -> Result<()> {
    actor.require(Permission::ManageConversations)?;
    let account_id = actor.account_id();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                if sql::delete(tx, account_id, id).await? == 0 {
                    return Err(Error::NotFound("Canned reply"));
                }
                tell(tx, account_id);
                Ok(())
            })
        })
        .await
}

fn tell(tx: &mut Tx, account_id: AccountId) {
    tx.tell(Event::Changed { account_id, what: What::CannedReplies });
}

/// Shortcuts are typed, so their case does not matter.
fn checked_shortcut(given: &str) -> Result<String> {
    let fits = (1..=LONGEST_SHORTCUT).contains(&given.chars().count())
        && given.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    if fits {
        return Ok(given.to_lowercase());
    }
    Err(Error::invalid("shortcut", "must have 1 to 40 letters, digits, - and _"))
}

fn checked_content(given: String) -> Result<String> {
    if given.trim().is_empty() || given.chars().count() > LONGEST || given.contains('\0') {
        return Err(Error::invalid("content", "must have 1 to 10,000 characters"));
    }
    Ok(given)
}
