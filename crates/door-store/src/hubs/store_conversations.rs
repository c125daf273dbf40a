//! The staff's hub: only with a valid access token, by header or, where browsers cannot set one, by query.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::WWW_AUTHENTICATE};
use parlor_core::{Error, accounts};
use signalr::{Caller, Hub, HubError};
use uuid::Uuid;

use crate::{
    Door,
    error::Problem,
    push::{sign_in_group, store_group},
    token::{self, Signed},
};

pub fn hub(door: Door) -> Hub<Door> {
    Hub::builder(door).on_connected(connected).method("JoinStore", join_store).build()
}

/// `signalr.md` section 5: before anything else, on every request.
pub async fn authorise(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let by_header = door_kit::bearer(request.headers()).map(str::to_owned);
    let token = by_header.or_else(|| request.uri().query().and_then(by_query)).unwrap_or_default();
    match token::verify(&door.app, &token).await {
        Ok((claims, agent)) => {
            request.extensions_mut().insert(Signed { agent, store_id: claims.store_id });
            next.run(request).await
        }
        // Official clients show a body in place of the word `Unauthorized`, which programs look for.
        Err(Error::Unauthenticated(_)) => {
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response()
        }
        Err(failed) => Problem::from(failed).into_response(),
    }
}

/// `access_token`, in any case. A JWT needs no decoding.
fn by_query(query: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut tokens = pairs.filter(|(key, _)| key.eq_ignore_ascii_case("access_token"));
    tokens.next().map(|(_, token)| token.to_owned())
}

/// A sign-out closes what the sign-in has opened. One that came between the check and now has not found this connection yet.
async fn connected(caller: Caller<Door>) -> Result<(), HubError> {
    if let Some(signed) = Signed::of(caller.extensions()) {
        let sign_in = signed.agent.sign_in;
        caller.join(sign_in_group(sign_in));
        if accounts::signed_in(&caller.state().app, sign_in).await.is_err() {
            caller.abort();
        }
    }
    Ok(())
}

/// `JoinStore()`: hears `NewCustomerMessage` of the store in the token. No valid `store_id` → HubException.
async fn join_store(caller: Caller<Door>, (): ()) -> Result<(), HubError> {
    let refused = || HubError::new("The token does not hold a valid store_id claim.");
    let signed = Signed::of(caller.extensions()).ok_or_else(refused)?;
    let store = Uuid::parse_str(&signed.store_id).map_err(|_| refused())?;
    if store != signed.agent.account_id.0 {
        return Err(refused());
    }
    signed
        .agent
        .role
        .permissions()
        .contains(&parlor_core::Permission::ViewConversations)
        .then_some(())
        .ok_or_else(|| HubError::new("Permission store.conversations.view is required."))?;
    caller.join(store_group(signed.agent.account_id));
    Ok(())
}
