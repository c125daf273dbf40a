//! Who is in which room.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    sync::Arc,
};

use parking_lot::Mutex;
use socket_kit::Sharded;

use crate::{error::TooManyRooms, peer::Peer};

/// A room's sockets by their serial numbers.
type Members = HashMap<u64, Arc<Peer>>;

/// The rooms of a namespace.
pub(crate) struct Rooms(Sharded<Arc<str>, Members>);

/// The rooms of a socket; none once it has left them for good.
pub(crate) struct Membership(Mutex<Option<BTreeSet<Arc<str>>>>);

impl Default for Membership {
    fn default() -> Self {
        Self(Mutex::new(Some(BTreeSet::new())))
    }
}

impl Membership {
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.0.lock().iter().flatten().cloned().collect()
    }
}

impl Rooms {
    pub(crate) fn new() -> Self {
        Self(Sharded::default())
    }

    /// A socket that is gone enters nothing.
    pub(crate) fn join(&self, room: Arc<str>, peer: &Arc<Peer>, most: usize) -> Result<(), TooManyRooms> {
        let mut membership = peer.rooms.0.lock();
        let Some(rooms) = membership.as_mut() else { return Ok(()) };
        if rooms.contains(&room) {
            return Ok(());
        }
        if rooms.len() >= most {
            return Err(TooManyRooms);
        }
        self.0.shard(&*room).lock().entry(room.clone()).or_default().insert(peer.serial, peer.clone());
        rooms.insert(room);
        Ok(())
    }

    pub(crate) fn leave(&self, room: &str, peer: &Peer) {
        let mut membership = peer.rooms.0.lock();
        if membership.as_mut().is_some_and(|rooms| rooms.remove(room)) {
            self.remove(room, peer);
        }
    }

    pub(crate) fn leave_all(&self, peer: &Peer) {
        let mut membership = peer.rooms.0.lock();
        for room in membership.iter_mut().flat_map(std::mem::take) {
            self.remove(&room, peer);
        }
    }

    /// The socket is gone: it leaves all of its rooms and enters none any more.
    pub(crate) fn leave_for_good(&self, peer: &Peer) {
        let mut membership = peer.rooms.0.lock();
        for room in membership.take().into_iter().flatten() {
            self.remove(&room, peer);
        }
    }

    pub(crate) fn is_empty(&self, room: &str) -> bool {
        !self.0.shard(room).lock().contains_key(room)
    }

    pub(crate) fn for_each_in(&self, room: &str, visit: impl FnMut(&Arc<Peer>)) {
        if let Some(members) = self.0.shard(room).lock().get(room) {
            members.values().for_each(visit);
        }
    }

    fn remove(&self, room: &str, peer: &Peer) {
        let mut shard = self.0.shard(room).lock();
        if let Entry::Occupied(mut members) = shard.entry(room.into()) {
            members.get_mut().remove(&peer.serial);
            if members.get().is_empty() {
                members.remove();
            }
        }
    }
}
