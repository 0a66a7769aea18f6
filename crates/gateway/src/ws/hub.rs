//! Who is connected to this node, what they listen to, and what they get. The [`core`] decides; what is here reads
//! the bus and the log for it, and tells the shards.

pub mod core;
mod deliver;
mod health;
mod membership;
mod repair;
mod resume;
mod room;
mod watches;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_domain::error::Refusal;
use tertulia_domain::ids::{ConnectionId, ConversationId, Seq, UserId};
use tertulia_ports::{Heard, Signal};
use tertulia_protocol::v1::{ConversationAdded, ServerDraining, ServerFrame};
use tertulia_services::{Answer, Caller, Services};

use self::core::{Core, Effect, Ways};
use self::resume::Parking;
pub use self::resume::{Missed, Parked, Plan, Resumed};
pub use self::room::Audience;
use super::close::Close;
pub use super::command::Command;
use super::encode;
use super::outgoing::Frame;
use super::shard::inbox::Inbox;

/// A conversation, within this node and for as long as somebody listens to it.
pub type RoomNo = u32;

/// A connection, within this node and until it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle {
    pub shard: u16,
    pub slot: u32,
}

/// A connection and whom it stands for.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    pub caller: Caller,
    pub handle: Handle,
}

/// How often the logs are read for what is new while other nodes are not heard.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// How often the tails of all logs are compared with what was delivered: an event lost at the end shows no gap.
const TAILS_EVERY: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(200);
/// A heartbeat reports heads that moved this lately: since the last one, however late it was.
const HEADS_WITHIN: Duration = Duration::from_secs(95);
/// Commands that a shard may be behind before it gets no more.
const BACKLOG_MAX: usize = 8_192;
/// Users whose conversations are read at the same time.
const LOADS_AT_ONCE: usize = 64;

/// A cheap handle.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    services: Services,
    core: Mutex<Core>,
    shards: Vec<Arc<Inbox>>,
    /// Held while a user's conversations are read; users share them.
    loads: Vec<tokio::sync::Mutex<()>>,
    parking: Mutex<Parking>,
    draining: AtomicBool,
    /// Something was not handed on to a shard that was too far behind.
    missed: AtomicBool,
    resyncing: AtomicBool,
    /// Parts that clients were told are away.
    away: Mutex<BTreeSet<&'static str>>,
}

impl Hub {
    /// Begins to hear the bus. `shards`: where commands go.
    pub fn start(services: Services, ways: Ways, shards: Vec<Arc<Inbox>>) -> Self {
        let hub = Self(Arc::new(Inner {
            core: Mutex::new(Core::new(ways)),
            shards,
            loads: (0..LOADS_AT_ONCE).map(|_| tokio::sync::Mutex::default()).collect(),
            parking: Mutex::default(),
            draining: AtomicBool::new(false),
            missed: AtomicBool::new(false),
            resyncing: AtomicBool::new(false),
            away: Mutex::default(),
            services,
        }));
        hub.hear();
        hub.watch_health();
        let tasks = &hub.0.services.spine.tasks;
        let ticking = hub.clone();
        tasks.every(TICK, move || {
            ticking.with(|core, now| {
                core.end_windows(now);
                core.pulse_due(now);
            });
            ticking.make_up();
            std::future::ready(())
        });
        let polling = hub.clone();
        tasks.every(POLL_EVERY, move || {
            let hub = polling.clone();
            async move {
                if !hub.0.services.delivery.hears_others() {
                    drop(hub.read_anew().await);
                }
            }
        });
        let checking = hub.clone();
        tasks.every(TAILS_EVERY, move || {
            let hub = checking.clone();
            async move {
                hub.forget_parked();
                hub.check_tails().await;
            }
        });
        hub
    }

    /// Changes the core and does what follows, in the order in which it was decided.
    fn with<T>(&self, change: impl FnOnce(&mut Core, Instant) -> T) -> T {
        let mut core = self.0.core.lock();
        // Taken under the lock, so that it never goes back from one change to the next.
        let answer = change(&mut core, Instant::now());
        for (shard, command) in core.take_commands() {
            self.tell(shard, command);
        }
        let effects = core.take_effects();
        drop(core);
        effects.into_iter().for_each(|effect| self.carry_out(effect));
        answer
    }

