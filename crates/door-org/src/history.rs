//! `/chat-widget/history`: what an end user reads of the own conversation (`org.md` R5).

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use door_kit::Address;
use http::{
    HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL,
    },
};
use parlor_core::{Error, contacts::WayIn, conversations, ids::ConversationId};

use crate::{
    Door,
    error::{Asked, Id, Result},
    visitor::VisitorParams,
    wire::WidgetMessage,
};

/// How many messages there are at the most.
const LAST: i64 = 100;

pub fn router() -> Router<Door> {
    Router::new()
        .route("/chat-widget/history/{conversation_id}", get(history))
        .route_layer(middleware::from_fn(for_everybody))
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

/// Pages of any origin may read the answer: no cookie counts here, so a foreign page gains nothing that its own server could not have.
async fn for_everybody(request: Request, next: Next) -> Response {
    let preflight = request.method() == Method::OPTIONS;
    let mut response =
        if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if preflight {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    }
    response
}
