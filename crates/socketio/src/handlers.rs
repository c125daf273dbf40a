//! A namespace as the product declares it: what is to be done when clients come, speak and go.

use std::{collections::HashMap, marker::PhantomData, panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use futures_util::FutureExt as _;
use serde_json::Value;

use crate::{
    Args, Arguments, EventError, Failure, FailureKind, Parameters, Reason, Refusal, Socket,
    connection::Connection,
    peer::{History, Job, Peer},
    protocol::packet::{self, Encoded},
    socket::Call,
};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

type OnConnect<S> = Box<dyn Fn(Socket<S>, Value) -> Boxed<Result<(), Refusal>> + Send + Sync>;
type OnDisconnect<S> = Box<dyn Fn(Socket<S>, Reason) -> Boxed<()> + Send + Sync>;
type OnFailure<S> = Box<dyn Fn(&Socket<S>, Failure) + Send + Sync>;

/// An event that no handler has the name of.
#[derive(Debug)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub args: Args,
}

/// What a namespace does for its clients. Handlers are plain async functions; those of one socket run one after another, in the order in which
/// the client sent the events, and those of different sockets beside each other.
#[must_use = "a namespace does nothing before it is part of a server"]
pub struct Namespace<S> {
    events: HashMap<Box<str>, Box<dyn Handle<S>>>,
    fallback: Option<Box<dyn Fallback<S>>>,
    on_connect: Option<OnConnect<S>>,
    on_disconnect: Option<OnDisconnect<S>>,
    on_failure: Option<OnFailure<S>>,
}

impl<S: Clone + Send + Sync + 'static> Default for Namespace<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Namespace<S> {
    /// A namespace that lets everybody in and handles nothing.
    pub fn new() -> Self {
        Self {
            events: HashMap::new(),
            fallback: None,
            on_connect: None,
            on_disconnect: None,
            on_failure: None,
        }
    }

    /// Runs `function` before a client is told that it is connected, with what it sent to connect (an object, empty if it sent nothing). Its
    /// events wait. It may join rooms and emit: all of that reaches the client after it is connected, in order.
    ///
    /// It runs for a client that comes back, too, with [`Socket::recovered`] true and before anything is repeated.
    /// Who is refused then does not come back as the socket it was.
    pub fn on_connect<F, Fut>(mut self, function: F) -> Self
    where
        F: Fn(Socket<S>, Value) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.on_connect = Some(Box::new(move |socket, auth| {
            let function = function.clone();
            Box::pin(async move { function(socket, auth).await })
        }));
        self
    }

    /// Runs `function` for each socket that `on_connect` has let in and that is not connected any more: once for each time it
    /// was let in, after the handlers of what it sent before.
    ///
    /// A socket that may be recovered is no exception: it runs at once, and `on_connect` runs again if the client comes back.
    /// If it does not, nothing more is told. A socket that is gone for good has left its rooms; one that may come back is still in them.
    pub fn on_disconnect<F, Fut>(mut self, function: F) -> Self
    where
        F: Fn(Socket<S>, Reason) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.on_disconnect = Some(Box::new(move |socket, reason| {
            let function = function.clone();
            Box::pin(async move { function(socket, reason).await })
        }));
        self
    }

    /// Runs `function` for the event `name` with its arguments as a tuple. What it returns, a tuple too, is the acknowledgement if the client asked
    /// for one, and dropped otherwise.
    ///
    /// # Panics
    /// There is a handler for this name already.
    pub fn on<F, P, Fut, A>(mut self, name: &str, function: F) -> Self
    where
        F: Fn(Socket<S>, P) -> Fut + Clone + Send + Sync + 'static,
        P: Parameters,
        Fut: Future<Output = Result<A, EventError>> + Send + 'static,
        A: Arguments + Send + 'static,
    {
        let before =
            self.events.insert(name.into(), Box::new(Handler { function, types: PhantomData::<fn(P) -> A> }));
        assert!(before.is_none(), "there are two handlers for {name}");
        self
    }

    /// Runs `function` for events that have no handler of their own.
    pub fn fallback<F, Fut, A>(mut self, function: F) -> Self
    where
        F: Fn(Socket<S>, Event) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<A, EventError>> + Send + 'static,
        A: Arguments + Send + 'static,
    {
        self.fallback = Some(Box::new(Handler { function, types: PhantomData::<fn(A)> }));
        self
    }

    /// Runs `function` for each event that was not handled as it should be: its arguments do not fit, its handler failed or panicked, or there is none.
    /// The client learns what `function` emits, or sends by [`Socket::ack`], and nothing else.
    pub fn on_failure(mut self, function: impl Fn(&Socket<S>, Failure) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Box::new(function));
        self
    }
}

/// A handler's answer, if the client wants one.
type Answer = Result<Option<Encoded>, FailureKind>;

trait Handle<S>: Send + Sync {
    /// Binds the arguments now; the function itself runs as the future is polled.
    fn handle(&self, socket: Socket<S>, args: &Args) -> Result<Boxed<Answer>, serde_json::Error>;
}

trait Fallback<S>: Send + Sync {
    fn handle(&self, socket: Socket<S>, event: Event) -> Boxed<Answer>;
}

struct Handler<F, T> {
    function: F,
    types: PhantomData<T>,
}

impl<S, F, P, Fut, A> Handle<S> for Handler<F, fn(P) -> A>
where
    S: Clone + Send + Sync + 'static,
    F: Fn(Socket<S>, P) -> Fut + Clone + Send + Sync + 'static,
    P: Parameters,
    Fut: Future<Output = Result<A, EventError>> + Send + 'static,
    A: Arguments + Send + 'static,
{
    fn handle(&self, socket: Socket<S>, args: &Args) -> Result<Boxed<Answer>, serde_json::Error> {
        let bound = P::bind(args)?;
        let function = self.function.clone();
        Ok(Box::pin(async move {
            let asked = socket.clone();
            answer(&asked, function(socket, bound).await)
        }))
    }
}

