//! `/socket.io/`: visitors' widgets, native apps and agents' browsers (`org.md` S).

mod events;
mod inbox;
mod rooms;
mod seats;
mod who;

use axum::{Router, middleware};
use parlor_core::presence;
use socketio::{Io, Namespace, Offer, Options, Recovery, Server};

pub use rooms::Room;

use crate::{Door, cors};

/// The sockets of this door. Cheap to clone.
#[derive(Clone)]
pub struct Sockets {
    server: Server,
    io: Io,
}

impl Sockets {
    pub fn new(door: &Door) -> Sockets {
        let recovery =
            Recovery { offer: Offer::to(|request, _| who::takes_offsets(request)), ..Recovery::default() };
        let options = Options { recovery: Some(recovery), ..Options::default() };
        let namespace = Namespace::new().on_connect(who::enter).on_disconnect(who::leave);
        let namespace = inbox::handle(events::handle(namespace));
        let server = Server::builder(door.clone()).options(options).namespace("/", namespace).build();
        let io = server.of("/").expect("the namespace was just made");
        let here = io.clone();
        presence::attend(&door.app, move |channel, visitor| {
            here.to(Room::Visitor(channel, visitor).to_string()).count() > 0
        });
        Sockets { server, io }
    }

    pub fn router(&self, door: &Door) -> Router {
        let door = door.clone();
        Router::new()
            .nest_service("/socket.io", self.server.service())
            .layer(middleware::from_fn_with_state(door, who::recognise))
            .layer(middleware::from_fn(cors::sockets))
    }

    /// Whom to emit to.
    pub fn to(&self, room: Room<'_>) -> socketio::Audience {
        self.io.to(room.to_string())
    }

    /// Asks everybody to come back and catch up.
    pub fn close_all(&self) {
        self.io.all().send_back();
    }

    /// Asks every client to come back later, and waits until they are gone. Bounded.
    pub async fn shutdown(&self) {
        self.server.shutdown().await;
    }
}
