//! Messages that wait for their time.

use std::time::Duration;

use tertulia_domain::access::Action;
use tertulia_domain::error::{Refusal, Retry};
use tertulia_domain::ids::{ConversationId, MessageId};
use tertulia_domain::message::check_expiry;
use tertulia_ports::store::schedule::Scheduled;

use super::Messages;
use crate::{Answer, Caller, refuse};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const AT_ONCE: u32 = 200;

impl Messages {
    /// The caller's own in one conversation, soonest first.
    pub async fn scheduled(&self, caller: Caller, id: ConversationId) -> Answer<Vec<Scheduled>> {
        let grant = self.spine.access.grant(Action::Read, caller.user_id, id).await?;
        self.spine.store.schedule.list(grant).await.map_err(refuse)
    }

    /// Takes a waiting message back.
    pub async fn unschedule(&self, caller: Caller, id: MessageId) -> Answer<()> {
        let existed = self.spine.store.schedule.remove(caller.user_id, id).await.map_err(refuse)?;
        if existed { Ok(()) } else { Err(Refusal::not_found()) }
    }

    pub(crate) fn start_schedule(&self) {
        let messages = self.clone();
        self.spine.tasks.every(LOOK_EVERY, move || {
            let messages = messages.clone();
            async move { messages.write_due().await }
        });
    }

    async fn write_due(&self) {
        let now = self.spine.clock.now();
        let due = match self.spine.store.schedule.due(now, AT_ONCE).await {
            Ok(due) => due,
            Err(error) => return tracing::warn!(%error, "schedule: will look again"),
        };
        for scheduled in due {
            let (sender, id) = (scheduled.sender_id, scheduled.draft.id);
            if let Err(refusal) = self.write_scheduled(scheduled).await {
                tracing::warn!(message = %id, code = %refusal.code, "schedule: not written");
                if refusal.code.retry() != Retry::Never {
                    continue;
                }
            }
            if let Err(error) = self.spine.store.schedule.remove(sender, id).await {
                tracing::warn!(message = %id, %error, "schedule: will be written again, which changes nothing");
            }
        }
    }

    /// As if sent now: the author may have lost the right meanwhile.
    async fn write_scheduled(&self, scheduled: Scheduled) -> Answer<()> {
        let grant = self.spine.access.grant(Action::Send, scheduled.sender_id, scheduled.conversation_id).await?;
        let now = self.spine.clock.now();
        let mut draft = scheduled.draft;
        draft.at = now;
        draft.expires_at = check_expiry(scheduled.expires_in_ms, now)?;
        self.append(grant, draft).await.map(|_| ())
    }
}
