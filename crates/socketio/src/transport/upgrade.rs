//! From polling to a WebSocket, without losing or overtaking a packet.
//!
//! The client opens a WebSocket beside its polls and probes it. Only when it has its last poll's answer does it say that it goes on by
//! the WebSocket, so all that polls have taken is before all that the WebSocket carries; and it sends nothing until then.

use std::sync::Arc;

use bytes::Bytes;
use socket_kit::{Link, WebSocket, WebSocketMessage, code};

use super::web_socket;
use crate::{
    connection::Connection,
    protocol::engine::{PROBE, PROBED, UPGRADE},
};

/// Tries a WebSocket, and lets it carry the connection if the client wants it.
pub(crate) async fn run(connection: Arc<Connection>, mut socket: WebSocket) {
    let options = &connection.house().options;
    let (within, to_close) = (options.upgrade_timeout, options.close_timeout);
    if connection.begin_upgrade().is_ok() {
        let attempt = Attempt { connection: &connection };
        let probed = tokio::time::timeout(within, probe(&connection, &mut socket)).await;
        if probed == Ok(Some(())) && connection.finish_upgrade().is_ok() {
            std::mem::forget(attempt);
            return web_socket::run(connection, socket.into()).await;
        }
    }
    let _ = tokio::time::timeout(to_close, Link::from(socket).close(code::NORMAL)).await;
}

/// Polling goes on where it does not succeed.
struct Attempt<'a> {
    connection: &'a Connection,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.connection.abandon_upgrade();
    }
}

async fn probe(connection: &Connection, socket: &mut WebSocket) -> Option<()> {
    loop {
        match socket.next().await? {
            WebSocketMessage::Text(text) if text == PROBE => {
                connection.probed();
                let probed = Bytes::from_static(PROBED.as_bytes());
                socket.send(WebSocketMessage::Text(probed)).await.ok()?;
            }
            WebSocketMessage::Text(text) if text == UPGRADE => return Some(()),
            _ => return None,
        }
    }
}
