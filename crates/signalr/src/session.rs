//! The life of one connection: handshake, calls one after another, end.
//!
//! One task does it all. It sends what waits, reads what comes, and runs the current call beside both.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;

use crate::{
    Caller, Hub,
    connection::{Connection, End},
    hub::Core,
    inbox::{Inbox, TooLong},
    method::{Boxed, Called, Failed, Misfit, Reply},
    protocol::{BindError, HubMessage, Outcome, Raw, handshake},
    transport::{Incoming, Lost, Wire},
};

pub(crate) struct Session<S, W> {
    hub: Hub<S>,
    attached: Attached,
    wire: W,
    inbox: Inbox,
    input: Input,
}

/// Whether more can come from the client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    Ended,
    Failed,
}

/// What came of a look at the transport.
enum Io {
    /// Something was read.
    Read,
    /// The connection is to end.
    Ending,
}

/// A call about to run: which method, and its future.
type Started = (usize, Boxed<Called>);

/// A call as it came.
struct Call<'a> {
    target: &'a str,
    arguments: Raw<'a>,
    stream_ids: usize,
    reply: Reply,
}

/// A connection on its transport. However it ends, nothing of it stays behind.
pub(crate) struct Attached {
    core: Arc<Core>,
    connection: Arc<Connection>,
    released: bool,
}

impl Attached {
    pub(crate) fn new(core: Arc<Core>, connection: Arc<Connection>) -> Self {
        core.session_begins();
        Self { core, connection, released: false }
    }

    fn release(&mut self) {
        if std::mem::replace(&mut self.released, true) {
            return;
        }
        self.connection.end(End::Gone);
        self.connection.finish(None);
        self.connection.ended();
        self.core.registry.exit(&self.connection);
        // The last words to a long-polling client wait for its next poll.
        if !self.connection.is_polled() {
            self.core.registry.forget(self.connection.token);
        }
        self.core.session_ends();
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.release();
    }
}

