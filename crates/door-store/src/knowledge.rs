//! `/api/v1/store/knowledge`: the articles that assistants rest their answers on (`store.md` K).

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    ids::ArticleId,
    knowledge::{self, Article, NewArticle},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Id, ProblemDocument, Result},
    token::Staff,
};

pub fn router() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, delete))
}

#[derive(Deserialize, ToSchema)]
struct ArticleRequest {
    /// 1 to 200 characters.
    title: String,
    /// Plain text or Markdown, 1 to 100,000 characters. Blank lines part the passages that answers quote.
    body: String,
    /// Where visitors can read it.
    url: Option<String>,
}

impl From<ArticleRequest> for NewArticle {
    fn from(request: ArticleRequest) -> NewArticle {
        NewArticle { title: request.title, body: request.body, url: request.url }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ArticleResponse {
    id: Uuid,
    title: String,
    body: String,
    url: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Article> for ArticleResponse {
    fn from(article: Article) -> ArticleResponse {
        let Article { id, title, body, url, created_at, updated_at } = article;
        ArticleResponse { id: id.0, title, body, url, created_at, updated_at }
    }
}

/// The store's articles.
///
/// K1. Oldest first.
#[utoipa::path(get, path = "/api/v1/store/knowledge", tag = "knowledge", security(("bearer" = [])),
    responses((status = 200, body = [ArticleResponse]), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<Vec<ArticleResponse>>> {
    let articles = knowledge::list(&door.app, &actor).await?;
    Ok(Json(articles.into_iter().map(ArticleResponse::from).collect()))
}

/// Write an article.
///
/// K2. It can be quoted at once.
#[utoipa::path(post, path = "/api/v1/store/knowledge", tag = "knowledge", security(("bearer" = [])),
    request_body = ArticleRequest,
    responses((status = 201, body = ArticleResponse), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument)))]
async fn create(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(request): Body<ArticleRequest>,
) -> Result<(StatusCode, Json<ArticleResponse>)> {
    let article = knowledge::create(&door.app, &actor, request.into()).await?;
    Ok((StatusCode::CREATED, Json(article.into())))
}

/// One article.
///
/// K3.
#[utoipa::path(get, path = "/api/v1/store/knowledge/{articleId}", tag = "knowledge", security(("bearer" = [])),
    params(("articleId" = Uuid, Path)),
    responses((status = 200, body = ArticleResponse), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn get(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Json<ArticleResponse>> {
    Ok(Json(knowledge::get(&door.app, &actor, ArticleId(id)).await?.into()))
}

/// Write an article anew.
///
/// K4.
#[utoipa::path(put, path = "/api/v1/store/knowledge/{articleId}", tag = "knowledge", security(("bearer" = [])),
    params(("articleId" = Uuid, Path)), request_body = ArticleRequest,
    responses((status = 200, body = ArticleResponse), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn update(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(request): Body<ArticleRequest>,
) -> Result<Json<ArticleResponse>> {
    Ok(Json(knowledge::update(&door.app, &actor, ArticleId(id), request.into()).await?.into()))
}

/// Delete an article.
///
/// K5. Answers that quoted it stay as they are.
#[utoipa::path(delete, path = "/api/v1/store/knowledge/{articleId}", tag = "knowledge", security(("bearer" = [])),
    params(("articleId" = Uuid, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn delete(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    knowledge::delete(&door.app, &actor, ArticleId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
