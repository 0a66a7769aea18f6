//! Who listens to what: joining, leaving, gaining and losing conversations.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tertulia_domain::ids::{ConversationId, UserId};
use tertulia_protocol::v1::{ConversationAdded, ConversationRemoved, ServerFrame};
use tertulia_services::Answer;

use super::{Connection, Hub, Listener, Listening, Order, Room};
use crate::ws::close::Close;
use crate::ws::encode;
use crate::ws::send_queue::Class;

/// Conversations whose heads are read at once.
const HEADS_AT_ONCE: usize = 500;

impl Hub {
    /// Lets a connection listen to all conversations of its user. When this answers, nothing that is committed
    /// from now on passes it by.
    pub async fn join(&self, connection: &Arc<Connection>) -> Answer<()> {
        let user = connection.caller.user_id;
        let (listener, crowded_out) = {
            let mut users = self.0.users.lock(user);
            let listener = users.entry(user).or_insert_with(|| {
                Arc::new(Listener {
                    user_id: user,
                    state: parking_lot::Mutex::new(Listening::default()),
                    loading: tokio::sync::Mutex::default(),
                })
            });
            let mut state = listener.state.lock();
            state.connections.push(connection.clone());
            let over = state.connections.len().saturating_sub(self.0.connections_per_user);
            let crowded_out: Vec<_> = state.connections.iter().take(over).cloned().collect();
            drop(state);
            (listener.clone(), crowded_out)
        };
        self.0.connected.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("tertulia_connections").increment(1.0);
        crowded_out.iter().for_each(|oldest| oldest.queue.close(Close::REPLACED));
        let _loading = listener.loading.lock().await;
        if !listener.state.lock().loaded {
            return self.load(&listener, false).await;
        }
        // Some may have been gained a moment ago.
        self.begin(&self.not_begun(&listener)).await
    }

    /// Conversations of a listener where delivery has not begun.
    fn not_begun(&self, listener: &Listener) -> Vec<ConversationId> {
        let mut rooms: Vec<ConversationId> = listener.state.lock().rooms.iter().copied().collect();
        rooms.retain(|id| self.0.rooms.lock(*id).get(id).is_some_and(|room| matches!(room.order, Order::Reading(_))));
        rooms
    }

    /// Undoes [`Hub::join`], whether it succeeded or not.
    pub fn leave(&self, connection: &Arc<Connection>) {
        self.unwatch_all(connection);
        let user = connection.caller.user_id;
        let rooms = {
            let mut users = self.0.users.lock(user);
            let Some(listener) = users.get(&user) else { return };
            let mut state = listener.state.lock();
            let before = state.connections.len();
            state.connections.retain(|other| other.id != connection.id);
            let gone = before - state.connections.len();
            self.0.connected.fetch_sub(gone, Ordering::Relaxed);
            metrics::gauge!("tertulia_connections").decrement(gone as f64);
            if !state.connections.is_empty() {
                return;
            }
            let rooms = std::mem::take(&mut state.rooms);
            drop(state);
            let listener = users.remove(&user);
            rooms.into_iter().map(move |id| (id, listener.clone())).collect::<Vec<_>>()
        };
        for (id, listener) in rooms {
            let mut shard = self.0.rooms.lock(id);
            let Some(room) = shard.get_mut(&id) else { continue };
            // The user may have come back meanwhile, as another listener.
            if room.listeners.get(&user).zip(listener.as_ref()).is_some_and(|(there, left)| Arc::ptr_eq(there, left)) {
                room.listeners.remove(&user);
            }
            if room.listeners.is_empty() {
                shard.remove(&id);
            }
        }
    }

    /// Reads what the user may read and makes it what they listen to. With `announce`, they are told of changes.
    pub(super) async fn load(&self, listener: &Arc<Listener>, announce: bool) -> Answer<()> {
        listener.state.lock().changed = Some(HashSet::new());
        let ids = self.0.services.delivery.conversations_of(listener.user_id).await;
        let ids: HashSet<ConversationId> = match ids {
            Ok(ids) => ids.into_iter().collect(),
            Err(refusal) => {
                listener.state.lock().changed = None;
                return Err(refusal);
            }
        };
        let lost: Vec<_> = listener.state.lock().rooms.difference(&ids).copied().collect();
        for id in lost {
            if self.exit(listener, id, false) && announce {
                tell_removed(listener, id);
            }
        }
        let entered: Vec<ConversationId> = ids.into_iter().filter(|id| self.enter(listener, *id, false).is_some()).collect();
        let begun = self.begin(&self.not_begun(listener)).await;
        {
            let mut state = listener.state.lock();
            state.changed = None;
            state.loaded = begun.is_ok();
        }
        begun?;
        if announce {
            for id in entered {
                self.tell_added(listener, id).await;
            }
        }
        Ok(())
    }

