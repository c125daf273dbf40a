//! Embed tokens: further keys to an account's website channel, each with its own assistant and the pages it may be used on.

mod origin;
mod sql;

use jiff::Timestamp;

pub use origin::Origin;

use crate::{
    Actor, Error, Permission, Result,
    app::App,
    assistants,
    channels::{self, Kind},
    ids::{AccountId, AssistantId, ChannelId, EmbedId},
    secrets,
};

/// What an embed token begins with; no channel token does.
pub const PREFIX: &str = "ew_";
const MOST_EMBEDS: i64 = 200;
const MOST_ORIGINS: usize = 50;

/// A further key to a website channel. The token itself is only known to whoever made it.
#[derive(Clone, Debug)]
pub struct Embed {
    pub id: EmbedId,
    pub account_id: AccountId,
    pub channel_id: ChannelId,
    pub name: String,
    /// Answers in sessions that begin with this token.
    pub assistant_id: AssistantId,
    pub assistant_name: String,
    /// The pages that may show it; none means all.
    pub origins: Vec<Origin>,
    pub created_at: Timestamp,
}

impl Embed {
    /// Whether a page of this origin may show it. Without an origin there is only an open list to go by.
    pub fn allows(&self, page: Option<&Origin>) -> bool {
        self.origins.is_empty() || page.is_some_and(|page| self.origins.contains(page))
    }
}

/// What it takes to make an embed token.
#[derive(Clone, Debug, Default)]
pub struct NewEmbed {
    pub name: String,
    /// The channel's own one, if none is named.
    pub assistant: Option<AssistantId>,
    pub origins: Vec<String>,
}

/// Makes an embed token: shown now and never again.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for an assistant, or where there is no website channel; [`Error::Invalid`];
/// [`Error::Conflict`] when there are too many.
pub async fn create(app: &App, actor: &Actor, new: NewEmbed) -> Result<(Embed, String)> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    let name = checked_name(&new.name)?;
    let origins = checked_origins(&new.origins)?;
    let token = secrets::new_token(PREFIX);
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                channels::sql::lock_plan(tx, account_id).await?;
                let channels = channels::sql::list(tx, account_id).await?;
                let website = channels.into_iter().find(|channel| channel.kind == Kind::Website);
                let channel = website.ok_or(Error::NotFound("Website channel"))?;
                if sql::count(tx, account_id).await? >= MOST_EMBEDS {
                    return Err(Error::Conflict("There are 200 embed tokens already: revoke one first."));
                }
                let assistant = match new.assistant {
                    None => channel.assistant,
                    Some(id) => {
                        assistants::sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Assistant"))?
                    }
                };
                let embed = Embed {
                    id: EmbedId(inner.new_id()),
                    account_id,
                    channel_id: channel.id,
                    name,
                    assistant_id: assistant.id,
                    assistant_name: assistant.name,
                    origins,
                    created_at: inner.now(),
                };
                sql::insert(tx, &embed, &secrets::hash(&token)).await?;
                Ok((embed, token))
            })
        })
        .await
}

/// The account's embed tokens, oldest first.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Embed>> {
    actor.require(Permission::ViewChannels)?;
    let account_id = actor.account_id();
    app.db.read(move |tx| Box::pin(async move { sql::list(tx, account_id).await })).await
}

/// Revokes a token: from now on it opens nothing. Conversations that began with it stay.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn revoke(app: &App, actor: &Actor, id: EmbedId) -> Result<()> {
    actor.require(Permission::ManageChannels)?;
    let account_id = actor.account_id();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                match sql::delete(tx, account_id, id).await? {
                    0 => Err(Error::NotFound("Embed token")),
                    _ => Ok(()),
                }
            })
        })
        .await
}

/// What a token is for.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn by_token(app: &App, token: &str) -> Result<Embed> {
    let hash = secrets::hash(token);
    let found = app.db.read(move |tx| Box::pin(async move { sql::by_hash(tx, &hash).await })).await?;
    found.ok_or(Error::NotFound("Embed token"))
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    match name.chars().count() {
        1..=100 if !name.contains(char::is_control) => Ok(name.to_owned()),
        _ => Err(Error::invalid("name", "must have 1 to 100 printable characters")),
    }
}

fn checked_origins(given: &[String]) -> Result<Vec<Origin>> {
    if given.len() > MOST_ORIGINS {
        return Err(Error::invalid("allowed_origins", "must be at most 50"));
    }
    let mut origins: Vec<Origin> = Vec::with_capacity(given.len());
    for text in given {
        let origin = Origin::parse(text).ok_or_else(|| {
            Error::invalid(
                "allowed_origins",
                "must each look like https://shop.example or http://localhost:3000",
            )
        })?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    Ok(origins)
}
