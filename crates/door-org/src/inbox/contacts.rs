//! `/api/contacts/`: what staff know of a contact, and whom they do not want to hear any more.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{patch, post},
};
use parlor_core::{
    conversations::{self, ContactChange, Conversation, Known},
    ids::ContactId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::wire::InboxContact;
use crate::{
    Door,
    conversations::given,
    error::{Body, Id, Result},
    routes::BothWays,
    session::Staff,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/contacts/{id}", patch(change))
        .both_ways("/api/contacts/{id}/block", post(block))
        .both_ways("/api/contacts/{id}/unblock", post(unblock))
}

/// What is left out stays, and null removes.
#[derive(Deserialize)]
struct Change {
    #[serde(default, deserialize_with = "given")]
    display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    phone: Option<Option<String>>,
    #[serde(default)]
    attributes: BTreeMap<String, Option<String>>,
}

#[derive(Serialize)]
struct ContactKnown<'a> {
    #[serde(flatten)]
    contact: InboxContact<'a>,
    attributes: &'a Map<String, Value>,
}

/// I10. What is known of a contact.
async fn change(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(body): Body<Change>,
) -> Result<Response> {
    let Change { display_name, email, phone, attributes } = body;
    let change = ContactChange { display_name, email, phone, attributes };
    let Known { conversation, attributes } =
        conversations::change_contact(&door.app, &actor, ContactId(id), change).await?;
    let known = ContactKnown { contact: (&conversation).into(), attributes: &attributes };
    Ok(Json(known).into_response())
}

/// I11. What the contact writes is refused from now on.
async fn block(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Response> {
    let conversation = conversations::block(&door.app, &actor, ContactId(id)).await?;
    Ok(shown(&conversation))
}

/// I11. It is taken again.
async fn unblock(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<Response> {
    let conversation = conversations::unblock(&door.app, &actor, ContactId(id)).await?;
    Ok(shown(&conversation))
}

fn shown(conversation: &Conversation) -> Response {
    Json(InboxContact::from(conversation)).into_response()
}
