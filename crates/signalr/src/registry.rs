//! Who is there: connections by token and by id, and groups.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use socket_kit::{Sharded, Token};

use crate::{
    ConnectionId,
    connection::{Connection, Forget},
    protocol::Protocol,
    transport::lane::Lane,
};

/// What a token stands for.
pub(crate) enum Known {
    /// Negotiated; no transport has taken it up.
    Waiting(Negotiated),
    /// Carried by a transport.
    Live(Arc<Connection>),
}

pub(crate) struct Negotiated {
    pub(crate) id: ConnectionId,
    /// In milliseconds of the hub's clock.
    pub(crate) since: u64,
    /// Whether a lost transport may be replaced.
    pub(crate) resumable: bool,
    /// What was posted before the transport came.
    pub(crate) lane: Option<Arc<Lane>>,
}

/// A group's connections by their serial numbers.
type Members = HashMap<u64, Arc<Connection>>;

pub(crate) struct Registry {
    tokens: Sharded<Token, Known>,
    ids: Sharded<ConnectionId, Arc<Connection>>,
    groups: Sharded<Arc<str>, Members>,
    waiting: AtomicUsize,
    /// One number for each protocol.
    connected: [AtomicUsize; Protocol::ALL.len()],
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            tokens: Sharded::default(),
            ids: Sharded::default(),
            groups: Sharded::default(),
            waiting: AtomicUsize::new(0),
            connected: Default::default(),
        }
    }

    // ---- by token ----

    /// Remembers a negotiation, unless too many wait already.
    pub(crate) fn negotiate(&self, token: Token, negotiated: Negotiated, most: usize) -> Result<(), TooMany> {
        if self.waiting.fetch_add(1, Relaxed) >= most {
            self.waiting.fetch_sub(1, Relaxed);
            return Err(TooMany);
        }
        self.tokens.insert(token, Known::Waiting(negotiated));
        Ok(())
    }

    pub(crate) fn insert(&self, connection: Arc<Connection>) {
        let token = connection.token;
        self.tokens.insert(token, Known::Live(connection));
    }

    /// Looks at what a token stands for, and may change it: a negotiation becomes a connection.
    pub(crate) fn with<T>(&self, token: Token, look: impl FnOnce(Option<&mut Known>) -> T) -> T {
        let mut shard = self.tokens.shard(&token).lock();
        let mut known = shard.get_mut(&token);
        let waited = matches!(known, Some(Known::Waiting(_)));
        let result = look(known.as_deref_mut());
        if waited && matches!(known, Some(Known::Live(_))) {
            self.waiting.fetch_sub(1, Relaxed);
        }
        result
    }

    pub(crate) fn forget(&self, token: Token) {
        let known = self.tokens.remove(&token);
        if let Some(Known::Waiting(_)) = known {
            self.waiting.fetch_sub(1, Relaxed);
        }
    }

    /// Goes over all that is known: drops negotiations that `expired` and connections that may be forgotten.
    pub(crate) fn sweep(&self, expired: impl Fn(&Negotiated) -> bool, tick: impl Fn(&Connection) -> Forget) {
        for shard in self.tokens.shards() {
            shard.lock().retain(|_, known| match known {
                Known::Waiting(negotiated) if expired(negotiated) => {
                    if let Some(lane) = &negotiated.lane {
                        lane.close();
                    }
                    self.waiting.fetch_sub(1, Relaxed);
                    false
                }
                Known::Waiting(_) => true,
                Known::Live(connection) => tick(connection) == Forget::No,
            });
        }
    }

    pub(crate) fn for_each_live(&self, mut visit: impl FnMut(&Connection)) {
        self.tokens.for_each(|known| {
            if let Known::Live(connection) = known {
                visit(connection);
            }
        });
    }

    // ---- by id ----

    /// The handshake is done: the connection can be reached by pushes.
    pub(crate) fn enter(&self, connection: Arc<Connection>) {
        self.connected[connection.protocol() as usize].fetch_add(1, Relaxed);
        self.ids.insert(connection.id, connection);
    }

    /// The connection is over: nothing reaches it any more.
    pub(crate) fn exit(&self, connection: &Connection) {
        connection.leave_all(|group| self.remove_member(group, connection));
        if self.ids.remove(&connection.id).is_some() {
            self.connected[connection.protocol() as usize].fetch_sub(1, Relaxed);
        }
    }

    pub(crate) fn connected(&self) -> usize {
        self.connected.iter().map(|number| number.load(Relaxed)).sum()
    }

    pub(crate) fn is_spoken(&self, protocol: Protocol) -> bool {
        self.connected[protocol as usize].load(Relaxed) > 0
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Connection>> {
        self.ids.get(&ConnectionId::parse(id)?)
    }

    pub(crate) fn for_each(&self, visit: impl FnMut(&Arc<Connection>)) {
        self.ids.for_each(visit);
    }

    // ---- groups ----

    pub(crate) fn join(&self, group: Arc<str>, connection: &Arc<Connection>) {
        connection.join(group, |group| {
            let mut shard = self.groups.shard(group).lock();
            shard.entry(group.clone()).or_default().insert(connection.serial, connection.clone());
        });
    }

    pub(crate) fn leave(&self, group: &str, connection: &Connection) {
        connection.leave(group, || self.remove_member(group, connection));
    }

    pub(crate) fn group_is_empty(&self, group: &str) -> bool {
        !self.groups.shard(group).lock().contains_key(group)
    }

    pub(crate) fn for_each_in(&self, group: &str, visit: impl FnMut(&Arc<Connection>)) {
        if let Some(members) = self.groups.shard(group).lock().get(group) {
            members.values().for_each(visit);
        }
    }

    fn remove_member(&self, group: &str, connection: &Connection) {
        let mut shard = self.groups.shard(group).lock();
        if let Entry::Occupied(mut members) = shard.entry(group.into()) {
            members.get_mut().remove(&connection.serial);
            if members.get().is_empty() {
                members.remove();
            }
        }
    }
}

/// More negotiations wait than the hub allows.
pub(crate) struct TooMany;
