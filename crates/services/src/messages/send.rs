//! `message.send`: limits → access → rules → append. The ack leaves when the store has it on disk.

use std::cell::Cell;

use tertulia_domain::access::Action;
use tertulia_domain::content::check_content;
use tertulia_domain::ids::{ConversationId, MessageId, Seq};
use tertulia_domain::message::{Priority, check_expiry, check_schedule};
use tertulia_domain::workspace::WorkspaceRole;
use tertulia_domain::{Content, Refusal, Timestamp};
use tertulia_ports::store::messages::{Appended, Draft};
use tertulia_ports::store::schedule::Scheduled;

use super::Messages;
use crate::spine::access::Known;
use crate::spine::limits::Key;
use crate::{Answer, Caller, refuse};

/// A message as its author wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct SendInput {
    pub message_id: MessageId,
    pub conversation_id: ConversationId,
    pub content: Content,
    pub reply_to: Option<MessageId>,
    pub thread_root: Option<MessageId>,
    pub priority: Priority,
    pub expires_in_ms: Option<u64>,
    pub scheduled_at: Option<Timestamp>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub message_id: MessageId,
    /// None while it waits for its time.
    pub seq: Option<Seq>,
    pub created_at: Option<Timestamp>,
    pub scheduled_at: Option<Timestamp>,
    /// It was there before; nothing changed now.
    pub duplicate: bool,
}

thread_local! {
    static IN_LINE: Cell<bool> = const { Cell::new(false) };
}

/// Whether a message that was just polled in this thread has its place in the store's line: what is sent after it from
/// the same connection cannot overtake it any more.
pub fn is_in_line() -> bool {
    IN_LINE.take()
}

impl Messages {
    /// Durable when it answers. The same again, however late, answers the same and changes nothing. To be run to its end.
    pub async fn send(&self, caller: Caller, input: SendInput) -> Answer<Sent> {
        self.spine.limits.take(Key::Message(caller.user_id))?;
        self.spine.limits.take(Key::MessageSustained(caller.user_id))?;
        let (grant, known) = self.spine.access.grant_knowing(Action::Send, caller.user_id, input.conversation_id).await?;
        check_content(&input.content, self.spine.settings.content)?;
        if input.priority == Priority::Urgent {
            self.check_urgent(caller, &known, input.message_id).await?;
        }
        let now = self.spine.clock.now();
        let (mentions, mention_scope) = self.mentions(grant, &known, &input.content).await?;
        let draft = Draft {
            id: input.message_id,
            content: input.content,
            reply_to: input.reply_to,
            thread_root: input.thread_root,
            mentions,
            mention_scope,
            priority: input.priority,
            at: input.scheduled_at.unwrap_or(now),
            expires_at: check_expiry(input.expires_in_ms, now)?,
        };
        if let Some(at) = input.scheduled_at {
            if let Err(late) = check_schedule(at, now) {
                // Unless it is a retry of what has been written since.
                let known = self.spine.store.messages.find(input.message_id, caller.user_id).await.map_err(refuse)?;
                return if known.is_some() { self.append(grant, draft).await } else { Err(late) };
            }
            let scheduled =
                Scheduled { conversation_id: input.conversation_id, sender_id: caller.user_id, draft, expires_in_ms: input.expires_in_ms };
            let duplicate = self.spine.store.schedule.put(grant, scheduled).await.map_err(refuse)?;
            return Ok(Sent { message_id: input.message_id, seq: None, created_at: None, scheduled_at: Some(at), duplicate });
        }
        self.append(grant, draft).await
    }

    /// What interrupts people is rare, and not for guests. A retry of what was written is no second one.
    async fn check_urgent(&self, caller: Caller, known: &Known, id: MessageId) -> Answer<()> {
        if known.workspace_role == Some(WorkspaceRole::Guest) {
            return Err(Refusal::forbidden("guests don't write urgent messages"));
        }
        if self.spine.store.messages.find(id, caller.user_id).await.map_err(refuse)?.is_some() {
            return Ok(());
        }
        let limited = self.spine.limits.take(Key::Urgent(caller.user_id));
        limited.inspect_err(|_| tracing::warn!(user = %caller.user_id, conversation = %known.subject.id, "too many urgent messages"))
    }

    /// The one way into the log for a message. To be run to its end: what was committed is also told.
    pub(super) async fn append(&self, grant: tertulia_domain::access::Grant, draft: Draft) -> Answer<Sent> {
        let message_id = draft.id;
        IN_LINE.set(true);
        let Appended { seq, at, duplicate, event } = self.spine.store.messages.append(grant, draft).await.map_err(refuse)?;
        self.spine.publish_all(event);
        metrics::counter!("tertulia_messages_total", "duplicate" => if duplicate { "yes" } else { "no" }).increment(1);
        Ok(Sent { message_id, seq: Some(seq), created_at: Some(at), scheduled_at: None, duplicate })
    }
}
