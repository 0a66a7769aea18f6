//! Who listens to what: lists that were read, and what was heard while they were.

use std::collections::HashSet;
use std::time::Instant;

use tertulia_domain::ids::{ConversationId, UserId};
use tertulia_ports::sabotage::{Sabotage, is_on};
use tertulia_ports::store::log::Head;
use tertulia_protocol::v1::{ConversationRemoved, ServerFrame};

use super::core::{Changed, Core, Effect};
use super::{Command, RoomNo};
use crate::ws::encode;
use crate::ws::outgoing::Frame;

/// What came of letting somebody in.
#[derive(Debug, Default)]
struct Entered {
    /// They were not there before.
    is_in: bool,
    /// Nobody was.
    is_fresh: bool,
}

impl Core {
    /// A list of the user's conversations is about to be read. What is heard from here on counts more than the list.
    pub fn loading(&mut self, user: UserId, now: Instant) {
        if let Some(listener) = self.users.get_mut(&user) {
            listener.changed = Some(Box::new(Changed { since: now, ids: HashSet::new() }));
        }
    }

    /// The list could not be read.
    pub fn not_loaded(&mut self, user: UserId) {
        if let Some(listener) = self.users.get_mut(&user) {
            listener.changed = None;
        }
    }

    /// The list: it is what the user listens to. Answers the conversations that were not delivered on this node before:
    /// what was committed since the list was read, nobody here has heard of. With `announce`, the user is told of changes.
    pub fn loaded(&mut self, user: UserId, heads: &[Head], announce: bool, now: Instant) -> Vec<ConversationId> {
        let Some(listener) = self.users.get_mut(&user) else { return Vec::new() };
        let Some(changed) = listener.changed.take() else { return Vec::new() };
        let is_first = !std::mem::replace(&mut listener.loaded, true);
        let listed: HashSet<ConversationId> = heads.iter().map(|head| head.conversation_id).collect();
        let here = listener.rooms.clone();
        let here = here.into_iter().filter_map(|no| Some(self.rooms.get(no as usize)?.id));
        let lost: Vec<ConversationId> = here.filter(|id| !listed.contains(id) && !changed.ids.contains(id)).collect();
        for id in lost {
            self.exit(user, id, now);
            if announce {
                self.tell_removed(user, id);
            }
        }
        let mut fresh = Vec::new();
        for head in heads.iter().filter(|head| !changed.ids.contains(&head.conversation_id)) {
            if self.is_stale(head, changed.since) {
                self.effect(Effect::Ask { user, id: head.conversation_id });
                continue;
            }
            let Entered { is_in, is_fresh } = self.enter(user, *head, now);
            if is_fresh {
                fresh.push(head.conversation_id);
            }
            if is_in && announce {
                self.effect(Effect::Tell { user, id: head.conversation_id });
            }
        }
        if is_first && let Some(listener) = self.users.get_mut(&user) {
            listener.changed_at = None;
        }
        fresh
    }

    /// A user may read a conversation from now on, somebody says. Where others listen to it already, the event itself
    /// comes in its place and lets them in.
    pub(super) fn gained(&mut self, user: UserId, id: ConversationId) {
        if self.listens(user, id) {
            // What puts them out first may still be on its way.
            self.regained[0].insert((user, id));
        } else if self.users.contains_key(&user) {
            self.effect(Effect::Ask { user, id });
        }
    }

    /// What to bring along to [`Core::admit`], from before the store is asked. None: the user has left.
    pub fn asking(&self, user: UserId) -> Option<u64> {
        self.users.get(&user).map(|listener| listener.news)
    }

    /// What was asked for: `head` where the user is a member, as of that head. False: more has happened since; ask again.
    pub fn admit(&mut self, user: UserId, id: ConversationId, head: Option<Head>, asked: u64, now: Instant) -> bool {
        if self.asking(user).is_some_and(|news| news != asked) {
            return false;
        }
        if let Some(head) = head {
            if self.reached(id).is_some_and(|last| last > head.seq) {
                return false;
            }
            if self.enter(user, head, now).is_in {
                self.heard_of(user, id, now);
                self.effect(Effect::Tell { user, id });
            }
        } else if !self.listens(user, id) {
            // They may know of it from a sync, which was ahead of what is heard here.
            self.heard_of(user, id, now);
            self.tell_removed(user, id);
        }
        self.settle(user, id);
        true
    }

    /// The user was told, by a sync, that these are their conversations. Those of which they hear nothing yet are asked
    /// about, and they are told anew of those that they hear of all the same: they are not parked with others than they
    /// know of.
    pub fn synced(&mut self, user: UserId, ids: impl IntoIterator<Item = ConversationId>) {
        let Some(listener) = self.users.get(&user) else { return };
        let ids: HashSet<ConversationId> = ids.into_iter().collect();
        let here = listener.rooms.iter().filter_map(|no| Some(self.rooms.get(*no as usize)?.id));
        let unknown: Vec<ConversationId> = here.filter(|id| !ids.contains(id)).collect();
        unknown.into_iter().for_each(|id| self.effect(Effect::Tell { user, id }));
        ids.into_iter().for_each(|id| self.gained(user, id));
    }

