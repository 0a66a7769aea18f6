//! Messages: a row of `messages` is a message and its `message.new` event at once.

pub(crate) mod append;
mod change;
mod delete;
pub(crate) mod load;
pub(crate) mod mentions;
mod react;
mod read;

use async_trait::async_trait;
use tertulia_domain::access::Grant;
use tertulia_domain::event::DeleteReason;
use tertulia_domain::message::{MentionScope, MessageVersion, Toggle};
use tertulia_domain::{Content, ConversationId, Event, Message, MessageId, Seq, Timestamp, UserId};
use tertulia_ports::StoreResult;
use tertulia_ports::store::messages::{Appended, Draft, Located, MessageWindow, Window};
use tertulia_ports::store::{Messages, Page, PageRequest};

use crate::db::Db;

#[async_trait]
impl Messages for Db {
    async fn append(&self, grant: Grant, draft: Draft) -> StoreResult<Appended> {
        self.write_message(move |db| append::one_draft(db, grant, draft)).await
    }

    async fn append_all(&self, grant: Grant, drafts: Vec<(UserId, Draft)>) -> StoreResult<Vec<Appended>> {
        self.write(move |db| append::many(db, grant, drafts)).await
    }

    async fn edit(
        &self,
        grant: Grant,
        id: MessageId,
        content: Content,
        mentions: Vec<UserId>,
        scope: Option<MentionScope>,
        at: Timestamp,
    ) -> StoreResult<Option<Event>> {
        self.write(move |db| change::edit(db, grant, id, content, mentions, scope, at)).await
    }

    async fn delete(&self, grant: Grant, id: MessageId, reason: DeleteReason, at: Timestamp) -> StoreResult<Option<Event>> {
        self.write(move |db| delete::delete(db, grant, id, reason, at)).await
    }

    async fn react(&self, grant: Grant, id: MessageId, emoji: String, action: Toggle, at: Timestamp) -> StoreResult<Option<Event>> {
        self.write(move |db| react::react(db, grant, id, emoji, action, at)).await
    }

    async fn pin(&self, grant: Grant, id: MessageId, action: Toggle, at: Timestamp) -> StoreResult<Option<Event>> {
        self.write(move |db| change::pin(db, grant, id, action, at)).await
    }

    async fn find(&self, id: MessageId, viewer: UserId) -> StoreResult<Option<Located>> {
        self.read(move |db| read::find(db, id, viewer)).await
    }

    async fn window(&self, grant: Grant, window: Window, limit: u32) -> StoreResult<MessageWindow> {
        self.read(move |db| read::window(db, grant, window, limit)).await
    }

    async fn seq_at(&self, grant: Grant, at: Timestamp) -> StoreResult<Option<Seq>> {
        self.read(move |db| read::seq_at(db, grant, at)).await
    }

    async fn thread(&self, grant: Grant, root: MessageId, page: PageRequest) -> StoreResult<Page<Message>> {
        let cursors = self.cursors;
        self.read(move |db| read::thread(db, cursors, grant, root, &page)).await
    }

    async fn pins(&self, grant: Grant) -> StoreResult<Vec<Message>> {
        self.read(move |db| read::pins(db, grant)).await
    }

    async fn versions(&self, grant: Grant, id: MessageId) -> StoreResult<Vec<MessageVersion>> {
        self.read(move |db| read::versions(db, grant, id)).await
    }

    async fn expired(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<(ConversationId, UserId, MessageId)>> {
        self.read(move |db| read::expired(db, now, limit)).await
    }
}
