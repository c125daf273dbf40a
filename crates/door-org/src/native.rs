//! What a native app calls: opens a conversation, and registers its phone (`org.md` P). Messages come and go by Socket.IO.

use axum::{
    Json, Router,
    extract::State,
    middleware,
    response::{IntoResponse, Response},
    routing::post,
};
use door_kit::Address;
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    contacts::WayIn,
    conversations::{self, Opened},
    ids::{ChannelId, ConversationId},
    push::{self, Platform},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door, cors,
    error::{Body, Refusal, Result},
    visitor::VisitorParams,
};

pub fn router() -> Router<Door> {
    Router::new()
        .route("/chat-widget/conversations", post(open))
        .route("/chat-widget/devices", post(register).delete(unregister))
        .layer(middleware::from_fn(cors::visitors))
}

#[derive(Deserialize)]
struct NewConversation {
    /// A mobile channel, or else
    channel_id: Option<Uuid>,
    /// what opens a website channel.
    embed_token: Option<String>,
    #[serde(flatten)]
    visitor: VisitorParams,
    customer_name: Option<String>,
}

#[derive(Serialize)]
struct OpenConversation {
    conversation_id: Uuid,
    /// The newest session; the first message after a resolve opens another.
    session_id: Uuid,
    channel_id: Uuid,
    /// `open` or `resolved`.
    status: &'static str,
    created_at: Timestamp,
}

/// P3. 201 the first time, 200 with the same conversation from then on.
async fn open(
    State(door): State<Door>,
    address: Address,
    Body(new): Body<NewConversation>,
) -> Result<Response> {
    let way_in = match (new.channel_id, new.embed_token) {
        (Some(id), None) => WayIn::MobileChannel(ChannelId(id)),
        (None, Some(token)) => WayIn::Token(token),
        _ => return Err(Refusal::bad_request("channel_id or embed_token is needed, and only one of them.")),
    };
    let visitor = new.visitor.visitor(way_in, address)?;
    let (conversation, opened) = conversations::open(&door.app, &visitor, new.customer_name).await?;
    let status = match opened {
        Opened::Now => StatusCode::CREATED,
        Opened::Before => StatusCode::OK,
    };
    let open = OpenConversation {
        conversation_id: conversation.id.0,
        session_id: conversation.session.id.0,
        channel_id: conversation.channel_id.0,
        status: conversation.session.status.as_str(),
        created_at: conversation.created_at,
    };
    Ok((status, Json(open)).into_response())
}

#[derive(Deserialize)]
struct NewDevice {
    conversation_id: Uuid,
    #[serde(flatten)]
    visitor: VisitorParams,
    /// `fcm` or `apns`.
    platform: String,
    token: String,
}

#[derive(Serialize)]
struct RegisteredDevice {
    id: Uuid,
    platform: &'static str,
    registered_at: Timestamp,
}

/// P4. The same token again, also of somebody else on the same phone, is the same device.
async fn register(
    State(door): State<Door>,
    address: Address,
    Body(new): Body<NewDevice>,
) -> Result<Json<RegisteredDevice>> {
    let platform = Platform::parse(&new.platform)
        .ok_or_else(|| Refusal::bad_request("platform must be fcm or apns."))?;
    let visitor = new.visitor.visitor(of(new.conversation_id), address)?;
    let device = push::register(&door.app, &visitor, platform, &new.token).await?;
    Ok(Json(RegisteredDevice {
        id: device.id.0,
        platform: device.platform.as_str(),
        registered_at: device.registered_at,
    }))
}

#[derive(Deserialize)]
struct OldDevice {
    conversation_id: Uuid,
    #[serde(flatten)]
    visitor: VisitorParams,
    token: String,
}

/// P4. Also where the token is not known: it is gone then.
async fn unregister(
    State(door): State<Door>,
    address: Address,
    Body(old): Body<OldDevice>,
) -> Result<StatusCode> {
    let visitor = old.visitor.visitor(of(old.conversation_id), address)?;
    push::unregister(&door.app, &visitor, &old.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn of(conversation_id: Uuid) -> WayIn {
    WayIn::Conversation(ConversationId(conversation_id))
}
