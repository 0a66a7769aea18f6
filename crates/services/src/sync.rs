//! Catching up after an absence: one request with all watermarks, one answer with what was missed.

use std::collections::HashMap;
use std::sync::Arc;

use tertulia_domain::access::{Action, Grant};
use tertulia_domain::conversation::{ConversationView, Receipt, Unread};
use tertulia_domain::fanout::LARGE_MEMBERS;
use tertulia_domain::ids::{ConversationId, Seq};
use tertulia_domain::message::Message;
use tertulia_domain::{Event, Refusal, Timestamp};
use tertulia_ports::store::messages::Window;
use tertulia_ports::store::receipts::SyncState;

use crate::spine::Spine;
use crate::{Answer, Caller, refuse};

/// Conversations in one request.
pub const CONVERSATIONS_MAX: usize = 1_000;
/// Events of one conversation in one answer; who is further behind starts over.
pub const EVENTS_MAX: u32 = 500;
/// Events in one answer over all conversations; the rest is asked for again.
const ANSWER_EVENTS_MAX: usize = 2_000;
/// Messages for who starts over.
const PAGE: u32 = 50;

/// What a client has of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub conversation_id: ConversationId,
    pub last_seq: Seq,
    pub epoch: Option<String>,
}

/// What a client lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct CaughtUp {
    pub conversations: Vec<Missed>,
    pub added: Vec<ConversationView>,
    pub removed: Vec<ConversationId>,
    pub server_time: Timestamp,
}

/// What a client lacks of one conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Missed {
    pub conversation_id: ConversationId,
    pub events: Vec<Event>,
    pub last_seq: Seq,
    pub head: Seq,
    pub epoch: String,
    pub has_more: bool,
    pub too_large: bool,
    pub messages: Vec<Message>,
    pub read_seq: Seq,
    pub unread: Unread,
    pub receipts: Vec<Receipt>,
}

#[derive(Clone)]
pub struct Sync {
    spine: Arc<Spine>,
}

impl Sync {
    pub(crate) fn new(spine: Arc<Spine>) -> Self {
        Self { spine }
    }

    /// `limit`: events per conversation, at most (and by default) 500.
    pub async fn sync(&self, caller: Caller, positions: Vec<Position>, limit: Option<u64>) -> Answer<CaughtUp> {
        if positions.len() > CONVERSATIONS_MAX {
            return Err(Refusal::limit(CONVERSATIONS_MAX as u64, "too many conversations in one sync"));
        }
        let limit = match limit.map(u32::try_from) {
            None => EVENTS_MAX,
            Some(Ok(limit)) if (1..=EVENTS_MAX).contains(&limit) => limit,
            Some(_) => return Err(Refusal::field("limit", format!("1 to {EVENTS_MAX}"))),
        };
        let states = self.spine.store.receipts.sync_states(caller.user_id).await.map_err(refuse)?;
        let mut states: HashMap<ConversationId, SyncState> = states.into_iter().map(|state| (state.conversation_id, state)).collect();
        let mut answer =
            CaughtUp { conversations: Vec::new(), added: Vec::new(), removed: Vec::new(), server_time: self.spine.clock.now() };
        let mut budget = ANSWER_EVENTS_MAX;
        let mut asked: HashMap<ConversationId, ()> = HashMap::new();
        for position in positions {
            if asked.insert(position.conversation_id, ()).is_some() {
                continue;
            }
            match states.remove(&position.conversation_id) {
                None => answer.removed.push(position.conversation_id),
                Some(state) => answer.conversations.push(self.missed(caller, &position, state, limit, &mut budget).await?),
            }
        }
        let mut added: Vec<ConversationId> = states.into_keys().collect();
        added.sort_unstable();
        answer.added = self.spine.store.conversations.view(caller.user_id, &added).await.map_err(refuse)?;
        Ok(answer)
    }

    async fn missed(&self, caller: Caller, position: &Position, state: SyncState, limit: u32, budget: &mut usize) -> Answer<Missed> {
        let grant = self.spine.access.grant(Action::Read, caller.user_id, state.conversation_id).await?;
        let mut missed = Missed {
            conversation_id: state.conversation_id,
            events: Vec::new(),
            last_seq: position.last_seq,
            head: state.head,
            epoch: state.epoch.clone(),
            has_more: false,
            too_large: false,
            messages: Vec::new(),
            read_seq: state.membership.read_seq,
            unread: state.unread,
            receipts: self.receipts(grant, &state).await?,
        };
        let other_log = position.epoch.as_ref().is_some_and(|epoch| *epoch != state.epoch) || position.last_seq > state.head;
        if other_log || state.head.saturating_sub(position.last_seq) > u64::from(EVENTS_MAX) {
            self.start_over(grant, &mut missed).await?;
        } else if state.head > position.last_seq && *budget > 0 {
            let take = limit.min(u32::try_from(*budget).unwrap_or(limit));
            let tail = self.spine.store.log.tail(grant, position.last_seq, take).await.map_err(refuse)?;
            *budget -= tail.events.len().min(*budget);
            missed.last_seq = tail.events.last().map_or(position.last_seq, |event| event.seq);
            missed.head = tail.head;
            missed.events = tail.events;
        }
        missed.has_more = missed.last_seq < missed.head;
        Ok(missed)
    }

    async fn start_over(&self, grant: Grant, missed: &mut Missed) -> Answer<()> {
        let window = self.spine.store.messages.window(grant, Window::Latest, PAGE).await.map_err(refuse)?;
        missed.too_large = true;
        missed.last_seq = window.head;
        missed.head = window.head;
        missed.epoch = window.epoch;
        missed.messages = window.items;
        Ok(())
    }

    async fn receipts(&self, grant: Grant, state: &SyncState) -> Answer<Vec<Receipt>> {
        if state.member_count > LARGE_MEMBERS {
            return Ok(Vec::new());
        }
        self.spine.store.receipts.list(grant, u32::try_from(LARGE_MEMBERS).unwrap_or(100)).await.map_err(refuse)
    }
}
