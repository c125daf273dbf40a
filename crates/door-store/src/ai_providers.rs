//! `/api/v1/store/ai-providers`: the store's own keys for model providers (`store.md` P). Keys go in and never come out.

use axum::{Json, extract::State};
use http::StatusCode;
use parlor_core::assistants::{self, KeySource, Provider};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Door,
    error::{Body, Named, Problem, ProblemDocument, Result},
    token::Staff,
};

pub fn router() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(set_key, delete_key))
}

/// The provider that answers: `local` where there is no key.
pub fn effective(provider: Provider, keys: &[(Provider, KeySource)]) -> Provider {
    let known = keys.iter().find(|(known, _)| *known == provider);
    known.map_or(provider, |(_, source)| source.effective(provider))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ProviderResponse {
    /// `anthropic`, `openai` or `local`.
    code: &'static str,
    /// `store`, `server`, `missing` or `notNeeded`.
    key: &'static str,
    /// Who answers where this provider is chosen.
    effective_code: &'static str,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewKey {
    #[schema(format = Password)]
    api_key: String,
}

/// The providers, and whether there is a key.
///
/// P1. While there is none, assistants of that provider answer by `local`.
#[utoipa::path(get, path = "/api/v1/store/ai-providers", tag = "ai-providers", security(("bearer" = [])),
    responses((status = 200, body = [ProviderResponse]), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<Vec<ProviderResponse>>> {
    let keys = assistants::key_sources(&door.app, &actor).await?;
    let response = |&(provider, source): &(Provider, KeySource)| ProviderResponse {
        code: provider.as_str(),
        key: match source {
            KeySource::Account => "store",
            KeySource::Operator => "server",
            KeySource::Missing => "missing",
            KeySource::NotNeeded => "notNeeded",
        },
        effective_code: effective(provider, &keys).as_str(),
    };
    Ok(Json(keys.iter().map(response).collect()))
}

fn known(code: &str) -> Result<Provider> {
    Provider::parse(code).ok_or_else(|| Problem::not_found("Provider"))
}

/// Keep a key.
///
/// P2. It is sealed before it is stored.
#[utoipa::path(put, path = "/api/v1/store/ai-providers/{code}/key", tag = "ai-providers", security(("bearer" = [])),
    params(("code" = String, Path)), request_body = NewKey,
    responses((status = 204), (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
async fn set_key(
    State(door): State<Door>,
    Staff(actor): Staff,
    Named(code): Named,
    Body(new): Body<NewKey>,
) -> Result<StatusCode> {
    assistants::set_key(&door.app, &actor, known(&code)?, Some(new.api_key)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forget a key.
///
/// P3.
#[utoipa::path(delete, path = "/api/v1/store/ai-providers/{code}/key", tag = "ai-providers", security(("bearer" = [])),
    params(("code" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn delete_key(State(door): State<Door>, Staff(actor): Staff, Named(code): Named) -> Result<StatusCode> {
    assistants::set_key(&door.app, &actor, known(&code)?, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
