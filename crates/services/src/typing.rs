//! "Maya is typing…": never stored, ends by itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_domain::access::Action;
use tertulia_domain::ids::{ConversationId, MessageId, UserId};
use tertulia_ports::{Heard, Signal};

use crate::spine::Spine;
use crate::spine::limits::Key;
use crate::{Answer, Caller, refuse};

/// How long one sign of typing counts.
const EXPIRES: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(250);

type Place = (ConversationId, Option<MessageId>, UserId);

struct Typist {
    display_name: Arc<str>,
    until: Instant,
}

/// Who is typing where.
#[derive(Clone)]
pub struct Typing {
    spine: Arc<Spine>,
    typists: Arc<Mutex<HashMap<Place, Typist>>>,
}

impl Typing {
    pub(crate) fn new(spine: Arc<Spine>) -> Self {
        Self { spine, typists: Arc::default() }
    }

    /// More than one a second is dropped without a word.
    pub async fn start_typing(&self, caller: Caller, conversation: ConversationId, thread_root: Option<MessageId>) -> Answer<()> {
        self.spine.access.grant(Action::Type, caller.user_id, conversation).await?;
        if self.spine.limits.take(Key::Typing(caller.user_id, conversation)).is_err() {
            return Ok(());
        }
        let place = (conversation, thread_root, caller.user_id);
        let until = self.spine.clock.instant() + EXPIRES;
        let known = self.typists.lock().get(&place).map(|typist| typist.display_name.clone());
        let display_name = match known {
            Some(name) => name,
            None => self.display_name(caller.user_id).await?,
        };
        self.typists.lock().insert(place, Typist { display_name: display_name.clone(), until });
        self.publish(place, display_name, true);
        Ok(())
    }

    pub async fn stop_typing(&self, caller: Caller, conversation: ConversationId, thread_root: Option<MessageId>) -> Answer<()> {
        self.spine.access.grant(Action::Type, caller.user_id, conversation).await?;
        self.end(|place| *place == (conversation, thread_root, caller.user_id));
        Ok(())
    }

    /// Ends what is over, and what a message has answered.
    pub(crate) fn start(&self) {
        let typing = self.clone();
        self.spine.tasks.every(LOOK_EVERY, move || {
            let now = typing.spine.clock.instant();
            typing.end_where(|_, typist| typist.until <= now);
            std::future::ready(())
        });
        let typing = self.clone();
        self.spine.listen(move |heard| match heard {
            Heard::Signal(Signal::Event(event)) => {
                if let tertulia_domain::EventBody::MessageNew(new) = &event.body {
                    typing.end(|place| *place == (event.conversation_id, new.message.thread_root, event.actor_id));
                }
            }
            Heard::Signal(Signal::Lost { user_id, conversation_id }) => {
                typing.end(|(conversation, _, user)| conversation == conversation_id && user == user_id);
            }
            _ => {}
        });
    }

    fn end(&self, over: impl Fn(&Place) -> bool) {
        self.end_where(|place, _| over(place));
    }

    fn end_where(&self, over: impl Fn(&Place, &Typist) -> bool) {
        // Not published under the lock: who hears it may come back here.
        let ended: Vec<(Place, Typist)> = self.typists.lock().extract_if(|place, typist| over(place, typist)).collect();
        for (place, typist) in ended {
            self.publish(place, typist.display_name, false);
        }
    }

    fn publish(&self, (conversation_id, thread_root, user_id): Place, display_name: Arc<str>, active: bool) {
        self.spine.bus.publish(Signal::Typing { conversation_id, thread_root, user_id, display_name, active });
    }

    async fn display_name(&self, user: UserId) -> Answer<Arc<str>> {
        let users = self.spine.store.users.get_many(&[user]).await.map_err(refuse)?;
        Ok(users.first().map_or_else(|| Arc::from(""), |user| Arc::from(user.display_name.as_str())))
    }
}
