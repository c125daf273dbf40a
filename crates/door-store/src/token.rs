//! The access token of this door: a JWT that says who signed in.

use axum::extract::FromRequestParts;
use door_kit::{Address, bearer};
use http::{Extensions, request::Parts};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parlor_core::{
    Actor, App, Error,
    accounts::{self, ACCESS_LIVES, API_KEY_PREFIX},
    actor::Agent,
    ids::SignInId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Door, error::Problem};

/// What the token says. `sid` is an addition of ours: with it a sign-out ends access at once.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    pub sub: Uuid,
    pub store_id: String,
    pub role: String,
    pub permissions: Vec<String>,
    pub iat: i64,
    pub exp: i64,
    pub sid: Uuid,
}

/// Signs a token for an agent who has just signed in.
pub fn issue(app: &App, agent: &Agent) -> Result<String, Error> {
    let now = app.now().as_second();
    let claims = Claims {
        sub: agent.id.0,
        store_id: agent.account_id.to_string(),
        role: agent.role.as_str().to_owned(),
        permissions: agent
            .role
            .permissions()
            .iter()
            .map(|permission| permission.as_str().to_owned())
            .collect(),
        iat: now,
        exp: now + i64::try_from(ACCESS_LIVES.as_secs()).unwrap_or_default(),
        sid: agent.sign_in.0,
    };
    let key = EncodingKey::from_secret(app.secrets.token_key());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
        .map_err(|error| Error::Internal(std::sync::Arc::new(error)))
}

const REFUSED: Error = Error::Unauthenticated("The access token is missing, expired or not valid.");

/// Who is behind a token: what it claims, and what is true of the agent now.
///
/// # Errors
/// [`Error::Unauthenticated`] for a forged, foreign or expired token, and one whose sign-in has ended.
pub async fn verify(app: &App, token: &str) -> Result<(Claims, Agent), Error> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    validation.validate_exp = true;
    let key = DecodingKey::from_secret(app.secrets.token_key());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| REFUSED)?.claims;
    let agent = accounts::signed_in(app, SignInId(claims.sid)).await?;
    Ok((claims, agent))
}

/// A member of the store's staff who has signed in, or a program with an API key.
pub struct Staff(pub Actor);

impl FromRequestParts<Door> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Staff, Problem> {
        let token = bearer(&parts.headers).ok_or(REFUSED)?;
        if token.starts_with(API_KEY_PREFIX) {
            let Address(address) = Address::of(&parts.extensions);
            return Ok(Staff(accounts::by_api_key(&door.app, token, address).await?));
        }
        let (_, agent) = verify(&door.app, token).await?;
        Ok(Staff(Actor::Agent(agent)))
    }
}

/// The agent behind a hub connection, left by the hub's own check.
#[derive(Clone, Debug)]
pub struct Signed {
    pub agent: Agent,
    pub store_id: String,
}

impl Signed {
    pub fn of(extensions: &Extensions) -> Option<&Signed> {
        extensions.get()
    }
}
