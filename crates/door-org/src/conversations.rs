//! `/api/conversations/`: the agents' inbox (`org.md` R).

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    Actor,
    conversations::{
        self, Assigned, Content, ContentType, Conversation, Filter, NewMessage, Page, Search, Start, Status,
        Stretch,
    },
    ids::{AgentId, ChannelId, ConversationId, MessageId},
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Door,
    error::{Asked, Body, Id, OptionalBody, Refusal, Result},
    routes::BothWays,
    session::Staff,
    wire::{AssignedTo, ConversationShown, StaffMessage},
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/conversations/", get(list))
        .both_ways("/api/conversations/{id}", get(read))
        .both_ways("/api/conversations/{id}/messages", get(messages).post(send))
        .both_ways("/api/conversations/{id}/assign", post(assign))
        .both_ways("/api/conversations/{id}/resolve", post(resolve))
        .both_ways("/api/conversations/{id}/reopen", post(reopen))
        .both_ways("/api/conversations/{id}/tags", post(tag))
        .both_ways("/api/conversations/{id}/read", post(mark_read))
        .both_ways("/api/conversations/{id}/assistant", post(resume_assistant))
}

/// The most that one answer lists, conversations or messages.
const MOST: i64 = 200;

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Whose {
    #[default]
    Unassigned,
    Mine,
    All,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Open,
    Resolved,
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    filter: Whose,
    status: Option<Standing>,
    channel_id: Option<Uuid>,
    tag: Option<String>,
    search: Option<String>,
    after: Option<Uuid>,
    updated_after: Option<Timestamp>,
    limit: Option<i64>,
    offset: Option<i64>,
}

/// R1, R2. The inbox.
async fn list(
    State(door): State<Door>,
    Staff(actor): Staff,
    Asked(query): Asked<ListQuery>,
) -> Result<Response> {
    let assigned = match (query.filter, &actor) {
        (Whose::All, _) => Assigned::Whatever,
        (Whose::Unassigned, _) => Assigned::ToNobody,
        (Whose::Mine, actor) => Assigned::To(caller(actor)?),
    };
    // Whose turn it is asks for what is still to be done, unless the caller says otherwise.
    let status = match (query.status, query.filter) {
        (Some(Standing::Open), _) | (None, Whose::Unassigned | Whose::Mine) => Some(Status::Open),
        (Some(Standing::Resolved), _) => Some(Status::Resolved),
        (None, Whose::All) => None,
    };
    let start = match (query.after, query.updated_after, offset(query.offset)?) {
        (None, None, offset) => Start::Offset(offset),
        (Some(after), None, 0) => Start::After(ConversationId(after)),
        (None, Some(since), 0) => Start::Changed(since),
        _ => return Err(Refusal::bad_request("Give one of after, updated_after and offset.")),
    };
    let filter = Filter {
        status,
        snoozed: None,
        assigned,
        channel_id: query.channel_id.map(ChannelId),
        tag: query.tag,
        search: query.search.as_deref().map(Search::parse).transpose()?.flatten(),
    };
    let page = Page { start, size: limit(query.limit, MOST)? };
    let listed = conversations::page(&door.app, &actor, filter, page).await?;
    let shown: Vec<_> = listed.iter().map(|listed| ConversationShown::from(&listed.conversation)).collect();
    json(&shown)
}

