//! Engine.IO alone: packets both ways, over whichever transport, with no namespaces and no events in them.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Reason, Request, connection::Connection, outbox::Ending, protocol::engine::Frame};

/// One message of a client that speaks Engine.IO alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineMessage {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// A client that speaks Engine.IO alone. See [`Server::engine`](crate::Server::engine).
#[derive(Clone)]
pub struct EngineClient {
    connection: Arc<Connection>,
}

/// What is done with each message.
pub(crate) type OnMessage = Box<dyn Fn(&EngineClient, EngineMessage) + Send + Sync>;

impl EngineClient {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    /// Queues a message. It neither waits nor fails; a client that does not read is cut off.
    pub fn send(&self, message: EngineMessage) {
        self.connection.send([match message {
            EngineMessage::Text(text) => Frame::Text(format!("4{text}").into()),
            EngineMessage::Binary(bytes) => Frame::Binary(bytes),
        }]);
    }

    /// The request with which it began.
    pub fn request(&self) -> &Request {
        &self.connection.request
    }

    /// Closes the connection after what was sent.
    pub fn close(&self) {
        self.connection.close(Reason::ServerDisconnect, Ending::Orderly);
    }
}
