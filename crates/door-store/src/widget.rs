//! `/api/v1/widget/chat/{channelToken}`: visitors without a socket (`store.md` W, `widget.md`). Anonymous.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use door_kit::Address;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ALLOW, CACHE_CONTROL, ORIGIN},
};
use jiff::Timestamp;
use parlor_core::{
    App,
    channels::{self, Channel, FieldKind, Language, Opening, ReplyTime, Translation},
    contacts::{ExternalId, Proof, Visitor, WayIn},
    conversations::{self, Content, ContentType, Continuity, Earlier, NewMessage, Status, View},
    embeds::{self, Origin},
    ids::MessageId,
    limits::{self, Action},
    uploads::links,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Named, Problem, ProblemDocument, Result},
    wire::{OwnMessage, WidgetMessage, rating, unavailable},
};

pub fn router() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(send, poll))
        .routes(routes!(config))
        .routes(routes!(sync))
        .routes(routes!(earlier))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewVisitorMessage {
    /// The visitor's own id, stable in the browser: 1 to 200 characters. It is all that protects the visitor's history.
    session_id: String,
    /// 1 to 10,000 characters after trimming; may be empty beside `richMedia`.
    text: String,
    /// `text` (the default), `image`, `file`, `quick_button`, `carousel` or `dropdown`.
    content_type: Option<String>,
    /// The structured part of everything but a text; files are named by `upload_id`.
    #[schema(value_type = Option<Object>)]
    rich_media: Option<serde_json::Value>,
    /// Kept the first time it is given.
    contact_display_name: Option<String>,
    /// The same one again returns the first result and stores nothing. 1 to 64 characters.
    client_message_id: Option<String>,
    /// The answer then holds only what came after this message.
    after_message_id: Option<Uuid>,
    /// HMAC-SHA-256 of the `sessionId` under a secret of the channel, in hex digits.
    identity_hash: Option<String>,
    /// A JWT (HS256) under a secret of the channel, `sub` the `sessionId`.
    identity_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct History<'a> {
    conversation_id: Uuid,
    messages: Vec<WidgetMessage<'a>>,
}

pub fn visitor(token: String, session_id: &str, proof: Option<Proof>, address: Address) -> Result<Visitor> {
    Ok(Visitor {
        way_in: WayIn::Token(token),
        external_id: ExternalId::parse(session_id)?,
        proof,
        address: address.0,
    })
}

/// A visitor writes.
///
/// W1. Stores the message, then answers with the whole history of this `sessionId`. Unknown channel → 404, disabled → 422.
#[utoipa::path(post, path = "/api/v1/widget/chat/{channelToken}/messages", tag = "widget",
    params(("channelToken" = String, Path)), request_body = NewVisitorMessage,
    responses((status = 200, body = History), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
async fn send(
    State(door): State<Door>,
    address: Address,
    Named(token): Named,
    Body(body): Body<NewVisitorMessage>,
) -> Result<Response> {
    let proof = Proof::given(body.identity_hash, body.identity_token);
    let visitor = visitor(token, &body.session_id, proof, address)?;
    let kind = body.content_type.as_deref().map_or(Ok(ContentType::Text), ContentType::named)?;
    let content = Content::new(kind, &body.text, body.rich_media)?;
    let new = NewMessage::new(content, body.client_message_id)?;
    let after = body.after_message_id.map(MessageId);
    if after.is_some() {
        // Refused before anything is stored, so that the client can simply ask again.
        conversations::history(&door.app, &visitor, after).await?;
    }
    let sent = conversations::receive(&door.app, &visitor, new, body.contact_display_name).await?;
    let messages = conversations::history_with(&door.app, &sent, after).await?;
    let messages = messages.iter().map(WidgetMessage::from).collect();
    Ok(Json(History { conversation_id: sent.conversation.id.0, messages }).into_response())
}

/// The removed poll.
///
/// W2. 405 with `Allow: POST`.
#[utoipa::path(get, path = "/api/v1/widget/chat/{channelToken}/messages", tag = "widget",
    params(("channelToken" = String, Path)), responses((status = 405, body = ProblemDocument)))]
