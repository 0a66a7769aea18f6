//! From what the bus says to the frames that connections get. Every frame is encoded once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tertulia_domain::event::{Event, EventBody};
use tertulia_domain::ids::{ConversationId, Seq, UserId};
use tertulia_domain::sequencer::{Sequencer, Step};
use tertulia_ports::{ReceiptKind, Signal};
use tertulia_protocol::v1::{Badge, ConversationActivity, ReceiptFrame, ServerFrame, TypingIndicator};

use super::core::{Core, Effect};
use super::room::{Audience, Way};
use super::{Command, RoomNo};
use crate::ws::close::Close;
use crate::ws::encode;
use crate::ws::outgoing::{Class, Frame};

/// Who does not get events in full is told of them this often.
const PULSE_EVERY: Duration = Duration::from_secs(1);

impl Core {
    pub fn signal(&mut self, signal: &Signal, now: Instant) {
        match *signal {
            Signal::Event(ref event) => self.accept(event.clone(), now),
            Signal::Receipt { conversation_id, user_id, kind, seq, at } => {
                let receipt = ReceiptFrame { conversation_id, user_id, seq, at };
                let frame = match kind {
                    ReceiptKind::Delivered => ServerFrame::ReceiptDelivered(receipt),
                    ReceiptKind::Read => ServerFrame::ReceiptRead(receipt),
                };
                let key = about(conversation_id, Some(user_id)) ^ u128::from(kind == ReceiptKind::Read);
                self.tell_small_room(conversation_id, user_id, &frame, key, now);
            }
            Signal::Typing { conversation_id, thread_root, user_id, ref display_name, active } => {
                let typing = TypingIndicator { conversation_id, thread_root, user_id, display_name: display_name.to_string(), active };
                self.typing(conversation_id, user_id, &ServerFrame::TypingIndicator(typing), now);
            }
            Signal::Presence(ref presence) => self.presence_changed(presence, now),
            Signal::Badge { user_id, conversation_id, unread, read_seq, total_unread } => {
                let badge = ServerFrame::NotificationBadge(Badge { conversation_id, unread, read_seq, total_unread });
                self.tell_user(user_id, &Frame::ephemeral(encode::server_frame(&badge), Class::State, about(conversation_id, None)));
            }
            Signal::Gained { user_id, conversation_id } => self.gained(user_id, conversation_id),
            // The event says so in its place; said out of order it would be wrong.
            Signal::Lost { .. } | Signal::RoleChanged { .. } => {}
            Signal::SessionRevoked { user_id, session_id } => self.close_session(user_id, session_id, Close::SESSION_REVOKED),
        }
    }

    /// As [`Core::accept`], where the room is known.
    pub(super) fn accept_in(&mut self, no: RoomNo, event: Arc<Event>, now: Instant) {
        let Some(room) = self.rooms.get_mut(no as usize) else { return };
        let id = room.id;
        match room.order.accept(event.seq, event) {
            Step::Deliver(events) => events.iter().for_each(|event| self.deliver(no, event, now)),
            Step::Duplicate => {}
            Step::Gap => {
                let wait = !room.order.is_full();
                if !std::mem::replace(&mut room.repairing, true) {
                    self.effect(Effect::Repair { id, wait });
                }
            }
        }
    }

    /// After what the log has to be read; none where nothing is missing, which ends the repair.
    pub fn behind(&mut self, id: ConversationId, head: Seq) -> Option<Seq> {
        let (_, room) = self.room(id)?;
        room.repairing = room.order.has_gap() || room.last() < head;
        room.repairing.then(|| room.last())
    }

    /// The log ends before what was heard of it: delivery begins anew after its head.
    pub fn start_over(&mut self, id: ConversationId, head: Seq, now: Instant) {
        if let Some((_, room)) = self.room(id) {
            room.order = Sequencer::new(head);
            room.repairing = false;
            room.moved(head, now);
        }
    }

    /// A room lags behind its log; false: that is being seen to.
    pub fn catch_up(&mut self, id: ConversationId) -> bool {
        self.room(id).is_some_and(|(_, room)| !std::mem::replace(&mut room.repairing, true))
    }

    /// What a room knows of its size and its past is brought up to date now and then.
    pub fn rest(&mut self, now: Instant) {
        self.rooms.iter_mut().for_each(|(_, room)| room.rest(now));
        let [lately, before] = &mut self.ended;
        *before = std::mem::take(lately);
        // By now those who still listen have heard, or are being read, what put them out.
        let [lately, before] = &mut self.regained;
        *before = std::mem::take(lately);
    }

    /// Nobody listens. Somebody who begins to is seen to, even where [`Signal::Gained`] came while they still did.
    pub(super) fn heard_outside(&mut self, event: &Event) {
        if let EventBody::MemberJoined(joined) = &event.body {
            self.gained(joined.member.user_id, event.conversation_id);
        }
    }

