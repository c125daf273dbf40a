//! The crate against its contract (docs/contracts/signalr.md), from outside: real sockets, raw bytes.
//! Modules are sections of the contract.

mod support;

mod authorisation;
mod calls;
mod client_results;
mod closing;
mod cors;
mod events;
mod groups;
mod handshake;
mod hostile;
mod http;
mod json;
mod limits;
mod messagepack;
mod negotiate;
mod polling;
mod resume;
mod streams;
mod timeouts;
mod web_sockets;
