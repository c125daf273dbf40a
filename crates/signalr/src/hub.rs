//! The hub: one endpoint with named methods.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::Stream;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::Notify, time::Instant};

use crate::{
    Arguments, Caller, Clients, HubError, HubOptions, HubService, InvokeError, Parameters, Uploads, ask,
    connection::End,
    method::{Answers, Function, Invoke, Method, OnConnected, OnDisconnected, Plain, Streaming, guarded},
    registry::Registry,
    sweep,
};

/// One endpoint: its methods, its connections and its groups. Clones are the same hub.
pub struct Hub<S> {
    inner: Arc<Inner<S>>,
}

struct Inner<S> {
    core: Arc<Core>,
    state: S,
    methods: Box<[Method<S>]>,
    on_connected: Option<OnConnected<S>>,
    on_disconnected: Option<OnDisconnected<S>>,
}

/// What of a hub does not know the product's state.
pub(crate) struct Core {
    pub(crate) options: HubOptions,
    pub(crate) registry: Registry,
    born: Instant,
    serial: AtomicU64,
    sweeping: AtomicBool,
    closed: AtomicBool,
    sessions: AtomicUsize,
    all_ended: Notify,
}

impl<S> Clone for Hub<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<S> Hub<S> {
    /// Those who are in the group `key`. Keys are the product's own and never go on the wire.
    pub fn group<'a>(&'a self, key: &'a str) -> Clients<'a> {
        Clients::group(self.core(), key)
    }

    /// The connection with this id.
    pub fn client<'a>(&'a self, id: &'a str) -> Clients<'a> {
        Clients::client(self.core(), id)
    }

