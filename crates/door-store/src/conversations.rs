//! `/api/v1/store/social/conversations`: the staff's inbox (`store.md` D).

use axum::{Json, extract::State};
use jiff::Timestamp;
use parlor_core::{
    assistants,
    conversations::{
        self, Answering, Conversation, Filter, Message, NewMessage, Search, Sender, SenderType, Start, Status,
    },
    ids::{AgentId, ChannelId, ConversationId, MessageId},
    jobs,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    Door,
    error::{Asked, Body, Id, OptionalBody, Problem, ProblemDocument, Result},
    token::Staff,
    wire::{self, Direction},
};

pub fn router() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(reply))
        .routes(routes!(resolve))
        .routes(routes!(reopen))
        .routes(routes!(assign))
        .routes(routes!(resume_agent))
}

/// The status of the newest session.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
enum ConversationStatus {
    #[serde(alias = "open")]
    Open,
    #[serde(alias = "resolved")]
    Resolved,
}

impl From<Status> for ConversationStatus {
    fn from(status: Status) -> ConversationStatus {
        match status {
            Status::Open => ConversationStatus::Open,
            Status::Resolved => ConversationStatus::Resolved,
        }
    }
}

impl From<ConversationStatus> for Status {
    fn from(status: ConversationStatus) -> Status {
        match status {
            ConversationStatus::Open => Status::Open,
            ConversationStatus::Resolved => Status::Resolved,
        }
    }
}

