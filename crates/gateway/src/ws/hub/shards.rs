use std::collections::HashMap;
use std::hash::Hash;

use parking_lot::{Mutex, MutexGuard};
use tertulia_domain::ids::{ConversationId, UserId};

const SHARDS: usize = 64;

/// A map in 64 parts, so that one lock does not stop everybody.
pub(super) struct Shards<K, V>(Vec<Mutex<HashMap<K, V>>>);

/// Ids end in random bits.
pub(super) trait Spread: Copy + Eq + Hash {
    fn last_byte(self) -> u8;
}

impl Spread for ConversationId {
    fn last_byte(self) -> u8 {
        self.as_bytes()[15]
    }
}

impl Spread for UserId {
    fn last_byte(self) -> u8 {
        self.as_bytes()[15]
    }
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl<K: Spread, V> Shards<K, V> {
    /// The part that `key` is in.
    #[allow(clippy::indexing_slicing, reason = "the index is below the length by construction")]
    pub(super) fn lock(&self, key: K) -> MutexGuard<'_, HashMap<K, V>> {
        self.0[usize::from(key.last_byte()) % SHARDS].lock()
    }

    /// Part by part, each locked in turn.
    pub(super) fn for_each(&self, mut visit: impl FnMut(&V)) {
        self.0.iter().for_each(|shard| shard.lock().values().for_each(&mut visit));
    }

    pub(super) fn keys(&self) -> Vec<K> {
        self.0.iter().flat_map(|shard| shard.lock().keys().copied().collect::<Vec<_>>()).collect()
    }
}
