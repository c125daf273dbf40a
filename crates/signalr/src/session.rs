//! The life of one connection: handshake, calls, end.
//!
//! One task does it all. It sends what waits, reads what comes, and runs the calls beside both.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;

use crate::{
    Caller, Hub, HubError,
    call::Call,
    connection::{Connection, End, Pressure},
    hub::Core,
    inbox::{Inbox, TooLong},
    method::{Answers, Boxed, Failed, Method, Stage},
    protocol::{BindError, HubMessage, Outcome, Raw, handshake},
    transport::{Incoming, Lost, Wire},
    work::{Finished, Held, Running, Work},
};

pub(crate) struct Session<S, W> {
    hub: Hub<S>,
    attached: Attached,
    wire: W,
    inbox: Inbox,
    input: Input,
    work: Work,
    resumed: Resumed,
}

/// Whether more can come from the client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    Ended,
    Failed,
    /// The transport is lost, and the next one awaited.
    Detached,
}

/// Where the client's numbered messages stand.
struct Resumed {
    /// The number of the next one.
    next: i64,
    /// The client has yet to say where it goes on; until then its messages do not count.
    waits: bool,
}

/// What came of a look at the transport.
enum Io {
    /// Something was read.
    Read,
    /// The connection is to end.
    Ending,
}

/// What came of a look at the client's messages.
enum Next {
    Processed,
    /// There is none, or not all of it.
    Missing,
    /// There is one, and it has to wait.
    Waits,
    /// The client has to read before it is read from.
    Full,
}

/// What came of one message.
enum Begun {
    Done,
    Wait(fn(Bytes) -> Held),
}