    /// Adds a listener to a room. None: it was there, or (unless `heard`) somebody said otherwise meanwhile. True: the
    /// room does not know yet where delivery begins.
    pub(super) fn enter(&self, listener: &Arc<Listener>, id: ConversationId, heard: bool) -> Option<bool> {
        let mut shard = self.0.rooms.lock(id);
        {
            let users = self.0.users.lock(listener.user_id);
            // Who has left does not come in by a list that was read before.
            users.get(&listener.user_id).filter(|present| Arc::ptr_eq(present, listener))?;
            let mut state = listener.state.lock();
            if heard {
                state.changed.as_mut().map(|changed| changed.insert(id));
            } else if state.changed.as_ref().is_some_and(|changed| changed.contains(&id)) {
                return None;
            }
            if !state.rooms.insert(id) {
                return None;
            }
        }
        let room = shard.entry(id).or_insert_with(|| Room {
            listeners: HashMap::new(),
            order: Order::Reading(Vec::new()),
            repairing: false,
            moved_at: Instant::now(),
        });
        room.listeners.insert(listener.user_id, listener.clone());
        Some(matches!(room.order, Order::Reading(_)))
    }

    /// Takes a listener out of a room; false where they were not in it.
    pub(super) fn exit(&self, listener: &Arc<Listener>, id: ConversationId, heard: bool) -> bool {
        let mut shard = self.0.rooms.lock(id);
        {
            let mut state = listener.state.lock();
            if heard {
                state.changed.as_mut().map(|changed| changed.insert(id));
            } else if state.changed.as_ref().is_some_and(|changed| changed.contains(&id)) {
                return false;
            }
            if !state.rooms.remove(&id) {
                return false;
            }
        }
        if let Some(room) = shard.get_mut(&id) {
            room.listeners.remove(&listener.user_id);
            if room.listeners.is_empty() {
                shard.remove(&id);
            }
        }
        true
    }

    /// Reads where delivery begins in rooms that are new here. What was committed before then, clients fetch.
    pub(super) async fn begin(&self, fresh: &[ConversationId]) -> Answer<()> {
        for ids in fresh.chunks(HEADS_AT_ONCE) {
            let heads: HashMap<_, _> = self.0.services.delivery.heads(ids).await?.into_iter().collect();
            for id in ids {
                self.set_base(*id, heads.get(id).copied().unwrap_or_default());
            }
        }
        Ok(())
    }

    pub(super) fn listener(&self, user: UserId) -> Option<Arc<Listener>> {
        self.0.users.lock(user).get(&user).cloned()
    }

    /// A user may read a conversation from now on.
    pub(super) fn gained(&self, user: UserId, id: ConversationId) {
        let Some(listener) = self.listener(user) else { return };
        let fresh = self.enter(&listener, id, true).unwrap_or_default();
        let hub = self.clone();
        self.0.services.spine.tasks.run(async move {
            if fresh && let Err(refusal) = hub.begin(&[id]).await {
                tracing::warn!(conversation_id = %id, code = %refusal.code, "cannot read where delivery begins; trying again with the next tail check");
            }
            hub.tell_added(&listener, id).await;
        });
    }

    /// A user may not read a conversation any more.
    pub(super) fn lost(&self, user: UserId, id: ConversationId) {
        let Some(listener) = self.listener(user) else { return };
        self.exit(&listener, id, true);
        tell_removed(&listener, id);
    }

    async fn tell_added(&self, listener: &Arc<Listener>, id: ConversationId) {
        let Ok(Some(conversation)) = self.0.services.delivery.view(listener.user_id, id).await else { return };
        let frame = encode::server_frame(&ServerFrame::ConversationAdded(ConversationAdded { conversation }));
        let state = listener.state.lock();
        if state.rooms.contains(&id) {
            state.connections.iter().for_each(|connection| connection.queue.push(frame.clone(), Class::Durable));
        }
    }
}

fn tell_removed(listener: &Listener, conversation_id: ConversationId) {
    let frame = encode::server_frame(&ServerFrame::ConversationRemoved(ConversationRemoved { conversation_id }));
    listener.push(&frame, Class::Durable, 0);
}

impl Listener {
    /// To all connections of the user.
    pub(super) fn push(&self, frame: &bytes::Bytes, class: Class, key: u128) -> usize {
        let state = self.state.lock();
        state.connections.iter().for_each(|connection| connection.queue.push_keyed(frame.clone(), class, key));
        state.connections.len()
    }
}
