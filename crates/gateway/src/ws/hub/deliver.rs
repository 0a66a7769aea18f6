//! From what the bus says to the frames that connections get. Every frame is encoded once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use tertulia_domain::event::{Event, EventBody};
use tertulia_domain::ids::{ConversationId, UserId};
use tertulia_ports::{Heard, ReceiptKind, Signal};
use tertulia_protocol::v1::{Badge, ReceiptFrame, ServerFrame, TypingIndicator};

use super::{Hub, Listener, Room};
use crate::ws::close::Close;
use crate::ws::encode;
use crate::ws::send_queue::Class;

/// Signals handled before others get a turn.
const AT_ONCE: u32 = 256;

impl Hub {
    /// Hears the bus until the server stops.
    pub(super) fn hear(&self) {
        let hub = self.clone();
        let mut bus = self.0.services.delivery.subscribe();
        let stopping = self.0.services.spine.tasks.stopping();
        self.0.services.spine.tasks.run(async move {
            let mut handled = 0u32;
            loop {
                let heard = tokio::select! {
                    () = stopping.cancelled() => return hub.close_all(Close::DRAIN),
                    heard = bus.next() => heard,
                };
                match heard {
                    Some(Heard::Signal(signal)) => hub.signal(signal),
                    Some(Heard::Lost) => hub.resync(),
                    None => break,
                }
                handled = handled.wrapping_add(1);
                if handled.is_multiple_of(AT_ONCE) {
                    tokio::task::yield_now().await;
                }
            }
            tracing::error!("the bus is gone");
            hub.0.hears.store(false, Ordering::Relaxed);
        });
    }

    fn signal(&self, signal: Signal) {
        match signal {
            Signal::Event(event) => self.accept(event),
            Signal::Receipt { conversation_id, user_id, kind, seq, at } => {
                let receipt = ReceiptFrame { conversation_id, user_id, seq, at };
                let frame = match kind {
                    ReceiptKind::Delivered => ServerFrame::ReceiptDelivered(receipt),
                    ReceiptKind::Read => ServerFrame::ReceiptRead(receipt),
                };
                let key = about(conversation_id, Some(user_id)) ^ u128::from(kind == ReceiptKind::Read);
                self.to_room(conversation_id, None, &frame, Class::State, key);
            }
            Signal::Typing { conversation_id, thread_root, user_id, display_name, active } => {
                let typing = TypingIndicator { conversation_id, thread_root, user_id, display_name: display_name.to_string(), active };
                self.to_room(conversation_id, Some(user_id), &ServerFrame::TypingIndicator(typing), Class::Typing, 0);
            }
            Signal::Presence(presence) => self.presence_changed(presence, Instant::now()),
            Signal::Badge { user_id, conversation_id, unread, read_seq, total_unread } => {
                let badge = Badge { conversation_id, unread, read_seq, total_unread };
                self.to_user(user_id, &ServerFrame::NotificationBadge(badge), about(conversation_id, None));
            }
            Signal::Gained { user_id, conversation_id } => self.gained(user_id, conversation_id),
            Signal::Lost { user_id, conversation_id } => self.lost(user_id, conversation_id),
            Signal::SessionRevoked { user_id, session_id } => {
                let Some(listener) = self.listener(user_id) else { return };
                let state = listener.state.lock();
                let of_session = state.connections.iter().filter(|connection| connection.caller.session_id == session_id);
                of_session.for_each(|connection| connection.queue.close(Close::SESSION_REVOKED));
            }
        }
    }

    /// To everybody in the room, in the order of the log. Who was put out hears that, and nothing after it.
    pub(super) fn deliver(&self, room: &mut Room, event: &Arc<Event>) {
        room.moved_at = Instant::now();
        if let EventBody::MemberJoined(joined) = &event.body {
            self.let_in(room, event.conversation_id, joined.member.user_id);
        }
        push_all(room.listeners.values(), &encode::event(event), Class::Durable, 0);
        if let EventBody::MemberLeft(left) = &event.body
            && let Some(listener) = room.listeners.remove(&left.user_id)
        {
            let mut state = listener.state.lock();
            state.rooms.remove(&event.conversation_id);
            state.changed.as_mut().map(|changed| changed.insert(event.conversation_id));
        }
    }

    /// Who came back hears it in place, even where the signals of leaving and coming changed places.
    fn let_in(&self, room: &mut Room, id: ConversationId, user: UserId) {
        let users = self.0.users.lock(user);
        let Some(listener) = users.get(&user) else { return };
        let mut state = listener.state.lock();
        state.changed.as_mut().map(|changed| changed.insert(id));
        state.rooms.insert(id);
        room.listeners.insert(user, listener.clone());
    }

    fn to_room(&self, id: ConversationId, except: Option<UserId>, frame: &ServerFrame, class: Class, key: u128) {
        let shard = self.0.rooms.lock(id);
        let Some(room) = shard.get(&id) else { return };
        let listeners = room.listeners.values().filter(|listener| Some(listener.user_id) != except);
        push_all(listeners, &encode::server_frame(frame), class, key);
    }

    fn to_user(&self, user: UserId, frame: &ServerFrame, key: u128) {
        if let Some(listener) = self.listener(user) {
            push_all(std::iter::once(&listener), &encode::server_frame(frame), Class::State, key);
        }
    }
}

fn push_all<'a>(listeners: impl Iterator<Item = &'a Arc<Listener>>, frame: &Bytes, class: Class, key: u128) {
    let deliveries: usize = listeners.map(|listener| listener.push(frame, class, key)).sum();
    metrics::counter!("tertulia_deliveries_total").increment(deliveries as u64);
}

/// What a state frame is about: a conversation, and somebody in it.
fn about(conversation: ConversationId, user: Option<UserId>) -> u128 {
    conversation.0.as_u128() ^ user.map_or(0, |user| user.0.as_u128().rotate_left(64))
}
