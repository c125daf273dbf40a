//! `/api/canned-replies/`: texts that agents keep for what they say often.

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, patch},
};
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    canned_replies::{self, CannedReply, CannedReplyChange},
    ids::CannedReplyId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Id, Result},
    routes::BothWays,
    session::Staff,
    team::Named,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/canned-replies/", get(list).post(create))
        .both_ways("/api/canned-replies/{id}", patch(change).delete(delete))
}

#[derive(Serialize)]
struct CannedReplyShown {
    id: Uuid,
    shortcut: String,
    content: String,
    created_by: Named,
    updated_at: Timestamp,
}

impl From<CannedReply> for CannedReplyShown {
    fn from(reply: CannedReply) -> CannedReplyShown {
        CannedReplyShown {
            id: reply.id.0,
            shortcut: reply.shortcut,
            content: reply.content,
            created_by: reply.created_by.into(),
            updated_at: reply.updated_at,
        }
    }
}

/// I9. In the order of their shortcuts.
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Response> {
    let replies = canned_replies::list(&door.app, &actor).await?;
    let shown: Vec<_> = replies.into_iter().map(CannedReplyShown::from).collect();
    Ok(Json(shown).into_response())
}

#[derive(Deserialize)]
struct NewCannedReply {
    shortcut: String,
    content: String,
}

/// I9. A text under a shortcut.
async fn create(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(body): Body<NewCannedReply>,
) -> Result<Response> {
    let reply = canned_replies::create(&door.app, &actor, body.shortcut, body.content).await?;
    Ok((StatusCode::CREATED, Json(CannedReplyShown::from(reply))).into_response())
}

#[derive(Deserialize)]
struct Change {
    shortcut: Option<String>,
    content: Option<String>,
}

/// I9. What is left out stays.
async fn change(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<Change>,
) -> Result<Response> {
    let change = CannedReplyChange { shortcut: body.shortcut, content: body.content };
    let reply = canned_replies::change(&door.app, &actor, CannedReplyId(id), change).await?;
    Ok(Json(CannedReplyShown::from(reply)).into_response())
}

/// I9. Gone.
async fn delete(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    canned_replies::delete(&door.app, &actor, CannedReplyId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
