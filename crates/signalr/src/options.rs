//! What can be set on a hub.

use std::{fmt, time::Duration};

/// A way to carry a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// RFC 6455, text and binary.
    WebSockets,
    /// `text/event-stream` down, POST up; text only.
    ServerSentEvents,
    /// GETs that wait, POST up.
    LongPolling,
}

impl Transport {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::WebSockets, Self::ServerSentEvents, Self::LongPolling];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSockets => "WebSockets",
            Self::ServerSentEvents => "ServerSentEvents",
            Self::LongPolling => "LongPolling",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Timeouts and limits of a hub. The defaults are those the official clients expect.
///
/// Timeouts are looked at once every [`heartbeat`](Self::heartbeat), so each may take up to that much longer.
#[derive(Clone, Debug)]
pub struct HubOptions {
    /// The transports that are served and offered. Default: all three. The order does not matter.
    pub transports: Vec<Transport>,
    /// Whether error texts go on with the type and the message of what happened. Default: no. Never switch it on in production.
    pub detailed_errors: bool,
    /// The lowest `negotiateVersion` that is accepted. Default: 0.
    pub minimum_negotiate_version: u32,
    /// How long a client may take to send its handshake. Default: 15 s.
    pub handshake_timeout: Duration,
    /// The distance between two pings to a client (WebSockets and server-sent events). Default: 15 s.
    pub keep_alive: Duration,
    /// How long a client that has sent a ping before may stay silent. Default: 30 s.
    pub client_timeout: Duration,
    /// How long a negotiated connection waits for its transport. Default: 15 s.
    pub negotiation_timeout: Duration,
    /// How long a poll waits for something to deliver. Default: 90 s.
    pub poll_timeout: Duration,
    /// How long a long-polling connection lives without a poll. Default: 15 s.
    pub poll_idle_timeout: Duration,
    /// How long a transport may take to accept what is sent. Default: 10 s, then the connection is cut off.
    pub send_timeout: Duration,
    /// How long a closing connection waits for its last messages to leave and for the client's close frame. Default: 5 s.
    pub close_timeout: Duration,
    /// How long [`Hub::shutdown`](crate::Hub::shutdown) waits for the connections to end. Default: 10 s.
    pub shutdown_timeout: Duration,
    /// How often the timeouts are looked at. Default: 1 s.
    pub heartbeat: Duration,
    /// The size of a received message in bytes, its end mark included. Default: 32,768; a longer one ends the connection.
    pub max_message_bytes: usize,
    /// The size of a received WebSocket message (which may hold several hub messages) in bytes. Default: 131,072;
    /// a longer one ends the connection. Never less than [`max_message_bytes`](Self::max_message_bytes).
    pub max_frame_bytes: usize,
    /// Bytes of a connection that are received ahead of the hub; senders wait beyond it. Default: 65,536.
    pub input_buffer_bytes: usize,
    /// Bytes waiting for the client beyond which nothing more is read from it. Default: 65,536.
    pub output_soft_bytes: usize,
    /// Bytes waiting for the client beyond which it is cut off, with leave to reconnect. Default: 1,048,576.
    pub output_hard_bytes: usize,
    /// Whether clients may ask for connections that survive the loss of their WebSocket. Default: no.
    pub stateful_reconnect: bool,
    /// How long such a connection waits for its next WebSocket. Default: 15 s.
    pub reconnect_timeout: Duration,
    /// Bytes of such a connection that are kept until the client acknowledges them; beyond it its calls and
    /// streams wait. Default: 100,000. A client that sends twice as much without acknowledging is cut off.
    pub reconnect_buffer_bytes: usize,
    /// How many calls of a connection may run beside its calls in turn: streams, calls with uploads, and calls that
    /// wait for the client. Default: 100; further streams and calls with uploads fail.
    pub max_parallel_calls: usize,
    /// How many negotiated connections may wait for their transport; beyond it negotiation answers 503. Default: 10,000.
    pub max_negotiated: usize,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            transports: Transport::ALL.to_vec(),
            detailed_errors: false,
            minimum_negotiate_version: 0,
            handshake_timeout: Duration::from_secs(15),
            keep_alive: Duration::from_secs(15),
            client_timeout: Duration::from_secs(30),
            negotiation_timeout: Duration::from_secs(15),
            poll_timeout: Duration::from_secs(90),
            poll_idle_timeout: Duration::from_secs(15),
            send_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            shutdown_timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(1),
            max_message_bytes: 32 * 1024,
            max_frame_bytes: 128 * 1024,
            input_buffer_bytes: 64 * 1024,
            output_soft_bytes: 64 * 1024,
            output_hard_bytes: 1024 * 1024,
            stateful_reconnect: false,
            reconnect_timeout: Duration::from_secs(15),
            reconnect_buffer_bytes: 100_000,
            max_parallel_calls: 100,
            max_negotiated: 10_000,
        }
    }
}
