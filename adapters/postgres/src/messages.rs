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
        self.make_room(draft.at).await?;
        self.lanes.append(grant, draft).await
    }

    async fn append_all(&self, grant: Grant, drafts: Vec<(UserId, Draft)>) -> StoreResult<Vec<Appended>> {
        for (_, draft) in &drafts {
            self.make_room(draft.at).await?;
        }
        let items = append::items(grant, drafts)?;
        self.write(|db| append::many(db, grant, &items)).await
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
        let wording = change::Wording { content, mentions, scope };
        self.write_log(at, |db| change::edit(db, grant, id, &wording, at)).await
    }

    async fn delete(&self, grant: Grant, id: MessageId, reason: DeleteReason, at: Timestamp) -> StoreResult<Option<Event>> {
        self.write_log(at, |db| delete::delete(db, grant, id, reason, at)).await
    }

    async fn react(&self, grant: Grant, id: MessageId, emoji: String, action: Toggle, at: Timestamp) -> StoreResult<Option<Event>> {
        self.write_log(at, |db| react::react(db, grant, id, &emoji, action, at)).await
    }

    async fn pin(&self, grant: Grant, id: MessageId, action: Toggle, at: Timestamp) -> StoreResult<Option<Event>> {
        self.write_log(at, |db| change::pin(db, grant, id, action, at)).await
    }

    async fn find(&self, id: MessageId, viewer: UserId) -> StoreResult<Option<Located>> {
        self.read(|db| read::find(db, id, viewer)).await
    }

    async fn window(&self, grant: Grant, window: Window, limit: u32) -> StoreResult<MessageWindow> {
        self.read(|db| read::window(db, grant, window, limit)).await
    }

    async fn seq_at(&self, grant: Grant, at: Timestamp) -> StoreResult<Option<Seq>> {
        self.read(|db| read::seq_at(db, grant, at)).await
    }

    async fn thread(&self, grant: Grant, root: MessageId, page: PageRequest) -> StoreResult<Page<Message>> {
        self.read(|db| read::thread(db, self.cursors, grant, root, &page)).await
    }

    async fn pins(&self, grant: Grant) -> StoreResult<Vec<Message>> {
        self.read(|db| read::pins(db, grant)).await
    }

    async fn versions(&self, grant: Grant, id: MessageId) -> StoreResult<Vec<MessageVersion>> {
        self.read(|db| read::versions(db, grant, id)).await
    }

    async fn expired(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<(ConversationId, UserId, MessageId)>> {
        self.glance(|db| read::expired(db, now, limit)).await
    }
}
