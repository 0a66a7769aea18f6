//! History, threads, pins, versions, and the log itself.

use tertulia_domain::Timestamp;
use tertulia_domain::access::Action;
use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::ids::{ConversationId, MAX_SEQ, MessageId, Seq};
use tertulia_domain::message::{Message, MessageVersion};
use tertulia_ports::store::PageRequest;
use tertulia_ports::store::log::Tail;
use tertulia_ports::store::messages::{MessageWindow, Window};

use super::Messages;
use crate::{Answer, Caller, refuse};

/// A window of messages outside threads, oldest first.
pub type MessagePage = MessageWindow;

/// A thread's root and a page of its replies, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadPage {
    pub root: Message,
    pub items: Vec<Message>,
    pub next_cursor: Option<String>,
    pub head: Seq,
    pub epoch: String,
}

impl Messages {
    pub async fn window(&self, caller: Caller, id: ConversationId, window: Window, limit: u32) -> Answer<MessagePage> {
        let grant = self.spine.access.grant(Action::Read, caller.user_id, id).await?;
        self.spine.store.messages.window(grant, window, limit).await.map_err(refuse)
    }

    /// The window around the first message written at or after `at`; the latest one where all are older.
    pub async fn window_at(&self, caller: Caller, id: ConversationId, at: Timestamp, limit: u32) -> Answer<MessagePage> {
        let grant = self.spine.access.grant(Action::Read, caller.user_id, id).await?;
        let seq = self.spine.store.messages.seq_at(grant, at).await.map_err(refuse)?;
        self.window(caller, id, seq.map_or(Window::Latest, Window::Around), limit).await
    }

    pub async fn get(&self, caller: Caller, id: MessageId) -> Answer<Message> {
        let (message, _, _) = self.locate(caller, id, |_| Action::Read).await?;
        Ok(message)
    }

    pub async fn thread(&self, caller: Caller, id: ConversationId, root: MessageId, page: PageRequest) -> Answer<ThreadPage> {
        let grant = self.spine.access.grant(Action::Read, caller.user_id, id).await?;
        let found = self.spine.store.messages.find(root, caller.user_id).await.map_err(refuse)?;
        let root_message = found.filter(|found| found.conversation_id == id).ok_or_else(Refusal::not_found)?.message;
        let tail = self.spine.store.log.tail(grant, MAX_SEQ, 1).await.map_err(refuse)?;
        let page = self.spine.store.messages.thread(grant, root, page).await.map_err(refuse)?;
        Ok(ThreadPage { root: root_message, items: page.items, next_cursor: page.next_cursor, head: tail.head, epoch: tail.epoch })
    }

    pub async fn pins(&self, caller: Caller, id: ConversationId) -> Answer<Vec<Message>> {
        let grant = self.spine.access.grant(Action::Read, caller.user_id, id).await?;
        self.spine.store.messages.pins(grant).await.map_err(refuse)
    }

    /// Earlier wordings of a message.
    pub async fn versions(&self, caller: Caller, id: MessageId) -> Answer<Vec<MessageVersion>> {
        let (_, grant, _) = self.locate(caller, id, |_| Action::Read).await?;
        self.spine.store.messages.versions(grant, id).await.map_err(refuse)
    }

    /// The log after `after`, at most `limit` (1–500) events.
    pub async fn events(&self, caller: Caller, id: ConversationId, after: Seq, limit: u32) -> Answer<Tail> {
        if !(1..=500).contains(&limit) {
            return Err(Refusal::new(Code::InvalidField, "limit: 1 to 500"));
        }
        let grant = self.spine.access.grant(Action::Read, caller.user_id, id).await?;
        self.spine.store.log.tail(grant, after, limit).await.map_err(refuse)
    }
}
