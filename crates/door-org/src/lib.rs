//! The org door: the contract of *developer-integration-guide*.
//!
//! Agents' browsers sign in under `/auth`, get their page at `/inbox` and work with `/api/conversations/` and what belongs to it, visitors' widgets and native apps come
//! by `/chat-widget` and `/socket.io/`. A door translates: who comes in becomes an [`Actor`](parlor_core::Actor) or a
//! [`Visitor`](parlor_core::contacts::Visitor), what they say becomes a verb of the core, and what the core tells becomes a push.
//! `docs/contracts/org.md` numbers the clauses.

mod account;
mod ai_providers;
mod api_keys;
mod articles;
mod assistants;
mod auth;
mod channels;
mod chat_widget;
mod conversations;
mod cors;
mod embeds;
mod error;
mod history;
mod identity;
mod inbox;
mod inbox_page;
mod me;
mod mobile_channels;
mod native;
mod push;
mod reports;
mod routes;
mod session;
mod socket;
mod team;
mod uploads;
mod visitor;
mod wire;

use std::sync::Arc;

use axum::{Router, middleware};
use door_kit::{Forwarded, address};
use parlor_core::App;
use socket::Sockets;
use tokio::sync::watch;

/// What the door is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the world reaches this server, without a slash at the end: it is our own origin, and stands in links.
    pub public_url: String,
    /// Whether a proxy in front names the caller's address.
    pub forwarded: Forwarded,
}

/// The door. Cheap to clone.
#[derive(Clone)]
pub struct OrgDoor {
    state: Door,
    sockets: Sockets,
}

/// What every handler needs.
#[derive(Clone)]
struct Door {
    app: App,
    settings: Arc<Settings>,
}

impl OrgDoor {
    pub fn new(app: App, settings: Settings) -> OrgDoor {
        let state = Door { app, settings: Arc::new(settings) };
        OrgDoor { sockets: Sockets::new(&state), state }
    }

    /// Every path of this door. The listener must provide `ConnectInfo<SocketAddr>`.
    pub fn router(&self) -> Router {
        let forwarded = self.state.settings.forwarded;
        Router::new()
            .merge(account::router())
            .merge(ai_providers::router())
            .merge(articles::router())
            .merge(assistants::router())
            .merge(auth::router())
            .merge(channels::router())
            .merge(me::router())
            .merge(team::router())
            .merge(api_keys::router())
            .merge(uploads::router(&self.state))
            .merge(chat_widget::router())
            .merge(conversations::router())
            .merge(embeds::router())
            .merge(identity::router())
            .merge(inbox_page::router())
            .merge(history::router())
            .merge(inbox::router())
            .merge(mobile_channels::router())
            .merge(native::router())
            .merge(reports::router())
            .with_state(self.state.clone())
            .merge(self.sockets.router(&self.state))
            .layer(middleware::from_fn(move |request, next| address::remember(forwarded, request, next)))
    }

    /// Turns what the core tells into pushes until `stop` says so.
    pub async fn push(self, mut stop: watch::Receiver<bool>) {
        let mut listener = self.state.app.bus.listen();
        loop {
            tokio::select! {
                heard = listener.next() => match heard {
                    Some(heard) => push::push(&self.sockets, &heard),
                    None => break,
                },
                _ = stop.changed() => break,
            }
        }
    }

    /// Asks every client to come back later, and waits until they are gone. Bounded.
    pub async fn shutdown(&self) {
        self.sockets.shutdown().await;
    }
}
