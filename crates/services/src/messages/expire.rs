//! Messages with a lifetime: when it is over, they are deleted like any other.

use std::time::Duration;

use tertulia_domain::access::{Action, Grant};
use tertulia_domain::event::DeleteReason;

use super::Messages;

const LOOK_EVERY: Duration = Duration::from_secs(1);
const AT_ONCE: u32 = 200;

impl Messages {
    pub(crate) fn start_expiry(&self) {
        let messages = self.clone();
        self.spine.tasks.every(LOOK_EVERY, move || {
            let messages = messages.clone();
            async move { messages.delete_expired().await }
        });
    }

    async fn delete_expired(&self) {
        let now = self.spine.clock.now();
        let due = match self.spine.store.messages.expired(now, AT_ONCE).await {
            Ok(due) => due,
            Err(error) => return tracing::warn!(%error, "expiry: will look again"),
        };
        for (conversation, sender, id) in due {
            let grant = Grant::system(sender, conversation, Action::Delete { own: true });
            let work = self.commit(move |spine| async move { spine.store.messages.delete(grant, id, DeleteReason::Expired, now).await });
            if let Err(refusal) = work.await {
                tracing::warn!(%conversation, message = %id, %refusal, "expiry: will try again");
            }
        }
    }
}
