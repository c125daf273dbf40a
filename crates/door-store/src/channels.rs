//! `/api/v1/store/social/channels` (`store.md` C).

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::LOCATION};
use jiff::Timestamp;
use parlor_core::{
    assistants::{self, AssistantChange, KeySource, Provider},
    channels::{self, AutoReply, Channel, ChannelChange, Kind, NewChannel, SettingsChange, Status},
    ids::ChannelId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    Door, ai_providers,
    error::{Body, Id, Named, OptionalBody, Problem, ProblemDocument, Result},
    token::Staff,
};

pub fn router() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(create_website))
        .routes(routes!(authorization_url))
        .routes(routes!(list))
        .routes(routes!(update, delete))
        .routes(routes!(toggle_agent))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewWebsiteChannel {
    /// 1 to 100 characters.
    display_name: String,
    /// `anthropic` (default), `openai` or `local`.
    ai_provider_code: Option<String>,
    /// Default `claude-sonnet-4-6`.
    ai_model_code: Option<String>,
    system_prompt_override: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreatedWebsiteChannel {
    channel_id: Uuid,
    channel_token: String,
    /// To be pasted into the shop's pages.
    embed_snippet: String,
}

/// Open the website channel.
///
/// C1. One for each store: a second is 409. A plan that does not allow it is 403 with the `limit`'s name.
#[utoipa::path(post, path = "/api/v1/store/social/channels/website", tag = "channels", security(("bearer" = [])),
    request_body = NewWebsiteChannel,
    responses((status = 201, body = CreatedWebsiteChannel), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn create_website(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(body): Body<NewWebsiteChannel>,
) -> Result<Response> {
    let assistant = AssistantChange {
        name: None,
        provider: body.ai_provider_code.as_deref().map(provider).transpose()?,
        model: body.ai_model_code,
        instructions: Some(body.system_prompt_override),
    };
    let new = NewChannel { display_name: body.display_name, assistant };
    let channel = channels::create_website(&door.app, &actor, new).await?;
    let created = CreatedWebsiteChannel {
        channel_id: channel.id.0,
        embed_snippet: embed_snippet(&door, &channel),
        channel_token: channel.token,
    };
    let mut response = (StatusCode::CREATED, Json(created)).into_response();
    let location = format!("/api/v1/store/social/channels/{}", channel.id);
    response
        .headers_mut()
        .insert(LOCATION, HeaderValue::from_str(&location).expect("an id is a header's text"));
    Ok(response)
}

fn embed_snippet(door: &Door, channel: &Channel) -> String {
    format!(
        r#"<script src="{}/widget.js" data-channel="{}" async></script>"#,
        door.settings.public_url, channel.token
    )
}

fn provider(code: &str) -> Result<Provider> {
    Provider::parse(code)
        .ok_or_else(|| Problem::bad_request("aiProviderCode must be anthropic, openai or local."))
}

/// Where other kinds of channels begin their authorisation.
///
/// C2. 400 for `website`: a website channel uses no OAuth. Other kinds are not offered: 404.
#[utoipa::path(get, path = "/api/v1/store/social/channels/auth/{kind}", tag = "channels", security(("bearer" = [])),
    params(("kind" = String, Path)),
    responses((status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn authorization_url(Staff(actor): Staff, Named(kind): Named) -> Result<StatusCode> {
    actor.require(parlor_core::Permission::ManageChannels)?;
    match kind.eq_ignore_ascii_case("website") {
        true => Err(Problem::bad_request("Website channels do not use OAuth.")),
        false => Err(Problem::not_found("Channel type")),
    }
}

/// A channel as staff see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChannelResponse {
    id: Uuid,
    /// `Website`, `MobileSdk`, `WhatsApp` or `Instagram`.
    channel_type: &'static str,
    display_name: String,
    is_enabled: bool,
    /// Whether the assistant answers by itself.
    is_agent_enabled: bool,
    ai_provider_code: &'static str,
    /// What answers: `local` while no key for `aiProviderCode` is configured, `flow` where the assistant follows a scripted flow.
    effective_ai_provider_code: &'static str,
    ai_model_code: String,
    system_prompt_override: Option<String>,
    assistant_name: String,
    /// Only for website channels.
    channel_token: Option<String>,
    embed_snippet: Option<String>,
    primary_color: String,
    /// `bottom-right` or `bottom-left`.
    position: &'static str,
    greeting: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl ChannelResponse {
    fn new(door: &Door, channel: Channel, keys: &[(Provider, KeySource)]) -> ChannelResponse {
        let website = channel.kind == Kind::Website;
        let provider = channel.assistant.provider;
        ChannelResponse {
            id: channel.id.0,
            channel_type: channel_type(channel.kind),
            is_enabled: channel.status == Status::Enabled,
            is_agent_enabled: channel.auto_reply == AutoReply::On,
            ai_provider_code: provider.as_str(),
            effective_ai_provider_code: match channel.assistant.kind {
                assistants::Kind::Model => ai_providers::effective(provider, keys).as_str(),
                assistants::Kind::Flow => assistants::Kind::Flow.as_str(),
            },
            embed_snippet: website.then(|| embed_snippet(door, &channel)),
            channel_token: website.then_some(channel.token),
            display_name: channel.display_name,
            ai_model_code: channel.assistant.model,
            system_prompt_override: channel.assistant.instructions,
            assistant_name: channel.assistant.name,
            primary_color: channel.settings.primary_color.clone(),
            position: channel.settings.position.as_str(),
            greeting: channel.settings.greeting.clone(),
            created_at: channel.created_at,
            updated_at: channel.updated_at,
        }
    }
}

/// The contract's name of a kind of channel.
pub fn channel_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Website => "Website",
        Kind::MobileSdk => "MobileSdk",
        Kind::Whatsapp => "WhatsApp",
        Kind::Instagram => "Instagram",
    }
}

async fn respond(door: &Door, actor: &parlor_core::Actor, channel: Channel) -> Result<Json<ChannelResponse>> {
    let keys = assistants::key_sources(&door.app, actor).await?;
    Ok(Json(ChannelResponse::new(door, channel, &keys)))
}

/// The store's channels.
///
/// C3. `channelToken` is filled for website channels.
#[utoipa::path(get, path = "/api/v1/store/social/channels", tag = "channels", security(("bearer" = [])),
    responses((status = 200, body = [ChannelResponse]), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<Vec<ChannelResponse>>> {
    let channels = channels::list(&door.app, &actor).await?;
    let keys = assistants::key_sources(&door.app, &actor).await?;
    Ok(Json(channels.into_iter().map(|channel| ChannelResponse::new(&door, channel, &keys)).collect()))
}

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChannelPatch {
    display_name: Option<String>,
    ai_provider_code: Option<String>,
    ai_model_code: Option<String>,
    /// `null` goes back to the standard instructions.
    #[serde(default, deserialize_with = "door_kit::given")]
    #[schema(value_type = Option<String>)]
    system_prompt_override: Option<Option<String>>,
    assistant_name: Option<String>,
    is_enabled: Option<bool>,
    /// `#rrggbb`.
    primary_color: Option<String>,
    /// `bottom-right` or `bottom-left`.
    position: Option<String>,
    greeting: Option<String>,
}

/// Change a channel.
///
/// C4. Display name, AI model, system prompt; further: look, name of the assistant, enabled or not.
#[utoipa::path(patch, path = "/api/v1/store/social/channels/{channelId}", tag = "channels", security(("bearer" = [])),
    params(("channelId" = Uuid, Path)), request_body = ChannelPatch,
    responses((status = 200, body = ChannelResponse), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn update(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(patch): Body<ChannelPatch>,
) -> Result<Json<ChannelResponse>> {
    let look =
        [("primary_color", patch.primary_color), ("position", patch.position), ("greeting", patch.greeting)];
    let given = look.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    let change = ChannelChange {
        display_name: patch.display_name,
        status: patch.is_enabled.map(|enabled| if enabled { Status::Enabled } else { Status::Disabled }),
        auto_reply: None,
        settings: SettingsChange::parse("", &serde_json::Value::Object(given.collect()))?,
        assistant_id: None,
        assistant: AssistantChange {
            name: patch.assistant_name,
            provider: patch.ai_provider_code.as_deref().map(provider).transpose()?,
            model: patch.ai_model_code,
            instructions: patch.system_prompt_override,
        },
    };
    let channel = channels::update(&door.app, &actor, ChannelId(id), change).await?;
    respond(&door, &actor, channel).await
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Toggle {
    /// Without it the switch goes over to its other state.
    is_agent_enabled: Option<bool>,
}

/// Switch automatic answers.
///
/// C5. On becomes off and off becomes on; the optional body names the state instead.
#[utoipa::path(post, path = "/api/v1/store/social/channels/{channelId}/toggle-agent", tag = "channels", security(("bearer" = [])),
    params(("channelId" = Uuid, Path)), request_body(content = Option<Toggle>),
    responses((status = 200, body = ChannelResponse), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
async fn toggle_agent(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    OptionalBody(toggle): OptionalBody<Toggle>,
) -> Result<Json<ChannelResponse>> {
    let wanted = toggle.is_agent_enabled.map(|enabled| if enabled { AutoReply::On } else { AutoReply::Off });
    let channel = channels::switch_auto_reply(&door.app, &actor, ChannelId(id), wanted).await?;
    respond(&door, &actor, channel).await
}

/// Disconnect a channel.
///
/// C6. Its conversations stay to be read; its token opens nothing any more.
#[utoipa::path(delete, path = "/api/v1/store/social/channels/{channelId}", tag = "channels", security(("bearer" = [])),
    params(("channelId" = Uuid, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn delete(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    channels::delete(&door.app, &actor, ChannelId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