impl<S, F, Fut, A> Fallback<S> for Handler<F, fn(A)>
where
    S: Clone + Send + Sync + 'static,
    F: Fn(Socket<S>, Event) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<A, EventError>> + Send + 'static,
    A: Arguments + Send + 'static,
{
    fn handle(&self, socket: Socket<S>, event: Event) -> Boxed<Answer> {
        let function = self.function.clone();
        Box::pin(async move {
            let asked = socket.clone();
            answer(&asked, function(socket, event).await)
        })
    }
}

/// Writes what a handler returned, if the client wants it and has not got an answer already.
fn answer<S, A: Arguments>(socket: &Socket<S>, returned: Result<A, EventError>) -> Answer {
    let returned = returned.map_err(FailureKind::Failed)?;
    let Some(id) = socket.take_ack() else { return Ok(None) };
    packet::ack(socket.prefix(), id, &returned)
        .map(Some)
        .map_err(|error| FailureKind::Failed(EventError::internal(error)))
}

/// A namespace with its types taken away.
pub(crate) trait Handlers: Send + Sync {
    /// Does all that waits for a socket, one after the other.
    fn work(self: Arc<Self>, peer: Arc<Peer>) -> Boxed<()>;
}

/// A namespace and the product's state.
pub(crate) struct Table<S> {
    pub(crate) state: S,
    pub(crate) namespace: Namespace<S>,
}

impl<S: Clone + Send + Sync + 'static> Handlers for Table<S> {
    fn work(self: Arc<Self>, peer: Arc<Peer>) -> Boxed<()> {
        Box::pin(async move {
            while let Some(job) = peer.next_job() {
                match job {
                    Job::Connect { connection, auth, history } => {
                        self.connect(&peer, connection, auth, history).await;
                    }
                    Job::Event { connection, name, args, ack, weight } => {
                        self.event(&peer, &connection, name, args, ack).await;
                        connection.release(weight);
                    }
                    Job::Disconnect { connection, reason } => {
                        self.disconnect(&peer, connection, reason).await
                    }
                }
            }
        })
    }
}

impl<S: Clone + Send + Sync + 'static> Table<S> {
    fn socket(&self, peer: &Arc<Peer>, connection: &Arc<Connection>, call: Call) -> Socket<S> {
        Socket::new(self.state.clone(), peer.clone(), connection.request.clone(), call)
    }

    async fn connect(&self, peer: &Arc<Peer>, connection: Arc<Connection>, auth: Value, history: History) {
        let socket = self.socket(peer, &connection, Call::Connect(history));
        let run = async {
            match &self.namespace.on_connect {
                Some(function) => function(socket, auth).await,
                None => Ok(()),
            }
        };
        match AssertUnwindSafe(run).catch_unwind().await {
            Ok(Ok(())) => {
                peer.set_entered(true);
                peer.go_live(&connection, history);
            }
            Ok(Err(refusal)) => peer.refuse(&connection, &refusal.message, refusal.data.as_ref()),
            Err(_) => {
                tracing::error!("on_connect panicked");
                peer.refuse(&connection, "Internal server error", None);
            }
        }
    }

    async fn disconnect(&self, peer: &Arc<Peer>, connection: Arc<Connection>, reason: Reason) {
        if !peer.set_entered(false) {
            return;
        }
        let Some(function) = &self.namespace.on_disconnect else { return };
        let socket = self.socket(peer, &connection, Call::None);
        let run = async { function(socket, reason).await };
        if AssertUnwindSafe(run).catch_unwind().await.is_err() {
            tracing::error!("on_disconnect panicked");
        }
    }

    async fn event(
        &self,
        peer: &Arc<Peer>,
        connection: &Arc<Connection>,
        name: String,
        args: Args,
        ack: Option<u64>,
    ) {
        // Of a client that was not let in.
        if !peer.has_entered() {
            return;
        }
        let socket = self.socket(peer, connection, Call::event(ack));
        let run = AssertUnwindSafe(self.handle(socket.clone(), &name, args)).catch_unwind();
        let kind = match run.await {
            Ok(Ok(None)) => return,
            Ok(Ok(Some(answer))) => return peer.send(answer.frames()),
            Ok(Err(kind)) => kind,
            Err(_) => FailureKind::Panicked,
        };
        match &kind {
            FailureKind::Failed(error) => error.log(&name),
            FailureKind::Panicked => tracing::error!(event = name, "event handler panicked"),
            FailureKind::Unknown | FailureKind::Arguments(_) => {
                tracing::debug!(event = name, ?kind, "an event was not handled");
            }
        }
        if let Some(function) = &self.namespace.on_failure {
            let failure = Failure { event: name, kind };
            if std::panic::catch_unwind(AssertUnwindSafe(|| function(&socket, failure))).is_err() {
                tracing::error!("on_failure panicked");
            }
        }
    }

    async fn handle(&self, socket: Socket<S>, name: &str, args: Args) -> Answer {
        if let Some(handler) = self.namespace.events.get(name) {
            let bound =
                handler.handle(socket, &args).map_err(|error| FailureKind::Arguments(error.to_string()))?;
            return bound.await;
        }
        match &self.namespace.fallback {
            Some(fallback) => fallback.handle(socket, Event { name: name.to_owned(), args }).await,
            None => Err(FailureKind::Unknown),
        }
    }
}
