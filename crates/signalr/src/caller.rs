//! Who calls a hub method.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Extensions, HeaderMap};
use serde::de::DeserializeOwned;

use crate::{
    Arguments, Clients, ConnectionId, Hub, InvokeError, Transport, ask,
    call::Call,
    connection::{Connection, End, Over, Request},
};

/// The connection whose call, beginning or end is being handled. Cheap to clone.
pub struct Caller<S> {
    hub: Hub<S>,
    connection: Arc<Connection>,
    request: Arc<Request>,
    /// None where the connection begins or ends.
    call: Option<Arc<Call>>,
}

impl<S> Clone for Caller<S> {
    fn clone(&self) -> Self {
        Self {
            hub: self.hub.clone(),
            connection: self.connection.clone(),
            request: self.request.clone(),
            call: self.call.clone(),
        }
    }
}

impl<S> Caller<S> {
    pub(crate) fn new(hub: Hub<S>, connection: Arc<Connection>, call: Option<Arc<Call>>) -> Self {
        let request = connection.request();
        Self { hub, connection, request, call }
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

    /// How many groups it is in. Where callers name the groups, a method that joins should refuse beyond some number.
    pub fn groups(&self) -> usize {
        self.connection.groups()
    }

    /// How many groups it is in whose names begin so.
    pub fn groups_beginning(&self, prefix: &str) -> usize {
        self.connection.groups_beginning(prefix)
    }

    /// Leaves a group, at once. A connection that ends leaves all of its groups before `on_disconnected`.
    pub fn leave(&self, group: &str) {
        self.hub.core().registry.leave(group, &self.connection);
    }

    /// Queues an event for this connection alone, as [`Clients::send`] does.
    pub fn send<A: Arguments>(&self, target: &str, arguments: &A) {
        Clients::client(self.hub.core(), self.connection_id()).send(target, arguments);
    }

    /// Asks this client: calls its handler for `target` and awaits the result. Meanwhile the client's further
    /// calls are handled. Not possible while `on_connected` runs.
    ///
    /// # Errors
    /// The client leaves, answers with an error, or with something that is no `R`.
    pub async fn invoke<R, A>(&self, target: &str, arguments: &A) -> Result<R, InvokeError>
    where
        R: DeserializeOwned,
        A: Arguments,
    {
        if self.call.is_none() {
            return Err(InvokeError::TooEarly);
        }
        ask::ask(self.connection.clone(), &self.hub.core().options, target, arguments).await
    }

    /// Waits until the client cancels this call, or the connection is over. A call that is cancelled still
    /// completes as it would; a stream is dropped. In `on_connected` and `on_disconnected` it waits forever.
    pub async fn cancelled(&self) {
        match &self.call {
            Some(call) => call.cancelled().await,
            None => std::future::pending().await,
        }
    }

    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Result<(), Over>> {
        self.connection.poll_room(cx, &self.hub.core().options)
    }

    pub(crate) fn answer(&self, message: Bytes) {
        self.connection.answer(message);
    }

    /// Ends the connection on purpose: the client gets a plain Close and does not come back by itself.
    /// What was sent before still arrives.
    pub fn abort(&self) {
        self.connection.end(End::Aborted);
    }
}
