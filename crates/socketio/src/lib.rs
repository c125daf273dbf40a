//! A Socket.IO server as a tower service for axum.
//!
//! A [`Server`] has [`Namespace`]s with handlers for events. Official clients connect to it by long polling, WebSocket, or
//! the one and then the other; handlers are plain async functions whose arguments are a tuple; events go to rooms, to
//! single sockets or to everybody.
//!
//! ```
//! use socketio::{EventError, Namespace, Server, Socket};
//!
//! async fn say(socket: Socket<()>, (room, text): (String, String)) -> Result<(usize,), EventError> {
//!     if text.is_empty() {
//!         return Err(EventError::new("Nothing to say."));
//!     }
//!     socket.join(room.as_str())?;
//!     Ok((socket.to(room).emit("said", &(text,)),))
//! }
//!
//! let server = Server::builder(()).namespace("/", Namespace::new().on("say", say)).build();
//! let app: axum::Router = axum::Router::new().nest_service("/socket.io", server.service());
//! ```
//!
//! Authorisation and CORS are layers around the service: what they put into the request's extensions is what
//! [`Socket::extensions`] shows.
#![deny(missing_docs)]

mod args;
mod beat;
mod binary;
mod connection;
mod engine;
mod error;
mod fault;
mod handlers;
mod house;
mod io;
mod log;
mod message;
mod options;
mod outbox;
mod peer;
mod protocol;
mod rooms;
mod server;
mod service;
mod session;
mod socket;
mod space;
mod sweep;
mod transport;

pub use args::{Args, Arguments, ArgumentsWriter, Parameters};
pub use binary::Binary;
pub use connection::Request;
pub use engine::{EngineClient, EngineMessage};
pub use error::{AckError, EventError, Failure, FailureKind, Reason, Refusal, TooManyRooms};
pub use handlers::{Event, Namespace};
pub use io::{Audience, Io};
pub use options::{Offer, Options, Recovery, Transport};
pub use server::{Server, ServerBuilder};
pub use service::SocketIoService;
pub use socket::Socket;
/// The public name of a socket: 22 characters, safe to show to anybody.
pub use socket_kit::Id as SocketId;

/// The README's examples have to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
