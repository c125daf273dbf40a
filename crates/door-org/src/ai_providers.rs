//! `/api/ai-providers/`: the account's own keys for model providers (`org.md` C). Keys go in and never come out.

use axum::{
    Json, Router,
    extract::State,
    routing::{get, put},
};
use door_kit::Named;
use http::StatusCode;
use parlor_core::{
    Error,
    assistants::{self, KeySource, Provider},
};
use serde::{Deserialize, Serialize};

use crate::{
    Door,
    error::{Body, Result},
    routes::BothWays,
    session::Staff,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/ai-providers/", get(list))
        .both_ways("/api/ai-providers/{code}/key", put(set_key).delete(forget_key))
}

#[derive(Serialize)]
struct ProviderResponse {
    /// `anthropic`, `openai` or `local`.
    code: &'static str,
    /// `account`, `server`, `missing` or `not_needed`.
    key: &'static str,
    /// Who answers where this provider is chosen.
    effective_code: &'static str,
}

/// C9. Where there is no key, `local` answers.
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<Vec<ProviderResponse>>> {
    let keys = assistants::key_sources(&door.app, &actor).await?;
    let response = |(provider, source): (Provider, KeySource)| ProviderResponse {
        code: provider.as_str(),
        key: match source {
            KeySource::Account => "account",
            KeySource::Operator => "server",
            KeySource::Missing => "missing",
            KeySource::NotNeeded => "not_needed",
        },
        effective_code: source.effective(provider).as_str(),
    };
    Ok(Json(keys.into_iter().map(response).collect()))
}

fn known(code: &str) -> Result<Provider> {
    Ok(Provider::parse(code).ok_or(Error::NotFound("Provider"))?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    api_key: String,
}

/// C9. It is sealed before it is stored.
async fn set_key(
    State(door): State<Door>,
    Staff(actor): Staff,
    Named(code): Named,
    Body(new): Body<NewKey>,
) -> Result<StatusCode> {
    assistants::set_key(&door.app, &actor, known(&code)?, Some(new.api_key)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// C9.
async fn forget_key(State(door): State<Door>, Staff(actor): Staff, Named(code): Named) -> Result<StatusCode> {
    assistants::set_key(&door.app, &actor, known(&code)?, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
