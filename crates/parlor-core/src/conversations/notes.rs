//! Notes: what agents tell each other in a conversation. No visitor ever sees one.

use jiff::Timestamp;

use super::{Conversation, LONGEST_CLIENT_ID, sql, staff, store};
use crate::{
    Actor, Error, Event, Permission, Result,
    actor::Role,
    app::App,
    ids::{AgentId, ConversationId, NoteId},
};

/// The most characters of a note.
pub const LONGEST_NOTE: usize = 10_000;
/// The most agents that one note mentions.
const MOST_MENTIONS: usize = 20;
/// The most notes of a conversation, so that a stretch of it is read whole.
const MOST: i64 = 1000;

/// A private text of an agent.
#[derive(Clone, Debug)]
pub struct Note {
    pub id: NoteId,
    pub conversation_id: ConversationId,
    pub author_id: AgentId,
    /// As the author was called then.
    pub author_name: String,
    pub content: String,
    /// Whom it calls.
    pub mentions: Vec<AgentId>,
    /// The place of the message that was the newest one then.
    pub after_seq: i64,
    pub client_id: Option<String>,
    pub created_at: Timestamp,
}

/// What an agent wants to note.
#[derive(Clone, Debug)]
pub struct NewNote {
    content: String,
    mentions: Vec<AgentId>,
    client_id: Option<String>,
}

impl NewNote {
    /// `client_id` is the author's own id of it: the same one again stores nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text, a list or an id that does not do.
    pub fn new(content: String, mut mentions: Vec<AgentId>, client_id: Option<String>) -> Result<NewNote> {
        if content.trim().is_empty() || content.chars().count() > LONGEST_NOTE || content.contains('\0') {
            return Err(Error::invalid("content", "must have 1 to 10,000 characters"));
        }
        mentions.sort_unstable();
        mentions.dedup();
        if mentions.len() > MOST_MENTIONS {
            return Err(Error::invalid("mentions", "must be at most 20"));
        }
        let fits = |id: &String| {
            (1..=LONGEST_CLIENT_ID).contains(&id.chars().count()) && !id.contains(char::is_control)
        };
        if !client_id.as_ref().is_none_or(fits) {
            return Err(Error::invalid("client_note_id", "must have 1 to 64 printable characters"));
        }
        Ok(NewNote { content, mentions, client_id })
    }
}

/// Adds a note behind the newest message, and calls whom it mentions.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the conversation, and for an agent who is not in the team; [`Error::Conflict`] for the
/// thousand-and-first.
pub async fn add_note(
    app: &App,
    actor: &Actor,
    id: ConversationId,
    new: NewNote,
) -> Result<(Conversation, Note)> {
    actor.require(Permission::ManageConversations)?;
    let (author_id, name) = staff::agent_of(actor)?;
    let (inner, account_id, author_name) = (app.clone(), actor.account_id(), name.to_owned());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock(tx, account_id, id).await?;
                if let Some(client_id) = &new.client_id
                    && let Some(note) = sql::note_by_client_id(tx, id, author_id, client_id).await?
                {
                    return Ok((conversation, note));
                }
                for &mentioned in &new.mentions {
                    if !sql::has_agent(tx, account_id, mentioned).await? {
                        return Err(Error::NotFound("Agent"));
                    }
                }
                if sql::count_notes(tx, id).await? >= MOST {
                    return Err(Error::Conflict("The conversation has as many notes as it can hold."));
                }
                let now = inner.now();
                let note = Note {
                    id: NoteId(inner.new_id()),
                    conversation_id: id,
                    author_id,
                    author_name,
                    content: new.content,
                    mentions: new.mentions,
                    after_seq: conversation.last_seq,
                    client_id: new.client_id,
                    created_at: now,
                };
                sql::insert_note(tx, account_id, &note).await?;
                for &mentioned in note.mentions.iter().filter(|&&mentioned| mentioned != author_id) {
                    sql::insert_mention(tx, account_id, &note, mentioned).await?;
                }
                store::touched(tx, &mut conversation, now).await?;
                tx.tell(Event::NoteAdded { conversation: conversation.clone(), note: note.clone() });
                Ok((conversation, note))
            })
        })
        .await
}

/// Deletes a note: one's own, or as an owner or admin anybody's.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotAllowed`]; [`Error::NotFound`] for the conversation or the note.
pub async fn delete_note(app: &App, actor: &Actor, id: ConversationId, note_id: NoteId) -> Result<()> {
    actor.require(Permission::ManageConversations)?;
    let (inner, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let mut conversation = sql::lock(tx, actor.account_id(), id).await?;
                let author = sql::author_of_note(tx, id, note_id).await?.ok_or(Error::NotFound("Note"))?;
                if actor.name().is_none_or(|(agent_id, _)| agent_id != author) {
                    actor.require_role(Role::Admin)?;
                }
                sql::delete_note(tx, note_id).await?;
                store::touched(tx, &mut conversation, inner.now()).await?;
                tx.tell(Event::NoteDeleted { conversation, note_id });
                Ok(())
            })
        })
        .await
}
