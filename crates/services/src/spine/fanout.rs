//! From a committed event to everybody whom it concerns.

use std::sync::Arc;

use tertulia_domain::event::{Event, EventBody};
use tertulia_ports::{Heard, Signal};

use super::Spine;

impl Spine {
    /// Tells all nodes of a committed event, and forgets what it made stale.
    pub fn publish(&self, event: Event) {
        match &event.body {
            EventBody::MemberJoined(_) | EventBody::MemberLeft(_) | EventBody::MemberUpdated(_) | EventBody::ConversationUpdated(_) => {
                self.access.forget(event.conversation_id);
            }
            _ => {}
        }
        let conversation_id = event.conversation_id;
        let change = match &event.body {
            EventBody::MemberJoined(joined) => Some(Signal::Gained { user_id: joined.member.user_id, conversation_id }),
            EventBody::MemberLeft(left) => Some(Signal::Lost { user_id: left.user_id, conversation_id }),
            _ => None,
        };
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

    /// Calls `hear` with everything that happens: quickly, and in the thread of who publishes.
    pub(crate) fn listen(&self, hear: impl Fn(&Heard) + Send + Sync + 'static) {
        self.bus.listen(Arc::new(hear));
    }
}