    /// To those who listen, in the order of the log. Who was put out hears that, and nothing after it.
    fn deliver(&mut self, no: RoomNo, event: &Arc<Event>, now: Instant) {
        let id = event.conversation_id;
        if !self.rooms.contains(no as usize) {
            // The event before put the last one out.
            return self.heard_outside(event);
        }
        if let EventBody::MemberJoined(joined) = &event.body {
            self.let_in(no, joined.member.user_id, now);
        }
        let summary_messages = self.ways.summary_messages;
        let Some(room) = self.rooms.get_mut(no as usize) else { return };
        room.moved(event.seq, now);
        match &event.body {
            EventBody::MemberJoined(_) => room.members += 1,
            EventBody::MemberLeft(_) => room.members = room.members.saturating_sub(1),
            _ => {}
        }
        let is_message = matches!(event.body, EventBody::MessageNew(_));
        // What counts as unread: not what is said in threads.
        let is_new = matches!(&event.body, EventBody::MessageNew(new) if new.message.thread_root.is_none());
        let way = room.way(is_message, summary_messages, now);
        let audience = if way == Way::Full { Audience::All } else { Audience::Focused };
        if way != Way::Summary {
            let frame = Frame::event(encode::event(event), no, event.seq);
            self.tell_room(no, frame, audience, None, now);
        }
        match way {
            Way::Full => {}
            Way::Large => self.note(no, event.seq, Audience::Unfocused, is_new, now),
            Way::Summary => self.note(no, event.seq, Audience::All, is_new, now),
        }
        if let EventBody::MemberLeft(left) = &event.body {
            self.put_out(left.user_id, id, now);
        }
    }

    /// Something happened that `audience` does not get in full.
    fn note(&mut self, no: RoomNo, seq: Seq, audience: Audience, is_new: bool, now: Instant) {
        let Some(room) = self.rooms.get_mut(no as usize) else { return };
        let pulse = room.pulse.get_or_insert_default();
        pulse.new_messages += u64::from(is_new);
        let was_owed = pulse.owed.is_some();
        if pulse.owed != Some(Audience::All) {
            pulse.owed = Some(audience);
        }
        if pulse.told_at.is_none_or(|at| now.saturating_duration_since(at) >= PULSE_EVERY) {
            self.pulse(no, seq, now);
        } else {
            pulse.untold.get_or_insert(seq);
            if !was_owed {
                self.pulsing.push(no);
            }
        }
    }

    /// Tells what is owed and due.
    pub fn pulse_due(&mut self, now: Instant) {
        for no in std::mem::take(&mut self.pulsing) {
            let Some(room) = self.rooms.get(no as usize) else { continue };
            let (last, Some(pulse)) = (room.last(), &room.pulse) else { continue };
            if pulse.told_at.is_some_and(|at| now.saturating_duration_since(at) < PULSE_EVERY) {
                self.pulsing.push(no);
            } else {
                self.pulse(no, last, now);
            }
        }
    }

    /// `last_seq`: what is handed on just now may be ahead of what was before it.
    fn pulse(&mut self, no: RoomNo, last_seq: Seq, now: Instant) {
        let Some(room) = self.rooms.get_mut(no as usize) else { return };
        let id = room.id;
        let Some(pulse) = &mut room.pulse else { return };
        let Some(audience) = pulse.owed.take() else { return };
        let new_messages = std::mem::take(&mut pulse.new_messages);
        pulse.told_at = Some(now);
        if let Some(untold) = pulse.untold.take() {
            room.moved(untold, now);
        }
        let activity = ServerFrame::ConversationActivity(ConversationActivity { conversation_id: id, last_seq, new_messages });
        self.tell_room(
            no,
            Frame::ephemeral(encode::server_frame(&activity), Class::Hint, about(id, None).rotate_left(1)),
            audience,
            None,
            now,
        );
    }

    fn tell_room(&mut self, no: RoomNo, frame: Frame, audience: Audience, except: Option<UserId>, at: Instant) {
        let Some(room) = self.rooms.get(no as usize) else { return };
        let mut shards = room.shards;
        while shards != 0 {
            let shard = u16::try_from(shards.trailing_zeros()).unwrap_or_default();
            shards &= shards - 1;
            self.command(shard, Command::ToRoom { room: no, frame: frame.clone(), audience, except, at });
        }
    }

    /// The reader's own devices hear it everywhere, the others in conversations of up to 100 members.
    fn tell_small_room(&mut self, id: ConversationId, user: UserId, frame: &ServerFrame, key: u128, now: Instant) {
        let Some((no, room)) = self.room(id) else { return };
        let is_small = Self::is_small(room);
        let frame = Frame::ephemeral(encode::server_frame(frame), Class::State, key);
        if is_small { self.tell_room(no, frame, Audience::All, None, now) } else { self.tell_user(user, &frame) }
    }

    fn typing(&mut self, id: ConversationId, user: UserId, frame: &ServerFrame, now: Instant) {
        let Some((no, room)) = self.room(id) else { return };
        let audience = if Self::is_small(room) { Audience::All } else { Audience::Focused };
        let frame = Frame::ephemeral(encode::server_frame(frame), Class::Typing, about(id, Some(user)));
        self.tell_room(no, frame, audience, Some(user), now);
    }
}

/// What an ephemeral frame is about: a conversation, and somebody in it.
fn about(conversation: ConversationId, user: Option<UserId>) -> u128 {
    conversation.0.as_u128() ^ user.map_or(0, |user| user.0.as_u128().rotate_left(64))
}
