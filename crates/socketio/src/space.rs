//! A namespace at work: its sockets, its rooms, and those of its clients that may come back.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use parking_lot::Mutex;
use serde_json::{Map, Value};
use socket_kit::{Sharded, Token};

use crate::{
    SocketId,
    args::Arguments,
    connection::Connection,
    handlers::Handlers,
    house::{House, millis},
    message::{Message, Meter, Offset},
    peer::{History, Job, Peer},
    rooms::Rooms,
};

pub(crate) struct Space {
    name: Box<str>,
    /// The name with its comma, or nothing for the main namespace.
    prefix: Box<str>,
    pub(crate) house: Arc<House>,
    pub(crate) handlers: Arc<dyn Handlers>,
    pub(crate) rooms: Rooms,
    pub(crate) meter: Arc<Meter>,
    sockets: Sharded<SocketId, Arc<Peer>>,
    privates: Sharded<Token, Arc<Peer>>,
    live: AtomicUsize,
    /// Sockets that wait for their clients, in the order in which they will be given up.
    queue: Mutex<VecDeque<(u64, Weak<Peer>)>>,
    waiting: AtomicUsize,
    messages: AtomicU64,
    /// Makes offsets of the numbers of messages, so that these tell nobody how much goes on elsewhere.
    stride: u64,
}

impl Space {
    pub(crate) fn new(name: &str, house: Arc<House>, handlers: Arc<dyn Handlers>) -> Self {
        Self {
            name: name.into(),
            prefix: if name == "/" { "".into() } else { format!("{name},").into() },
            house,
            handlers,
            rooms: Rooms::new(),
            meter: Arc::default(),
            sockets: Sharded::default(),
            privates: Sharded::default(),
            live: AtomicUsize::new(0),
            queue: Mutex::default(),
            waiting: AtomicUsize::new(0),
            messages: AtomicU64::new(0),
            stride: odd(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    // ---- who is there ----

    /// A client wants to come in: as a new socket, or as the one it had before.
    pub(crate) fn welcome(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        mut auth: Map<String, Value>,
    ) -> (Arc<Peer>, Job) {
        let mut offset = None;
        if self.house.options.recovery.is_some() {
            let private = auth.remove("pid").as_ref().and_then(Value::as_str).and_then(Token::parse);
            offset = auth.remove("offset").as_ref().and_then(Value::as_str).and_then(Offset::parse);
            let before = private.and_then(|private| self.privates.get(&private));
            if let Some(peer) = before
                && peer.return_on(connection, offset)
            {
                let job = Job::Connect {
                    connection: connection.clone(),
                    auth: auth.into(),
                    history: History::Recovered(offset),
                };
                return (peer, job);
            }
        }
        let auth = Value::Object(auth);
        let recovery = self.house.options.recovery.as_ref();
        let offered = recovery.is_some_and(|recovery| recovery.offer.includes(&connection.request, &auth));
        let private = offered.then(Token::random);
        let peer = Arc::new(Peer::new(self.clone(), connection, self.house.next_serial(), private, offset));
        self.sockets.insert(peer.id, peer.clone());
        if let Some(private) = private {
            self.privates.insert(private, peer.clone());
        }
        let job = Job::Connect { connection: connection.clone(), auth, history: History::None };
        (peer, job)
    }

    /// Runs what waits for a socket.
    pub(crate) fn work_for(&self, peer: &Arc<Peer>) {
        self.house.spawn(self.handlers.clone().work(peer.clone()));
    }

    /// A socket is over: nothing reaches it any more, and nothing brings it back.
    pub(crate) fn forget(&self, peer: &Peer) {
        self.rooms.leave_for_good(peer);
        self.sockets.remove(&peer.id);
        if let Some(private) = &peer.private {
            self.privates.remove(private);
        }
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Peer>> {
        self.sockets.get(&SocketId::parse(id)?)
    }

    pub(crate) fn for_each(&self, visit: impl FnMut(&Arc<Peer>)) {
        self.sockets.for_each(visit);
    }

    pub(crate) fn entered(&self) {
        self.live.fetch_add(1, Relaxed);
    }

    pub(crate) fn left(&self) {
        self.live.fetch_sub(1, Relaxed);
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(Relaxed)
    }

    // ---- who may come back ----

    /// Waits for the client of a socket from now on, unless too many are waited for already.
    pub(crate) fn waits(&self, peer: &Arc<Peer>) -> Option<u64> {
        let most = self.house.options.recovery.as_ref().map_or(0, |recovery| recovery.max_waiting);
        if self.waiting.fetch_add(1, Relaxed) >= most {
            self.waiting.fetch_sub(1, Relaxed);
            return None;
        }
        let mut queue = self.queue.lock();
        let now = self.house.now();
        queue.push_back((now, Arc::downgrade(peer)));
        Some(now)
    }

    pub(crate) fn waits_no_longer(&self) {
        self.waiting.fetch_sub(1, Relaxed);
    }

    pub(crate) fn is_too_late(&self, since: u64) -> bool {
        let most =
            self.house.options.recovery.as_ref().map_or(0, |recovery| millis(recovery.max_disconnection));
        self.house.now().saturating_sub(since) > most
    }

    /// Gives up on those who did not come back in time.
    pub(crate) fn sweep(&self) {
        loop {
            let (since, peer) = {
                let mut queue = self.queue.lock();
                match queue.front() {
                    Some((since, _)) if self.is_too_late(*since) => {}
                    _ => return,
                }
                let Some(first) = queue.pop_front() else { return };
                first
            };
            if let Some(peer) = peer.upgrade() {
                peer.give_up(since);
            }
        }
    }

    // ---- what is told ----

    /// Writes an event for any number of sockets.
    pub(crate) fn message<A: Arguments + ?Sized>(
        &self,
        name: &str,
        arguments: &A,
    ) -> Result<Arc<Message>, serde_json::Error> {
        let offset = Offset::new(self.messages.fetch_add(1, Relaxed).wrapping_mul(self.stride));
        let meter = self.house.options.recovery.as_ref().map(|_| self.meter.clone());
        Message::new(&self.prefix, offset, meter, name, arguments)
    }
}

/// An odd number nobody can guess.
fn odd() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    u64::from_ne_bytes(bytes) | 1
}