/// A conversation as staff see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConversationResponse {
    id: Uuid,
    channel_id: Uuid,
    /// The visitor's session id.
    external_contact_id: String,
    contact_display_name: Option<String>,
    status: ConversationStatus,
    assigned_user_id: Option<Uuid>,
    tags: Vec<String>,
    /// Whether a person has stepped in, so that the assistant is silent in this session.
    is_agent_paused: bool,
    last_message_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Conversation> for ConversationResponse {
    fn from(conversation: Conversation) -> ConversationResponse {
        let session = conversation.session;
        ConversationResponse {
            id: conversation.id.0,
            channel_id: conversation.channel_id.0,
            external_contact_id: conversation.contact.external_id.as_str().to_owned(),
            contact_display_name: conversation.contact.display_name,
            status: session.status.into(),
            assigned_user_id: session.assignee.map(|id| id.0),
            tags: session.tags,
            is_agent_paused: session.answering == Answering::Person,
            last_message_at: conversation.last_message_at,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}

/// A message as staff see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SocialMessageResponse {
    id: Uuid,
    conversation_id: Uuid,
    direction: Direction,
    content_type: &'static str,
    content_text: String,
    #[schema(value_type = Option<Object>)]
    rich_media: Option<serde_json::Value>,
    is_ai_generated: bool,
    sent_by_user_id: Option<Uuid>,
    /// `Delivered` for a visitor's message, `Sent` for others.
    status: &'static str,
    /// The titles of the articles that an assistant's answer rests on.
    sources: Vec<String>,
    created_at: Timestamp,
}

impl From<Message> for SocialMessageResponse {
    fn from(message: Message) -> SocialMessageResponse {
        let kind = message.sender.kind();
        SocialMessageResponse {
            id: message.id.0,
            conversation_id: message.conversation_id.0,
            direction: kind.into(),
            content_type: message.content.kind.as_str(),
            content_text: wire::content_text(&message).into_owned(),
            rich_media: message.content.rich_media,
            is_ai_generated: kind == SenderType::Bot,
            sent_by_user_id: match message.sender {
                Sender::Agent { id, .. } => Some(id.0),
                Sender::EndUser(_) | Sender::Bot { .. } => None,
            },
            status: if kind == SenderType::EndUser { "Delivered" } else { "Sent" },
            sources: message.sources.into_iter().map(|source| source.title).collect(),
            created_at: message.created_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `Open` or `Resolved`.
    status: Option<ConversationStatus>,
    /// A part of the contact's name, e-mail address, phone number or session id, a whole tag, or words of a message.
    search: Option<String>,
    channel_id: Option<Uuid>,
    /// From 1, the default.
    page: Option<i64>,
    /// 1 to 100; default 20.
    page_size: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConversationPage {
    items: Vec<ListedConversation>,
    page: i64,
    page_size: i64,
    total_count: i64,
    total_pages: i64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ListedConversation {
    #[serde(flatten)]
    conversation: ConversationResponse,
    last_message: SocialMessageResponse,
}

/// The inbox.
///
/// D1. All conversations of all channels, the one with the newest message first.
#[utoipa::path(get, path = "/api/v1/store/social/conversations", tag = "conversations", security(("bearer" = [])),
    params(ListQuery),
    responses((status = 200, body = ConversationPage), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument)))]
async fn list(
    State(door): State<Door>,
    Staff(actor): Staff,
    Asked(query): Asked<ListQuery>,
) -> Result<Json<ConversationPage>> {
    let (page, page_size) = (query.page.unwrap_or(1), query.page_size.unwrap_or(20));
    if !(1..=1_000_000).contains(&page) || !(1..=100).contains(&page_size) {
        return Err(Problem::bad_request("page must be 1 or more, and pageSize 1 to 100."));
    }
    let filter = Filter {
        status: query.status.map(Status::from),
        channel_id: query.channel_id.map(ChannelId),
        search: query.search.as_deref().map(Search::parse).transpose()?.flatten(),
        ..Filter::default()
    };
    let asked = conversations::Page { start: Start::Offset((page - 1) * page_size), size: page_size };
    let (listed, total_count) = conversations::list(&door.app, &actor, filter, asked).await?;
    let item = |listed: conversations::Listed| ListedConversation {
        conversation: listed.conversation.into(),
        last_message: listed.last_message.into(),
    };
    let items = listed.into_iter().map(item).collect();
    let total_pages = (total_count + page_size - 1) / page_size;
    Ok(Json(ConversationPage { items, page, page_size, total_count, total_pages }))
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// Only messages after this one: to catch up after a reconnect.
    after: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConversationHistory {
    #[serde(flatten)]
    conversation: ConversationResponse,
    messages: Vec<SocialMessageResponse>,
    /// How the newest order to answer stands.
    ai_message_job: Option<AiMessageJob>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AiMessageJob {
    /// `Pending`, `Processing`, `Sent` or `Dead`.
    status: &'static str,
    attempts: i64,
    /// Why it is dead, or why the last attempt failed.
    reason: Option<String>,
    updated_at: Timestamp,
}

impl From<jobs::Report> for AiMessageJob {
    fn from(report: jobs::Report) -> AiMessageJob {
        let status = match report.state {
            jobs::State::Pending => "Pending",
            jobs::State::Running => "Processing",
            jobs::State::Done => "Sent",
            jobs::State::Dead => "Dead",
        };
        AiMessageJob {
            status,
            attempts: report.attempts,
            reason: report.reason,
            updated_at: report.updated_at,
        }
    }
}

/// One conversation with its messages.
///
/// D2. The whole history in order, or what came after `after`.
#[utoipa::path(get, path = "/api/v1/store/social/conversations/{conversationId}", tag = "conversations", security(("bearer" = [])),
    params(("conversationId" = Uuid, Path), HistoryQuery),
    responses((status = 200, body = ConversationHistory), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
async fn get(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Asked(query): Asked<HistoryQuery>,
) -> Result<Json<ConversationHistory>> {
    let id = ConversationId(id);
    let (conversation, messages) =
        conversations::get(&door.app, &actor, id, query.after.map(MessageId)).await?;
    let report = assistants::report(&door.app, &actor, id).await?;
    Ok(Json(ConversationHistory {
        conversation: conversation.into(),
        messages: messages.into_iter().map(SocialMessageResponse::from).collect(),
        ai_message_job: report.map(AiMessageJob::from),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Reply {
    /// 1 to 10,000 characters after trimming.
    text: String,
    /// The same one again returns the first result and stores nothing.
    client_message_id: Option<String>,
}

/// Reply by hand.
///
/// D3. The visitor hears `MessageReceived`; the store's hub hears nothing. The assistant is silent from now on in this session.
#[utoipa::path(post, path = "/api/v1/store/social/conversations/{conversationId}/messages", tag = "conversations",
    security(("bearer" = [])), params(("conversationId" = Uuid, Path)), request_body = Reply,
    responses((status = 200, body = SocialMessageResponse), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn reply(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(reply): Body<Reply>,
) -> Result<Json<SocialMessageResponse>> {
    let new = NewMessage::text(&reply.text, reply.client_message_id)?;
    let sent = conversations::reply(&door.app, &actor, ConversationId(id), new).await?;
    Ok(Json(sent.message.into()))
}

/// Mark as resolved.
///
/// D4. 409 when it is resolved already. The visitor's next message opens a new session.
#[utoipa::path(post, path = "/api/v1/store/social/conversations/{conversationId}/resolve", tag = "conversations",
    security(("bearer" = [])), params(("conversationId" = Uuid, Path)),
    responses((status = 200, body = ConversationResponse), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn resolve(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
) -> Result<Json<ConversationResponse>> {
    Ok(Json(conversations::resolve(&door.app, &actor, ConversationId(id), Vec::new()).await?.into()))
}

/// Open again.
///
/// D5. Opens the newest session again; 409 when it is open.
#[utoipa::path(post, path = "/api/v1/store/social/conversations/{conversationId}/reopen", tag = "conversations",
    security(("bearer" = [])), params(("conversationId" = Uuid, Path)),
    responses((status = 200, body = ConversationResponse), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn reopen(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
) -> Result<Json<ConversationResponse>> {
    Ok(Json(conversations::reopen(&door.app, &actor, ConversationId(id)).await?.into()))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    /// Nobody without it.
    user_id: Option<Uuid>,
}

/// Assign to a person, or to nobody.
///
/// D6. An addition. An assignment silences the assistant for this session.
#[utoipa::path(post, path = "/api/v1/store/social/conversations/{conversationId}/assign", tag = "conversations",
    security(("bearer" = [])), params(("conversationId" = Uuid, Path)), request_body(content = Option<Assignment>),
    responses((status = 200, body = ConversationResponse), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn assign(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    OptionalBody(assignment): OptionalBody<Assignment>,
) -> Result<Json<ConversationResponse>> {
    let assignee = assignment.user_id.map(AgentId);
    Ok(Json(conversations::assign(&door.app, &actor, ConversationId(id), assignee).await?.into()))
}

/// Let the assistant answer again.
///
/// D7. An addition: undoes the silence that a reply or an assignment has brought.
#[utoipa::path(post, path = "/api/v1/store/social/conversations/{conversationId}/resume-agent", tag = "conversations",
    security(("bearer" = [])), params(("conversationId" = Uuid, Path)),
    responses((status = 200, body = ConversationResponse), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
async fn resume_agent(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
) -> Result<Json<ConversationResponse>> {
    Ok(Json(conversations::resume_assistant(&door.app, &actor, ConversationId(id)).await?.into()))
}
