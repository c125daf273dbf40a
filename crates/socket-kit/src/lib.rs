//! What servers of real-time protocols are built of, whichever protocol they speak: [`signalr`](../signalr/index.html) and
//! [`socketio`](../socketio/index.html) are.
//!
//! - WebSockets whose frames and writes are our own: [`WebSocketUpgrade`], a [`WebSocket`] to be read and written in turn, and the
//!   [`Link`] below it for a connection that several tasks write to. An idle one keeps no buffers.
//! - [`FanOut`]: few tasks write what is for many.
//! - [`Id`] and [`Token`]: names and secrets of 16 random bytes.
//! - [`Sharded`]: a map whose users rarely wait for each other.
//! - [`query`] and [`headers`]: what requests say.
#![deny(missing_docs)]

mod fan_out;
mod frame;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod headers;
mod id;
mod link;
pub mod query;
mod sharded;
mod upgrade;

pub use fan_out::FanOut;
pub use frame::{Event, Fault, Kind, code};
pub use id::{Id, Token};
pub use link::{Batch, Filled, Link, Outgoing, Unreadable};
pub use sharded::Sharded;
pub use upgrade::{NoWebSocket, WebSocket, WebSocketMessage, WebSocketUpgrade};
