//! `/api/articles/`: what assistants rest their answers on (`org.md` C).

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    routing::{get, post},
};
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    ids::ArticleId,
    knowledge::{self, Article, Entry, Format, Import, Listing, NewArticle},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door,
    error::{Asked, Body, Id, Refusal, Result},
    routes::BothWays,
    session::Staff,
};

/// A mebibyte of text, however its signs are written in JSON.
const LARGEST_IMPORT: usize = 7 << 20;
/// How many articles are listed where nothing is said.
const LISTED: i64 = 500;

pub fn router() -> Router<Door> {
    let import = post(import).layer(DefaultBodyLimit::max(LARGEST_IMPORT));
    Router::new()
        .both_ways("/api/articles/", get(list).post(create))
        .both_ways("/api/articles/import", import)
        .both_ways("/api/articles/{id}", get(read).put(update).delete(remove))
}

#[derive(Deserialize)]
struct ListQuery {
    search: Option<String>,
    after: Option<Uuid>,
    limit: Option<i64>,
}

/// An article in a list.
#[derive(Serialize)]
struct EntryResponse {
    id: Uuid,
    title: String,
    url: Option<String>,
    /// How many passages it is cut into, each of which can be quoted.
    passages: i64,
    updated_at: Timestamp,
}

impl From<Entry> for EntryResponse {
    fn from(entry: Entry) -> EntryResponse {
        let Entry { id, title, url, passages, updated_at } = entry;
        EntryResponse { id: id.0, title, url, passages, updated_at }
    }
}

/// C6. Without the texts, the oldest first.
async fn list(
    State(door): State<Door>,
    Staff(actor): Staff,
    Asked(query): Asked<ListQuery>,
) -> Result<Json<Vec<EntryResponse>>> {
    let ListQuery { search, after, limit } = query;
    let listing = Listing { search, after: after.map(ArticleId), limit: limit.unwrap_or(LISTED) };
    let entries = knowledge::entries(&door.app, &actor, listing).await?;
    Ok(Json(entries.into_iter().map(EntryResponse::from).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArticleRequest {
    title: String,
    body: String,
    url: Option<String>,
}

impl From<ArticleRequest> for NewArticle {
    fn from(request: ArticleRequest) -> NewArticle {
        NewArticle { title: request.title, body: request.body, url: request.url }
    }
}

#[derive(Serialize)]
struct ArticleResponse {
    id: Uuid,
    title: String,
    body: String,
    url: Option<String>,
    passages: usize,
    updated_at: Timestamp,
}

impl From<Article> for ArticleResponse {
    fn from(article: Article) -> ArticleResponse {
        let passages = article.passages();
        let Article { id, title, body, url, updated_at, .. } = article;
        ArticleResponse { id: id.0, title, body, url, passages, updated_at }
    }
}

/// C6. It can be quoted at once.
async fn create(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(request): Body<ArticleRequest>,
) -> Result<(StatusCode, Json<ArticleResponse>)> {
    let article = knowledge::create(&door.app, &actor, request.into()).await?;
    Ok((StatusCode::CREATED, Json(article.into())))
}

/// C6.
async fn read(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Json<ArticleResponse>> {
    Ok(Json(knowledge::get(&door.app, &actor, ArticleId(id)).await?.into()))
}

/// C6.
async fn update(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(request): Body<ArticleRequest>,
) -> Result<Json<ArticleResponse>> {
    Ok(Json(knowledge::update(&door.app, &actor, ArticleId(id), request.into()).await?.into()))
}

/// C6. Answers that quoted it stay as they are.
async fn remove(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    knowledge::delete(&door.app, &actor, ArticleId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportRequest {
    format: String,
    content: String,
    title: Option<String>,
    url: Option<String>,
}

#[derive(Serialize)]
struct Imported {
    id: Uuid,
    title: String,
}

/// C7. All or nothing.
async fn import(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(request): Body<ImportRequest>,
) -> Result<(StatusCode, Json<Vec<Imported>>)> {
    let ImportRequest { format, content, title, url } = request;
    let format = Format::parse(&format)
        .ok_or_else(|| Refusal::bad_request("format must be markdown, html or text."))?;
    let import = Import { format, content, title, url };
    let articles = knowledge::import(&door.app, &actor, import).await?;
    let imported = |Article { id, title, .. }: Article| Imported { id: id.0, title };
    Ok((StatusCode::CREATED, Json(articles.into_iter().map(imported).collect())))
}
