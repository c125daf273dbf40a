//! `/api/v1/store/usage`: what the plan allows and what the month has used (`store.md` U).

use axum::{Json, extract::State};
use parlor_core::usage;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Door,
    error::{ProblemDocument, Result},
    token::Staff,
};

pub fn router() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(this_month))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UsageResponse {
    /// `YYYY-MM`, in UTC.
    month: String,
    /// Messages of visitors.
    messages: i64,
    /// Answers of assistants, also those that were thrown away.
    ai_answers: i64,
    input_tokens: i64,
    output_tokens: i64,
    allows_social_messaging: bool,
    max_social_channels: i64,
    /// No limit when null.
    max_monthly_ai_tokens: Option<i64>,
    /// No limit when null.
    max_monthly_messages: Option<i64>,
}

/// This month.
///
/// U1. The sums are exact.
#[utoipa::path(get, path = "/api/v1/store/usage", tag = "usage", security(("bearer" = [])),
    responses((status = 200, body = UsageResponse), (status = 401, body = ProblemDocument)))]
async fn this_month(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<UsageResponse>> {
    let (plan, usage) = usage::this_month(&door.app, &actor).await?;
    Ok(Json(UsageResponse {
        month: usage.month,
        messages: usage.messages,
        ai_answers: usage.answers,
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        allows_social_messaging: plan.allows_social_messaging,
        max_social_channels: plan.max_social_channels,
        max_monthly_ai_tokens: plan.max_monthly_ai_tokens,
        max_monthly_messages: plan.max_monthly_messages,
    }))
}
