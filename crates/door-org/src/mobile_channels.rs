//! `/api/channels/mobile`: an assistant's channel for native apps, and what it sends notifications with (`org.md` P).

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{delete, get},
};
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    Error,
    channels::{self, Channel, Kind, Status},
    ids::{AssistantId, ChannelId},
    push::{self, ApnsChange, ApnsShown, Environment, Failure, FcmChange, FcmShown, Platform, Shown},
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

/// What a private key looks like once it is stored.
const HIDDEN: &str = "••••";

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/channels/mobile/", get(list).post(create))
        .both_ways("/api/channels/mobile/{id}", delete(close))
        .both_ways("/api/channels/mobile/{id}/credentials", get(credentials))
        .both_ways("/api/channels/mobile/{id}/credentials/{platform}", delete(forget).put(set))
}

#[derive(Serialize)]
struct MobileChannel {
    id: Uuid,
    name: String,
    assistant_id: Uuid,
    assistant_name: String,
    is_enabled: bool,
    /// How many phones are registered.
    devices: i64,
    created_at: Timestamp,
}

impl MobileChannel {
    fn new(channel: Channel, devices: i64) -> MobileChannel {
        MobileChannel {
            id: channel.id.0,
            name: channel.display_name,
            assistant_id: channel.assistant.id.0,
            assistant_name: channel.assistant.name,
            is_enabled: channel.status == Status::Enabled,
            devices,
            created_at: channel.created_at,
        }
    }
}

/// P1. The organization's mobile channels, oldest first.
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<Vec<MobileChannel>>> {
    let counts = push::counts(&door.app, &actor).await?;
    let devices = |id| counts.iter().find(|(channel, _)| *channel == id).map_or(0, |(_, count)| *count);
    let mobile = channels::list(&door.app, &actor).await?.into_iter().filter(|c| c.kind == Kind::MobileSdk);
    Ok(Json(
        mobile.map(|channel| (devices(channel.id), channel)).map(|(n, c)| MobileChannel::new(c, n)).collect(),
    ))
}

#[derive(Deserialize)]
struct NewMobileChannel {
    assistant_id: Uuid,
    name: String,
}

/// P1. One for each assistant: a second is 409.
async fn create(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(new): Body<NewMobileChannel>,
) -> Result<Response> {
    let assistant_id = AssistantId(new.assistant_id);
    let channel = channels::create_mobile(&door.app, &actor, assistant_id, &new.name).await?;
    Ok((StatusCode::CREATED, Json(MobileChannel::new(channel, 0))).into_response())
}

