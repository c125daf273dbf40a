//! Files sent up for messages, and the signed links they are read by (section M).

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Request, State, multipart::Field},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use door_kit::Address;
use futures_util::{Stream, StreamExt};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};
use parlor_core::{
    Error,
    contacts::{Visitor, WayIn},
    ids::{ConversationId, UploadId},
    uploads::{self, Broken, Kind, Opened, Part, Upload, links},
};
use serde::Serialize;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use crate::{
    Door, cors,
    error::{Id, Refusal, Result},
    routes::BothWays,
    session::Staff,
    visitor::VisitorParams,
};

/// What stands around a file in a form: names, boundaries.
const FORM: u64 = 64 * 1024;
/// The most bytes of a form's plain field: a token may be long.
const FIELD: usize = 8 * 1024;
/// A file that is too large is read on for so many times what is allowed, so that its sender hears why it was refused.
const PATIENCE: u64 = 4;
/// What a browser may do with a file that it was talked into opening: nothing.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
/// A link is good for an hour; nobody but its owner's browser keeps what it leads to.
const AN_HOUR: HeaderValue = HeaderValue::from_static("private, max-age=3600, immutable");
/// A new logo is at a new address.
const A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400, immutable");

pub fn router(door: &Door) -> Router<Door> {
    let most = door.app.settings.largest_upload.saturating_mul(PATIENCE).saturating_add(FORM);
    let body = DefaultBodyLimit::max(usize::try_from(most).unwrap_or(usize::MAX));
    let visitors = Router::new()
        .both_ways("/chat-widget/uploads", post(by_visitor))
        .layer(middleware::from_fn(cors::visitors));
    let staff = Router::new().both_ways("/api/uploads/", post(by_staff));
    Router::new()
        .merge(visitors)
        .merge(staff)
        .layer(body)
        .route("/uploads/{id}/{ticket}", get(whole))
        .route("/uploads/{id}/logo", get(logo))
        .route("/uploads/{id}/preview/{ticket}", get(preview))
}

/// M3, M4: what has arrived.
#[derive(Serialize)]
struct Arrived {
    id: Uuid,
    url: String,
    preview_url: Option<String>,
    filename: String,
    size: i64,
    mime_type: &'static str,
    width: Option<i64>,
    height: Option<i64>,
}

fn arrived(door: &Door, upload: Upload) -> Response {
    let picture = upload.picture;
    let arrived = Arrived {
        id: upload.id.0,
        url: links::link(&door.app, upload.id, Part::Whole),
        preview_url: picture.map(|_| links::link(&door.app, upload.id, Part::Preview)),
        filename: upload.name,
        size: upload.size,
        mime_type: upload.kind.as_str(),
        width: picture.map(|picture| picture.width),
        height: picture.map(|picture| picture.height),
    };
    (StatusCode::CREATED, Json(arrived)).into_response()
}

/// What stands in a form before its file.
#[derive(Default)]
struct Fields {
    conversation: Option<String>,
    token: Option<String>,
    external_id: Option<String>,
    identity_hash: Option<String>,
    identity_token: Option<String>,
}

/// M3. `POST /chat-widget/uploads`.
async fn by_visitor(State(door): State<Door>, address: Address, Form(mut form): Form) -> Result<Response> {
    let mut fields = Fields::default();
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let known = match field.name().unwrap_or_default() {
            "conversation_id" => &mut fields.conversation,
            "channel_token" | "embed_token" => &mut fields.token,
            "external_id" => &mut fields.external_id,
            "identity_hash" => &mut fields.identity_hash,
            "identity_token" => &mut fields.identity_token,
            "file" => {
                let visitor = fields.visitor(address)?;
                let name = name_of(&field);
                let upload = uploads::receive(&door.app, &visitor, &name, pieces(&mut field)).await;
                return finish(&door, upload, field).await;
            }
            _ => return Err(Refusal::bad_request("A form of this kind has no such field.")),
        };
        *known = Some(text(&mut field).await?);
    }
    Err(Refusal::bad_request("file is required."))
}

impl Fields {
    /// Who sends the file has to be known before its first byte is kept.
    fn visitor(self, address: Address) -> Result<Visitor> {
        let Fields { conversation, token, external_id, identity_hash, identity_token } = self;
        let way_in = match (conversation, token) {
            (Some(id), None) => {
                let id = Uuid::parse_str(&id).map_err(|_| Error::NotFound("Conversation"))?;
                WayIn::Conversation(ConversationId(id))
            }
            (None, Some(token)) => WayIn::Token(token),
            _ => {
                let reason = "Either conversation_id or channel_token must come before the file.";
                return Err(Refusal::bad_request(reason));
            }
        };
        let external_id =
            external_id.ok_or_else(|| Refusal::bad_request("external_id must come before the file."))?;
        VisitorParams { external_id, identity_hash, identity_token }.visitor(way_in, address)
    }
}

