//! What an agent does in one conversation beside answering: see, snooze, note, draft.

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{delete, post, put},
};
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    assistants,
    conversations::{self, NewNote},
    ids::{AgentId, ConversationId, NoteId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::wire::{InboxConversation, InboxNote, Source};
use crate::{
    Door,
    error::{Body, Id, Refusal, Result},
    routes::BothWays,
    session::Staff,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/conversations/{id}/seen", post(seen))
        .both_ways("/api/conversations/{id}/snooze", post(snooze).delete(unsnooze))
        .both_ways("/api/conversations/{id}/notes", post(add_note))
        .both_ways("/api/conversations/{id}/notes/{note_id}", delete(delete_note))
        .both_ways("/api/conversations/{id}/draft", put(draft))
        .both_ways("/api/conversations/{id}/suggestion", post(suggest))
}

#[derive(Deserialize)]
struct SeenUpTo {
    seq: i64,
}

#[derive(Serialize)]
struct LeftUnread {
    id: Uuid,
    unread: i64,
}

/// I5. The caller has seen the conversation up to a place.
async fn seen(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<SeenUpTo>,
) -> Result<Response> {
    let conversation = conversations::seen(&door.app, &actor, ConversationId(id), body.seq).await?;
    Ok(Json(LeftUnread { id, unread: conversation.unread }).into_response())
}

#[derive(Deserialize)]
struct Sleep {
    until: Timestamp,
}

/// I6. The open session sleeps until a time, or until the contact writes.
async fn snooze(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<Sleep>,
) -> Result<Response> {
    let conversation = conversations::snooze(&door.app, &actor, ConversationId(id), body.until).await?;
    Ok(Json(InboxConversation::from(&conversation)).into_response())
}

/// I6. It wakes before its time.
async fn unsnooze(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Response> {
    let conversation = conversations::unsnooze(&door.app, &actor, ConversationId(id)).await?;
    Ok(Json(InboxConversation::from(&conversation)).into_response())
}

#[derive(Deserialize)]
struct NoteGiven {
    content: String,
    #[serde(default)]
    mentions: Vec<Uuid>,
    client_note_id: Option<String>,
}

/// I7. What agents tell each other.
async fn add_note(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<NoteGiven>,
) -> Result<Response> {
    let mentions = body.mentions.into_iter().map(AgentId).collect();
    let new = NewNote::new(body.content, mentions, body.client_note_id)?;
    let (_, note) = conversations::add_note(&door.app, &actor, ConversationId(id), new).await?;
    Ok((StatusCode::CREATED, Json(InboxNote::from(&note))).into_response())
}

/// I7. One's own, or as an owner or admin anybody's.
async fn delete_note(
    State(door): State<Door>,
    Staff(actor): Staff,
    path: std::result::Result<Path<(Uuid, Uuid)>, axum::extract::rejection::PathRejection>,
) -> Result<StatusCode> {
    let Path((id, note_id)) = path.map_err(|_| Refusal::new(StatusCode::NOT_FOUND, "Not found."))?;
    conversations::delete_note(&door.app, &actor, ConversationId(id), NoteId(note_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct DraftGiven {
    content: String,
}

/// I8. What the caller has begun to write.
async fn draft(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<DraftGiven>,
) -> Result<StatusCode> {
    conversations::save_draft(&door.app, &actor, ConversationId(id), body.content).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct Suggested<'a> {
    content: &'a str,
    sources: Vec<Source<'a>>,
}

/// I13. What the assistant would answer.
async fn suggest(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Response> {
    let suggestion = assistants::suggest(&door.app, &actor, ConversationId(id)).await?;
    let sources = suggestion.sources.iter().map(Source::from).collect();
    Ok(Json(Suggested { content: &suggestion.content, sources }).into_response())
}
