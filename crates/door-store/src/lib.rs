//! The store door: the contract of *website-chat-widget-flow* and *website-chat-websocket-flow*.
//!
//! REST under `/api/v1`, the hubs under `/hubs`, and the widget with its pages. A door translates: who comes in becomes an
//! [`Actor`](parlor_core::Actor) or a [`Visitor`](parlor_core::contacts::Visitor), what they say becomes a verb of the core, and what the
//! core tells becomes a push. `docs/contracts/store.md` and `docs/contracts/widget.md` number the clauses.

mod ai_providers;
mod auth;
mod channels;
mod conversations;
mod cors;
mod error;
mod hubs;
mod knowledge;
mod openapi;
mod pages;
mod push;
mod token;
mod usage;
mod visitors;
mod widget;
mod wire;

pub use door_kit::Forwarded;

use std::sync::Arc;

use axum::{Router, middleware};
use door_kit::address;
use parlor_core::{App, presence};
use tokio::sync::watch;

/// What the door is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the world reaches this server, without a slash at the end: it stands in embed snippets.
    pub public_url: String,
    /// Whether a proxy in front names the caller's address.
    pub forwarded: Forwarded,
    /// The channel whose widget the demo page at `/` shows; without one `/` leads to the API's documentation.
    pub demo: Option<String>,
}

/// The door. Cheap to clone.
#[derive(Clone)]
pub struct StoreDoor {
    state: Door,
    hubs: hubs::Hubs,
}

/// What every handler needs.
#[derive(Clone)]
struct Door {
    app: App,
    settings: Arc<Settings>,
}

impl StoreDoor {
    pub fn new(app: App, settings: Settings) -> StoreDoor {
        let state = Door { app, settings: Arc::new(settings) };
        let hubs = hubs::Hubs::new(&state);
        let here = hubs.widget.clone();
        presence::attend(&state.app, move |channel, visitor| {
            let listens = |group: String| !here.group(&group).is_empty();
            let visitor = visitor.as_str();
            listens(push::own_group(channel, visitor)) || listens(push::widget_group(channel, visitor))
        });
        StoreDoor { hubs, state }
    }

    /// Every path of this door. The listener must provide `ConnectInfo<SocketAddr>`.
    pub fn router(&self) -> Router {
        let forwarded = self.state.settings.forwarded;
        let api = openapi::router(&self.state).merge(self.hubs.router(&self.state));
        let api = api.layer(middleware::from_fn(cors::cors));
        api.merge(pages::router(&self.state))
            .layer(middleware::from_fn(move |request, next| address::remember(forwarded, request, next)))
    }

    /// Turns what the core tells into pushes until `stop` says so.
    pub async fn push(self, mut stop: watch::Receiver<bool>) {
        let mut listener = self.state.app.bus.listen();
        loop {
            tokio::select! {
                heard = listener.next() => match heard {
                    Some(heard) => push::push(&self.hubs, &heard),
                    None => break,
                },
                _ = stop.changed() => break,
            }
        }
    }

    /// Asks every client to come back later, and waits until they are gone. Bounded.
    pub async fn shutdown(&self) {
        tokio::join!(self.hubs.widget.shutdown(), self.hubs.store.shutdown());
    }
}