/// M4. `POST /api/uploads/`.
async fn by_staff(State(door): State<Door>, Staff(actor): Staff, Form(mut form): Form) -> Result<Response> {
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        if field.name() == Some("file") {
            let name = name_of(&field);
            let upload = uploads::receive_from_staff(&door.app, &actor, &name, pieces(&mut field)).await;
            return finish(&door, upload, field).await;
        }
    }
    Err(Refusal::bad_request("file is required."))
}

/// Whoever is still sending does not listen: the rest of what was refused is read, within bounds, before it is said.
async fn finish(door: &Door, upload: parlor_core::Result<Upload>, mut rest: Field<'_>) -> Result<Response> {
    match upload {
        Ok(upload) => Ok(arrived(door, upload)),
        Err(refused) => {
            while let Ok(Some(_)) = rest.chunk().await {}
            Err(refused.into())
        }
    }
}

/// A form with a file in it.
struct Form(Multipart);

impl FromRequest<Door> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, door: &Door) -> Result<Form> {
        let declared =
            request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let largest = door.app.settings.largest_upload;
        if declared.is_some_and(|length: u64| length > largest.saturating_mul(PATIENCE).saturating_add(FORM))
        {
            return Err(Error::TooLarge(largest).into());
        }
        match Multipart::from_request(request, door).await {
            Ok(form) => Ok(Form(form)),
            Err(refused) => Err(Refusal::bad_request(refused.body_text())),
        }
    }
}

fn broken(error: axum::extract::multipart::MultipartError) -> Refusal {
    Refusal::new(error.status(), error.body_text())
}

async fn text(field: &mut Field<'_>) -> Result<String> {
    let mut text = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(broken)? {
        text.extend_from_slice(&piece);
        if text.len() > FIELD {
            return Err(Refusal::bad_request("A field of the form is too long."));
        }
    }
    String::from_utf8(text).map_err(|_| Refusal::bad_request("A field of the form is no text."))
}

fn name_of(field: &Field<'_>) -> String {
    field.file_name().unwrap_or_default().to_owned()
}

fn pieces<'a>(
    field: &'a mut Field<'_>,
) -> impl Stream<Item = std::result::Result<Bytes, Broken>> + Send + 'a {
    field.map(|piece| piece.map_err(|_| Broken))
}

/// M6. `GET /uploads/{id}/{ticket}`.
async fn whole(State(door): State<Door>, Path((id, ticket)): Path<(String, String)>) -> Result<Response> {
    serve(&door, &id, Part::Whole, &ticket).await
}

/// M6. `GET /uploads/{id}/preview/{ticket}`.
async fn preview(State(door): State<Door>, Path((id, ticket)): Path<(String, String)>) -> Result<Response> {
    serve(&door, &id, Part::Preview, &ticket).await
}

/// C5. `GET /uploads/{id}/logo`.
async fn logo(State(door): State<Door>, Id(id): Id) -> Result<Response> {
    Ok(served(uploads::open_logo(&door.app, UploadId(id)).await?, A_DAY))
}

async fn serve(door: &Door, id: &str, part: Part, ticket: &str) -> Result<Response> {
    let id = Uuid::parse_str(id).map_err(|_| Error::NotFound("Upload"))?;
    Ok(served(uploads::open(&door.app, UploadId(id), part, ticket).await?, AN_HOUR))
}

fn served(opened: Opened, keep: HeaderValue) -> Response {
    let Opened { file, length, kind, name } = opened;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type(kind))),
        (CONTENT_LENGTH, length.into()),
        (CONTENT_DISPOSITION, disposition(&name)),
        (CONTENT_SECURITY_POLICY, SANDBOX),
        (CACHE_CONTROL, keep),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    (headers, Body::from_stream(ReaderStream::new(file))).into_response()
}

fn content_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text/plain; charset=utf-8",
        Kind::Csv => "text/csv; charset=utf-8",
        other => other.as_str(),
    }
}

/// Always an attachment: an `<img>` shows a picture all the same, and nothing of a stranger's runs as a page of ours.
fn disposition(name: &str) -> HeaderValue {
    let plain: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let encoded = name.bytes().fold(String::new(), |mut encoded, byte| {
        use std::fmt::Write;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes everything");
        }
        encoded
    });
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .expect("what is not plain was replaced")
}

fn plain(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%')
}