/// A call as it came.
struct Arrival<'a> {
    target: &'a str,
    arguments: Raw<'a>,
    stream_ids: &'a [std::borrow::Cow<'a, str>],
    answers: Answers,
    call: Call,
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

    pub(crate) fn connection(&self) -> Arc<Connection> {
        self.connection.clone()
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
        let resumed = Resumed { next: 1, waits: false };
        let (inbox, work) = (Inbox::new(), Work::default());
        Self { hub, attached, wire, inbox, input: Input::Open, work, resumed }
    }

    pub(crate) async fn run(mut self) {
        match self.handshake().await {
            Err(refusal) => Box::pin(self.part(refusal)).await,
            Ok(()) => {
                let end = self.serve().await;
                self.wind_down().await;
                let last = self.last_words(end);
                Box::pin(self.part(last)).await;
                if let Some(on_disconnected) = self.hub.on_disconnected() {
                    on_disconnected(self.caller(None)).await;
                }
            }
        }
        self.attached.release();
        Box::pin(self.linger()).await;
    }

    fn connection(&self) -> &Arc<Connection> {
        &self.attached.connection
    }

    fn caller(&self, call: Option<Arc<Call>>) -> Caller<S> {
        Caller::new(self.hub.clone(), self.connection().clone(), call)
    }

    // ---- the beginning ----

    /// Agrees on the protocol. A refusal is what the client is to hear, if anything.
    async fn handshake(&mut self) -> Result<(), Option<Bytes>> {
        loop {
            let options = &self.hub.core().options;
            match self.inbox.next_record(options.max_message_bytes) {
                Ok(Some(message)) => {
                    let connection = self.connection();
                    let choice = handshake::read(&message, connection.transport, options.detailed_errors)
                        .map_err(|refusal| Some(refusal.encode()))?;
                    connection.agree(choice.protocol);
                    connection.answer(handshake::ACCEPTED);
                    if choice.resumable {
                        connection.make_resumable();
                    }
                    return Ok(());
                }
                Err(TooLong) => return Err(Some(handshake::Refusal::canceled().encode())),
                Ok(None) if self.input != Input::Open => return Err(None),
                Ok(None) => {}
            }
            if let Io::Ending = poll_fn(|cx| self.poll_transport(cx, true)).await {
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
            let connecting = on_connected(self.caller(None));
            if let Err(error) = self.beside(connecting).await {
                error.log("OnConnected");
                return End::Refused(error.suffix(self.hub.core().options.detailed_errors));
            }
        }
        poll_fn(|cx| self.poll_serve(cx)).await
    }

    /// Goes on with everything as far as it goes.
    fn poll_serve(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            // Every way from here to rest leads past `poll_transport`.
            self.connection().attend();
            self.poll_calls(cx);
            let next = match self.next(cx) {
                Ok(Next::Processed) => continue,
                Ok(next) => next,
                Err(end) => return Poll::Ready(end),
            };
            if self.work.is_taken() || self.work.held.is_some() {
                self.connection().busy();
            } else {
                self.connection().idle(|| self.hub.core().now());
            }
            let read = match next {
                Next::Processed | Next::Missing => true,
                Next::Waits => self.may_read_ahead(),
                Next::Full => false,
            };
            if self.poll_transport(cx, read).is_pending() && !self.is_relieved(&next) {
                return Poll::Pending;
            }
        }
    }

    /// Whether writing alone has made room to go on.
    fn is_relieved(&self, next: &Next) -> bool {
        matches!(next, Next::Full) && self.connection().pressure(&self.hub.core().options) != Pressure::High
    }

    /// Lets the calls run, and answers those that are over.
    fn poll_calls(&mut self, cx: &mut Context<'_>) {
        let most = self.hub.core().options.max_parallel_calls;
        while let Poll::Ready(Finished { method, call, called }) = self.work.poll(cx, most) {
            match called {
                Ok(None) => {}
                Ok(Some(completion)) => self.connection().answer(completion),
                Err(Failed { error, stage }) => {
                    let name = &self.hub.method_at(method).name;
                    error.log(name);
                    let detailed = self.hub.core().options.detailed_errors;
                    let text = match stage {
                        Stage::Invoking => error.completion_text(name, detailed),
                        Stage::Streaming => error.streaming_text(detailed),
                    };
                    self.fail(&call, &text);
                }
            }
        }
    }

    /// Looks at the client's next message.
    fn next(&mut self, cx: &mut Context<'_>) -> Result<Next, End> {
        let options = &self.hub.core().options;
        match self.connection().pressure(options) {
            Pressure::None => {}
            Pressure::High => return Ok(Next::Full),
            Pressure::Unacknowledged => return self.look_for_acknowledgements(),
            Pressure::Ending => return Err(self.connection().take_end().unwrap_or(End::Gone)),
        }
        let (message, fresh) = match self.work.held.take() {
            Some(held @ (Held::Turn(_) | Held::End(_))) if self.work.is_taken() => {
                self.work.held = Some(held);
                return Ok(Next::Waits);
            }
            Some(Held::End(end)) => return Err(end),
            Some(Held::Turn(message) | Held::Room(message)) => (message, false),
            None => match self.receive() {
                Ok(Some(message)) => (message, true),
                Ok(None) => return self.no_message(),
                Err(TooLong) => return self.end_after_call(self.too_long()),
            },
        };
        match self.process(cx, &message, fresh) {
            Ok(Begun::Done) => Ok(Next::Processed),
            Ok(Begun::Wait(hold)) => {
                self.work.held = Some(hold(message));
                Ok(Next::Waits)
            }
            Err(end) => self.end_after_call(end),
        }
    }

    fn receive(&mut self) -> Result<Option<Bytes>, TooLong> {
        match self.work.deferred.pop() {
            Some(message) => Ok(Some(message)),
            None => self.receive_new(),
        }
    }

    fn receive_new(&mut self) -> Result<Option<Bytes>, TooLong> {
        let protocol = self.attached.connection.protocol();
        self.inbox.next(protocol, self.hub.core().options.max_message_bytes)
    }

    fn too_long(&self) -> End {
        End::Failed(Some(format!(
            "The maximum message size of {}B was exceeded. The message size can be configured in AddHubOptions.",
            self.hub.core().options.max_message_bytes
        )))
    }

    /// Nothing more is done for a client that has not acknowledged enough; but what it acknowledges may stand
    /// behind what it wants. It never sends much more itself, for what is put off is not acknowledged either.
    fn look_for_acknowledgements(&mut self) -> Result<Next, End> {
        let message = match self.receive_new() {
            Ok(Some(message)) => message,
            Ok(None) => return self.no_message(),
            Err(TooLong) => return Err(self.too_long()),
        };
        let decoded = self.connection().protocol().decode(&message);
        match decoded.map_err(|error| End::Failed(Some(error.to_string())))? {
            Some(sequence @ HubMessage::Sequence { .. }) => drop(self.counts(&sequence)?),
            _ if self.resumed.waits => {}
            Some(HubMessage::Ack { sequence_id }) => self.connection().acknowledged(sequence_id),
            Some(HubMessage::Ping) => self.connection().client_pings(),
            Some(_) => {
                self.work.deferred.push(message);
                if self.work.deferred.bytes() > 2 * self.hub.core().options.reconnect_buffer_bytes {
                    return Err(End::Failed(None));
                }
            }
            None => {}
        }
        Ok(Next::Processed)
    }

    fn no_message(&self) -> Result<Next, End> {
        match self.input {
            Input::Open | Input::Detached => Ok(Next::Missing),
            Input::Ended => Err(End::Gone),
            Input::Failed => Err(End::Failed(None)),
        }
    }

    /// What was called before is answered first. Who waits to be cancelled is.
    fn end_after_call(&mut self, end: End) -> Result<Next, End> {
        if !self.work.is_taken() {
            return Err(end);
        }
        self.work.cancel_all();
        self.work.held = Some(Held::End(end));
        Ok(Next::Waits)
    }

    /// Reads a message and does all that needs no waiting. `fresh` is one that has not been looked at before.
    fn process(&mut self, cx: &mut Context<'_>, message: &[u8], fresh: bool) -> Result<Begun, End> {
        let protocol = self.connection().protocol();
        let decoded = protocol.decode(message).map_err(|error| End::Failed(Some(error.to_string())))?;
        let Some(message) = decoded else { return Ok(Begun::Done) };
        if fresh && !self.counts(&message)? {
            return Ok(Begun::Done);
        }
        match message {
            HubMessage::Invocation { invocation_id, target, arguments, stream_ids } => {
                let call = Call::new(protocol, invocation_id.as_deref());
                let (answers, stream_ids) = (Answers::Once, &stream_ids[..]);
                return Ok(self.invoke(Arrival { target: &target, arguments, stream_ids, answers, call }));
            }
            HubMessage::StreamInvocation { invocation_id, target, arguments, stream_ids } => {
                let call = Call::new(protocol, Some(&invocation_id));
                let (answers, stream_ids) = (Answers::Stream, &stream_ids[..]);
                return Ok(self.invoke(Arrival { target: &target, arguments, stream_ids, answers, call }));
            }
            HubMessage::StreamItem { invocation_id, item } => {
                if let Some(upload) = self.work.upload(&invocation_id) {
                    if upload.poll_room(cx).is_pending() {
                        return Ok(Begun::Wait(Held::Room));
                    }
                    upload.item(item, self.hub.core().options.detailed_errors);
                }
            }
            HubMessage::Completion { invocation_id, outcome } => match self.work.end_upload(&invocation_id) {
                Some(upload) => upload.end(match outcome {
                    Outcome::Error(error) => Some(HubError::new(error)),
                    Outcome::Void | Outcome::Result(_) => None,
                }),
                None => self.connection().asks().answer(&invocation_id, &outcome),
            },
            HubMessage::CancelInvocation { invocation_id } => self.work.cancel(&invocation_id),
            HubMessage::Ping => self.connection().client_pings(),
            HubMessage::Close { .. } => return Err(End::ClientClosed),
            HubMessage::Ack { sequence_id } => self.connection().acknowledged(sequence_id),
            HubMessage::Sequence { .. } => {}
        }
        Ok(Begun::Done)
    }

    /// Whether a message is to be processed: on a resumed connection it may have been before.
    fn counts(&mut self, message: &HubMessage<'_>) -> Result<bool, End> {
        let Some(resume) = self.attached.connection.resume() else { return Ok(true) };
        match message {
            HubMessage::Sequence { sequence_id } if *sequence_id > resume.received() + 1 => Err(End::Failed(
                Some("Sequence ID greater than amount of messages we've received.".to_owned()),
            )),
            HubMessage::Sequence { sequence_id } => {
                self.resumed = Resumed { next: *sequence_id, waits: false };
                Ok(false)
            }
            _ if self.resumed.waits => Ok(false),
            HubMessage::Ping | HubMessage::Close { .. } | HubMessage::Ack { .. } => Ok(true),
            _ => {
                let number = self.resumed.next;
                self.resumed.next = number.saturating_add(1);
                let is_new = number > resume.received();
                if is_new {
                    resume.receive(number);
                }
                Ok(is_new)
            }
        }
    }

    /// Begins a call, refuses it, or lets it wait for its turn.
    fn invoke(&mut self, arrival: Arrival<'_>) -> Begun {
        let Arrival { target, arguments, stream_ids, answers, call } = arrival;
        let method = self.hub.method(target);
        let beside = answers == Answers::Stream || method.is_some_and(|(_, method)| method.uploads > 0);
        if !beside && self.work.is_taken() {
            return Begun::Wait(Held::Turn);
        }
        let Some((index, method)) = method else {
            self.fail(
                &call,
                &format!(
                    "Failed to invoke '{target}' due to an error on the server. HubException: Method does not exist."
                ),
            );
            return Begun::Done;
        };
        if let Some(text) = self.refusal(method, arguments, stream_ids, answers, &call) {
            self.fail(&call, &text);
            return Begun::Done;
        }
        let call = Arc::new(call);
        let started = match method.run.invoke(self.caller(Some(call.clone())), arguments, call.clone()) {
            Ok(started) => started,
            Err(error) => {
                self.fail(&call, &self.misfit(&method.name, &error));
                return Begun::Done;
            }
        };
        let uploads = stream_ids.iter().map(|id| id.as_ref().into()).collect();
        let running = Running { method: index, call, run: started.run, uploads };
        if beside {
            self.work.begin_beside(running, started.feeds);
        } else {
            self.work.begin(running);
        }
        Begun::Done
    }

    /// Why a call does not begin, if its method or its streams are the reason.
    fn refusal(
        &self,
        method: &Method<S>,
        arguments: Raw<'_>,
        stream_ids: &[std::borrow::Cow<'_, str>],
        answers: Answers,
        call: &Call,
    ) -> Option<String> {
        let name = &*method.name;
        let exception = |text: String| {
            format!("An unexpected error occurred invoking '{name}' on the server. HubException: {text}")
        };
        let beside = answers == Answers::Stream || method.uploads > 0;
        if answers == method.answers && stream_ids.len() == method.uploads && !beside {
            return None;
        }
        if let Err(error) = method.run.check(arguments) {
            return Some(self.misfit(name, &error));
        }
        if answers != method.answers {
            return Some(match answers {
                Answers::Once => format!(
                    "The client attempted to invoke the streaming '{name}' method with a non-streaming invocation."
                ),
                Answers::Stream => format!(
                    "The client attempted to invoke the non-streaming '{name}' method with a streaming invocation."
                ),
            });
        }
        if stream_ids.len() != method.uploads {
            return Some(exception(format!(
                "Client sent {} stream(s), Hub method expects {}.",
                stream_ids.len(),
                method.uploads
            )));
        }
        if let Some(id) = call.id.as_deref()
            && answers == Answers::Stream
            && self.work.is_open(id)
        {
            return Some(format!("Invocation ID '{id}' is already in use."));
        }
        let twice = |(index, id): (usize, &std::borrow::Cow<'_, str>)| {
            self.work.upload(id).is_some() || stream_ids[..index].contains(id)
        };
        if let Some((_, id)) = stream_ids.iter().enumerate().find(|&entry| twice(entry)) {
            return Some(exception(format!("Stream ID '{id}' is already in use.")));
        }
        let most = self.hub.core().options.max_parallel_calls;
        (self.work.beside() >= most).then(|| exception(format!("No more than {most} calls may run at once.")))
    }

    fn misfit(&self, name: &str, error: &BindError) -> String {
        let mut text = format!("Failed to invoke '{name}' due to an error on the server.");
        if self.hub.core().options.detailed_errors {
            text.push_str(&format!(" InvalidDataException: {error}"));
        }
        text
    }

    /// Completes a call with an error, if the caller wants to know.
    fn fail(&self, call: &Call, text: &str) {
        if let Some(id) = &call.id {
            let outcome = Outcome::Error(text.into());
            let completion = HubMessage::Completion { invocation_id: (&**id).into(), outcome };
            self.connection().answer(call.protocol.encode(&completion));
        }
    }

    // ---- the end ----

    /// Nobody is there for what still runs: streams stop, uploads and questions fail, calls end as they would.
    async fn wind_down(&mut self) {
        self.connection().asks().close();
        self.work.held = None;
        poll_fn(|cx| {
            self.work.cancel_all();
            self.poll_calls(cx);
            if self.work.is_empty() {
                return Poll::Ready(());
            }
            let _ = self.poll_transport(cx, false);
            Poll::Pending
        })
        .await;
    }

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

    fn poll_transport(&mut self, cx: &mut Context<'_>, read: bool) -> Poll<Io> {
        let Self { hub, attached, wire, inbox, input, resumed, work } = self;
        let (connection, core) = (&*attached.connection, hub.core());
        connection.session.register(cx.waker());
        if connection.is_ending() {
            return Poll::Ready(Io::Ending);
        }
        if connection.resume().is_some() && wire.take_over(connection, core) {
            // What the client sent before and has not been looked at, it sends again.
            inbox.clear();
            work.deferred.clear();
            *input = Input::Open;
            resumed.waits = true;
        }
        if *input == Input::Detached {
            return Poll::Pending;
        }
        if let Poll::Ready(Err(Lost)) = wire.poll_write(cx, connection, core) {
            if connection.detach(core.now()) {
                *input = Input::Detached;
                return Poll::Pending;
            }
            connection.end(End::Gone);
            return Poll::Ready(Io::Ending);
        }
        if !read || *input != Input::Open {
            return Poll::Pending;
        }
        match wire.poll_read(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Incoming::Bytes(bytes)) => {
                connection.heard(core.now());
                inbox.push(bytes);
            }
            Poll::Ready(Incoming::End) => *input = Input::Ended,
            Poll::Ready(Incoming::Cut | Incoming::Failed) if connection.detach(core.now()) => {
                *input = Input::Detached;
            }
            Poll::Ready(Incoming::Cut) => *input = Input::Ended,
            Poll::Ready(Incoming::Failed) => *input = Input::Failed,
        }
        Poll::Ready(Io::Read)
    }
}
