//! Who calls a hub method.

use std::sync::Arc;

use http::{Extensions, HeaderMap};

use crate::{
    Arguments, Clients, ConnectionId, Hub, Transport,
    connection::{Connection, End, Request},
};

/// The connection whose call, beginning or end is being handled. Cheap to clone.
pub struct Caller<S> {
    hub: Hub<S>,
    connection: Arc<Connection>,
    request: Arc<Request>,
}

impl<S> Clone for Caller<S> {
    fn clone(&self) -> Self {
        Self { hub: self.hub.clone(), connection: self.connection.clone(), request: self.request.clone() }
    }
}

impl<S> Caller<S> {
    pub(crate) fn new(hub: Hub<S>, connection: Arc<Connection>) -> Self {
        let request = connection.request();
        Self { hub, connection, request }
    }

    /// What the hub was built with.
    pub fn state(&self) -> &S {
        self.hub.state()
    }

    /// The hub itself, to push to groups and to others.
    pub fn hub(&self) -> &Hub<S> {
        &self.hub
    }

    /// The public name of this connection.
    pub fn connection_id(&self) -> &ConnectionId {
        &self.connection.id
    }

    /// What carries this connection.
    pub fn transport(&self) -> Transport {
        self.connection.transport
    }

    /// The extensions of the request that carries this connection: the place of an identity. For long polling,
    /// those of the latest poll. `OriginalUri` is left out, for it may hold an access token.
    pub fn extensions(&self) -> &Extensions {
        &self.request.extensions
    }

    /// The headers of the same request, without those of the WebSocket handshake.
    pub fn headers(&self) -> &HeaderMap {
        &self.request.headers
    }

    /// Enters a group, at once. Nothing happens if it is in already, or if the connection is over.
    pub fn join(&self, group: impl Into<Arc<str>>) {
        self.hub.core().registry.join(group.into(), &self.connection);
    }

    /// Leaves a group, at once. A connection that ends leaves all of its groups before `on_disconnected`.
    pub fn leave(&self, group: &str) {
        self.hub.core().registry.leave(group, &self.connection);
    }

    /// Queues an event for this connection alone, as [`Clients::send`] does.
    pub fn send<A: Arguments>(&self, target: &str, arguments: &A) {
        Clients::client(self.hub.core(), self.connection_id()).send(target, arguments);
    }

    /// Ends the connection on purpose: the client gets a plain Close and does not come back by itself.
    /// What was sent before still arrives.
    pub fn abort(&self) {
        self.connection.end(End::Aborted);
    }
}
