//! Who is connected to this node, what they listen to, and what they get.
//!
//! Locks are taken in this order and none is held across an await: a room's shard, a user's shard, a
//! listener, a connection.

mod deliver;
mod listen;
mod order;
mod presence;
mod shards;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_domain::event::Event;
use tertulia_domain::ids::{ConnectionId, ConversationId, Seq, UserId};
use tertulia_domain::sequencer::Sequencer;
use tertulia_protocol::v1::{ServerDraining, ServerFrame};
use tertulia_services::{Caller, Services};

use self::presence::Watching;
use self::shards::Shards;
use super::close::Close;
use super::encode;
use super::send_queue::{Class, SendQueue};

/// How often the tails of all logs are compared with what was delivered: an event lost at the end shows no gap.
const TAILS_EVERY: Duration = Duration::from_secs(30);
/// A heartbeat reports heads that moved this much before the last one too, for those under way.
const HEARTBEAT_OVERLAP: Duration = Duration::from_secs(2);

/// One WebSocket, as everybody but its own task sees it.
pub struct Connection {
    pub id: ConnectionId,
    pub caller: Caller,
    pub queue: SendQueue,
    /// Of the access token, in milliseconds since 1970.
    pub expires_at_ms: AtomicI64,
    focus: Mutex<Option<ConversationId>>,
    beat_at: Mutex<Instant>,
    watching: Mutex<Option<Box<Watching>>>,
}

impl Connection {
    pub fn new(id: ConnectionId, caller: Caller, expires_at_ms: i64) -> Self {
        Self {
            id,
            caller,
            queue: SendQueue::default(),
            expires_at_ms: AtomicI64::new(expires_at_ms),
            focus: Mutex::default(),
            beat_at: Mutex::new(Instant::now()),
            watching: Mutex::default(),
        }
    }

    /// What its user looks at.
    pub fn focus(&self, conversation: Option<ConversationId>) {
        *self.focus.lock() = conversation;
    }
}

/// A connection and whom it stands for.
#[derive(Clone)]
pub struct Member {
    pub caller: Caller,
    pub connection: Arc<Connection>,
}

/// One user on this node: what they listen to is the same for all their connections.
struct Listener {
    user_id: UserId,
    state: Mutex<Listening>,
    /// Held while conversations are read from the store.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Listening {
    /// Oldest first.
    connections: Vec<Arc<Connection>>,
    rooms: HashSet<ConversationId>,
    loaded: bool,
    /// Conversations gained or lost while a list of them was being read, which may not know of it.
    changed: Option<HashSet<ConversationId>>,
}

/// One conversation that somebody on this node listens to.
struct Room {
    listeners: HashMap<UserId, Arc<Listener>>,
    order: Order,
    repairing: bool,
    moved_at: Instant,
}

enum Order {
    /// Where delivery begins is being read; what comes meanwhile waits.
    Reading(Vec<Arc<Event>>),
    Known(Sequencer<Arc<Event>>),
}

/// A cheap handle.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    services: Services,
    connections_per_user: usize,
    rooms: Shards<ConversationId, Room>,
    users: Shards<UserId, Arc<Listener>>,
    watchers: Shards<UserId, Vec<Weak<Connection>>>,
    /// Presence batches under way: when each ends, soonest first.
    windows: Mutex<VecDeque<(Instant, Weak<Connection>)>>,
    connected: AtomicUsize,
    draining: AtomicBool,
    hears: AtomicBool,
    resyncing: AtomicBool,
}

impl Hub {
    /// Begins to hear the bus.
    pub fn start(services: Services, connections_per_user: usize) -> Self {
        let hub = Self(Arc::new(Inner {
            connections_per_user,
            rooms: Shards::default(),
            users: Shards::default(),
            watchers: Shards::default(),
            windows: Mutex::default(),
            connected: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            hears: AtomicBool::new(true),
            resyncing: AtomicBool::new(false),
            services,
        }));
        hub.hear();
        let tasks = &hub.0.services.spine.tasks;
        let ticking = hub.clone();
        tasks.every(presence::TICK, move || {
            ticking.end_windows(Instant::now());
            std::future::ready(())
        });
        let checking = hub.clone();
        tasks.every(TAILS_EVERY, move || {
            let hub = checking.clone();
            async move { hub.check_tails().await }
        });
        hub
    }

    /// Whether the bus is there.
    pub fn hears(&self) -> bool {
        self.0.hears.load(Ordering::Relaxed)
    }

    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// WebSockets open on this node.
    pub fn connected(&self) -> usize {
        self.0.connected.load(Ordering::Relaxed)
    }

    /// The heads of the connection's conversations that moved since it last asked.
    pub fn heads_moved(&self, connection: &Connection) -> BTreeMap<ConversationId, Seq> {
        let now = Instant::now();
        let since = std::mem::replace(&mut *connection.beat_at.lock(), now);
        let since = since.checked_sub(HEARTBEAT_OVERLAP).unwrap_or(since);
        let rooms: Vec<ConversationId> = match self.0.users.lock(connection.caller.user_id).get(&connection.caller.user_id) {
            Some(listener) => listener.state.lock().rooms.iter().copied().collect(),
            None => return BTreeMap::new(),
        };
        let moved = rooms.into_iter().filter_map(|id| match self.0.rooms.lock(id).get(&id) {
            Some(Room { order: Order::Known(order), moved_at, .. }) if *moved_at >= since => Some((id, order.last())),
            _ => None,
        });
        moved.collect()
    }

    fn close_all(&self, close: Close) {
        self.0.draining.store(true, Ordering::Relaxed);
        self.0.users.for_each(|listener| listener.state.lock().connections.iter().for_each(|connection| connection.queue.close(close)));
    }

    /// Tells every connection to go, spread over `within`, and waits until they have gone.
    pub async fn drain(&self, within: Duration) {
        self.0.draining.store(true, Ordering::Relaxed);
        let mut connections: Vec<Arc<Connection>> = Vec::new();
        self.0.users.for_each(|listener| connections.extend(listener.state.lock().connections.iter().cloned()));
        let count = u32::try_from(connections.len()).unwrap_or(u32::MAX).max(1);
        let spread = within / 2;
        for (place, connection) in (0u32..).zip(&connections) {
            let after = spread.mul_f64(f64::from(place) / f64::from(count));
            let reconnect_after_ms = u64::try_from(after.as_millis()).unwrap_or_default();
            connection
                .queue
                .push(encode::server_frame(&ServerFrame::ServerDraining(ServerDraining { reconnect_after_ms })), Class::Durable);
        }
        // A moment for the first to open another socket before this one closes.
        tokio::time::sleep(within / 10).await;
        let steps = count.min(50);
        let chunk = connections.len().div_ceil(steps as usize).max(1);
        for group in connections.chunks(chunk) {
            group.iter().for_each(|connection| connection.queue.close(Close::DRAIN));
            if group.len() < connections.len() {
                tokio::time::sleep(spread / steps).await;
            }
        }
        let deadline = Instant::now() + within / 4;
        while self.connected() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