    pub(super) fn tell(&self, shard: u16, command: Command) {
        if let Some(inbox) = self.0.shards.get(usize::from(shard)) {
            inbox.push(command);
        }
    }

    fn carry_out(&self, effect: Effect) {
        let hub = self.clone();
        match effect {
            Effect::Repair { id, wait } => hub.start_repair(id, 0, wait),
            Effect::Tell { user, id } => drop(self.0.services.spine.tasks.run(async move { hub.tell_added(user, id).await })),
            Effect::Ask { user, id } => drop(self.0.services.spine.tasks.run(async move { hub.ask(user, id).await })),
        }
    }

    async fn tell_added(&self, user: UserId, id: ConversationId) {
        let frame = self.added_frame(user, id).await;
        self.with(|core, now| core.tell_added(user, id, frame.as_ref(), now));
    }

    /// Whether a user may listen to a conversation, as of a head that nothing here is ahead of.
    async fn ask(&self, user: UserId, id: ConversationId) {
        loop {
            let Some(asked) = self.0.core.lock().asking(user) else { return };
            match self.0.services.delivery.heads_of(user, Some(id)).await {
                Ok(heads) if self.with(|core, now| core.admit(user, id, heads.first().copied(), asked, now)) => break,
                Ok(_) => {}
                Err(refusal) => {
                    tracing::warn!(conversation_id = %id, code = %refusal.code, "cannot read who may listen; they will sync");
                    return self.with(|core, _| core.close(user, Close::INTERNAL));
                }
            }
        }
        self.catch_up(&[id]).await;
    }

    async fn added_frame(&self, user: UserId, id: ConversationId) -> Option<Frame> {
        let conversation = self.0.services.delivery.view(user, id).await.ok().flatten()?;
        Some(Frame::durable(encode::server_frame(&ServerFrame::ConversationAdded(ConversationAdded { conversation }))))
    }

    /// Hears the bus, in the threads of those who publish.
    fn hear(&self) {
        let hub = Arc::downgrade(&self.0);
        self.0.services.delivery.listen(move |heard| {
            if let Some(hub) = hub.upgrade() {
                Self(hub).heard(heard);
            }
        });
        let (hub, stopping) = (self.clone(), self.0.services.spine.tasks.stopping());
        self.0.services.spine.tasks.run(async move {
            stopping.cancelled().await;
            hub.stop();
        });
    }

    fn heard(&self, heard: &Heard) {
        match heard {
            Heard::Signal(Signal::SessionRevoked { user_id, session_id }) => {
                self.with(|core, _| core.close_session(*user_id, *session_id, Close::SESSION_REVOKED));
            }
            // Who publishes cannot wait for a shard: what it cannot take is read from the log once it has caught up.
            Heard::Signal(_) if self.is_any_shard_behind(BACKLOG_MAX) => self.0.missed.store(true, Ordering::Release),
            Heard::Signal(signal) => self.with(|core, now| core.signal(signal, now)),
            Heard::Lost => self.resync(),
        }
    }

    fn is_any_shard_behind(&self, commands: usize) -> bool {
        self.0.shards.iter().any(|inbox| inbox.len() > commands)
    }

    /// Makes good what was not handed on to shards that could not take it.
    fn make_up(&self) {
        if self.0.missed.load(Ordering::Acquire) && !self.is_any_shard_behind(BACKLOG_MAX / 2) {
            self.0.missed.store(false, Ordering::Release);
            self.resync();
        }
    }

    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// How late the shards took what they were told, since this was asked last.
    pub fn lateness(&self) -> Duration {
        self.0.shards.iter().map(|inbox| inbox.lateness()).max().unwrap_or_default()
    }

    /// WebSockets open on this node.
    pub fn connected(&self) -> usize {
        self.0.core.lock().connected()
    }

    /// The heads of the user's conversations that moved since they last asked.
    pub fn heads_moved(&self, user: UserId) -> BTreeMap<ConversationId, Seq> {
        let now = Instant::now();
        let since = now.checked_sub(HEADS_WITHIN).unwrap_or(now);
        self.0.core.lock().heads_moved(user, since).into_iter().collect()
    }

