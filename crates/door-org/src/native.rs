//! What a native app calls: opens a conversation, and registers its phone (`org.md` P). Messages come and go by Socket.IO.

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use door_kit::Address;
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    contacts::{ExternalId, Visitor, WayIn},
    conversations::{self, Opened},
    ids::{ChannelId, ConversationId},
    push::{self, Platform},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Refusal, Result},
};

pub fn router() -> Router<Door> {
    Router::new()
        .route("/chat-widget/conversations", post(open))
        .route("/chat-widget/devices", post(register).delete(unregister))
}

#[derive(Deserialize)]
struct NewConversation {
    /// A mobile channel.
    channel_id: Uuid,
    external_id: String,
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
    Address(address): Address,
    Body(new): Body<NewConversation>,
) -> Result<Response> {
    let visitor = Visitor {
        way_in: WayIn::MobileChannel(ChannelId(new.channel_id)),
        external_id: ExternalId::parse(&new.external_id)?,
        address,
    };
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
    external_id: String,
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
    Address(address): Address,
    Body(new): Body<NewDevice>,
) -> Result<Json<RegisteredDevice>> {
    let platform = Platform::parse(&new.platform)
        .ok_or_else(|| Refusal::bad_request("platform must be fcm or apns."))?;
    let visitor = of_conversation(new.conversation_id, &new.external_id, address)?;
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
    external_id: String,
    token: String,
}

/// P4. Also where the token is not known: it is gone then.
async fn unregister(
    State(door): State<Door>,
    Address(address): Address,
    Body(old): Body<OldDevice>,
) -> Result<StatusCode> {
    let visitor = of_conversation(old.conversation_id, &old.external_id, address)?;
    push::unregister(&door.app, &visitor, &old.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who knows the conversation and its external id is its visitor.
fn of_conversation(id: Uuid, external_id: &str, address: std::net::IpAddr) -> Result<Visitor> {
    let external_id = ExternalId::parse(external_id)?;
    Ok(Visitor { way_in: WayIn::Conversation(ConversationId(id)), external_id, address })
}