    /// Every connection.
    pub fn all(&self) -> Clients<'_> {
        Clients::all(self.core())
    }

    /// Asks the client with this id: calls its handler for `target` and awaits the result. Dropping the future
    /// forgets the question.
    ///
    /// # Errors
    /// The client is not there, leaves, answers with an error, or with something that is no `R`.
    pub async fn invoke<R, A>(&self, id: &str, target: &str, arguments: &A) -> Result<R, InvokeError>
    where
        R: DeserializeOwned,
        A: Arguments,
    {
        let connection = self.core().registry.find(id).ok_or(InvokeError::Gone)?;
        ask::ask(connection, &self.core().options, target, arguments).await
    }

    /// How many connections have done their handshake and are not over.
    pub fn connections(&self) -> usize {
        self.core().registry.connected()
    }

    /// Ends every connection with a Close that lets clients come back. The hub stays usable.
    pub fn close_all(&self) {
        self.core().registry.for_each_live(|connection| connection.end(End::GoingAway));
    }

    /// Ends every connection like [`close_all`](Self::close_all), answers new ones with 503, and returns when
    /// `on_disconnected` has run for all of them, or after [`HubOptions::shutdown_timeout`].
    pub async fn shutdown(&self) {
        self.core().closed.store(true, Relaxed);
        self.close_all();
        let ended = tokio::time::timeout(self.core().options.shutdown_timeout, self.core().all_ended());
        if ended.await.is_err() {
            tracing::warn!(connections = self.connections(), "connections outlive the shutdown of their hub");
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.inner.core
    }

    pub(crate) fn state(&self) -> &S {
        &self.inner.state
    }

    /// The method of that name, in any case.
    pub(crate) fn method(&self, name: &str) -> Option<(usize, &Method<S>)> {
        self.inner.methods.iter().enumerate().find(|(_, method)| method.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn method_at(&self, index: usize) -> &Method<S> {
        &self.inner.methods[index]
    }

    pub(crate) fn on_connected(&self) -> Option<&OnConnected<S>> {
        self.inner.on_connected.as_ref()
    }

    pub(crate) fn on_disconnected(&self) -> Option<&OnDisconnected<S>> {
        self.inner.on_disconnected.as_ref()
    }
}

impl<S: Clone + Send + Sync + 'static> Hub<S> {
    /// Begins a hub over the product's state.
    pub fn builder(state: S) -> HubBuilder<S> {
        HubBuilder {
            options: HubOptions::default(),
            state,
            methods: Vec::new(),
            on_connected: None,
            on_disconnected: None,
        }
    }

    /// The tower service to nest into a router. Any number of them may serve the same hub.
    pub fn service(&self) -> HubService<S> {
        HubService::new(self.clone())
    }
}

impl Core {
    /// Milliseconds of the hub's clock, which began with the hub.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Relaxed)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    /// Starts the heartbeat with the first client; before, there may be no runtime.
    pub(crate) fn start_sweeping(self: &Arc<Self>) {
        if !self.sweeping.swap(true, Relaxed) {
            tokio::spawn(sweep::run(Arc::downgrade(self)));
        }
    }

    pub(crate) fn session_begins(&self) {
        self.sessions.fetch_add(1, Relaxed);
    }

    pub(crate) fn session_ends(&self) {
        if self.sessions.fetch_sub(1, Relaxed) == 1 {
            self.all_ended.notify_waiters();
        }
    }

    async fn all_ended(&self) {
        loop {
            let ended = self.all_ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.sessions.load(Relaxed) == 0 {
                return;
            }
            // One that attached just before the doors closed has to be told, too.
            self.registry.for_each_live(|connection| connection.end(End::GoingAway));
            let _ = tokio::time::timeout(Duration::from_millis(100), ended).await;
        }
    }
}

/// A hub being put together.
#[must_use = "a builder does nothing before `build`"]
pub struct HubBuilder<S> {
    options: HubOptions,
    state: S,
    methods: Vec<Method<S>>,
    on_connected: Option<OnConnected<S>>,
    on_disconnected: Option<OnDisconnected<S>>,
}

impl<S: Clone + Send + Sync + 'static> HubBuilder<S> {
    /// Sets timeouts and limits. Default: [`HubOptions::default`].
    pub fn options(mut self, options: HubOptions) -> Self {
        self.options = options;
        self
    }

    /// Adds a method. Clients call it by `name` in any case, with exactly as many arguments as the tuple has.
    ///
    /// # Panics
    /// A method of that name is there already.
    pub fn method<F, A, Fut, R>(self, name: &str, function: F) -> Self
    where
        F: Fn(Caller<S>, A) -> Fut + Clone + Send + Sync + 'static,
        A: Parameters,
        Fut: Future<Output = Result<R, HubError>> + Send + 'static,
        R: Serialize + Send + 'static,
    {
        self.method_with_optional(name, 0, function)
    }

    /// Adds a method whose last `optional` arguments callers may leave out; they then read as null, so their
    /// types have to accept it (`Option`). Other servers know no such methods: clients that pass
    /// everything cannot tell.
    ///
    /// # Panics
    /// A method of that name is there already, or has fewer arguments than `optional`.
    pub fn method_with_optional<F, A, Fut, R>(mut self, name: &str, optional: usize, function: F) -> Self
    where
        F: Fn(Caller<S>, A) -> Fut + Clone + Send + Sync + 'static,
        A: Parameters,
        Fut: Future<Output = Result<R, HubError>> + Send + 'static,
        R: Serialize + Send + 'static,
    {
        assert!(optional <= A::COUNT, "{name} has fewer than {optional} arguments");
        let function = move |caller: Caller<S>, arguments: A, (): ()| function(caller, arguments);
        self.add(name, Answers::Once, 0, Box::new(Plain(Function::new(function, optional))));
        self
    }

    /// Adds a method that takes streams from its caller: its last parameter is a tuple of [`Upload`](crate::Upload)s, in the
    /// order in which clients pass them. It runs beside other calls of its connection.
    ///
    /// # Panics
    /// A method of that name is there already.
    pub fn method_with_uploads<F, A, U, Fut, R>(mut self, name: &str, function: F) -> Self
    where
        F: Fn(Caller<S>, A, U) -> Fut + Clone + Send + Sync + 'static,
        A: Parameters,
        U: Uploads,
        Fut: Future<Output = Result<R, HubError>> + Send + 'static,
        R: Serialize + Send + 'static,
    {
        self.add(name, Answers::Once, U::COUNT, Box::new(Plain(Function::new(function, 0))));
        self
    }

    /// Adds a method that answers with a stream. It runs beside other calls of its connection, is asked for the
    /// next item when there is room for it, and is dropped when the client cancels it or leaves.
    ///
    /// # Panics
    /// A method of that name is there already.
    pub fn stream<F, A, Fut, St, R>(mut self, name: &str, function: F) -> Self
    where
        F: Fn(Caller<S>, A) -> Fut + Clone + Send + Sync + 'static,
        A: Parameters,
        Fut: Future<Output = Result<St, HubError>> + Send + 'static,
        St: Stream<Item = Result<R, HubError>> + Send + 'static,
        R: Serialize + Send + 'static,
    {
        let function = move |caller: Caller<S>, arguments: A, (): ()| function(caller, arguments);
        self.add(name, Answers::Stream, 0, Box::new(Streaming(Function::new(function, 0))));
        self
    }

    /// Adds a method that takes streams and answers with one.
    ///
    /// # Panics
    /// A method of that name is there already.
    pub fn stream_with_uploads<F, A, U, Fut, St, R>(mut self, name: &str, function: F) -> Self
    where
        F: Fn(Caller<S>, A, U) -> Fut + Clone + Send + Sync + 'static,
        A: Parameters,
        U: Uploads,
        Fut: Future<Output = Result<St, HubError>> + Send + 'static,
        St: Stream<Item = Result<R, HubError>> + Send + 'static,
        R: Serialize + Send + 'static,
    {
        self.add(name, Answers::Stream, U::COUNT, Box::new(Streaming(Function::new(function, 0))));
        self
    }

    fn add(&mut self, name: &str, answers: Answers, uploads: usize, run: Box<dyn Invoke<S>>) {
        assert!(
            !self.methods.iter().any(|method| method.name.eq_ignore_ascii_case(name)),
            "the hub has a method {name} already"
        );
        self.methods.push(Method { name: name.into(), answers, uploads, run });
    }

    /// Runs `f` after each handshake, before the connection's first call. An error ends the connection.
    pub fn on_connected<F, Fut>(mut self, f: F) -> Self
    where
        F: Fn(Caller<S>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), HubError>> + Send + 'static,
    {
        self.on_connected = Some(Box::new(move |caller| {
            let f = f.clone();
            Box::pin(guarded(async move { f(caller).await }))
        }));
        self
    }

    /// Runs `f` exactly once after each connection whose `on_connected` was started. The connection is in no
    /// group any more, and nothing sent to it arrives.
    pub fn on_disconnected<F, Fut>(mut self, f: F) -> Self
    where
        F: Fn(Caller<S>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.on_disconnected = Some(Box::new(move |caller| {
            let f = f.clone();
            Box::pin(async move {
                let run = guarded(async move {
                    f(caller).await;
                    Ok(())
                });
                if let Err(error) = run.await {
                    error.log("OnDisconnected");
                }
            })
        }));
        self
    }

    /// The hub.
    pub fn build(self) -> Hub<S> {
        let core = Core {
            options: self.options,
            registry: Registry::new(),
            born: Instant::now(),
            serial: AtomicU64::new(0),
            sweeping: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            sessions: AtomicUsize::new(0),
            all_ended: Notify::new(),
        };
        Hub {
            inner: Arc::new(Inner {
                core: Arc::new(core),
                state: self.state,
                methods: self.methods.into(),
                on_connected: self.on_connected,
                on_disconnected: self.on_disconnected,
            }),
        }
    }
}
