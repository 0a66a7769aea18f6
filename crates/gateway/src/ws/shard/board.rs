//! What a shard's connections listen to and what waits for each: everything about them but their sockets. Pure.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use tertulia_domain::ids::{ConnectionId, UserId};
use tertulia_services::Caller;

use crate::ws::close::Close;
use crate::ws::command::Command;
use crate::ws::hub::{Audience, RoomNo};
use crate::ws::outbox::{Outbox, Pushed};
use crate::ws::outgoing::Frame;

/// Outboxes kept for who needs one next.
const SPARE_MAX: usize = 1_024;
/// A room up to this size goes before larger ones.
const SMALL_ROOM: usize = 128;
/// Of so many that are looked at, one at least has waited with many others.
const LATER_EVERY: u32 = 4;
/// No room.
const NOWHERE: RoomNo = RoomNo::MAX;

/// A connection's place.
pub struct Slot<L> {
    pub caller: Caller,
    pub id: ConnectionId,
    /// Tells this connection from others that had the same slot.
    pub generation: u32,
    /// None while nothing waits: an idle connection holds no queue.
    outbox: Option<Box<Outbox>>,
    rooms: Vec<RoomNo>,
    focus: RoomNo,
    /// Told to end, after what waits.
    pub close: Option<Close>,
    due: Due,
    /// Something ephemeral waits for company.
    is_lingering: bool,
    /// Something durable was handed on that the other end may not have received.
    pub is_unproven: bool,
    /// The hub's time when it came.
    pub opened_at: Instant,
    /// permessage-deflate was agreed on.
    pub deflates: bool,
    /// The socket and what comes from it; none until it is there.
    pub link: Option<L>,
}

/// Whether a connection waits to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    No,
    /// After those who share nothing with many.
    Later,
    Soon,
}

/// A frame for many connections of this thread: made once in each form that one of them needs.
struct Shared {
    plain: Rc<Frame>,
    deflated: OnceCell<Rc<Frame>>,
}

impl Shared {
    fn new(frame: Frame) -> Self {
        Self { plain: Rc::new(frame), deflated: OnceCell::new() }
    }

    fn form(&self, deflated: bool) -> &Rc<Frame> {
        if deflated { self.deflated.get_or_init(|| Rc::new(self.plain.deflated())) } else { &self.plain }
    }
}

/// Who listens to a room, by slot.
#[derive(Debug, Default)]
struct Listeners {
    all: Vec<u32>,
    focused: Vec<u32>,
}

pub struct Board<L> {
    slots: Vec<Option<Box<Slot<L>>>>,
    rooms: Vec<Listeners>,
    generations: u32,
    /// Connections with something to write, in the order in which they are served: a few recipients first.
    due: VecDeque<u32>,
    due_later: VecDeque<u32>,
    /// How many were looked at, to take turns by.
    looked_at: u32,
    /// Since when connections have something ephemeral that waits for company, oldest first.
    lingering: VecDeque<(Instant, u32)>,
    #[allow(clippy::vec_box, reason = "connections hold the boxes, whose places are smaller")]
    spare: Vec<Box<Outbox>>,
    /// The hub's time of what was last handed on here.
    pub told_at: Instant,
    /// Frames handed on to connections, for the metrics.
    pub deliveries: u64,
    pub dropped: u64,
}

impl<L> Board<L> {
    pub fn new(now: Instant) -> Self {
        Self {
            slots: Vec::new(),
            rooms: Vec::new(),
            generations: 0,
            due: VecDeque::new(),
            due_later: VecDeque::new(),
            looked_at: 0,
            lingering: VecDeque::new(),
            spare: Vec::new(),
            told_at: now,
            deliveries: 0,
            dropped: 0,
        }
    }

    /// Carries out what concerns neither sockets nor time.
    pub fn apply(&mut self, command: Command, now: Instant) {
        match command {
            Command::Open { slot, caller, id } => self.open(slot, caller, id),
            Command::Listen { slot, rooms } => self.listen(slot, rooms),
            Command::Unlisten { slot, room } => self.unlisten(slot, room),
            Command::ToRoom { room, frame, audience, except, at } => {
                self.told_at = at;
                self.tell_room(room, frame, audience, except, now);
            }
            Command::ToConnection { slot, frame } => self.tell(slot, frame, now),
            Command::Focus { slot, room } => self.focus(slot, room),
            Command::Close { slot, close } => self.close(slot, close),
            Command::Adopt(_) | Command::Abandon { .. } | Command::Expires { .. } | Command::Poll { .. } | Command::Stop => {}
        }
    }

