//! `/api/me`: who is signed in (`org.md` A).

use axum::{Json, Router, extract::State, response::IntoResponse, routing::get};

use crate::{Door, auth::Me, error::Result, routes::BothWays, session::Staff};

pub fn router() -> Router<Door> {
    Router::new().both_ways("/api/me", get(me))
}

/// A7. For people: a program knows what its key may do.
async fn me(State(door): State<Door>, Staff(actor): Staff) -> Result<impl IntoResponse> {
    let agent = actor.in_person()?;
    Ok(Json(Me::new(&door, agent)).into_response())
}