async fn poll() -> Response {
    let problem =
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Polling was removed: connect to /hubs/widget-chat.");
    let mut response = problem.into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    display_name: &'a str,
    primary_color: &'a str,
    position: &'static str,
    greeting: &'a str,
    assistant_name: &'a str,
    /// The most bytes a file may have.
    largest_upload: u64,
    /// Shown in place of `displayName`.
    title: Option<&'a str>,
    /// A picture of at most 320 by 320 pixels.
    logo_url: Option<String>,
    /// `auto` (the visitor's own), `en`, `de`, `fr`, `es` or `ar`.
    language: &'static str,
    /// By language: what is said in place of `greeting` and `title`.
    #[schema(value_type = Object)]
    translations: BTreeMap<&'static str, Translated<'a>>,
    /// Null where no hours are told.
    hours: Option<Hours<'a>>,
    /// `minutes`, `hours` or `day`.
    reply_time: Option<&'static str>,
    pre_chat: PreChat<'a>,
    rating: Rating,
}

#[derive(Serialize)]
struct Translated<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    greeting: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Hours<'a> {
    is_open: bool,
    /// Null while somebody is there, and where nobody ever is.
    opens_at: Option<Timestamp>,
    away_message: &'a str,
}

/// What the visitor is asked before the first message.
#[derive(Serialize, ToSchema)]
struct PreChat<'a> {
    enabled: bool,
    fields: Vec<Field<'a>>,
}

#[derive(Serialize, ToSchema)]
struct Field<'a> {
    /// `name`, `email` and `phone` are the contact's own, others its attributes.
    key: &'a str,
    label: &'a str,
    /// `text`, `email`, `phone` or `select`.
    #[serde(rename = "type")]
    kind: &'static str,
    required: bool,
    /// Only of a `select`.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<&'a [String]>,
}

#[derive(Serialize, ToSchema)]
struct Rating {
    enabled: bool,
}

impl<'a> Config<'a> {
    fn new(app: &App, channel: &'a Channel) -> Config<'a> {
        let settings = &channel.settings;
        let translated = |(language, texts): &'a (Language, Translation)| {
            let Translation { greeting, title } = texts;
            (language.as_str(), Translated { greeting: greeting.as_deref(), title: title.as_deref() })
        };
        Config {
            display_name: &channel.display_name,
            primary_color: &settings.primary_color,
            position: settings.position.as_str(),
            greeting: &settings.greeting,
            assistant_name: &channel.assistant.name,
            largest_upload: app.settings.largest_upload,
            title: settings.title.as_deref(),
            logo_url: settings.logo.map(|logo| links::logo(app, logo)),
            language: settings.language.map_or(Language::AUTO, Language::as_str),
            translations: settings.translations.iter().map(translated).collect(),
            hours: settings.hours.as_ref().filter(|hours| hours.enabled).map(|hours| Hours::new(app, hours)),
            reply_time: settings.reply_time.map(ReplyTime::as_str),
            pre_chat: PreChat {
                enabled: settings.pre_chat.enabled,
                fields: settings.pre_chat.fields.iter().map(Field::from).collect(),
            },
            rating: Rating { enabled: settings.asks_for_rating },
        }
    }
}

