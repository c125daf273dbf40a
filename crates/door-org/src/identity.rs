//! `/api/channels/{channel}/identity`: whether visitors have to prove who they are, and with what (`org.md` V).

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use jiff::Timestamp;
use parlor_core::{
    Actor, App, Error,
    channels::{self, Identity, Kind},
    identity::{self, Secret, Settings},
    ids::{ChannelId, IdentitySecretId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Refusal, Result},
    routes::BothWays,
    session::Staff,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/channels/{channel}/identity", get(show).put(switch))
        .both_ways("/api/channels/{channel}/identity/rotate", post(rotate))
        .both_ways("/api/channels/{channel}/identity/secrets/{id}", delete(drop_secret))
}

#[derive(Serialize)]
struct Shown {
    mode: &'static str,
    secrets: Vec<ShownSecret>,
}

#[derive(Serialize)]
struct ShownSecret {
    id: Uuid,
    created_at: Timestamp,
}

impl From<Secret> for ShownSecret {
    fn from(secret: Secret) -> ShownSecret {
        ShownSecret { id: secret.id.0, created_at: secret.created_at }
    }
}

fn shown(settings: Settings) -> Response {
    let secrets = settings.secrets.into_iter().map(ShownSecret::from).collect();
    Json(Shown { mode: settings.mode.as_str(), secrets }).into_response()
}

/// The channel in a path: its id, or `website` for the one there is.
async fn channel(app: &App, actor: &Actor, named: &str) -> Result<ChannelId> {
    if named == Kind::Website.as_str() {
        let website =
            channels::list(app, actor).await?.into_iter().find(|channel| channel.kind == Kind::Website);
        return Ok(website.ok_or(Error::NotFound("Channel"))?.id);
    }
    let id = Uuid::parse_str(named).map_err(|_| Error::NotFound("Channel"))?;
    Ok(ChannelId(id))
}

/// V2. The mode and the secrets, without what is secret of them.
async fn show(State(door): State<Door>, Staff(actor): Staff, Path(named): Path<String>) -> Result<Response> {
    let id = channel(&door.app, &actor, &named).await?;
    Ok(shown(identity::get(&door.app, &actor, id).await?))
}

#[derive(Deserialize)]
struct Switch {
    mode: String,
}

/// V3. `open` or `verified`. Whoever listens without a proof on a channel that becomes verified is cut off.
async fn switch(
    State(door): State<Door>,
    Staff(actor): Staff,
    Path(named): Path<String>,
    Body(wanted): Body<Switch>,
) -> Result<Response> {
    let unknown = || Refusal::bad_request("mode must be open or verified.");
    let mode = Identity::parse(&wanted.mode).ok_or_else(unknown)?;
    let id = channel(&door.app, &actor, &named).await?;
    Ok(shown(identity::set_mode(&door.app, &actor, id, mode).await?))
}

#[derive(Serialize)]
struct Made {
    #[serde(flatten)]
    shown: ShownSecret,
    secret: String,
}

/// V4. Makes a secret, shown in this answer and never again. The one before it stays good until it is dropped or the next takes its place.
async fn rotate(
    State(door): State<Door>,
    Staff(actor): Staff,
    Path(named): Path<String>,
) -> Result<Response> {
    let id = channel(&door.app, &actor, &named).await?;
    let (secret, text) = identity::rotate(&door.app, &actor, id).await?;
    let made = Made { shown: secret.into(), secret: text };
    let mut response = (StatusCode::CREATED, Json(made)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// V5. What was proved with it is no longer believed.
async fn drop_secret(
    State(door): State<Door>,
    Staff(actor): Staff,
    Path((named, secret)): Path<(String, String)>,
) -> Result<StatusCode> {
    let id = channel(&door.app, &actor, &named).await?;
    let secret = Uuid::parse_str(&secret).map_err(|_| Error::NotFound("Secret"))?;
    identity::drop_secret(&door.app, &actor, id, IdentitySecretId(secret)).await?;
    Ok(StatusCode::NO_CONTENT)
}