/// P1. Its conversations stay to be read; its phones and credentials are forgotten.
async fn close(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    let id = ChannelId(id);
    let is_mobile = |channel: &Channel| channel.id == id && channel.kind == Kind::MobileSdk;
    if !channels::list(&door.app, &actor).await?.iter().any(is_mobile) {
        return Err(Error::NotFound("Channel").into());
    }
    channels::delete(&door.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// P2. Keys are shown only so far that they can be told apart; `error` is why the service took nothing the last time.
async fn credentials(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
) -> Result<Json<ShownCredentials>> {
    let shown = push::credentials(&door.app, &actor, ChannelId(id)).await?;
    Ok(Json(shown.into()))
}

/// P2. What is left out stays as it is, so that a form need not know the keys to change a name.
async fn set(
    State(door): State<Door>,
    Staff(actor): Staff,
    Path((id, platform)): Path<(String, String)>,
    Body(body): Body<Value>,
) -> Result<Json<ShownCredentials>> {
    let (id, platform) = named(&id, &platform)?;
    let misshapen = |error: serde_json::Error| Refusal::bad_request(error.to_string());
    let shown = match platform {
        Platform::Fcm => {
            let given: GivenFcm = serde_json::from_value(body).map_err(misshapen)?;
            push::set_fcm(&door.app, &actor, id, given.into()).await?
        }
        Platform::Apns => {
            let given: GivenApns = serde_json::from_value(body).map_err(misshapen)?;
            push::set_apns(&door.app, &actor, id, given.try_into()?).await?
        }
    };
    Ok(Json(shown.into()))
}

/// P2.
async fn forget(
    State(door): State<Door>,
    Staff(actor): Staff,
    Path((id, platform)): Path<(String, String)>,
) -> Result<StatusCode> {
    let (id, platform) = named(&id, &platform)?;
    push::forget_credentials(&door.app, &actor, id, platform).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is no id, or no service, names nothing.
fn named(id: &str, platform: &str) -> Result<(ChannelId, Platform)> {
    let id = id.parse().map(ChannelId).map_err(|_| Error::NotFound("Channel"))?;
    let platform = Platform::parse(platform).ok_or(Error::NotFound("Push service"))?;
    Ok((id, platform))
}

#[derive(Deserialize)]
struct GivenFcm {
    #[serde(default, deserialize_with = "door_kit::given")]
    server_key: Option<Option<String>>,
    #[serde(default, deserialize_with = "door_kit::given")]
    sender_id: Option<Option<String>>,
    /// The file as an object, or as its text.
    #[serde(default, deserialize_with = "door_kit::given")]
    service_account: Option<Option<Value>>,
}

impl From<GivenFcm> for FcmChange {
    fn from(given: GivenFcm) -> FcmChange {
        let text = |file: Value| match file {
            Value::String(text) => text,
            file => file.to_string(),
        };
        FcmChange {
            server_key: given.server_key,
            sender_id: given.sender_id,
            service_account: given.service_account.map(|file| file.map(text)),
        }
    }
}

#[derive(Deserialize)]
struct GivenApns {
    team_id: Option<String>,
    bundle_id: Option<String>,
    key_id: Option<String>,
    private_key: Option<String>,
    environment: Option<String>,
}

impl TryFrom<GivenApns> for ApnsChange {
    type Error = Refusal;

    fn try_from(given: GivenApns) -> Result<ApnsChange> {
        let environment = |text: &str| {
            let refusal = || Refusal::bad_request("environment must be sandbox or production.");
            Environment::parse(text).ok_or_else(refusal)
        };
        Ok(ApnsChange {
            environment: given.environment.as_deref().map(environment).transpose()?,
            team_id: given.team_id,
            bundle_id: given.bundle_id,
            key_id: given.key_id,
            private_key: given.private_key,
        })
    }
}

#[derive(Serialize)]
struct ShownCredentials {
    fcm: Option<ShownFcm>,
    apns: Option<ShownApns>,
}

#[derive(Serialize)]
struct ShownFcm {
    server_key: Option<String>,
    sender_id: Option<String>,
    service_account: Option<ShownServiceAccount>,
    #[serde(flatten)]
    failure: ShownFailure,
    updated_at: Timestamp,
}

#[derive(Serialize)]
struct ShownServiceAccount {
    project_id: String,
    client_email: String,
    private_key_id: String,
    private_key: &'static str,
}

#[derive(Serialize)]
struct ShownApns {
    team_id: String,
    bundle_id: String,
    key_id: String,
    private_key: &'static str,
    environment: &'static str,
    #[serde(flatten)]
    failure: ShownFailure,
    updated_at: Timestamp,
}

#[derive(Serialize)]
struct ShownFailure {
    error: Option<String>,
    error_at: Option<Timestamp>,
}

impl From<Shown> for ShownCredentials {
    fn from(shown: Shown) -> ShownCredentials {
        ShownCredentials { fcm: shown.fcm.map(ShownFcm::from), apns: shown.apns.map(ShownApns::from) }
    }
}

impl From<FcmShown> for ShownFcm {
    fn from(shown: FcmShown) -> ShownFcm {
        ShownFcm {
            server_key: shown.server_key,
            sender_id: shown.sender_id,
            service_account: shown.service_account.map(|account| ShownServiceAccount {
                project_id: account.project_id,
                client_email: account.client_email,
                private_key_id: account.private_key_id,
                private_key: HIDDEN,
            }),
            failure: shown.failure.into(),
            updated_at: shown.updated_at,
        }
    }
}

impl From<ApnsShown> for ShownApns {
    fn from(shown: ApnsShown) -> ShownApns {
        ShownApns {
            team_id: shown.team_id,
            bundle_id: shown.bundle_id,
            key_id: shown.key_id,
            private_key: HIDDEN,
            environment: shown.environment.as_str(),
            failure: shown.failure.into(),
            updated_at: shown.updated_at,
        }
    }
}

impl From<Option<Failure>> for ShownFailure {
    fn from(failure: Option<Failure>) -> ShownFailure {
        match failure {
            Some(Failure { reason, at }) => ShownFailure { error: Some(reason), error_at: Some(at) },
            None => ShownFailure { error: None, error_at: None },
        }
    }
}
