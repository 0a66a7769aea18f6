//! Who listens to what: lists that were read, and what was heard while they were.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use tertulia_domain::event::Event;
use tertulia_domain::ids::{ConversationId, UserId};
use tertulia_domain::sequencer::Sequencer;
use tertulia_ports::sabotage::{Sabotage, is_on};
use tertulia_ports::store::log::Head;
use tertulia_protocol::v1::{ConversationRemoved, ServerFrame};

use super::core::{Core, Effect};
use super::room::Order;
use super::{Command, RoomNo};
use crate::ws::encode;
use crate::ws::outgoing::Frame;

impl Core {
    /// A list of the user's conversations is about to be read. What is heard from here on counts more than the list.
    pub fn loading(&mut self, user: UserId) {
        if let Some(listener) = self.users.get_mut(&user) {
            listener.changed = Some(Box::default());
        }
    }

    /// The list could not be read.
    pub fn not_loaded(&mut self, user: UserId) {
        if let Some(listener) = self.users.get_mut(&user) {
            listener.changed = None;
        }
    }

    /// The list: it is what the user listens to. Answers what is new by it. With `announce`, they are told what they lost.
    pub fn loaded(&mut self, user: UserId, ids: &[ConversationId], announce: bool, now: Instant) -> Vec<ConversationId> {
        let Some(listener) = self.users.get_mut(&user) else { return Vec::new() };
        let changed = listener.changed.take().unwrap_or_default();
        let listed: HashSet<ConversationId> = ids.iter().copied().filter(|id| !changed.contains(id)).collect();
        let here = listener.rooms.clone();
        let here = here.into_iter().filter_map(|no| Some(self.rooms.get(no as usize)?.id));
        let lost: Vec<ConversationId> = here.filter(|id| !listed.contains(id) && !changed.contains(id)).collect();
        for id in lost {
            if self.exit(user, id, now) && announce {
                self.tell_removed(user, id);
            }
        }
        let entered = listed.into_iter().filter(|id| self.enter(user, *id, now)).collect();
        if let Some(listener) = self.users.get_mut(&user) {
            listener.loaded = true;
        }
        entered
    }

    /// Conversations of a user where delivery has not begun.
    pub fn not_begun(&self, user: UserId) -> Vec<ConversationId> {
        let rooms = self.users.get(&user).map(|listener| listener.rooms.as_slice()).unwrap_or_default();
        let reading = rooms.iter().filter(|no| self.is_reading(**no));
        reading.filter_map(|no| Some(self.rooms.get(*no as usize)?.id)).collect()
    }

    /// Delivery begins after these heads, where it had not. What was committed before them, clients fetch.
    pub fn begun(&mut self, heads: &[Head], now: Instant) {
        for head in heads {
            let Some((no, room)) = self.room(head.conversation_id) else { continue };
            room.members = head.member_count;
            let Order::Reading(early) = &mut room.order else { continue };
            let early = std::mem::take(early);
            room.order = Order::Known(Sequencer::new(head.seq));
            for event in early {
                self.accept_in(no, event, now);
            }
        }
    }

    /// A user may read a conversation from now on.
    pub(super) fn gained(&mut self, user: UserId, id: ConversationId, now: Instant) {
        if !self.users.contains_key(&user) {
            return;
        }
        self.heard_of(user, id, now);
        self.enter(user, id, now);
        let fresh = self.room(id).is_some_and(|(_, room)| matches!(room.order, Order::Reading(_)));
        self.effect(Effect::Begin { user, id, fresh });
    }

    /// A user may not read a conversation any more.
    pub(super) fn lost(&mut self, user: UserId, id: ConversationId, now: Instant) {
        if self.users.contains_key(&user) {
            self.heard_of(user, id, now);
            self.exit(user, id, now);
            self.tell_removed(user, id);
        }
    }

    /// Who came back hears it in place, even where the signals of leaving and coming changed places.
    pub(super) fn let_in(&mut self, user: UserId, id: ConversationId, now: Instant) {
        if self.users.contains_key(&user) {
            self.heard_of(user, id, now);
            self.enter(user, id, now);
        }
    }

    /// Who was put out hears nothing after that event, in whatever order the bus tells.
    pub(super) fn put_out(&mut self, user: UserId, event: &Arc<Event>, now: Instant) {
        self.heard_of(user, event.conversation_id, now);
        self.exit(user, event.conversation_id, now);
    }

    fn heard_of(&mut self, user: UserId, id: ConversationId, now: Instant) {
        if let Some(listener) = self.users.get_mut(&user) {
            listener.changed.as_mut().map(|changed| changed.insert(id));
            listener.changed_at = Some(now);
        }
    }

    /// False: they were there.
    fn enter(&mut self, user: UserId, id: ConversationId, now: Instant) -> bool {
        let no = self.room_or_new(id);
        let Some(listener) = self.users.get_mut(&user) else { return false };
        let Err(place) = listener.rooms.binary_search(&no) else { return false };
        // No more room than is needed: most users stay in as many conversations as they are in.
        listener.rooms.reserve_exact(1);
        listener.rooms.insert(place, no);
        if listener.loaded {
            listener.changed_at = Some(now);
        }
        let handles: Vec<_> = listener.seats.iter().map(|seat| seat.handle).collect();
        if let Some(room) = self.rooms.get_mut(no as usize) {
            room.users += 1;
        }
        handles.into_iter().for_each(|handle| self.listen(handle, vec![no]));
        true
    }

    /// False: they were not there.
    fn exit(&mut self, user: UserId, id: ConversationId, now: Instant) -> bool {
        let Some(no) = self.numbers.get(&id).copied() else { return false };
        let Some(listener) = self.users.get_mut(&user) else { return false };
        let Ok(place) = listener.rooms.binary_search(&no) else { return false };
        listener.rooms.remove(place);
        listener.changed_at = Some(now);
        let handles: Vec<_> = listener.seats.iter().map(|seat| seat.handle).collect();
        for handle in handles.into_iter().filter(|_| !is_on(Sabotage::Membership)) {
            self.command(handle.shard, Command::Unlisten { slot: handle.slot, room: no });
        }
        self.drop_listener(no);
        true
    }

    pub(super) fn tell_removed(&mut self, user: UserId, conversation_id: ConversationId) {
        let frame = ServerFrame::ConversationRemoved(ConversationRemoved { conversation_id });
        self.tell_user(user, &Frame::durable(encode::server_frame(&frame)));
    }

    /// Tells a user of a conversation that they may read, unless they may not any more.
    pub fn tell_added(&mut self, user: UserId, id: ConversationId, frame: &Frame) {
        if self.listens(user, id) {
            self.tell_user(user, frame);
        }
    }

    pub(super) fn listens(&self, user: UserId, id: ConversationId) -> bool {
        let room: Option<&RoomNo> = self.numbers.get(&id);
        room.is_some_and(|no| self.users.get(&user).is_some_and(|listener| listener.rooms.binary_search(no).is_ok()))
    }
}
