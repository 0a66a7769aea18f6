//! From a committed event to everybody whom it concerns.

use std::sync::Arc;
use std::time::Duration;

use tertulia_domain::event::{Event, EventBody};
use tertulia_ports::{Heard, Signal};

use super::Spine;

/// As [`tertulia_ports::Bus::pulse`] wants it.
const PULSE_EVERY: Duration = Duration::from_secs(1);

impl Spine {
    /// Tells all nodes of a committed event.
    pub fn publish(&self, event: Event) {
        let conversation_id = event.conversation_id;
        let change = match &event.body {
            EventBody::MemberJoined(joined) => Some(Signal::Gained { user_id: joined.member.user_id, conversation_id }),
            EventBody::MemberLeft(left) => Some(Signal::Lost { user_id: left.user_id, conversation_id }),
            _ => None,
        };
        if let Some(committed) = self.committed.get() {
            committed(&event);
        }
        self.bus.publish(Signal::Event(Arc::new(event)));
        if let Some(change) = change {
            self.bus.publish(change);
        }
    }

    /// As [`Spine::publish`], for several, in their order.
    pub fn publish_all(&self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.publish(event);
        }
    }

    /// Forgets what any node's changes make stale. Before anybody else listens: who hears of a change may ask at once.
    pub(crate) fn keep_true(self: &Arc<Self>) {
        let spine = Arc::downgrade(self);
        self.listen(move |heard| {
            let Some(spine) = spine.upgrade() else { return };
            match heard {
                Heard::Signal(Signal::Event(event)) => match &event.body {
                    EventBody::MemberJoined(_)
                    | EventBody::MemberLeft(_)
                    | EventBody::MemberUpdated(_)
                    | EventBody::ConversationUpdated(_) => spine.access.forget(event.conversation_id),
                    _ => {}
                },
                Heard::Signal(Signal::RoleChanged { user_id }) => spine.access.forget_user(*user_id),
                Heard::Signal(_) => {}
                Heard::Lost => spine.access.forget_all(),
            }
        });
    }

    /// Keeps the bus sure of hearing everything.
    pub(crate) fn pulse(&self) {
        let bus = self.bus.clone();
        self.tasks.every(PULSE_EVERY, move || {
            bus.pulse();
            std::future::ready(())
        });
    }

    /// Calls `hear` with what this node commits, and no other. Once.
    pub(crate) fn listen_here(&self, hear: impl Fn(&Event) + Send + Sync + 'static) {
        drop(self.committed.set(Box::new(hear)));
    }

    /// Calls `hear` with everything that happens: quickly, and in the thread of who publishes.
    pub(crate) fn listen(&self, hear: impl Fn(&Heard) + Send + Sync + 'static) {
        self.bus.listen(Arc::new(hear));
    }
}
