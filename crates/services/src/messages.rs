//! Messages: written, changed, read; those that expire, and those that wait for their time.

mod change;
mod expire;
mod read;
mod schedule;
mod send;

use std::sync::Arc;

use tertulia_domain::access::{Action, Grant};
use tertulia_domain::ids::{ConversationId, MessageId, UserId};
use tertulia_domain::mention::parse_mentions;
use tertulia_domain::message::{MentionScope, Message};
use tertulia_domain::{Content, Event, Refusal};
use tertulia_ports::StoreResult;

use crate::spine::Spine;
use crate::spine::access::Known;
use crate::spine::tasks::finish;
use crate::{Answer, Caller, refuse};

pub use read::{MessagePage, ThreadPage};
pub use send::{SendInput, Sent, is_in_line};

/// From this many members on, `@channel` and `@here` are for admins.
const MENTION_ALL_MEMBERS_MAX: u64 = 1_000;

#[derive(Clone)]
pub struct Messages {
    spine: Arc<Spine>,
}

impl Messages {
    pub(crate) fn new(spine: Arc<Spine>) -> Self {
        Self { spine }
    }

    /// A message and the right to do `action` to it. Where the caller may not read, it does not exist.
    async fn locate(&self, caller: Caller, id: MessageId, action: impl Fn(&Message) -> Action) -> Answer<(Message, Grant, Known)> {
        let found = self.spine.store.messages.find(id, caller.user_id).await.map_err(refuse)?.ok_or_else(Refusal::not_found)?;
        let conversation = found.conversation_id;
        self.check_reader(caller.user_id, conversation).await?;
        let (grant, known) = self.spine.access.grant_knowing(action(&found.message), caller.user_id, conversation).await?;
        Ok((found.message, grant, known))
    }

    /// Who is not in the conversation does not learn that a message exists.
    async fn check_reader(&self, user: UserId, conversation: ConversationId) -> Answer<()> {
        self.spine.access.grant(Action::Read, user, conversation).await.map(|_| ()).map_err(|_| Refusal::not_found())
    }

    /// Whom a text calls, among those who may be called there.
    async fn mentions(&self, grant: Grant, known: &Known, content: &Content) -> Answer<(Vec<UserId>, Option<MentionScope>)> {
        let called = parse_mentions(content.as_text());
        if called.scope.is_some() && known.member_count >= MENTION_ALL_MEMBERS_MAX {
            self.spine.access.grant(Action::MentionAll, grant.actor(), grant.conversation()).await?;
        }
        if called.usernames.is_empty() {
            return Ok((Vec::new(), called.scope));
        }
        let users = self.spine.store.users.mentionable(grant.conversation(), &called.usernames).await.map_err(refuse)?;
        Ok((users, called.scope))
    }

    /// Runs a change to its end even if the caller goes away, and tells everybody. Answers the event's `seq`, or
    /// none where nothing changed.
    async fn commit<W>(&self, work: impl FnOnce(Arc<Spine>) -> W + Send + 'static) -> Answer<Option<u64>>
    where
        W: Future<Output = StoreResult<Option<Event>>> + Send,
    {
        let spine = self.spine.clone();
        let task = self.spine.tasks.run(async move {
            let event = work(spine.clone()).await.map_err(refuse)?;
            let seq = event.as_ref().map(|event| event.seq);
            spine.publish_all(event);
            Ok(seq)
        });
        finish(task).await
    }
}
