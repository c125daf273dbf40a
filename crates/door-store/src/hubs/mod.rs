//! `/hubs/widget-chat` and `/hubs/store-conversations` (`signalr.md` section 16).

mod store_conversations;
mod widget_chat;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{
    Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE, UPGRADE},
};
use parlor_core::limits::{self, Action};
use signalr::Hub;

use door_kit::Address;

use crate::{Door, error::Problem};

/// Both hubs. Cheap to clone.
#[derive(Clone)]
pub struct Hubs {
    pub widget: Hub<Door>,
    pub store: Hub<Door>,
}

impl Hubs {
    pub fn new(door: &Door) -> Hubs {
        Hubs { widget: widget_chat::hub(door.clone()), store: store_conversations::hub(door.clone()) }
    }

    pub fn router(&self, door: &Door) -> Router {
        let authorise = middleware::from_fn_with_state(door.clone(), store_conversations::authorise);
        let store =
            Router::new().nest_service("/hubs/store-conversations", self.store.service()).layer(authorise);
        let limit = middleware::from_fn_with_state(door.clone(), limit);
        Router::new().nest_service("/hubs/widget-chat", self.widget.service()).merge(store).layer(limit)
    }
}

/// New connections are limited by address, so that one caller cannot take all places.
async fn limit(State(door): State<Door>, address: Address, request: Request, next: Next) -> Response {
    let begins = request.method() == Method::POST && request.uri().path().ends_with("/negotiate")
        || request.headers().contains_key(UPGRADE);
    if begins && let Err(refused) = door.app.limits.check(Action::AddressReads, limits::network(address.0)) {
        let mut response = Problem::from(refused).into_response();
        // As with 401: official clients show a body in place of the status.
        *response.body_mut() = axum::body::Body::empty();
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().remove(CONTENT_LENGTH);
        return response;
    }
    next.run(request).await
}
