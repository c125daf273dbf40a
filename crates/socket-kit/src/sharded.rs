//! A map in pieces, so that its users rarely wait for each other.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
};

use parking_lot::Mutex;

const SHARDS: usize = 32;

/// A map in pieces with a lock each.
pub struct Sharded<K, V> {
    shards: Box<[Mutex<HashMap<K, V>>]>,
    hasher: RandomState,
}

impl<K: Eq + Hash, V> Default for Sharded<K, V> {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl<K: Eq + Hash, V> Sharded<K, V> {
    /// The piece in which `key` is, if it is anywhere.
    pub fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> &Mutex<HashMap<K, V>>
    where
        K: Borrow<Q>,
    {
        #[expect(clippy::cast_possible_truncation, reason = "any part of a hash is a hash")]
        let hash = self.hasher.hash_one(key) as usize;
        &self.shards[hash % SHARDS]
    }

    /// All pieces.
    pub fn shards(&self) -> impl Iterator<Item = &Mutex<HashMap<K, V>>> {
        self.shards.iter()
    }

    /// The value of a key.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        V: Clone,
    {
        self.shard(key).lock().get(key).cloned()
    }

    /// Puts a value in, in the place of one that was there.
    pub fn insert(&self, key: K, value: V) {
        self.shard(&key).lock().insert(key, value);
    }

    /// Takes a value out.
    pub fn remove<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.shard(key).lock().remove(key)
    }

    /// Visits everything, one piece locked at a time.
    pub fn for_each(&self, mut visit: impl FnMut(&V)) {
        for shard in self.shards() {
            shard.lock().values().for_each(&mut visit);
        }
    }
}
