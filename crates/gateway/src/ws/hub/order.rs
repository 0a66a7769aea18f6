//! The order of each conversation's events over a bus that loses and reorders: wait briefly, then read the log.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tertulia_domain::event::Event;
use tertulia_domain::ids::{ConversationId, Seq};
use tertulia_domain::sequencer::{Sequencer, Step};

use super::{Hub, Order, Room};

/// How long an event out of order waits for the one before it.
const WAIT: Duration = Duration::from_millis(50);
/// Between attempts to read a log that cannot be read.
const AGAIN: Duration = Duration::from_secs(1);
const HEADS_AT_ONCE: usize = 500;

impl Hub {
    /// Takes an event from the bus or the log, and delivers what is ready.
    pub(super) fn accept(&self, event: Arc<Event>) {
        let id = event.conversation_id;
        let mut shard = self.0.rooms.lock(id);
        let Some(room) = shard.get_mut(&id) else { return };
        self.accept_in(id, room, event);
        if room.listeners.is_empty() {
            shard.remove(&id);
        }
    }

    fn accept_in(&self, id: ConversationId, room: &mut Room, event: Arc<Event>) {
        let order = match &mut room.order {
            Order::Reading(early) => return early.push(event),
            Order::Known(order) => order,
        };
        match order.accept(event.seq, event) {
            Step::Deliver(events) => events.iter().for_each(|event| self.deliver(room, event)),
            Step::Duplicate => {}
            Step::Gap => {
                let wait = if order.is_full() { Duration::ZERO } else { WAIT };
                self.start_repair(id, room, wait);
            }
        }
    }

    /// Delivery begins after `base`.
    pub(super) fn set_base(&self, id: ConversationId, base: Seq) {
        let mut shard = self.0.rooms.lock(id);
        let Some(room) = shard.get_mut(&id) else { return };
        let Order::Reading(early) = &mut room.order else { return };
        let early = std::mem::take(early);
        room.order = Order::Known(Sequencer::new(base));
        for event in early {
            self.accept_in(id, room, event);
        }
        if room.listeners.is_empty() {
            shard.remove(&id);
        }
    }

    fn start_repair(&self, id: ConversationId, room: &mut Room, wait: Duration) {
        if std::mem::replace(&mut room.repairing, true) {
            return;
        }
        let hub = self.clone();
        self.0.services.spine.tasks.run(async move {
            tokio::time::sleep(wait).await;
            hub.repair(id, 0).await;
        });
    }

    /// Reads the log until there is no gap and everything up to `head` is delivered.
    async fn repair(&self, id: ConversationId, mut head: Seq) {
        let stopping = self.0.services.spine.tasks.stopping();
        while let Some(last) = self.behind(id, head) {
            metrics::counter!("tertulia_log_repairs_total").increment(1);
            match self.0.services.delivery.repair(id, last).await {
                Ok(tail) if tail.events.is_empty() => {
                    tracing::error!(conversation_id = %id, last, head = tail.head, "events beyond the log: connections are told to sync");
                    return self.start_over(id, tail.head);
                }
                Ok(tail) => {
                    head = head.max(tail.head);
                    tail.events.into_iter().for_each(|event| self.accept(Arc::new(event)));
                }
                Err(refusal) => {
                    tracing::warn!(conversation_id = %id, code = %refusal.code, "cannot repair from the log");
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        () = tokio::time::sleep(AGAIN) => {}
                    }
                }
            }
        }
    }

    /// After what the log has to be read; none where nothing is missing, which ends the repair.
    fn behind(&self, id: ConversationId, head: Seq) -> Option<Seq> {
        let mut shard = self.0.rooms.lock(id);
        let room = shard.get_mut(&id)?;
        match &room.order {
            Order::Known(order) if order.has_gap() || order.last() < head => Some(order.last()),
            _ => {
                room.repairing = false;
                None
            }
        }
    }

    fn start_over(&self, id: ConversationId, head: Seq) {
        if let Some(room) = self.0.rooms.lock(id).get_mut(&id) {
            room.order = Order::Known(Sequencer::new(head));
            room.repairing = false;
            room.moved_at = Instant::now();
        }
    }

    /// Compares what was delivered with the heads of the logs, and repairs what lags behind.
    pub(super) async fn check_tails(&self) {
        for ids in self.0.rooms.keys().chunks(HEADS_AT_ONCE) {
            // Read before the heads: who is delivered meanwhile is not behind.
            let delivered: HashMap<ConversationId, Seq> = ids.iter().filter_map(|id| Some((*id, self.delivered(*id)?))).collect();
            let Ok(heads) = self.0.services.delivery.heads(ids).await else { return };
            for (id, head) in heads {
                match delivered.get(&id) {
                    None => self.set_base(id, head),
                    Some(last) if *last < head => self.catch_up(id, head),
                    Some(_) => {}
                }
            }
        }
    }

    fn delivered(&self, id: ConversationId) -> Option<Seq> {
        match &self.0.rooms.lock(id).get(&id)?.order {
            Order::Known(order) => Some(order.last()),
            Order::Reading(_) => None,
        }
    }

    fn catch_up(&self, id: ConversationId, head: Seq) {
        let mut shard = self.0.rooms.lock(id);
        let Some(room) = shard.get_mut(&id) else { return };
        if std::mem::replace(&mut room.repairing, true) {
            return;
        }
        let hub = self.clone();
        self.0.services.spine.tasks.run(async move {
            // What was committed just now is still on its way.
            tokio::time::sleep(WAIT).await;
            hub.repair(id, head).await;
        });
    }

    /// The bus lost something: read anew who listens to what, then everything that may have been missed.
    pub(super) fn resync(&self) {
        if self.0.resyncing.swap(true, Ordering::AcqRel) {
            return;
        }
        metrics::counter!("tertulia_bus_losses_total").increment(1);
        let hub = self.clone();
        self.0.services.spine.tasks.run(async move {
            // From here on a further loss starts another round.
            hub.0.resyncing.store(false, Ordering::Release);
            for user in hub.0.users.keys() {
                let Some(listener) = hub.listener(user) else { continue };
                let _loading = listener.loading.lock().await;
                if let Err(refusal) = hub.load(&listener, true).await {
                    tracing::warn!(code = %refusal.code, "cannot read who listens to what");
                    listener.close_all();
                }
            }
            hub.check_tails().await;
        });
    }
}

impl super::Listener {
    /// Better to connect anew than to listen to the wrong things.
    fn close_all(&self) {
        let state = self.state.lock();
        state.connections.iter().for_each(|connection| connection.queue.close(crate::ws::close::Close::INTERNAL));
    }
}
