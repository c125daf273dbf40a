//! One conversation as an agent opens it: what is known, what was said, what was noted.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::{Conversation, Draft, Message, Note, Rating, Status, sql};
use crate::{
    Actor, Error, Permission, Result,
    app::App,
    contacts::{self, PageView},
    db::Tx,
    ids::{AgentId, ConversationId, SessionId},
    uploads::links,
    viewers,
};

/// How many messages open a thread.
const NEWEST: i64 = 50;

/// Everything that opens a thread.
#[derive(Clone, Debug)]
pub struct Thread {
    pub conversation: Conversation,
    pub details: Details,
    pub timeline: Timeline,
    /// What the caller has begun to write.
    pub draft: Option<Draft>,
    /// Who has it open now.
    pub viewers: Vec<AgentId>,
}

/// What is shown beside a thread.
#[derive(Clone, Debug)]
pub struct Details {
    pub attributes: Map<String, Json>,
    /// When the contact was first there.
    pub first_seen_at: Timestamp,
    /// The shop's pages that they have seen, the newest first.
    pub page_views: Vec<PageView>,
    /// The newest ones, the newest first.
    pub sessions: Vec<PastSession>,
    /// Those of contacts with the same e-mail address, the newest first.
    pub other_conversations: Vec<Conversation>,
}

/// A session in short.
#[derive(Clone, Debug)]
pub struct PastSession {
    pub id: SessionId,
    pub status: Status,
    pub assignee: Option<AgentId>,
    pub tags: Vec<String>,
    pub created_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub rating: Option<Rating>,
}

/// A stretch of a conversation: messages in order, and the notes that were written between the first of them and its end.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub messages: Vec<Message>,
    pub notes: Vec<Note>,
    pub has_earlier: bool,
}

/// Which stretch.
#[derive(Clone, Copy, Debug)]
pub enum Around {
    /// The newest messages.
    End,
    /// Those before this place.
    Before(i64),
    /// Those after this place, with the notes since that message.
    After(i64),
}

/// Opens a thread.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn thread(app: &App, actor: &Actor, id: ConversationId) -> Result<Thread> {
    actor.require(Permission::ViewConversations)?;
    let (account_id, agent) = (actor.account_id(), actor.name().map(|(agent_id, _)| agent_id));
    let viewers = viewers::of(app, id);
    let read = app.db.read(move |tx| {
        Box::pin(async move {
            let conversation = sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Conversation"))?;
            let timeline = stretch(tx, &conversation, Around::End, NEWEST).await?;
            let (attributes, first_seen_at) = sql::contact_details(tx, conversation.contact.id).await?;
            let page_views = contacts::page_views(tx, account_id, conversation.contact.id).await?;
            let sessions = sql::sessions(tx, id).await?;
            let other_conversations = match &conversation.contact.email {
                Some(email) => sql::of_same_email(tx, &conversation, email).await?,
                None => Vec::new(),
            };
            let draft = match agent {
                Some(agent) => sql::draft(tx, agent, id).await?,
                None => None,
            };
            let details = Details { attributes, first_seen_at, page_views, sessions, other_conversations };
            Ok(Thread { conversation, details, timeline, draft, viewers })
        })
    });
    let mut thread = read.await?;
    links::sign_all(app, &mut thread.timeline.messages);
    Ok(thread)
}

/// At most `limit` messages of a conversation with the notes between them.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`].
pub async fn timeline(
    app: &App,
    actor: &Actor,
    id: ConversationId,
    around: Around,
    limit: i64,
) -> Result<(Conversation, Timeline)> {
    actor.require(Permission::ViewConversations)?;
    let account_id = actor.account_id();
    let read = app.db.read(move |tx| {
        Box::pin(async move {
            let conversation = sql::get(tx, account_id, id).await?.ok_or(Error::NotFound("Conversation"))?;
            let timeline = stretch(tx, &conversation, around, limit).await?;
            Ok((conversation, timeline))
        })
    });
    let (conversation, mut timeline) = read.await?;
    links::sign_all(app, &mut timeline.messages);
    Ok((conversation, timeline))
}

async fn stretch(tx: &mut Tx, conversation: &Conversation, around: Around, limit: i64) -> Result<Timeline> {
    let id = conversation.id;
    let (messages, since, until) = match around {
        Around::End => (sql::before(tx, id, i64::MAX, limit).await?, None, i64::MAX),
        Around::Before(seq) => (sql::before(tx, id, seq, limit).await?, None, seq),
        Around::After(seq) => {
            let messages = sql::after(tx, id, seq, limit).await?;
            // Behind the last one there may be more to come; its notes come with them.
            let newest = messages.last().map_or(seq, |last| last.seq);
            let until = if newest >= conversation.last_seq { i64::MAX } else { newest };
            (messages, Some(seq), until)
        }
    };
    let first = messages.first().map(|first| first.seq);
    let notes = match since.or(first) {
        Some(since) => sql::notes(tx, id, since, until).await?,
        None => Vec::new(),
    };
    let has_earlier = first.map_or(since.is_some_and(|since| since > 0), |first| first > 1);
    Ok(Timeline { messages, notes, has_earlier })
}