impl<'a> Hours<'a> {
    fn new(app: &App, hours: &'a channels::Hours) -> Hours<'a> {
        let (is_open, opens_at) = match hours.opening(app.now()) {
            Opening::Open => (true, None),
            Opening::Closed { opens_at } => (false, opens_at),
        };
        Hours { is_open, opens_at, away_message: &hours.away_message }
    }
}

impl<'a> From<&'a channels::Field> for Field<'a> {
    fn from(field: &'a channels::Field) -> Field<'a> {
        let select = field.kind == FieldKind::Select;
        Field {
            key: &field.key,
            label: &field.label,
            kind: field.kind.as_str(),
            required: field.required,
            options: select.then_some(&field.options[..]),
        }
    }
}

/// How the widget looks.
///
/// `widget.md` W2. To a page that an embed token does not allow: 403.
#[utoipa::path(get, path = "/api/v1/widget/chat/{channelToken}/config", tag = "widget",
    params(("channelToken" = String, Path)),
    responses((status = 200, body = Config), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn config(
    State(door): State<Door>,
    Address(address): Address,
    Named(token): Named,
    headers: HeaderMap,
) -> Result<Response> {
    door.app.limits.check(Action::AddressReads, limits::network(address))?;
    let channel = channels::by_token(&door.app, &token).await?;
    let embed = token.starts_with(embeds::PREFIX);
    if embed && let Some(page) = headers.get(ORIGIN) {
        let page = page.to_str().ok().and_then(Origin::parse);
        let own = Origin::parse(&door.settings.public_url);
        if page != own && !embeds::by_token(&door.app, &token).await?.allows(page.as_ref()) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "This chat may not be shown on this page."));
        }
    }
    // An embed token ends at once, and not every page may have it.
    let keep = if embed { "no-cache" } else { "public, max-age=60" };
    Ok(([(CACHE_CONTROL, keep)], Json(Config::new(&door.app, &channel))).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Sync {
    session_id: String,
    last_seq: Option<i64>,
    /// HMAC-SHA-256 of the `sessionId` under a secret of the channel, in hex digits.
    identity_hash: Option<String>,
    /// A JWT (HS256) under a secret of the channel, `sub` the `sessionId`.
    identity_token: Option<String>,
}

/// What a visitor sees of the own conversation (`widget.md` W3).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Synced<'a> {
    conversation_id: Option<Uuid>,
    /// `open` or `resolved`.
    status: &'static str,
    /// How the visitor has rated what was resolved; left out where it is open, and where there is no rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
    /// Writing is of no use; left out where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<bool>,
    messages: Vec<OwnMessage<'a>>,
    recovered: bool,
    has_earlier: bool,
}

impl<'a> From<&'a View> for Synced<'a> {
    fn from(view: &'a View) -> Synced<'a> {
        let session = view.conversation.as_ref().map(|conversation| &conversation.session);
        Synced {
            conversation_id: view.conversation.as_ref().map(|conversation| conversation.id.0),
            status: session.map_or(Status::Open, |session| session.status).as_str(),
            rating: session.and_then(rating),
            unavailable: view.conversation.as_ref().and_then(unavailable),
            messages: view.messages.iter().map(OwnMessage::from).collect(),
            recovered: view.continuity == Continuity::Complete,
            has_earlier: view.earlier == Earlier::Some,
        }
    }
}

/// Catch up without a socket.
///
/// `widget.md` W3.
#[utoipa::path(post, path = "/api/v1/widget/chat/{channelToken}/sync", tag = "widget",
    params(("channelToken" = String, Path)), request_body = Sync,
    responses((status = 200, body = Synced), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
async fn sync(
    State(door): State<Door>,
    address: Address,
    Named(token): Named,
    Body(body): Body<Sync>,
) -> Result<Response> {
    let proof = Proof::given(body.identity_hash, body.identity_token);
    let visitor = visitor(token, &body.session_id, proof, address)?;
    let view = conversations::view(&door.app, &visitor, body.last_seq).await?;
    Ok(Json(Synced::from(&view)).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Before {
    session_id: String,
    before_seq: i64,
    /// HMAC-SHA-256 of the `sessionId` under a secret of the channel, in hex digits.
    identity_hash: Option<String>,
    /// A JWT (HS256) under a secret of the channel, `sub` the `sessionId`.
    identity_token: Option<String>,
}

/// Older messages (`widget.md` W6).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<'a> {
    messages: Vec<OwnMessage<'a>>,
    has_earlier: bool,
}

impl<'a> From<&'a View> for Page<'a> {
    fn from(view: &'a View) -> Page<'a> {
        let messages = view.messages.iter().map(OwnMessage::from).collect();
        Page { messages, has_earlier: view.earlier == Earlier::Some }
    }
}

/// Older messages without a socket.
///
/// `widget.md` W6.
#[utoipa::path(post, path = "/api/v1/widget/chat/{channelToken}/earlier", tag = "widget",
    params(("channelToken" = String, Path)), request_body = Before,
    responses((status = 200, body = Page), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
async fn earlier(
    State(door): State<Door>,
    address: Address,
    Named(token): Named,
    Body(body): Body<Before>,
) -> Result<Response> {
    let proof = Proof::given(body.identity_hash, body.identity_token);
    let visitor = visitor(token, &body.session_id, proof, address)?;
    let view = conversations::earlier(&door.app, &visitor, body.before_seq).await?;
    Ok(Json(Page::from(&view)).into_response())
}
