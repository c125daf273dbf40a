//! `/api/me`: who is signed in, and what they have chosen for their pages (`org.md` A, C).

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use parlor_core::{
    accounts::{self, OwnChange, Preferences, PreferencesChange},
    actor::Agent,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Door,
    auth::Me,
    error::{Body, Result},
    routes::BothWays,
    session::Staff,
};

pub fn router() -> Router<Door> {
    Router::new().both_ways("/api/me", get(read).patch(change))
}

#[derive(Serialize)]
struct MeResponse<'a> {
    #[serde(flatten)]
    me: Me<'a>,
    preferences: Value,
}

fn respond(door: &Door, agent: &Agent, preferences: &Preferences) -> Response {
    Json(MeResponse { me: Me::new(door, agent), preferences: preferences.document() }).into_response()
}

/// A7, C12. For people: a program knows what its key may do.
async fn read(State(door): State<Door>, Staff(actor): Staff) -> Result<Response> {
    let agent = actor.in_person()?;
    let preferences = accounts::preferences(&door.app, agent).await?;
    Ok(respond(&door, agent, &preferences))
}

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnPatch {
    name: Option<String>,
    preferences: Option<Value>,
}

/// C12.
async fn change(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(patch): Body<OwnPatch>,
) -> Result<Response> {
    let preferences = patch.preferences.map(|given| PreferencesChange::parse("preferences", &given));
    let change = OwnChange { name: patch.name, preferences: preferences.transpose()?.unwrap_or_default() };
    let (agent, preferences) = accounts::change_own(&door.app, &actor, change).await?;
    Ok(respond(&door, &agent, &preferences))
}
