//! `/chat-widget/history`: what an end user reads of the own conversation (`org.md` R5).

use axum::{
    Json, Router,
    extract::State,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use door_kit::Address;
use http::header::CACHE_CONTROL;
use parlor_core::{Error, contacts::WayIn, conversations, ids::ConversationId};

use crate::{
    Door, cors,
    error::{Asked, Id, Result},
    visitor::VisitorParams,
    wire::WidgetMessage,
};

/// How many messages there are at the most.
const LAST: i64 = 100;

pub fn router() -> Router<Door> {
    Router::new()
        .route("/chat-widget/history/{conversation_id}", get(history))
        .route_layer(middleware::from_fn(cors::visitors))
}

/// R5, V1. The last 100 messages, for whoever knows the external id, or proves it where that is needed. A wrong one and an unknown conversation look alike.
async fn history(
    State(door): State<Door>,
    address: Address,
    Id(id): Id,
    Asked(params): Asked<VisitorParams>,
) -> Result<Response> {
    let visitor = params.visitor(WayIn::Conversation(ConversationId(id)), address)?;
    let view = conversations::newest(&door.app, &visitor, LAST).await?;
    let conversation = view.conversation.ok_or(Error::NotFound("Conversation"))?;
    let shown: Vec<_> =
        view.messages.iter().map(|message| WidgetMessage::new(message, &conversation)).collect();
    Ok(([(CACHE_CONTROL, "no-store")], Json(shown)).into_response())
}
