//! The server: namespaces behind one endpoint.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use socket_kit::{Sharded, Token};

use crate::{
    Io, Namespace, Options, Reason, SocketIoService,
    connection::Connection,
    engine::{EngineClient, EngineMessage, OnMessage},
    handlers::Table,
    house::House,
    outbox::Ending,
    space::Space,
    sweep,
};

/// A server with its namespaces and connections. Clones are the same server.
#[derive(Clone)]
pub struct Server {
    core: Arc<Core>,
}

pub(crate) struct Core {
    pub(crate) house: Arc<House>,
    spaces: HashMap<Box<str>, Arc<Space>>,
    /// Where there is Engine.IO alone, and no namespace.
    pub(crate) on_message: Option<OnMessage>,
    connections: Sharded<Token, Arc<Connection>>,
    number: AtomicUsize,
    /// Those that have never been in a namespace.
    unseated: AtomicUsize,
}

impl Server {
    /// Begins a server over the product's state.
    pub fn builder<S: Clone + Send + Sync + 'static>(state: S) -> ServerBuilder<S> {
        ServerBuilder { options: Options::default(), state, namespaces: Vec::new() }
    }

    /// A server of Engine.IO alone: `on_message` runs for each message, in order, on the connection's own task. It should not take long.
    pub fn engine(
        options: Options,
        on_message: impl Fn(&EngineClient, EngineMessage) + Send + Sync + 'static,
    ) -> Self {
        Self::new(Arc::new(House::new(options)), HashMap::new(), Some(Box::new(on_message)))
    }

    fn new(house: Arc<House>, spaces: HashMap<Box<str>, Arc<Space>>, on_message: Option<OnMessage>) -> Self {
        Self {
            core: Arc::new(Core {
                house,
                spaces,
                on_message,
                connections: Sharded::default(),
                number: AtomicUsize::new(0),
                unseated: AtomicUsize::new(0),
            }),
        }
    }

    /// The tower service to nest into a router, where clients look for it: `/socket.io`. Any number of them may serve the same server.
    pub fn service(&self) -> SocketIoService {
        SocketIoService::new(self.core.clone())
    }

    /// The namespace of this name, if the server has it. The main one is `/`.
    pub fn of(&self, namespace: &str) -> Option<Io> {
        self.core.space(namespace).map(Io::new)
    }

    /// How many connections there are, whichever namespaces they are in.
    pub fn connections(&self) -> usize {
        self.core.number.load(Relaxed)
    }

    /// Closes every connection, so that clients come back by themselves, answers new ones with 503, and returns when `on_disconnect` has run for
    /// all of them, or after [`Options::shutdown_timeout`].
    pub async fn shutdown(&self) {
        let house = &self.core.house;
        house.close();
        let rest = house.rest(|| self.core.close_all());
        if tokio::time::timeout(house.options.shutdown_timeout, rest).await.is_err() {
            tracing::warn!("sockets outlive the shutdown of their server");
        }
    }
}

impl Core {
    pub(crate) fn space(&self, name: &str) -> Option<Arc<Space>> {
        self.spaces.get(name).cloned()
    }

    /// Starts the heartbeat with the first client; before, there may be no runtime.
    pub(crate) fn settle(self: &Arc<Self>) {
        if self.house.settle() {
            tokio::spawn(sweep::run(Arc::downgrade(self)));
        }
    }

    /// Whether there is room for one more connection.
    pub(crate) fn has_room(&self) -> bool {
        let options = &self.house.options;
        !self.house.is_closed()
            && self.number.load(Relaxed) < options.max_connections
            && self.unseated.load(Relaxed) < options.max_unconnected
    }

    pub(crate) fn remember(&self, connection: Arc<Connection>) {
        self.number.fetch_add(1, Relaxed);
        if self.on_message.is_none() {
            self.unseated.fetch_add(1, Relaxed);
        }
        self.connections.insert(connection.sid, connection);
    }

    pub(crate) fn seated(&self) {
        self.unseated.fetch_sub(1, Relaxed);
    }

    pub(crate) fn find(&self, sid: &str) -> Option<Arc<Connection>> {
        self.connections.get(&Token::parse(sid)?)
    }

    pub(crate) fn forget(&self, connection: &Connection) {
        if self.connections.remove(&connection.sid).is_some() {
            self.number.fetch_sub(1, Relaxed);
            if connection.leaves_unseated() {
                self.unseated.fetch_sub(1, Relaxed);
            }
        }
    }

    pub(crate) fn tick(&self) {
        let mut connections = Vec::with_capacity(self.number.load(Relaxed));
        self.connections.for_each(|connection| connections.push(connection.clone()));
        connections.iter().for_each(Connection::tick);
        self.spaces.values().for_each(|space| space.sweep());
    }

    fn close_all(&self) {
        let mut connections = Vec::new();
        self.connections.for_each(|connection| connections.push(connection.clone()));
        for connection in connections {
            connection.close(Reason::ShuttingDown, Ending::Orderly);
        }
    }
}

/// A server being put together.
#[must_use = "a builder does nothing before `build`"]
pub struct ServerBuilder<S> {
    options: Options,
    state: S,
    namespaces: Vec<(Box<str>, Namespace<S>)>,
}

impl<S: Clone + Send + Sync + 'static> ServerBuilder<S> {
    /// Sets timeouts and limits. Default: [`Options::default`].
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Adds a namespace. The main one is `/`; without it clients cannot connect there.
    ///
    /// # Panics
    /// The name does not begin with `/`, has a comma in it, or is there already.
    pub fn namespace(mut self, name: &str, namespace: Namespace<S>) -> Self {
        assert!(name.starts_with('/') && !name.contains(','), "{name} is no namespace's name");
        assert!(self.namespaces.iter().all(|(other, _)| **other != *name), "there are two namespaces {name}");
        self.namespaces.push((name.into(), namespace));
        self
    }

    /// The finished server.
    pub fn build(self) -> Server {
        let house = Arc::new(House::new(self.options));
        let spaces = self
            .namespaces
            .into_iter()
            .map(|(name, namespace)| {
                let handlers = Arc::new(Table { state: self.state.clone(), namespace });
                let space = Arc::new(Space::new(&name, house.clone(), handlers));
                (name, space)
            })
            .collect();
        Server::new(house, spaces, None)
    }
}
