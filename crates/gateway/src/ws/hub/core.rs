//! Who is connected, what they listen to, in what order events go out, and by which way. Pure: no I/O, no clock,
//! no locks. What is to be done comes out as [`Command`]s for shards and [`Effect`]s for who owns the core.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use slab::Slab;
use tertulia_domain::event::Event;
use tertulia_domain::ids::{ConnectionId, ConversationId, Seq, SessionId, UserId};
use tertulia_ports::store::log::Head;
use tertulia_services::Caller;

use super::room::Room;
use super::watches::Watches;
use super::{Command, Handle, RoomNo};
use crate::ws::close::Close;
use crate::ws::outgoing::Frame;

/// How large conversations are treated; see `domain/src/fanout.rs`.
#[derive(Debug, Clone, Copy)]
pub struct Ways {
    /// Shards, 1 to 64.
    pub shards: usize,
    /// WebSockets of one user; one more closes the oldest.
    pub connections_per_user: usize,
    /// Messages a second in one conversation past which nobody gets them in full; none = no such bound.
    pub summary_messages: Option<u32>,
}

/// What the owner of a core has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Read the log until nothing is missing; `wait` a little first, for what is on its way.
    Repair { id: ConversationId, wait: bool },
    /// Tell the user of a conversation that they listen to now.
    Tell { user: UserId, id: ConversationId },
    /// See whether the user may listen to it, and have them [`Core::admit`]ted.
    Ask { user: UserId, id: ConversationId },
}

/// One user on this node: what they listen to is the same for all their connections.
#[derive(Debug, Default)]
pub(super) struct Listener {
    /// Oldest first.
    pub(super) seats: Vec<Seat>,
    /// Ascending.
    pub(super) rooms: Vec<RoomNo>,
    pub(super) loaded: bool,
    /// Conversations gained or lost while a list of them was being read, which may not know of it.
    pub(super) changed: Option<Box<Changed>>,
    pub(super) changed_at: Option<Instant>,
    /// Differs after each thing that was heard of what they may read: what was asked before then may be out of date.
    pub(super) news: u64,
    /// What is being asked about, and what they are about to be told of: [`Effect::Ask`] and [`Effect::Tell`].
    pub(super) owed: Vec<ConversationId>,
}

/// What was heard while a list was being read.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) since: Instant,
    pub(super) ids: HashSet<ConversationId>,
}

/// A connection, as the hub knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) id: ConnectionId,
    pub(super) session: SessionId,
    pub(super) handle: Handle,
}

/// What is known of a shard: its slots are given out here.
#[derive(Debug, Default)]
struct Slots {
    next: u32,
    free: Vec<u32>,
    used: usize,
}

pub struct Core {
    pub(super) ways: Ways,
    pub(super) users: HashMap<UserId, Listener>,
    pub(super) rooms: Slab<Room>,
    pub(super) numbers: HashMap<ConversationId, RoomNo>,
    pub(super) watches: Watches,
    /// How far rooms had got that ended lately, since the last [`Core::rest`] and before: what was read before then is old.
    pub(super) ended: [HashMap<ConversationId, Seq>; 2],
    /// Who was said to have gained what while they still listened to it, since the last [`Core::rest`] and before.
    pub(super) regained: [HashSet<(UserId, ConversationId)>; 2],
    /// The newest [`Listener::news`] of anybody.
    pub(super) news: u64,
    /// Rooms that owe their listeners a `conversation.activity`.
    pub(super) pulsing: Vec<RoomNo>,
    slots: Vec<Slots>,
    connections: usize,
    commands: Vec<(u16, Command)>,
    effects: Vec<Effect>,
}

impl Core {
    pub fn new(ways: Ways) -> Self {
        Self {
            users: HashMap::new(),
            rooms: Slab::new(),
            numbers: HashMap::new(),
            watches: Watches::default(),
            ended: Default::default(),
            regained: Default::default(),
            news: 0,
            pulsing: Vec::new(),
            slots: (0..ways.shards.clamp(1, 64)).map(|_| Slots::default()).collect(),
            connections: 0,
            commands: Vec::new(),
            effects: Vec::new(),
            ways,
        }
    }