impl<S: Clone + Send + Sync + 'static, W: Wire> Session<S, W> {
    pub(crate) fn new(hub: Hub<S>, attached: Attached, wire: W) -> Self {
        Self { hub, attached, wire, inbox: Inbox::new(), input: Input::Open }
    }

    pub(crate) async fn run(mut self) {
        match self.handshake().await {
            Err(refusal) => Box::pin(self.part(refusal)).await,
            Ok(()) => {
                let end = self.serve().await;
                let last = self.last_words(end);
                Box::pin(self.part(last)).await;
                if let Some(on_disconnected) = self.hub.on_disconnected() {
                    on_disconnected(self.caller()).await;
                }
            }
        }
        self.attached.release();
        Box::pin(self.linger()).await;
    }

    fn connection(&self) -> &Arc<Connection> {
        &self.attached.connection
    }

    fn caller(&self) -> Caller<S> {
        Caller::new(self.hub.clone(), self.connection().clone())
    }

    // ---- the beginning ----

    /// Agrees on the protocol. A refusal is what the client is to hear, if anything.
    async fn handshake(&mut self) -> Result<(), Option<Bytes>> {
        loop {
            match self.inbox.next(self.hub.core().options.max_message_bytes) {
                Ok(Some(message)) => {
                    return match handshake::read(&message, self.hub.core().options.detailed_errors) {
                        Ok(protocol) => {
                            self.connection().agree(protocol);
                            self.connection().answer(handshake::ACCEPTED);
                            Ok(())
                        }
                        Err(refusal) => Err(Some(refusal.encode())),
                    };
                }
                Err(TooLong) => return Err(Some(handshake::Refusal::canceled().encode())),
                Ok(None) if self.input != Input::Open => return Err(None),
                Ok(None) => {}
            }
            if let Io::Ending = poll_fn(|cx| self.poll_io(cx)).await {
                let late = matches!(self.connection().take_end(), Some(End::HandshakeTimeout));
                return Err(late.then(|| handshake::Refusal::canceled().encode()));
            }
        }
    }

    // ---- the middle ----

    async fn serve(&mut self) -> End {
        let core = self.hub.core();
        self.connection().connected(core.now());
        core.registry.enter(self.connection().clone());
        if let Some(on_connected) = self.hub.on_connected() {
            let connecting = on_connected(self.caller());
            if let Err(error) = self.beside(connecting).await {
                error.log("OnConnected");
                return End::Refused(error.suffix(self.hub.core().options.detailed_errors));
            }
        }
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    /// One message, or the wait for it.
    async fn step(&mut self) -> Result<(), End> {
        if let Some(end) = self.connection().take_end() {
            return Err(end);
        }
        let options = &self.hub.core().options;
        if self.connection().outbox_bytes() > options.output_soft_bytes {
            poll_fn(|cx| self.poll_relief(cx)).await;
            return Ok(());
        }
        match self.inbox.next(options.max_message_bytes) {
            Ok(Some(message)) => self.process(message).await,
            Err(TooLong) => Err(End::Failed(Some(format!(
                "The maximum message size of {}B was exceeded. The message size can be configured in AddHubOptions.",
                options.max_message_bytes
            )))),
            Ok(None) => match self.input {
                Input::Open => {
                    poll_fn(|cx| self.poll_io(cx)).await;
                    Ok(())
                }
                Input::Ended => Err(End::Gone),
                Input::Failed => Err(End::Failed(None)),
            },
        }
    }

    async fn process(&mut self, message: Bytes) -> Result<(), End> {
        let Some((method, call)) = self.begin(&message)? else { return Ok(()) };
        drop(message);
        match self.beside(call).await {
            Ok(None) => {}
            Ok(Some(completion)) => self.connection().answer(completion),
            Err(Failed { error, reply }) => {
                let name = self.hub.method_at(method).name.clone();
                error.log(&name);
                self.fail(&reply, &error.completion_text(&name, self.hub.core().options.detailed_errors));
            }
        }
        Ok(())
    }

    /// Reads a message and does all that needs no waiting.
    fn begin(&self, message: &[u8]) -> Result<Option<Started>, End> {
        let protocol = self.connection().protocol();
        let decoded = protocol.decode(message).map_err(|error| End::Failed(Some(error.to_string())))?;
        let Some(message) = decoded else { return Ok(None) };
        Ok(match message {
            HubMessage::Invocation { invocation_id, target, arguments, stream_ids } => {
                let reply = Reply { protocol, invocation_id: invocation_id.map(|id| id.into()) };
                self.invoke(Call { target: &target, arguments, stream_ids: stream_ids.len(), reply })
            }
            HubMessage::StreamInvocation { invocation_id, target, arguments, .. } => {
                let reply = Reply { protocol, invocation_id: Some(invocation_id.into()) };
                self.refuse_stream(Call { target: &target, arguments, stream_ids: 0, reply });
                None
            }
            HubMessage::Ping => {
                self.connection().client_pings();
                None
            }
            HubMessage::Close { .. } => return Err(End::ClientClosed),
            // No stream is open, no result is awaited and nothing is resumed: these are for nobody.
            HubMessage::StreamItem { .. }
            | HubMessage::Completion { .. }
            | HubMessage::CancelInvocation { .. }
            | HubMessage::Ack { .. }
            | HubMessage::Sequence { .. } => None,
        })
    }

    fn invoke(&self, call: Call<'_>) -> Option<Started> {
        let Call { target, arguments, stream_ids, reply } = call;
        let Some((index, method)) = self.hub.method(target) else {
            self.unknown(&reply, target);
            return None;
        };
        if stream_ids > 0 {
            match method.run.check(arguments) {
                Err(error) => self.misfit(&reply, &method.name, &error),
                Ok(()) => self.fail(
                    &reply,
                    &format!(
                        "An unexpected error occurred invoking '{}' on the server. \
                         HubException: Client sent {stream_ids} stream(s), Hub method expects 0.",
                        method.name
                    ),
                ),
            }
            return None;
        }
        match method.run.invoke(self.caller(), arguments, reply) {
            Ok(started) => Some((index, started)),
            Err(Misfit { error, reply }) => {
                self.misfit(&reply, &method.name, &error);
                None
            }
        }
    }

    /// Every method of the hub is a plain one.
    fn refuse_stream(&self, call: Call<'_>) {
        let Call { target, arguments, reply, .. } = call;
        let Some((_, method)) = self.hub.method(target) else { return self.unknown(&reply, target) };
        match method.run.check(arguments) {
            Err(error) => self.misfit(&reply, &method.name, &error),
            Ok(()) => self.fail(
                &reply,
                &format!(
                    "The client attempted to invoke the non-streaming '{}' method with a streaming invocation.",
                    method.name
                ),
            ),
        }
    }

    fn unknown(&self, reply: &Reply, target: &str) {
        self.fail(
            reply,
            &format!(
                "Failed to invoke '{target}' due to an error on the server. HubException: Method does not exist."
            ),
        );
    }

    fn misfit(&self, reply: &Reply, name: &str, error: &BindError) {
        let mut text = format!("Failed to invoke '{name}' due to an error on the server.");
        if self.hub.core().options.detailed_errors {
            text.push_str(&format!(" InvalidDataException: {error}"));
        }
        self.fail(reply, &text);
    }

    /// Completes a call with an error, if the caller wants to know.
    fn fail(&self, reply: &Reply, text: &str) {
        if let Some(id) = &reply.invocation_id {
            let outcome = Outcome::Error(text.into());
            let completion = HubMessage::Completion { invocation_id: (&**id).into(), outcome };
            self.connection().answer(reply.protocol.encode(&completion));
        }
    }

    // ---- the end ----

    /// The Close message for that end.
    fn last_words(&self, end: End) -> Option<Bytes> {
        let failed = |detail: &str| format!("Connection closed with an error.{detail}");
        let (error, allow_reconnect) = match end {
            End::Gone => return None,
            End::Aborted | End::ClientClosed => (None, false),
            End::GoingAway => (None, true),
            End::HandshakeTimeout => (Some(failed("")), true),
            End::Refused(detail) => (Some(failed(&detail)), false),
            End::Failed(Some(detail)) if self.hub.core().options.detailed_errors => {
                (Some(failed(&format!(" InvalidDataException: {detail}"))), true)
            }
            End::Failed(_) => (Some(failed("")), true),
        };
        let close = HubMessage::Close { error: error.map(Into::into), allow_reconnect };
        Some(self.connection().protocol().encode(&close))
    }

    /// Sends what is left, and closes the transport. Nobody can reach the connection any more.
    async fn part(&mut self, last: Option<Bytes>) {
        let core = self.hub.core().clone();
        let connection = self.connection().clone();
        core.registry.exit(&connection);
        connection.end(End::Gone);
        connection.finish(last);
        let failure = (self.input == Input::Failed).then_some(Lost);
        let leave = async {
            let _ = poll_fn(|cx| {
                connection.session.register(cx.waker());
                self.wire.poll_write(cx, &connection, &core)
            })
            .await;
            self.wire.close(failure).await;
        };
        if tokio::time::timeout(core.options.close_timeout, leave).await.is_err() {
            connection.discard();
        }
    }

    async fn linger(&mut self) {
        let _ = tokio::time::timeout(self.hub.core().options.close_timeout, self.wire.linger()).await;
    }

    // ---- underneath ----

    /// Runs a call while what waits is sent, and while the transport is read far enough to notice its end.
    async fn beside<T>(&mut self, mut call: Boxed<T>) -> T {
        let mut io = true;
        poll_fn(|cx| {
            // Most calls are done at once, and their answers leave together.
            if let Poll::Ready(done) = call.as_mut().poll(cx) {
                self.connection().idle(|| self.hub.core().now());
                return Poll::Ready(done);
            }
            self.connection().busy();
            while io {
                match self.poll_transport(cx, self.may_read_ahead()) {
                    Poll::Ready(Io::Read) => {}
                    Poll::Ready(Io::Ending) => io = false,
                    Poll::Pending => break,
                }
            }
            Poll::Pending
        })
        .await
    }

    fn may_read_ahead(&self) -> bool {
        W::READS_AHEAD && self.inbox.len() < self.hub.core().options.input_buffer_bytes
    }

    fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<Io> {
        self.poll_transport(cx, true)
    }

    /// Waits until the client has taken enough for the session to go on.
    fn poll_relief(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll_transport(cx, false).is_ready()
            || self.connection().outbox_bytes() <= self.hub.core().options.output_soft_bytes
        {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn poll_transport(&mut self, cx: &mut Context<'_>, read: bool) -> Poll<Io> {
        let Self { hub, attached, wire, inbox, input } = self;
        let connection = &*attached.connection;
        connection.session.register(cx.waker());
        if connection.is_ending() {
            return Poll::Ready(Io::Ending);
        }
        if let Poll::Ready(Err(Lost)) = wire.poll_write(cx, connection, hub.core()) {
            connection.end(End::Gone);
            return Poll::Ready(Io::Ending);
        }
        if !read || *input != Input::Open {
            return Poll::Pending;
        }
        match wire.poll_read(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Incoming::Bytes(bytes)) => {
                connection.heard(hub.core().now());
                inbox.push(bytes);
            }
            Poll::Ready(Incoming::End) => *input = Input::Ended,
            Poll::Ready(Incoming::Failed) => *input = Input::Failed,
        }
        Poll::Ready(Io::Read)
    }
}