/// R3. One conversation, in the shape of the list.
async fn read(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Response> {
    let conversation = conversations::find(&door.app, &actor, ConversationId(id)).await?;
    json(&ConversationShown::from(&conversation))
}

#[derive(Deserialize)]
struct HistoryQuery {
    limit: Option<i64>,
    offset: Option<i64>,
    after: Option<Uuid>,
}

/// R4. A stretch of the history, in order.
async fn messages(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Asked(query): Asked<HistoryQuery>,
) -> Result<Response> {
    let stretch = match (query.after, offset(query.offset)?) {
        (None, passed_over) => Stretch::Newest { passed_over },
        (Some(after), 0) => Stretch::After(MessageId(after)),
        (Some(_), _) => return Err(Refusal::bad_request("Give one of after and offset.")),
    };
    let limit = limit(query.limit, 50)?;
    let (conversation, messages) =
        conversations::messages(&door.app, &actor, ConversationId(id), stretch, limit).await?;
    let shown: Vec<_> = messages.iter().map(|message| StaffMessage::new(message, &conversation)).collect();
    json(&shown)
}

#[derive(Deserialize)]
struct NewStaffMessage {
    #[serde(default)]
    content: String,
    content_type: Option<String>,
    rich_media: Option<Value>,
    client_message_id: Option<String>,
}

/// R9. What `send_message` does, for callers without a socket.
async fn send(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<NewStaffMessage>,
) -> Result<Response> {
    let content = content(&body.content, body.content_type.as_deref(), body.rich_media)?;
    let new = NewMessage::new(content, body.client_message_id)?;
    let sent = conversations::reply(&door.app, &actor, ConversationId(id), new).await?;
    let shown = StaffMessage::new(&sent.message, &sent.conversation);
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// What a message says, from the guide's three fields.
///
/// # Errors
/// As [`Content::new`], and for a content type that is none.
pub fn content(
    content: &str,
    content_type: Option<&str>,
    rich_media: Option<Value>,
) -> parlor_core::Result<Content> {
    let kind = match content_type {
        None => ContentType::Text,
        Some(name) => ContentType::named(name)?,
    };
    Content::new(kind, content, rich_media)
}

/// To whom: the caller where nothing is said, nobody for null.
#[derive(Default, Deserialize)]
struct Assignment {
    #[serde(default, deserialize_with = "given")]
    agent_id: Option<Option<Uuid>>,
}

/// Tells null from nothing.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// R6. The caller claims the open session; somebody named in the body gets it.
async fn assign(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    OptionalBody(body): OptionalBody<Assignment>,
) -> Result<Response> {
    let id = ConversationId(id);
    let conversation = match body.agent_id {
        None => conversations::claim(&door.app, &actor, id).await?,
        Some(assignee) => conversations::assign(&door.app, &actor, id, assignee.map(AgentId)).await?,
    };
    json(&AssignedTo::from(&conversation))
}

#[derive(Default, Deserialize)]
struct FinalTags {
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Serialize)]
struct Resolved<'a> {
    id: Uuid,
    session_id: Uuid,
    status: &'static str,
    tags: &'a [String],
    resolved_at: Option<Timestamp>,
}

/// R7. Closes the open session, with final tags.
async fn resolve(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    OptionalBody(body): OptionalBody<FinalTags>,
) -> Result<Response> {
    let conversation = conversations::resolve(&door.app, &actor, ConversationId(id), body.tags).await?;
    json(&resolved(&conversation))
}

fn resolved(conversation: &Conversation) -> Resolved<'_> {
    let session = &conversation.session;
    Resolved {
        id: conversation.id.0,
        session_id: session.id.0,
        status: session.status.as_str(),
        tags: &session.tags,
        resolved_at: session.resolved_at,
    }
}

/// R10. Opens the newest session again.
async fn reopen(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Response> {
    let conversation = conversations::reopen(&door.app, &actor, ConversationId(id)).await?;
    json(&ConversationShown::from(&conversation))
}

#[derive(Deserialize)]
struct Tags {
    tags: Vec<String>,
}

#[derive(Serialize)]
struct Tagged<'a> {
    id: Uuid,
    session_id: Uuid,
    tags: &'a [String],
}

/// R8. The tags of the open session, in place of those it had.
async fn tag(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<Tags>,
) -> Result<Response> {
    let conversation = conversations::tag(&door.app, &actor, ConversationId(id), body.tags).await?;
    let session = &conversation.session;
    json(&Tagged { id: conversation.id.0, session_id: session.id.0, tags: &session.tags })
}

#[derive(Deserialize)]
struct SeenMessages {
    message_ids: Vec<Uuid>,
}

#[derive(Serialize)]
struct Marked {
    id: Uuid,
    message_ids: Vec<Uuid>,
}

/// R11. What the caller has seen of the end user's messages.
async fn mark_read(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<SeenMessages>,
) -> Result<Response> {
    let seen = body.message_ids.into_iter().map(MessageId).collect();
    let fresh = conversations::mark_read(&door.app, &actor, ConversationId(id), seen).await?;
    json(&Marked { id, message_ids: fresh.into_iter().map(|message| message.0).collect() })
}

/// R12. Lets the assistant answer again in this session.
async fn resume_assistant(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Response> {
    let conversation = conversations::resume_assistant(&door.app, &actor, ConversationId(id)).await?;
    json(&ConversationShown::from(&conversation))
}

fn json(shown: &impl Serialize) -> Result<Response> {
    Ok(Json(shown).into_response())
}

/// The agent who calls, or in whose name a program does.
pub fn caller(actor: &Actor) -> Result<AgentId> {
    let named = actor.name().map(|(agent_id, _)| agent_id);
    named.ok_or_else(|| Refusal::new(StatusCode::FORBIDDEN, "Only a person has conversations."))
}

fn limit(asked: Option<i64>, default: i64) -> Result<i64> {
    let limit = asked.unwrap_or(default);
    if (1..=MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(Refusal::bad_request("limit must be 1 to 200."))
}

fn offset(asked: Option<i64>) -> Result<i64> {
    let offset = asked.unwrap_or(0);
    if (0..=1_000_000_000).contains(&offset) {
        return Ok(offset);
    }
    Err(Refusal::bad_request("offset must be 0 or more."))
}
