//! Edits, deletions, reactions, pins.

use tertulia_domain::Content;
use tertulia_domain::access::Action;
use tertulia_domain::content::check_content;
use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::event::DeleteReason;
use tertulia_domain::ids::{MessageId, Seq};
use tertulia_domain::message::{Toggle, check_emoji};

use super::Messages;
use crate::spine::limits::Key;
use crate::{Answer, Caller};

impl Messages {
    /// New wording; the old one is kept as a version. Answers the event's `seq`, none where nothing changed.
    pub async fn edit(&self, caller: Caller, id: MessageId, content: Content) -> Answer<Option<Seq>> {
        self.spine.limits.take(Key::Change(caller.user_id))?;
        let (message, grant, known) = self.locate(caller, id, |message| Action::Edit { own: message.sender_id == caller.user_id }).await?;
        let now = self.spine.clock.now();
        if self.spine.settings.edit_window_ms.is_some_and(|window| now.millis_since(message.created_at) > window) {
            return Err(Refusal::new(Code::EditWindow, "the time to edit this message is over"));
        }
        check_content(&content, self.spine.settings.content)?;
        let (mentions, scope) = self.mentions(grant, &known, &content).await?;
        self.commit(move |spine| async move { spine.store.messages.edit(grant, id, content, mentions, scope, now).await }).await
    }

    /// Leaves a tombstone. Deleting it again changes nothing.
    pub async fn delete(&self, caller: Caller, id: MessageId) -> Answer<Option<Seq>> {
        self.spine.limits.take(Key::Change(caller.user_id))?;
        let (_, grant, _) = self.locate(caller, id, |message| Action::Delete { own: message.sender_id == caller.user_id }).await?;
        let now = self.spine.clock.now();
        self.commit(move |spine| async move { spine.store.messages.delete(grant, id, DeleteReason::Deleted, now).await }).await
    }

    /// Adds or takes back one emoji of the caller's.
    pub async fn react(&self, caller: Caller, id: MessageId, emoji: String, action: Toggle) -> Answer<Option<Seq>> {
        self.spine.limits.take(Key::Change(caller.user_id))?;
        check_emoji(&emoji)?;
        let (_, grant, _) = self.locate(caller, id, |_| Action::React).await?;
        let now = self.spine.clock.now();
        self.commit(move |spine| async move { spine.store.messages.react(grant, id, emoji, action, now).await }).await
    }

    /// Pins or unpins for everybody in the conversation.
    pub async fn pin(&self, caller: Caller, id: MessageId, action: Toggle) -> Answer<Option<Seq>> {
        self.spine.limits.take(Key::Change(caller.user_id))?;
        let (_, grant, _) = self.locate(caller, id, |_| Action::Pin).await?;
        let now = self.spine.clock.now();
        self.commit(move |spine| async move { spine.store.messages.pin(grant, id, action, now).await }).await
    }
}
