//! `/api/embed-tokens/`: further keys to the website channel (`org.md` E).

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{delete, get},
};
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use jiff::Timestamp;
use parlor_core::{
    embeds::{self, Embed, NewEmbed, Origin},
    ids::{AssistantId, EmbedId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Id, Result},
    routes::BothWays,
    session::Staff,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/embed-tokens/", get(list).post(create))
        .both_ways("/api/embed-tokens/{id}", delete(revoke))
}

#[derive(Serialize)]
struct Shown<'a> {
    id: Uuid,
    name: &'a str,
    channel_id: Uuid,
    assistant_id: Uuid,
    assistant_name: &'a str,
    allowed_origins: Vec<&'a str>,
    created_at: Timestamp,
}

impl<'a> From<&'a Embed> for Shown<'a> {
    fn from(embed: &'a Embed) -> Shown<'a> {
        Shown {
            id: embed.id.0,
            name: &embed.name,
            channel_id: embed.channel_id.0,
            assistant_id: embed.assistant_id.0,
            assistant_name: &embed.assistant_name,
            allowed_origins: embed.origins.iter().map(Origin::as_str).collect(),
            created_at: embed.created_at,
        }
    }
}

/// E1. The tokens themselves are not shown.
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Response> {
    let embeds = embeds::list(&door.app, &actor).await?;
    Ok(Json(embeds.iter().map(Shown::from).collect::<Vec<_>>()).into_response())
}

#[derive(Deserialize)]
struct Wanted {
    name: String,
    assistant_id: Option<Uuid>,
    #[serde(default)]
    allowed_origins: Vec<String>,
}

#[derive(Serialize)]
struct Created<'a> {
    #[serde(flatten)]
    embed: Shown<'a>,
    token: &'a str,
    snippet: String,
}

/// E2. The answer is the only one that ever shows the token.
async fn create(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(wanted): Body<Wanted>,
) -> Result<Response> {
    let new = NewEmbed {
        name: wanted.name,
        assistant: wanted.assistant_id.map(AssistantId),
        origins: wanted.allowed_origins,
    };
    let (embed, token) = embeds::create(&door.app, &actor, new).await?;
    let url = &door.settings.public_url;
    let snippet = format!(r#"<script src="{url}/chat-widget/embed.js" data-embed-token="{token}"></script>"#);
    let created = Created { embed: Shown::from(&embed), token: &token, snippet };
    let mut response = (StatusCode::CREATED, Json(created)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// E3. From now on the token opens nothing.
async fn revoke(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    embeds::revoke(&door.app, &actor, EmbedId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
