//! What can be set on a server.

use std::{fmt, sync::Arc, time::Duration};

use serde_json::Value;

use crate::Request;

/// A way to carry a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// GETs that wait, POST up; binary data as base64.
    Polling,
    /// RFC 6455, text and binary.
    WebSocket,
}

impl Transport {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Polling, Self::WebSocket];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Timeouts and limits of a server. The defaults are those of the reference server, except where it has no limit.
///
/// Timeouts are looked at once every [`heartbeat`](Self::heartbeat), so each may take up to that much longer.
#[derive(Clone, Debug)]
pub struct Options {
    /// The transports that are served. Default: both. A polling connection is offered the upgrade where both are.
    pub transports: Vec<Transport>,
    /// The distance between two pings to a client. Default: 25 s.
    pub ping_interval: Duration,
    /// How long a client may take to answer a ping. Default: 20 s.
    pub ping_timeout: Duration,
    /// How long a WebSocket may take to complete the upgrade of a polling connection. Default: 10 s.
    pub upgrade_timeout: Duration,
    /// How long a connection may be without any namespace. Default: 45 s.
    pub connect_timeout: Duration,
    /// How long a closing connection waits for its last packets to be fetched. Default: 5 s.
    pub close_timeout: Duration,
    /// How long [`Server::shutdown`](crate::Server::shutdown) waits for the sockets to be told. Default: 10 s.
    pub shutdown_timeout: Duration,
    /// How often the timeouts are looked at. Default: 1 s.
    pub heartbeat: Duration,
    /// The size in bytes of what a client may send at once: a WebSocket message, or the body of a POST. Clients are told, and keep their
    /// POSTs below. Default: 131,072. A longer WebSocket message ends the connection, a longer POST is answered with 413.
    pub max_payload: usize,
    /// The binary attachments of one packet from a client. Default: 10.
    pub max_attachments: usize,
    /// The size in bytes of one packet from a client together with its attachments. Default: 1,048,576.
    pub max_packet_bytes: usize,
    /// Connections; more are refused with 503. Default: 100,000.
    pub max_connections: usize,
    /// Connections that are in no namespace, such as those that have just begun; more are refused with 503. Default: 20,000.
    pub max_unconnected: usize,
    /// Rooms of one socket. Default: 1,000.
    pub max_rooms: usize,
    /// Questions to one client that wait for its answer. Default: 100.
    pub max_pending_acks: usize,
    /// Bytes of a connection's events that wait for their handlers; beyond it nothing more is read. While a handler waits
    /// for an answer of the client, reading goes on up to sixteen times as much. Default: 65,536.
    pub input_buffer_bytes: usize,
    /// Bytes waiting for the client beyond which nothing more is read from it. Default: 65,536.
    pub output_soft_bytes: usize,
    /// Bytes waiting for the client beyond which it is cut off; it comes back by itself. Default: 1,048,576.
    pub output_hard_bytes: usize,
    /// Whether sockets survive the loss of their connection. Default: no.
    pub recovery: Option<Recovery>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            transports: Transport::ALL.to_vec(),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(45),
            close_timeout: Duration::from_secs(5),
            shutdown_timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(1),
            max_payload: 128 * 1024,
            max_attachments: 10,
            max_packet_bytes: 1024 * 1024,
            max_connections: 100_000,
            max_unconnected: 20_000,
            max_rooms: 1_000,
            max_pending_acks: 100,
            input_buffer_bytes: 64 * 1024,
            output_soft_bytes: 64 * 1024,
            output_hard_bytes: 1024 * 1024,
            recovery: None,
        }
    }
}

/// Connection state recovery: a client that lost its connection and comes back in time finds its socket as it was, and gets what it
/// has missed, all of it or nothing.
///
/// Every event to such a client carries one more argument at its end, a text from which the client knows how far it has got: official
/// JavaScript clients from 4.6 on use it and handlers there may ignore it. Where a client's handlers cannot (Dart before 3, Python), do not
/// [`offer`](Self::offer) it.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// How long a socket waits for its client. Default: 2 minutes.
    pub max_disconnection: Duration,
    /// Events kept for one socket, waiting or not confirmed to have arrived. Default: 1,000.
    pub max_packets: usize,
    /// Their bytes. Default: 262,144.
    pub max_bytes: usize,
    /// Bytes of the events of a namespace that are kept for any socket; one for many sockets counts once. Default: 67,108,864.
    pub max_total_bytes: usize,
    /// Sockets of a namespace that wait for their clients. Default: 20,000.
    pub max_waiting: usize,
    /// Which clients it is offered to. Default: all.
    pub offer: Offer,
}

impl Default for Recovery {
    fn default() -> Self {
        Self {
            max_disconnection: Duration::from_secs(120),
            max_packets: 1_000,
            max_bytes: 256 * 1024,
            max_total_bytes: 64 * 1024 * 1024,
            max_waiting: 20_000,
            offer: Offer::All,
        }
    }
}

/// Decides by a client's handshake and by what it sent to connect.
type Choice = dyn Fn(&Request, &Value) -> bool + Send + Sync;

/// Which clients are offered recovery.
#[derive(Clone)]
pub enum Offer {
    /// All of them.
    All,
    /// Those for whom the function, given the handshake's request and the connect packet's payload, says yes.
    To(Arc<Choice>),
}

impl Offer {
    /// To those for whom `choice` says yes.
    pub fn to(choice: impl Fn(&Request, &Value) -> bool + Send + Sync + 'static) -> Self {
        Self::To(Arc::new(choice))
    }

    pub(crate) fn includes(&self, request: &Request, auth: &Value) -> bool {
        match self {
            Self::All => true,
            Self::To(choice) => choice(request, auth),
        }
    }
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "All",
            Self::To(_) => "To(…)",
        })
    }
}
