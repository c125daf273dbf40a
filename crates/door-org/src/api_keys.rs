//! `/api/api-keys`: what programs prove themselves with (`org.md` A).

use axum::{
    Json, Router,
    extract::State,
    response::IntoResponse,
    routing::{delete, get},
};
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    Permission,
    accounts::{self, ApiKey, NewApiKey},
    ids::ApiKeyId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Id, Refusal, Result},
    routes::BothWays,
    session::Staff,
    team::Named,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/api-keys", get(list).post(create))
        .both_ways("/api/api-keys/{id}", delete(revoke))
}

/// A key without its secret.
#[derive(Serialize)]
struct KeyResponse {
    id: Uuid,
    name: String,
    /// How the key begins, to recognise it by.
    hint: String,
    scopes: Vec<&'static str>,
    created_by: Named,
    /// To the hour.
    last_used_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl From<ApiKey> for KeyResponse {
    fn from(key: ApiKey) -> KeyResponse {
        KeyResponse {
            id: key.id.0,
            hint: key.hint(),
            name: key.name,
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            created_by: key.made_by.into(),
            last_used_at: key.last_used_at,
            created_at: key.created_at,
        }
    }
}

/// A15. All of the account.
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<Vec<KeyResponse>>> {
    let keys = accounts::api_keys(&door.app, &actor).await?;
    Ok(Json(keys.into_iter().map(KeyResponse::from).collect()))
}

#[derive(Deserialize)]
struct NewKey {
    name: String,
    scopes: Vec<String>,
}

#[derive(Serialize)]
struct Made {
    #[serde(flatten)]
    made: KeyResponse,
    key: String,
}

/// A15. The key is in this answer and nowhere else.
async fn create(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(new): Body<NewKey>,
) -> Result<impl IntoResponse> {
    let scopes = new.scopes.iter().map(|scope| permission(scope)).collect::<Result<_>>()?;
    let new = NewApiKey { name: new.name, scopes };
    let (made, key) = accounts::create_api_key(&door.app, &actor, new).await?;
    Ok((StatusCode::CREATED, Json(Made { made: made.into(), key })))
}

fn permission(name: &str) -> Result<Permission> {
    Permission::parse(name).ok_or_else(|| {
        let known: Vec<_> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
        Refusal::bad_request(format!("scopes must be of {}.", known.join(", ")))
    })
}

/// A15. The next request with it is refused.
async fn revoke(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    accounts::revoke_api_key(&door.app, &actor, ApiKeyId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
