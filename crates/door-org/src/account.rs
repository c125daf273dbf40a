//! `/api/account/` and `/api/usage/`: the account, what its plan allows and what the month has used (`org.md` C).

use axum::{Json, Router, extract::State, routing::get};
use jiff::Timestamp;
use parlor_core::{
    accounts::{self, Profile, ProfileChange, Welcome},
    usage,
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
        .both_ways("/api/account/", get(read).patch(change))
        .both_ways("/api/usage/", get(this_month))
}

#[derive(Serialize)]
struct AccountResponse {
    id: Uuid,
    name: String,
    /// `pending` or `done`.
    welcome: &'static str,
    created_at: Timestamp,
}

impl From<Profile> for AccountResponse {
    fn from(profile: Profile) -> AccountResponse {
        let Profile { id, name, welcome, created_at } = profile;
        AccountResponse { id: id.0, name, welcome: welcome.as_str(), created_at }
    }
}

/// C11.
async fn read(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<AccountResponse>> {
    Ok(Json(accounts::profile(&door.app, &actor).await?.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountPatch {
    name: Option<String>,
    welcome: Option<String>,
}

/// C11. A welcome that is over does not begin again.
async fn change(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(patch): Body<AccountPatch>,
) -> Result<Json<AccountResponse>> {
    let welcome = match patch.welcome.as_deref() {
        None => None,
        Some(word) if word == Welcome::Done.as_str() => Some(Welcome::Done),
        Some(_) => return Err(Refusal::bad_request("welcome must be done.")),
    };
    let change = ProfileChange { name: patch.name, welcome };
    Ok(Json(accounts::change_profile(&door.app, &actor, change).await?.into()))
}

#[derive(Serialize)]
struct UsageResponse {
    /// `YYYY-MM`, in UTC.
    month: String,
    /// Messages of visitors.
    messages: i64,
    /// Answers of assistants, also those that were thrown away, suggested or tried.
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

/// C10.
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
