//! The server from outside, by the clauses of docs/contracts/socketio.md.

mod connect;
mod disconnect;
mod events;
mod heartbeat;
mod hostile;
mod http;
mod limits;
mod many;
mod polling;
mod recovery;
mod rooms;
mod shutdown;
mod support;
mod upgrade;