    /// The user learned of these conversations by a sync.
    pub fn synced(&self, user: UserId, ids: impl IntoIterator<Item = ConversationId>) {
        self.with(|core, _| core.synced(user, ids));
    }

    pub fn focus(&self, member: Member, id: Option<ConversationId>) {
        self.with(|core, _| core.focus(member.caller.user_id, member.handle, id));
    }

    /// A newer access token keeps the connection open.
    pub fn extend(&self, member: Member, expires_at_ms: i64) {
        self.tell(member.handle.shard, Command::Expires { slot: member.handle.slot, at_ms: expires_at_ms });
    }

    pub fn watch(&self, member: Member, users: &[UserId]) -> Answer<()> {
        self.with(|core, now| core.watch(member.handle, users, now))
    }

    pub fn unwatch(&self, member: Member, users: &[UserId]) {
        self.with(|core, _| core.unwatch(member.handle, users));
    }

    /// Gives a connection its place among those of its user. It listens to everything when this answers: nothing that
    /// is committed from now on passes it by.
    pub async fn join(&self, caller: Caller, id: ConnectionId) -> (Handle, Answer<()>) {
        metrics::gauge!("tertulia_connections").increment(1.0);
        let handle = self.with(|core, _| core.join(caller, id));
        let user = caller.user_id;
        let _loading = self.loading(user).await;
        let listens = if self.with(|core, _| core.is_loaded(user)) { Ok(()) } else { self.load(user, false).await };
        (handle, listens)
    }

    async fn loading(&self, user: UserId) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let [.., last] = *user.as_bytes();
        match self.0.loads.get(usize::from(last) % LOADS_AT_ONCE) {
            Some(load) => Some(load.lock().await),
            None => None,
        }
    }

    /// Reads what the user may read and makes it what they listen to. With `announce`, they are told of changes.
    async fn load(&self, user: UserId, announce: bool) -> Answer<()> {
        self.with(|core, now| core.loading(user, now));
        let heads = match self.0.services.delivery.heads_of(user, None).await {
            Ok(heads) => heads,
            Err(refusal) => {
                self.with(|core, _| core.not_loaded(user));
                return Err(refusal);
            }
        };
        let fresh = self.with(|core, now| core.loaded(user, &heads, announce, now));
        self.catch_up(&fresh).await;
        Ok(())
    }

    /// The shard has forgotten a connection that left.
    pub fn release(&self, handle: Handle) {
        self.0.core.lock().release(handle);
    }

    fn stop(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
        self.0.shards.iter().for_each(|inbox| inbox.push(Command::Stop));
    }

    /// Tells every connection to go, spread over `within`, and waits until they have gone. Where each was is kept, so
    /// that they can go on with the next process.
    pub async fn drain(&self, within: Duration) {
        self.0.draining.store(true, Ordering::Relaxed);
        let handles = self.0.core.lock().handles();
        let count = u32::try_from(handles.len()).unwrap_or(u32::MAX).max(1);
        let spread = within / 2;
        for (place, handle) in (0u32..).zip(&handles) {
            let after = spread.mul_f64(f64::from(place) / f64::from(count));
            let reconnect_after_ms = u64::try_from(after.as_millis()).unwrap_or_default();
            let frame = encode::server_frame(&ServerFrame::ServerDraining(ServerDraining { reconnect_after_ms }));
            self.tell(handle.shard, Command::ToConnection { slot: handle.slot, frame: Frame::durable(frame) });
        }
        // A moment for the first to open another socket before this one closes.
        tokio::time::sleep(within / 10).await;
        let steps = count.min(50);
        let chunk = handles.len().div_ceil(steps as usize).max(1);
        for group in handles.chunks(chunk) {
            group.iter().for_each(|handle| self.tell(handle.shard, Command::Close { slot: handle.slot, close: Close::DRAIN }));
            if group.len() < handles.len() {
                tokio::time::sleep(spread / steps).await;
            }
        }
        let deadline = Instant::now() + within / 4;
        while self.connected() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.keep_parked().await;
    }
}

/// What a draining node answers to who wants in.
pub fn draining() -> Refusal {
    Refusal::unavailable("this server is about to stop", 1_000)
}