    /// What was owed is done.
    fn settle(&mut self, user: UserId, id: ConversationId) {
        let Some(listener) = self.users.get_mut(&user) else { return };
        if let Some(place) = listener.owed.iter().position(|owed| *owed == id) {
            listener.owed.swap_remove(place);
        }
    }

    /// The event that lets somebody in: they hear it, and what comes after it.
    pub(super) fn let_in(&mut self, no: RoomNo, user: UserId, now: Instant) {
        let Some(room) = self.rooms.get(no as usize) else { return };
        let head = Head { conversation_id: room.id, seq: room.last(), member_count: room.members };
        if self.users.contains_key(&user) {
            self.heard_of(user, head.conversation_id, now);
            if self.enter(user, head, now).is_in {
                self.effect(Effect::Tell { user, id: head.conversation_id });
            }
        }
    }

    /// The event that puts somebody out: they have heard it, and hear nothing after it.
    pub(super) fn put_out(&mut self, user: UserId, id: ConversationId, now: Instant) {
        if self.users.contains_key(&user) {
            self.heard_of(user, id, now);
            self.exit(user, id, now);
            self.tell_removed(user, id);
        }
    }

    /// A room that ended meanwhile, or began after `since`, and got further than what was read: what it handed on in
    /// between, nobody has noted.
    fn is_stale(&self, head: &Head, since: Instant) -> bool {
        let room = self.numbers.get(&head.conversation_id).and_then(|no| self.rooms.get(*no as usize));
        room.is_none_or(|room| room.began_at >= since) && self.reached(head.conversation_id).is_some_and(|last| last > head.seq)
    }

    fn heard_of(&mut self, user: UserId, id: ConversationId, now: Instant) {
        if let Some(listener) = self.users.get_mut(&user) {
            listener.changed.as_mut().map(|changed| changed.ids.insert(id));
            listener.changed_at = Some(now);
            self.news += 1;
            listener.news = self.news;
        }
    }

    fn enter(&mut self, user: UserId, head: Head, now: Instant) -> Entered {
        let Some(listener) = self.users.get(&user) else { return Entered::default() };
        let known = self.numbers.get(&head.conversation_id);
        if known.is_some_and(|no| listener.rooms.binary_search(no).is_ok()) {
            return Entered::default();
        }
        let (no, is_fresh) = self.room_or_new(head, now);
        let Some(listener) = self.users.get_mut(&user) else { return Entered::default() };
        // No more room than is needed: most users stay in as many conversations as they are in.
        listener.rooms.reserve_exact(1);
        let place = listener.rooms.partition_point(|other| *other < no);
        listener.rooms.insert(place, no);
        listener.changed_at = Some(now);
        let handles: Vec<_> = listener.seats.iter().map(|seat| seat.handle).collect();
        if let Some(room) = self.rooms.get_mut(no as usize) {
            room.users += 1;
        }
        handles.into_iter().for_each(|handle| self.listen(handle, vec![no]));
        Entered { is_in: true, is_fresh }
    }

    fn exit(&mut self, user: UserId, id: ConversationId, now: Instant) {
        let Some(no) = self.numbers.get(&id).copied() else { return };
        let Some(listener) = self.users.get_mut(&user) else { return };
        let Ok(place) = listener.rooms.binary_search(&no) else { return };
        listener.rooms.remove(place);
        listener.changed_at = Some(now);
        self.news += 1;
        listener.news = self.news;
        listener.owed.retain(|owed| *owed != id);
        let handles: Vec<_> = listener.seats.iter().map(|seat| seat.handle).collect();
        for handle in handles.into_iter().filter(|_| !is_on(Sabotage::Membership)) {
            self.command(handle.shard, Command::Unlisten { slot: handle.slot, room: no });
        }
        self.drop_listener(no);
        // The event that lets them in again nobody misses here, where nobody listens.
        if !self.numbers.contains_key(&id) && self.regained.iter().any(|regained| regained.contains(&(user, id))) {
            self.effect(Effect::Ask { user, id });
        }
    }

    pub(super) fn tell_removed(&mut self, user: UserId, conversation_id: ConversationId) {
        let frame = ServerFrame::ConversationRemoved(ConversationRemoved { conversation_id });
        self.tell_user(user, &Frame::durable(encode::server_frame(&frame)));
    }

    /// Tells a user of a conversation that they may read, unless they may not any more: then there is no frame.
    pub fn tell_added(&mut self, user: UserId, id: ConversationId, frame: Option<&Frame>, now: Instant) {
        if !self.listens(user, id) {
            return self.settle(user, id);
        }
        // Without one, the event that puts them out is on its way: what they know of is not certain until then.
        let Some(frame) = frame else { return };
        self.settle(user, id);
        self.tell_user(user, frame);
        if let Some(listener) = self.users.get_mut(&user) {
            listener.changed_at = Some(now);
        }
    }

    /// Whether a user hears of a conversation.
    pub fn listens(&self, user: UserId, id: ConversationId) -> bool {
        let room: Option<&RoomNo> = self.numbers.get(&id);
        room.is_some_and(|no| self.users.get(&user).is_some_and(|listener| listener.rooms.binary_search(no).is_ok()))
    }
}
