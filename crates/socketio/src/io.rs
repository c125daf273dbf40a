//! A namespace seen from outside its handlers: whom to emit to.

use std::{collections::HashSet, sync::Arc};

use socket_kit::FanOut;

use crate::{Arguments, Reason, SocketId, connection::Connection, peer::Peer, space::Space};

/// A namespace, to emit to its clients from anywhere. Cheap to clone.
#[derive(Clone)]
pub struct Io {
    space: Arc<Space>,
}

impl Io {
    pub(crate) fn new(space: Arc<Space>) -> Self {
        Self { space }
    }

    /// The name of the namespace.
    pub fn name(&self) -> &str {
        self.space.name()
    }

    /// Those in `room`. Names of rooms are the product's own and never go on the wire.
    pub fn to(&self, room: impl Into<Arc<str>>) -> Audience {
        self.audience(Whom::Rooms(vec![room.into()]))
    }

    /// The socket with this id.
    pub fn socket(&self, id: &str) -> Audience {
        self.audience(Whom::Socket(SocketId::parse(id)))
    }

    /// Everybody.
    pub fn all(&self) -> Audience {
        self.audience(Whom::All)
    }

    /// How many sockets are connected.
    pub fn sockets(&self) -> usize {
        self.space.live()
    }

    fn audience(&self, whom: Whom) -> Audience {
        Audience { space: self.space.clone(), whom, except: Vec::new() }
    }
}

/// Those whom an event is for. Made by [`Io`] and [`Socket`](crate::Socket).
///
/// Sockets whose clients are away and may come back belong to it: what is emitted waits for them.
#[must_use = "nothing happens before `emit` or `disconnect`"]
pub struct Audience {
    space: Arc<Space>,
    whom: Whom,
    except: Vec<SocketId>,
}

enum Whom {
    All,
    Rooms(Vec<Arc<str>>),
    Socket(Option<SocketId>),
}

impl Audience {
    /// Adds those in another room; who is in both hears once. Nothing changes where it is not about rooms.
    pub fn to(mut self, room: impl Into<Arc<str>>) -> Self {
        if let Whom::Rooms(rooms) = &mut self.whom {
            rooms.push(room.into());
        }
        self
    }

    /// Leaves out one socket, usually the one that caused the event.
    pub fn except(mut self, id: &str) -> Self {
        self.except.extend(SocketId::parse(id));
        self
    }

    /// Queues the event for each of them, and returns how many are connected. It never waits; the arguments are written once, and not at all when
    /// there is nobody. Arguments that cannot be written are logged.
    pub fn emit<A: Arguments + ?Sized>(&self, event: &str, arguments: &A) -> usize {
        if self.is_deserted() {
            return 0;
        }
        // Written before any lock is taken: the product's own code runs here.
        let message = match self.space.message(event, arguments) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(event, %error, "an event's arguments cannot be written");
                return 0;
            }
        };
        let (mut receivers, mut fan_out) = (0, FanOut::new(Connection::write_in_place));
        self.for_each(|peer| {
            receivers += usize::from(peer.push(&message, |connection| fan_out.add(connection.clone())));
        });
        fan_out.finish(Connection::wake);
        receivers
    }

    /// How many of them are connected.
    pub fn count(&self) -> usize {
        let mut count = 0;
        self.for_each(|peer| count += usize::from(peer.is_here()));
        count
    }

    /// The ids of those who are connected.
    pub fn ids(&self) -> Vec<SocketId> {
        let mut ids = Vec::new();
        self.for_each(|peer| {
            if peer.is_here() {
                ids.push(peer.id);
            }
        });
        ids
    }

    /// Disconnects each of them, also those whose clients are away: these do not come back. For someone whose right to listen has ended.
    pub fn disconnect(&self) {
        let mut peers = Vec::new();
        self.for_each(|peer| peers.push(peer.clone()));
        peers.iter().for_each(|peer| peer.leave(None, Reason::ServerDisconnect));
    }

    /// Closes the connections of each of them, and forgets those whose clients are away: official clients come back by themselves, as new
    /// sockets that have joined nothing. For when nobody can tell any more what they are to hear.
    pub fn send_back(&self) {
        let mut peers = Vec::new();
        self.for_each(|peer| peers.push(peer.clone()));
        peers.iter().for_each(Peer::send_back);
    }

    /// Whether there is certainly nobody.
    fn is_deserted(&self) -> bool {
        match &self.whom {
            Whom::All => false,
            Whom::Rooms(rooms) => rooms.iter().all(|room| self.space.rooms.is_empty(room)),
            Whom::Socket(id) => id.is_none_or(|id| self.space.find(&id).is_none()),
        }
    }

    fn for_each(&self, mut visit: impl FnMut(&Arc<Peer>)) {
        let mut visit = |peer: &Arc<Peer>| {
            if !self.except.contains(&peer.id) {
                visit(peer);
            }
        };
        match &self.whom {
            Whom::All => self.space.for_each(visit),
            Whom::Rooms(rooms) => match &rooms[..] {
                [room] => self.space.rooms.for_each_in(room, visit),
                rooms => {
                    let mut seen = HashSet::new();
                    for room in rooms {
                        self.space.rooms.for_each_in(room, |peer| {
                            if seen.insert(peer.serial) {
                                visit(peer);
                            }
                        });
                    }
                }
            },
            Whom::Socket(id) => {
                if let Some(peer) = id.and_then(|id| self.space.find(&id)) {
                    visit(&peer);
                }
            }
        }
    }
}
