//! What staff see of many conversations at once, and of one page by page.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    Conversation, Message, Status,
    finding::{self, Search},
    sql, store,
};
use crate::{
    Actor, Error, Permission, Result,
    app::App,
    ids::{AgentId, ChannelId, ConversationId, MessageId},
    uploads::links,
};

/// What a list of conversations is narrowed to. A conversation is in a list once something has been said in it.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Option<Status>,
    /// Whether it sleeps. `None` is both.
    pub snoozed: Option<Snoozed>,
    pub assigned: Assigned,
    pub channel_id: Option<ChannelId>,
    /// A label of the newest session, as a whole; its case does not matter.
    pub tag: Option<String>,
    pub search: Option<Search>,
}

impl Filter {
    /// Labels are found in lower case.
    fn normalised(mut self) -> Filter {
        self.tag = self.tag.map(|tag| tag.to_lowercase());
        self
    }
}

/// To whom the newest session is assigned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Assigned {
    #[default]
    Whatever,
    ToNobody,
    To(AgentId),
    /// To whomever it is: this agent is mentioned in a note that they have not seen.
    Mentioning(AgentId),
}

/// Whether an open session sleeps until a time, or until the contact writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snoozed {
    Yes,
    No,
}

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub start: Start,
    pub size: i64,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// After so many, from the one with the newest message.
    Offset(i64),
    /// After this conversation, in the same order: stays right while others move.
    After(ConversationId),
    /// With what has changed at this time or later, the oldest change first: what somebody has missed.
    Changed(Timestamp),
}

/// A conversation in a list, with its newest message.
#[derive(Clone, Debug)]
pub struct Listed {
    pub conversation: Conversation,
    pub last_message: Message,
}

/// One page of the account's conversations.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the conversation it begins after.
pub async fn page(app: &App, actor: &Actor, filter: Filter, page: Page) -> Result<Vec<Listed>> {
    actor.require(Permission::ViewConversations)?;
    let filter = filter.normalised();
    let account_id = actor.account_id();
    let read =
        app.db.read(move |tx| Box::pin(async move { finding::page(tx, account_id, &filter, page).await }));
    let mut listed = read.await?;
    sign(app, &mut listed);
    Ok(listed)
}

/// As [`page`], and how many conversations there are in all pages. Of a search those are counted that are looked at.
///
/// # Errors
/// As [`page`].
pub async fn list(app: &App, actor: &Actor, filter: Filter, page: Page) -> Result<(Vec<Listed>, i64)> {
    actor.require(Permission::ViewConversations)?;
    let filter = filter.normalised();
    let account_id = actor.account_id();
    let (mut listed, total) = app
        .db
        .read(move |tx| {
            Box::pin(async move {
                let listed = finding::page(tx, account_id, &filter, page).await?;
                let total = finding::count(tx, account_id, &filter).await?;
                Ok((listed, total))
            })
        })
        .await?;
    sign(app, &mut listed);
    // A search may show what it has not gathered.
    let shown = match page.start {
        Start::Offset(offset) if !listed.is_empty() => offset + listed.len() as i64,
        _ => 0,
    };
    Ok((listed, total.max(shown)))
}

fn sign(app: &App, listed: &mut [Listed]) {
    listed.iter_mut().for_each(|listed| links::sign(app, &mut listed.last_message));
}

/// How many conversations a view holds. A number stops at 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Open ones that do not sleep.
    pub open: i64,
    /// Those of them in which something is unread.
    pub unread: i64,
}

/// The numbers beside the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub unassigned: Count,
    pub mine: Count,
    pub all: Count,
    /// Conversations in which the caller is mentioned and has not looked.
    pub mentions: i64,
    pub snoozed: i64,
}

/// Counts what waits.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn counts(app: &App, actor: &Actor) -> Result<Counts> {
    actor.require(Permission::ViewConversations)?;
    let (account_id, agent_id) = (actor.account_id(), actor.name().map(|(agent_id, _)| agent_id));
    app.db.read(move |tx| Box::pin(async move { sql::counts(tx, account_id, agent_id).await })).await
}

/// The most labels that [`tags`] answers.
const MOST_TAGS: usize = 200;

/// The labels of the newest 2,000 sessions that have some, the most frequent first.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn tags(app: &App, actor: &Actor) -> Result<Vec<(String, i64)>> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    let read = app.db.read(move |tx| Box::pin(async move { sql::tags_lately(tx, account_id).await }));
    let mut counted = HashMap::new();
    for tag in read.await?.into_iter().flatten() {
        *counted.entry(tag).or_insert(0) += 1;
    }
    let mut tags: Vec<(String, i64)> = counted.into_iter().collect();
    tags.sort_by(|(one, many), (other, more)| more.cmp(many).then_with(|| one.cmp(other)));
    tags.truncate(MOST_TAGS);
    Ok(tags)
}

/// One conversation.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn find(app: &App, actor: &Actor, id: ConversationId) -> Result<Conversation> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    app.db
        .read(move |tx| {
            Box::pin(
                async move { sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Conversation")) },
            )
        })
        .await
}

/// One conversation with its messages (the newest 1,000 at most), or those after `after`.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the conversation or the message; [`Error::Conflict`] when more than 1,000 came after it.
pub async fn get(
    app: &App,
    actor: &Actor,
    id: ConversationId,
    after: Option<MessageId>,
) -> Result<(Conversation, Vec<Message>)> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    let (conversation, mut messages) = app
        .db
        .read(move |tx| {
            Box::pin(async move {
                let conversation =
                    sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Conversation"))?;
                let messages = store::history(tx, &conversation, after).await?;
                Ok((conversation, messages))
            })
        })
        .await?;
    links::sign_all(app, &mut messages);
    Ok((conversation, messages))
}

/// Which messages of a conversation.
#[derive(Clone, Copy, Debug)]
pub enum Stretch {
    /// The newest, after so many of the newest have been passed over.
    Newest { passed_over: i64 },
    /// The first ones after this message.
    After(MessageId),
}

/// At most `limit` messages of a conversation, in order.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the conversation or the message.
pub async fn messages(
    app: &App,
    actor: &Actor,
    id: ConversationId,
    stretch: Stretch,
    limit: i64,
) -> Result<(Conversation, Vec<Message>)> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    let (conversation, mut messages) = app
        .db
        .read(move |tx| {
            Box::pin(async move {
                let conversation =
                    sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Conversation"))?;
                let messages = match stretch {
                    Stretch::Newest { passed_over } => {
                        // Places have no gaps, so passing over is counting.
                        let before = (conversation.last_seq + 1).saturating_sub(passed_over);
                        sql::before(tx, id, before, limit).await?
                    }
                    Stretch::After(message) => {
                        let seq = sql::seq_of(tx, id, message).await?;
                        sql::after(tx, id, seq, limit).await?
                    }
                };
                Ok((conversation, messages))
            })
        })
        .await?;
    links::sign_all(app, &mut messages);
    Ok((conversation, messages))
}
