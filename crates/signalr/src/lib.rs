//! A SignalR server as a tower service for axum.
//!
//! A [`Hub`] is one endpoint with named methods. Official clients connect to it over WebSockets,
//! server-sent events or long polling; methods are plain async functions whose arguments are a
//! tuple; pushes go to groups, to single connections or to everybody.
//!
//! ```
//! use signalr::{Caller, Hub, HubError};
//!
//! async fn say(caller: Caller<()>, (room, text): (String, String)) -> Result<(), HubError> {
//!     if text.is_empty() {
//!         return Err(HubError::new("Nothing to say."));
//!     }
//!     caller.join(room.as_str());
//!     caller.hub().group(&room).send("Said", &(text,));
//!     Ok(())
//! }
//!
//! let hub = Hub::builder(()).method("Say", say).build();
//! let app: axum::Router = axum::Router::new().nest_service("/chat", hub.service());
//! ```
//!
//! Authorisation and CORS are layers around the service: what they put into the request's
//! extensions is what [`Caller::extensions`] shows.
#![deny(missing_docs)]

mod args;
mod ask;
mod call;
mod caller;
mod clients;
mod connection;
mod error;
#[cfg(any(feature = "fuzzing", test))]
#[doc(hidden)]
pub mod fuzzing;
mod hub;
mod inbox;
mod method;
mod misfit;
mod negotiate;
mod options;
mod outbox;
pub mod protocol;
mod refusal;
mod registry;
mod service;
mod session;
mod sweep;
mod transport;
mod upload;
mod value;
mod work;

pub use args::{Arguments, Parameters};
pub use ask::InvokeError;
pub use caller::Caller;
pub use clients::Clients;
pub use error::HubError;
pub use hub::{Hub, HubBuilder};
pub use options::{HubOptions, Transport};
pub use service::HubService;
/// The public name of a connection: 22 characters, safe to show to anybody.
pub use socket_kit::Id as ConnectionId;
/// For WebSocket endpoints beside hubs.
pub use socket_kit::{NoWebSocket, WebSocket, WebSocketMessage, WebSocketUpgrade};
pub use upload::{Upload, Uploads};
pub use value::{ByteArray, Timestamp};

/// The README's chat has to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