    /// What shards have to do since this was last asked, in its order.
    pub fn take_commands(&mut self) -> std::vec::Drain<'_, (u16, Command)> {
        self.commands.drain(..)
    }

    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn command(&mut self, shard: u16, command: Command) {
        self.commands.push((shard, command));
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        if let Effect::Ask { user, id } | Effect::Tell { user, id } = effect
            && let Some(listener) = self.users.get_mut(&user)
        {
            listener.owed.push(id);
        }
        self.effects.push(effect);
    }

    pub(super) fn send(&mut self, to: Handle, frame: Frame) {
        self.command(to.shard, Command::ToConnection { slot: to.slot, frame });
    }

    /// Connections that joined and have not left.
    pub fn connected(&self) -> usize {
        self.connections
    }

    /// Gives a connection its place. Until [`Core::loaded`] was called for its user it listens to what is known so far.
    pub fn join(&mut self, caller: Caller, id: ConnectionId) -> Handle {
        let handle = self.take_slot();
        self.news += 1;
        let listener = self.users.entry(caller.user_id).or_insert_with(|| Listener { news: self.news, ..Listener::default() });
        listener.seats.push(Seat { id, session: caller.session_id, handle });
        let over = listener.seats.len().saturating_sub(self.ways.connections_per_user);
        let crowded_out: Vec<Handle> = listener.seats.iter().take(over).map(|seat| seat.handle).collect();
        let rooms = listener.rooms.clone();
        self.connections += 1;
        self.command(handle.shard, Command::Open { slot: handle.slot, caller, id });
        for oldest in crowded_out {
            self.command(oldest.shard, Command::Close { slot: oldest.slot, close: Close::REPLACED });
        }
        self.listen(handle, rooms);
        handle
    }

    /// A connection ends: it gets nothing any more. Its slot stays taken until [`Core::release`].
    pub fn leave(&mut self, user: UserId, handle: Handle) {
        let Some(listener) = self.users.get_mut(&user) else { return };
        let before = listener.seats.len();
        listener.seats.retain(|seat| seat.handle != handle);
        self.connections -= before - listener.seats.len();
        self.watches.unwatch_all(handle);
        if listener.seats.is_empty() {
            let rooms = std::mem::take(&mut listener.rooms);
            self.users.remove(&user);
            rooms.into_iter().for_each(|no| self.drop_listener(no));
        }
    }

    /// The shard has forgotten the connection, and hears nothing of it from here.
    pub fn release(&mut self, handle: Handle) {
        if let Some(slots) = self.slots.get_mut(usize::from(handle.shard)) {
            slots.free.push(handle.slot);
            slots.used -= 1;
        }
    }

    /// All connections.
    pub fn handles(&self) -> Vec<Handle> {
        self.users.values().flat_map(|listener| listener.seats.iter().map(|seat| seat.handle)).collect()
    }

    pub fn users(&self) -> Vec<UserId> {
        self.users.keys().copied().collect()
    }

    /// Whose connections are of which sessions.
    pub fn sessions(&self) -> HashSet<(UserId, SessionId)> {
        self.users.iter().flat_map(|(user, listener)| listener.seats.iter().map(|seat| (*user, seat.session))).collect()
    }

    /// The connection of this id, where it is the user's and has not left.
    pub fn find(&self, user: UserId, id: ConnectionId) -> Option<Handle> {
        self.users.get(&user)?.seats.iter().find(|seat| seat.id == id).map(|seat| seat.handle)
    }

    pub(super) fn of_user(&self, user: UserId) -> Vec<Handle> {
        self.users.get(&user).map(|listener| listener.seats.iter().map(|seat| seat.handle).collect()).unwrap_or_default()
    }

    pub fn close(&mut self, user: UserId, close: Close) {
        for handle in self.of_user(user) {
            self.command(handle.shard, Command::Close { slot: handle.slot, close });
        }
    }

    pub(super) fn close_session(&mut self, user: UserId, session: SessionId, close: Close) {
        let Some(listener) = self.users.get(&user) else { return };
        let of_session: Vec<Handle> = listener.seats.iter().filter(|seat| seat.session == session).map(|seat| seat.handle).collect();
        for handle in of_session {
            self.command(handle.shard, Command::Close { slot: handle.slot, close });
        }
    }

    /// To all connections of a user.
    pub(super) fn tell_user(&mut self, user: UserId, frame: &Frame) {
        for handle in self.of_user(user) {
            self.send(handle, frame.clone());
        }
    }

    fn take_slot(&mut self) -> Handle {
        let (shard, slots) = match self.slots.iter_mut().enumerate().min_by_key(|(_, slots)| slots.used) {
            Some((shard, slots)) => (u16::try_from(shard).unwrap_or(u16::MAX), slots),
            None => return Handle { shard: u16::MAX, slot: u32::MAX },
        };
        slots.used += 1;
        let slot = slots.free.pop().unwrap_or_else(|| {
            slots.next += 1;
            slots.next - 1
        });
        Handle { shard, slot }
    }

    // ---- rooms --------------------------------------------------------------------------------

    pub(super) fn room(&mut self, id: ConversationId) -> Option<(RoomNo, &mut Room)> {
        let no = *self.numbers.get(&id)?;
        Some((no, self.rooms.get_mut(no as usize)?))
    }

    /// The room, and whether it is new: then delivery begins after `head`.
    pub(super) fn room_or_new(&mut self, head: Head, now: Instant) -> (RoomNo, bool) {
        if let Some(no) = self.numbers.get(&head.conversation_id) {
            return (*no, false);
        }
        let no = RoomNo::try_from(self.rooms.insert(Room::new(head, now))).unwrap_or(RoomNo::MAX);
        self.numbers.insert(head.conversation_id, no);
        (no, true)
    }

    /// A connection hears these rooms from here on.
    pub(super) fn listen(&mut self, handle: Handle, rooms: Vec<RoomNo>) {
        if rooms.is_empty() {
            return;
        }
        for no in &rooms {
            if let Some(room) = self.rooms.get_mut(*no as usize) {
                room.shards |= 1 << handle.shard;
            }
        }
        self.command(handle.shard, Command::Listen { slot: handle.slot, rooms });
    }

    /// A user is not in a room any more. The last one takes it along.
    pub(super) fn drop_listener(&mut self, no: RoomNo) {
        let Some(room) = self.rooms.get_mut(no as usize) else { return };
        room.users -= 1;
        if room.users == 0 {
            let (id, last) = (room.id, room.last());
            self.ended[0].insert(id, last);
            self.rooms.remove(no as usize);
            self.numbers.remove(&id);
        }
    }

    /// The heads of a user's conversations that moved after `since`.
    pub fn heads_moved(&self, user: UserId, since: Instant) -> Vec<(ConversationId, Seq)> {
        let Some(listener) = self.users.get(&user) else { return Vec::new() };
        let rooms = listener.rooms.iter().filter_map(|no| self.rooms.get(*no as usize));
        rooms.filter(|room| room.moved_at.is_some_and(|at| at >= since)).map(|room| (room.id, room.last())).collect()
    }

    /// What a connection looks at: large conversations are pushed in full only where somebody does.
    pub fn focus(&mut self, user: UserId, handle: Handle, id: Option<ConversationId>) {
        let listened = |no: &RoomNo| self.users.get(&user).is_some_and(|listener| listener.rooms.binary_search(no).is_ok());
        let room = id.and_then(|id| self.numbers.get(&id).copied()).filter(listened);
        self.command(handle.shard, Command::Focus { slot: handle.slot, room });
    }

    /// Whether receipts and typing go to everybody there.
    pub(super) fn is_small(room: &Room) -> bool {
        room.members <= tertulia_domain::fanout::LARGE_MEMBERS
    }

    /// Takes an event from the bus or from the log, and delivers what is ready.
    pub fn accept(&mut self, event: Arc<Event>, now: Instant) {
        match self.numbers.get(&event.conversation_id) {
            Some(no) => self.accept_in(*no, event, now),
            None => self.heard_outside(&event),
        }
    }

    /// Rooms on this node.
    pub fn conversations(&self) -> Vec<ConversationId> {
        self.rooms.iter().map(|(_, room)| room.id).collect()
    }

    /// How far a conversation was handed on here, be it by a room that is no more.
    pub(super) fn reached(&self, id: ConversationId) -> Option<Seq> {
        self.delivered(id).or_else(|| self.ended.iter().find_map(|ended| ended.get(&id).copied()))
    }

    /// How far a room has delivered; none: nobody listens.
    pub fn delivered(&self, id: ConversationId) -> Option<Seq> {
        Some(self.rooms.get(*self.numbers.get(&id)? as usize)?.last())
    }
}
