//! `/api/channels/`: the ways in for visitors, and how they look, speak and behave (`org.md` C).

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    Error,
    assistants::AssistantChange,
    channels::{self, AutoReply, Channel, ChannelChange, Kind, NewChannel, Settings, SettingsChange, Status},
    ids::{AssistantId, ChannelId},
    uploads::links,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Id, Refusal, Result},
    routes::BothWays,
    session::Staff,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/channels/", get(list))
        .both_ways("/api/channels/website", post(create_website))
        .both_ways("/api/channels/{id}", get(read).patch(change).delete(remove))
}

/// A channel as staff see it.
#[derive(Serialize)]
struct ChannelResponse {
    id: Uuid,
    /// `website` or `mobile_sdk`.
    kind: &'static str,
    name: String,
    /// Only of a website: it stands in the shop's pages.
    token: Option<String>,
    is_enabled: bool,
    /// Whether the assistant answers by itself.
    auto_reply: bool,
    assistant_id: Uuid,
    /// `open` or `verified`.
    identity: &'static str,
    settings: Value,
    /// To be pasted into the shop's pages.
    snippet: Option<String>,
    created_at: Timestamp,
}

impl ChannelResponse {
    fn new(door: &Door, channel: Channel) -> ChannelResponse {
        let website = channel.kind == Kind::Website;
        ChannelResponse {
            id: channel.id.0,
            kind: channel.kind.as_str(),
            is_enabled: channel.status == Status::Enabled,
            auto_reply: channel.auto_reply == AutoReply::On,
            assistant_id: channel.own_assistant.0,
            identity: channel.identity.as_str(),
            settings: shown(door, &channel.settings),
            snippet: website.then(|| snippet(door, &channel)),
            token: website.then_some(channel.token),
            name: channel.display_name,
            created_at: channel.created_at,
        }
    }
}

/// The document, with the logo's address in place of its upload.
fn shown(door: &Door, settings: &Settings) -> Value {
    let mut document = settings.document();
    if let Value::Object(members) = &mut document {
        members.remove("logo_upload_id");
        members.insert("logo_url".into(), settings.logo.map(|logo| links::logo(&door.app, logo)).into());
    }
    document
}

fn snippet(door: &Door, channel: &Channel) -> String {
    let (url, token) = (&door.settings.public_url, &channel.token);
    format!(r#"<script src="{url}/widget.js" data-channel="{token}" async></script>"#)
}

/// A refusal, with the field called as it is called here.
fn named(error: Error) -> Refusal {
    match error {
        Error::Invalid { field, problem } if field == "display_name" => {
            Refusal::bad_request(format!("name {problem}."))
        }
        other => other.into(),
    }
}

/// C1. All of the account's, the oldest first.
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<Vec<ChannelResponse>>> {
    let channels = channels::list(&door.app, &actor).await?;
    Ok(Json(channels.into_iter().map(|channel| ChannelResponse::new(&door, channel)).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewWebsiteChannel {
    name: String,
    /// Without one the channel gets an assistant of its own.
    assistant_id: Option<Uuid>,
}

/// C2. One for each account: a second is 409.
async fn create_website(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(new): Body<NewWebsiteChannel>,
) -> Result<(StatusCode, Json<ChannelResponse>)> {
    let made = match new.assistant_id {
        Some(id) => channels::create_website_for(&door.app, &actor, AssistantId(id), &new.name).await,
        None => {
            let new = NewChannel { display_name: new.name, assistant: AssistantChange::default() };
            channels::create_website(&door.app, &actor, new).await
        }
    };
    Ok((StatusCode::CREATED, Json(ChannelResponse::new(&door, made.map_err(named)?))))
}

/// C1.
async fn read(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Json<ChannelResponse>> {
    let channel = channels::get(&door.app, &actor, ChannelId(id)).await?;
    Ok(Json(ChannelResponse::new(&door, channel)))
}

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelPatch {
    name: Option<String>,
    is_enabled: Option<bool>,
    auto_reply: Option<bool>,
    assistant_id: Option<Uuid>,
    /// Members that are given take the place of those that were there.
    settings: Option<Value>,
}

/// C3, C4. All or nothing.
async fn change(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(patch): Body<ChannelPatch>,
) -> Result<Json<ChannelResponse>> {
    let settings = patch.settings.map(|given| SettingsChange::parse("settings", &given));
    let change = ChannelChange {
        display_name: patch.name,
        status: patch.is_enabled.map(|enabled| if enabled { Status::Enabled } else { Status::Disabled }),
        auto_reply: patch.auto_reply.map(|on| if on { AutoReply::On } else { AutoReply::Off }),
        settings: settings.transpose()?.unwrap_or_default(),
        assistant_id: patch.assistant_id.map(AssistantId),
        assistant: AssistantChange::default(),
    };
    let channel = channels::update(&door.app, &actor, ChannelId(id), change).await.map_err(named)?;
    Ok(Json(ChannelResponse::new(&door, channel)))
}

/// C3. Its conversations stay to be read; its token opens nothing any more.
async fn remove(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    channels::delete(&door.app, &actor, ChannelId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
