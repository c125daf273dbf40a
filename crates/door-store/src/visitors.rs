//! `/api/v1/widget/chat/{channelToken}`: what a visitor tells beside messages (`widget.md` W12 to W14). Anonymous.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use door_kit::Address;
use http::StatusCode;
use parlor_core::{
    contacts::{self, Proof, Visitor},
    conversations::{self, NewRating, Rating},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Door,
    error::{Body, Named, ProblemDocument, Result},
    widget,
    wire::time,
};

pub fn router() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(rate)).routes(routes!(see)).routes(routes!(answer))
}

/// Who speaks.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Who {
    session_id: String,
    /// HMAC-SHA-256 of the `sessionId` under a secret of the channel, in hex digits.
    identity_hash: Option<String>,
    /// A JWT (HS256) under a secret of the channel, `sub` the `sessionId`.
    identity_token: Option<String>,
}

impl Who {
    fn visitor(self, token: String, address: Address) -> Result<Visitor> {
        let proof = Proof::given(self.identity_hash, self.identity_token);
        widget::visitor(token, &self.session_id, proof, address)
    }
}

#[derive(Deserialize, ToSchema)]
struct Rate {
    #[serde(flatten)]
    who: Who,
    /// 1, the worst, to 5.
    rating: i64,
    /// At most 1,000 characters after trimming.
    comment: Option<String>,
}

/// A rating that is stored (`widget.md` W12).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rated<'a> {
    rating: u8,
    comment: Option<&'a str>,
    #[schema(value_type = String, format = DateTime)]
    rated_at: signalr::Timestamp,
}

impl<'a> From<&'a Rating> for Rated<'a> {
    fn from(rating: &'a Rating) -> Rated<'a> {
        Rated { rating: rating.score.get(), comment: rating.comment.as_deref(), rated_at: time(rating.at) }
    }
}

/// A visitor rates what was resolved.
///
/// `widget.md` W12. Nothing to rate → 409.
#[utoipa::path(post, path = "/api/v1/widget/chat/{channelToken}/rating", tag = "widget",
    params(("channelToken" = String, Path)), request_body = Rate,
    responses((status = 200, body = Rated), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 429, body = ProblemDocument)))]
async fn rate(
    State(door): State<Door>,
    address: Address,
    Named(token): Named,
    Body(body): Body<Rate>,
) -> Result<Response> {
    let visitor = body.who.visitor(token, address)?;
    let rating = conversations::rate(&door.app, &visitor, NewRating::new(body.rating, body.comment)?).await?;
    Ok(Json(Rated::from(&rating)).into_response())
}

#[derive(Deserialize, ToSchema)]
struct See {
    #[serde(flatten)]
    who: Who,
    /// http or https, at most 2,000 characters. Its fragment, and a name and a password in it, are not kept.
    url: String,
    /// At most 200 characters after trimming.
    title: Option<String>,
}

/// A visitor is on a page of the shop.
///
/// `widget.md` W13. Who has not written yet → 404, and nothing is stored.
#[utoipa::path(post, path = "/api/v1/widget/chat/{channelToken}/pages", tag = "widget",
    params(("channelToken" = String, Path)), request_body = See,
    responses((status = 204), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
async fn see(
    State(door): State<Door>,
    address: Address,
    Named(token): Named,
    Body(body): Body<See>,
) -> Result<StatusCode> {
    let visitor = body.who.visitor(token, address)?;
    let page = contacts::Page::parse(&body.url, body.title.as_deref())?;
    contacts::see_page(&door.app, &visitor, page).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
struct Answers {
    #[serde(flatten)]
    who: Who,
    /// By the keys of `preChat.fields`; each at most 500 characters.
    answers: BTreeMap<String, String>,
}

/// A visitor answers what is asked before the first message.
///
/// `widget.md` W14. An answer that does not fit, or is missing → 400 with `field` `answers.<key>`.
#[utoipa::path(post, path = "/api/v1/widget/chat/{channelToken}/answers", tag = "widget",
    params(("channelToken" = String, Path)), request_body = Answers,
    responses((status = 204), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
async fn answer(
    State(door): State<Door>,
    address: Address,
    Named(token): Named,
    Body(body): Body<Answers>,
) -> Result<StatusCode> {
    let visitor = body.who.visitor(token, address)?;
    conversations::introduce(&door.app, &visitor, body.answers).await?;
    Ok(StatusCode::NO_CONTENT)
}
