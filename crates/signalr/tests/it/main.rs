//! The crate against its contract (docs/contracts/signalr.md), from outside: real sockets, raw bytes.
//! Modules are sections of the contract.

mod support;

mod authorisation;
mod calls;
mod closing;
mod cors;
mod events;
mod groups;
mod handshake;
mod http;
mod json;
mod limits;
mod negotiate;
mod polling;
mod timeouts;
mod web_sockets;