    fn open(&mut self, slot: u32, caller: Caller, id: ConnectionId) {
        self.generations = self.generations.wrapping_add(1);
        let place = slot as usize;
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, || None);
        }
        if let Some(empty) = self.slots.get_mut(place) {
            *empty = Some(Box::new(Slot {
                caller,
                id,
                generation: self.generations,
                outbox: None,
                rooms: Vec::new(),
                focus: NOWHERE,
                close: None,
                due: Due::No,
                is_lingering: false,
                is_unproven: false,
                opened_at: self.told_at,
                deflates: false,
                link: None,
            }));
        }
    }

    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Slot<L>> {
        self.slots.get_mut(slot as usize)?.as_deref_mut()
    }

    /// Forgets a connection, of which nothing may come after this. Its rooms it has left before.
    pub fn remove(&mut self, slot: u32) -> Option<Box<Slot<L>>> {
        self.unlisten_all(slot);
        self.slots.get_mut(slot as usize)?.take()
    }

    pub fn slots(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.slots).filter(|(_, slot)| slot.is_some()).map(|(no, _)| no)
    }

    fn listen(&mut self, slot: u32, rooms: Vec<RoomNo>) {
        // The connection may have ended while this was under way.
        if self.get_mut(slot).is_none() {
            return;
        }
        for no in &rooms {
            let place = *no as usize;
            if self.rooms.len() <= place {
                self.rooms.resize_with(place + 1, Listeners::default);
            }
            if let Some(room) = self.rooms.get_mut(place) {
                room.all.push(slot);
            }
        }
        let Some(connection) = self.get_mut(slot) else { return };
        if connection.rooms.is_empty() {
            connection.rooms = rooms;
        } else {
            connection.rooms.reserve_exact(rooms.len());
            connection.rooms.extend(rooms);
        }
    }

    fn unlisten(&mut self, slot: u32, no: RoomNo) {
        if let Some(connection) = self.get_mut(slot) {
            connection.rooms.retain(|other| *other != no);
            if connection.focus == no {
                connection.focus = NOWHERE;
            }
        }
        if let Some(room) = self.rooms.get_mut(no as usize) {
            room.forget(slot);
        }
    }

    /// The connection gets nothing from rooms any more. Answers what it looked at.
    pub fn unlisten_all(&mut self, slot: u32) -> Option<RoomNo> {
        let connection = self.get_mut(slot)?;
        let focus = std::mem::replace(&mut connection.focus, NOWHERE);
        for no in std::mem::take(&mut connection.rooms) {
            if let Some(room) = self.rooms.get_mut(no as usize) {
                room.forget(slot);
            }
        }
        (focus != NOWHERE).then_some(focus)
    }

    fn focus(&mut self, slot: u32, no: Option<RoomNo>) {
        let Some(connection) = self.get_mut(slot) else { return };
        let no = no.filter(|no| connection.rooms.contains(no)).unwrap_or(NOWHERE);
        let before = std::mem::replace(&mut connection.focus, no);
        if let Some(room) = self.rooms.get_mut(before as usize) {
            room.focused.retain(|other| *other != slot);
        }
        if let Some(room) = self.rooms.get_mut(no as usize) {
            room.focused.push(slot);
        }
    }

    /// Hands a frame on to who listens to a room.
    fn tell_room(&mut self, no: RoomNo, frame: Frame, audience: Audience, except: Option<UserId>, now: Instant) {
        let Some(room) = self.rooms.get_mut(no as usize) else { return };
        let list = if audience == Audience::Focused { &mut room.focused } else { &mut room.all };
        // Taken out for the while, so that the connections can be changed.
        let listeners = std::mem::take(list);
        let (frame, is_small) = (Shared::new(frame), listeners.len() <= SMALL_ROOM);
        for slot in &listeners {
            let Some(connection) = self.slots.get_mut(*slot as usize).and_then(Option::as_deref_mut) else { continue };
            if (audience == Audience::Unfocused && connection.focus == no) || except == Some(connection.caller.user_id) {
                continue;
            }
            self.push(*slot, &frame, now, Some(is_small));
        }
        if let Some(room) = self.rooms.get_mut(no as usize) {
            let list = if audience == Audience::Focused { &mut room.focused } else { &mut room.all };
            *list = listeners;
        }
    }

    pub fn tell(&mut self, slot: u32, frame: Frame, now: Instant) {
        self.push(slot, &Shared::new(frame), now, Some(true));
    }

    /// As [`Board::to_connection`], for one that is being looked at.
    pub fn answer(&mut self, slot: u32, frame: Frame, now: Instant) {
        self.push(slot, &Shared::new(frame), now, None);
    }

    /// `soon`: before who shares the frame with many; none: it is looked at anyway.
    fn push(&mut self, slot: u32, frame: &Shared, now: Instant, soon: Option<bool>) {
        let Some(connection) = self.slots.get_mut(slot as usize).and_then(Option::as_deref_mut) else { return };
        if connection.close.is_some() {
            // It does not get this any more: where it goes on is before it.
            connection.is_unproven |= !frame.plain.class.is_expendable();
            return;
        }
        let frame = frame.form(connection.deflates);
        let outbox = connection.outbox.get_or_insert_with(|| self.spare.pop().unwrap_or_default());
        self.deliveries += 1;
        match outbox.push(frame.clone()) {
            Pushed::Waits | Pushed::Replaced if frame.class.is_ephemeral() => {
                connection.is_unproven |= !frame.class.is_expendable();
                if connection.due == Due::No && !connection.is_lingering {
                    connection.is_lingering = true;
                    self.lingering.push_back((now, slot));
                }
                return;
            }
            Pushed::Waits | Pushed::Replaced => connection.is_unproven = true,
            Pushed::Dropped => {
                self.dropped += 1;
                return;
            }
            Pushed::Overflowed => {
                self.dropped += 1;
                outbox.clear();
                connection.close = Some(Close::SLOW_CONSUMER);
            }
        }
        if let Some(soon) = soon {
            self.make_due(slot, soon);
        }
    }

    /// Has a connection looked at. One that waits with many others for what they share does not wait so long for its own.
    pub fn make_due(&mut self, slot: u32, soon: bool) {
        let Some(connection) = self.get_mut(slot) else { return };
        match (connection.due, soon) {
            (Due::No | Due::Later, true) => {
                connection.due = Due::Soon;
                self.due.push_back(slot);
            }
            (Due::No, false) => {
                connection.due = Due::Later;
                self.due_later.push_back(slot);
            }
            (Due::Soon, _) | (Due::Later, false) => {}
        }
    }

    pub fn close(&mut self, slot: u32, close: Close) {
        if let Some(connection) = self.get_mut(slot) {
            connection.close.get_or_insert(close);
            self.make_due(slot, true);
        }
    }

    /// The next connection to look at.
    pub fn next_due(&mut self) -> Option<u32> {
        self.looked_at = self.looked_at.wrapping_add(1);
        // However many are due soon, those who wait with many others get on, too.
        let later = if self.looked_at.is_multiple_of(LATER_EVERY) { self.next_later() } else { None };
        if later.is_some() {
            return later;
        }
        let Some(slot) = self.due.pop_front() else { return self.next_later() };
        self.served(slot);
        Some(slot)
    }

    /// Who was looked at sooner is passed over.
    fn next_later(&mut self) -> Option<u32> {
        while let Some(slot) = self.due_later.pop_front() {
            if self.get_mut(slot).is_some_and(|connection| connection.due == Due::Later) {
                self.served(slot);
                return Some(slot);
            }
        }
        None
    }

    fn served(&mut self, slot: u32) {
        if let Some(connection) = self.get_mut(slot) {
            connection.due = Due::No;
        }
    }

    pub fn is_anybody_due(&self) -> bool {
        !self.due.is_empty() || !self.due_later.is_empty()
    }

    /// What has waited for company since before `since` goes out alone.
    pub fn end_lingering(&mut self, since: Instant) {
        while self.lingering.front().is_some_and(|(at, _)| *at <= since) {
            let Some((_, slot)) = self.lingering.pop_front() else { return };
            let Some(connection) = self.get_mut(slot) else { continue };
            if std::mem::take(&mut connection.is_lingering) && connection.outbox.is_some() {
                self.make_due(slot, true);
            }
        }
    }

    /// Since when the oldest ephemeral frame waits.
    pub fn lingers_since(&self) -> Option<Instant> {
        self.lingering.front().map(|(at, _)| *at)
    }

    /// An outbox that is empty is for others.
    pub fn give_back(&mut self, slot: u32) {
        let Some(connection) = self.get_mut(slot) else { return };
        if let Some(outbox) = connection.outbox.take_if(|outbox| outbox.is_empty())
            && self.spare.len() < SPARE_MAX
            && outbox.is_slim()
        {
            self.spare.push(outbox);
        }
    }
}

impl<L> Slot<L> {
    pub fn outbox(&mut self) -> Option<&mut Outbox> {
        self.outbox.as_deref_mut()
    }

    /// The outbox and the socket.
    pub fn parts(&mut self) -> (Option<&mut Outbox>, Option<&mut L>) {
        (self.outbox.as_deref_mut(), self.link.as_mut())
    }

    pub fn has_waiting(&self) -> bool {
        self.outbox.as_ref().is_some_and(|outbox| !outbox.is_empty())
    }

    /// For what comes first.
    pub fn begin_with(&mut self, frames: Vec<Frame>, is_known: impl Fn(&Frame) -> bool) {
        self.outbox.get_or_insert_default().begin_with(frames, is_known);
    }

    /// For what goes out after the close was decided: answers, and the goodbye itself.
    pub fn push_last(&mut self, frame: Frame) {
        self.outbox.get_or_insert_default().push(Rc::new(frame));
    }
}

impl Listeners {
    fn forget(&mut self, slot: u32) {
        if let Some(place) = self.all.iter().position(|other| *other == slot) {
            self.all.swap_remove(place);
        }
        self.focused.retain(|other| *other != slot);
        if self.all.is_empty() {
            *self = Self::default();
        }
    }
}
