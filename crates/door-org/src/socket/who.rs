//! Who is behind a socket: an agent, by the cookie of one of our own pages, or nobody in particular.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{
    HeaderMap, HeaderValue,
    header::{SEC_WEBSOCKET_EXTENSIONS, USER_AGENT},
};
use parlor_core::{
    Actor, accounts,
    actor::Agent,
    presence::{self, Present},
};
use serde_json::Value;
use socketio::{EventError, Reason, Refusal, Socket};

use super::{Room, events, inbox, seats::Seats};
use crate::{Door, session};

/// The agent whose cookie came with the handshake, left with the request.
#[derive(Clone)]
struct SignedIn(Agent);

/// Who a socket is; kept with it.
#[derive(Clone)]
enum Who {
    Nobody,
    Agent {
        agent: Agent,
        /// Online as long as this is there.
        _present: Option<Arc<Present>>,
    },
}

/// S1. A cookie counts on a handshake from one of our own pages only: no foreign page becomes an agent. All others are anonymous.
pub async fn recognise(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let handshake =
        !request.uri().query().unwrap_or_default().split('&').any(|pair| pair.starts_with("sid="));
    if handshake && session::from_our_own_page(&door.settings.public_url, request.headers()) {
        // A cookie that is no good any more is as none: the page still connects, and is asked to sign in where it matters.
        if let Ok(agent) = session::agent(&door.app, request.headers()).await {
            request.extensions_mut().insert(SignedIn(agent));
        }
    }
    let takes_offsets = TakesOffsets(client_takes_offsets(request.headers()));
    request.extensions_mut().insert(takes_offsets);
    next.run(request).await
}

/// Whether a client's handlers take one more argument at the end of an event, from which it knows how far it has got; left with the request.
#[derive(Clone, Copy)]
struct TakesOffsets(bool);

/// Dart's clients before version 3 give handlers a list then, and Python's handlers fail. Both say who they are when they shake hands; or
/// say nothing at all (Python's plain WebSocket), where Node at least offers to compress.
fn client_takes_offsets(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match text(USER_AGENT) {
        Some(agent) => {
            let agent = agent.to_ascii_lowercase();
            !["dart", "python", "aiohttp"].iter().any(|other| agent.contains(other))
        }
        None => headers.contains_key(SEC_WEBSOCKET_EXTENSIONS),
    }
}

/// Whether recovery is offered to the client behind a request.
pub fn takes_offsets(request: &socketio::Request) -> bool {
    request.extensions().get().is_some_and(|TakesOffsets(takes)| *takes)
}

/// Lets a socket in. An agent is online from here on.
pub async fn enter(socket: Socket<Door>, _auth: Value) -> Result<(), Refusal> {
    let agent = socket.extensions().get::<SignedIn>().map(|SignedIn(agent)| agent.clone());
    let before = socket.get::<Who>();
    if socket.recovered() {
        // What was missed is only for whom it was sent to.
        let same = match (&before, &agent) {
            (Some(Who::Agent { agent: before, .. }), Some(now)) => before.sign_in == now.sign_in,
            (Some(Who::Nobody), None) => true,
            _ => false,
        };
        if !same {
            return Err(Refusal::new("Somebody else was connected here. Connect again."));
        }
    } else {
        socket.set(Seats::default());
    }
    let Some(agent) = agent else {
        socket.set(Who::Nobody);
        return Ok(());
    };
    for room in [Room::Agent(agent.id), Room::SignIn(agent.sign_in)] {
        socket.join(room.to_string()).map_err(|_| Refusal::new("Too many rooms."))?;
    }
    // The sign-in may have ended between the handshake and here, when nobody was in its room yet.
    if accounts::signed_in(&socket.state().app, agent.sign_in).await.is_err() {
        return Err(Refusal::new("The sign-in has ended."));
    }
    let present = presence::arrive(&socket.state().app, &agent);
    socket.set(Who::Agent { agent, _present: Some(Arc::new(present)) });
    Ok(())
}

/// The agent is no longer online by this socket and looks at nothing on it, also while it may still come back.
pub async fn leave(socket: Socket<Door>, _reason: Reason) {
    inbox::leave(&socket);
    if let Some(Who::Agent { agent, .. }) = socket.get() {
        socket.set(Who::Agent { agent, _present: None });
    }
}

/// The agent behind a socket, with the role they have now.
///
/// # Errors
/// There is none, or the sign-in has ended.
pub async fn staff(socket: &Socket<Door>) -> Result<Actor, EventError> {
    let Some(Who::Agent { agent, .. }) = socket.get() else {
        return Err(EventError::new("Sign in first."));
    };
    let now = accounts::signed_in(&socket.state().app, agent.sign_in).await;
    now.map(Actor::Agent).map_err(events::failed)
}
