//! Seeded random plans: the same seed does the same things to a conversation.

use tertulia_domain::access::Action;
use tertulia_domain::event::DeleteReason;
use tertulia_domain::message::{MentionScope, Toggle};
use tertulia_domain::{Content, ConversationId, Event, MemberRole, MessageId, UserId};
use tertulia_ports::store::conversations::ConversationPatch;
use tertulia_ports::store::messages::Draft;
use tertulia_ports::{StoreError, StoreResult};

use crate::world::{grant, may_send};
use crate::{Random, World};

const EMOJI: [&str; 4] = ["👍", "🎉", "❤️", ":ship-it:"];

/// Does one random thing after the other to one conversation.
pub struct Plan<'a> {
    world: &'a World,
    conversation: ConversationId,
    /// Always a member; the others come and go.
    keeper: UserId,
    others: Vec<UserId>,
    messages: Vec<MessageId>,
    random: Random,
}

impl<'a> Plan<'a> {
    pub fn new(world: &'a World, conversation: ConversationId, keeper: UserId, others: Vec<UserId>, seed: u64) -> Self {
        Self { world, conversation, keeper, others, messages: Vec::new(), random: Random::new(seed) }
    }

    /// The events of one step, in order. A refusal is a step, too, and changes nothing.
    pub async fn step(&mut self) -> Vec<Event> {
        let outcome = match self.random.below(12) {
            0..=4 => self.send().await,
            5 => self.edit().await,
            6 => self.delete().await,
            7..=8 => self.react().await,
            9 => self.pin().await,
            10 => self.people().await,
            _ => self.settings().await,
        };
        match outcome {
            Ok(events) => events,
            Err(StoreError::Refused(_)) => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }

    fn somebody(&mut self) -> UserId {
        let (random, others) = (&mut self.random, &self.others);
        random.pick(others).copied().unwrap_or(self.keeper)
    }

    fn actor(&mut self) -> UserId {
        if self.random.one_in(3) { self.somebody() } else { self.keeper }
    }

    fn message(&mut self) -> MessageId {
        self.random.pick(&self.messages).copied().unwrap_or_else(crate::world::new_id)
    }

    fn toggle(&mut self) -> Toggle {
        if self.random.one_in(3) { Toggle::Remove } else { Toggle::Add }
    }

    fn mentions(&mut self) -> (Vec<UserId>, Option<MentionScope>) {
        let named = if self.random.one_in(3) { vec![self.somebody()] } else { Vec::new() };
        (named, self.random.one_in(8).then_some(MentionScope::Channel))
    }

    async fn send(&mut self) -> StoreResult<Vec<Event>> {
        let (mentions, mention_scope) = self.mentions();
        let thread_root = if self.random.one_in(3) { Some(self.message()) } else { None };
        let reply_to = if self.random.one_in(6) { Some(self.message()) } else { None };
        let text = format!("message {}", self.random.number());
        let draft = Draft { thread_root, reply_to, mentions, mention_scope, ..self.world.draft(&text) };
        let id = draft.id;
        let actor = self.actor();
        let appended = self.world.store.messages.append(may_send(actor, self.conversation), draft).await?;
        self.messages.push(id);
        Ok(appended.event.into_iter().collect())
    }

    async fn edit(&mut self) -> StoreResult<Vec<Event>> {
        let (mentions, scope) = self.mentions();
        let (id, content) = (self.message(), Content::text(format!("wording {}", self.random.below(3))));
        let grant = grant(self.actor(), self.conversation, Action::Edit { own: true });
        let event = self.world.store.messages.edit(grant, id, content, mentions, scope, self.world.tick()).await?;
        Ok(event.into_iter().collect())
    }

    async fn delete(&mut self) -> StoreResult<Vec<Event>> {
        let grant = grant(self.actor(), self.conversation, Action::Delete { own: true });
        let id = self.message();
        let event = self.world.store.messages.delete(grant, id, DeleteReason::Deleted, self.world.tick()).await?;
        Ok(event.into_iter().collect())
    }

    async fn react(&mut self) -> StoreResult<Vec<Event>> {
        let grant = grant(self.actor(), self.conversation, Action::React);
        let (id, emoji, action) = (self.message(), EMOJI[self.random.below(EMOJI.len())].to_owned(), self.toggle());
        let event = self.world.store.messages.react(grant, id, emoji, action, self.world.tick()).await?;
        Ok(event.into_iter().collect())
    }

    async fn pin(&mut self) -> StoreResult<Vec<Event>> {
        let grant = grant(self.actor(), self.conversation, Action::Pin);
        let (id, action) = (self.message(), self.toggle());
        let event = self.world.store.messages.pin(grant, id, action, self.world.tick()).await?;
        Ok(event.into_iter().collect())
    }

    async fn people(&mut self) -> StoreResult<Vec<Event>> {
        let (user, at) = (self.somebody(), self.world.tick());
        let conversations = &self.world.store.conversations;
        let manage = grant(self.keeper, self.conversation, Action::SetMemberRole);
        let event = match self.random.below(4) {
            0 => conversations.set_member(manage, user, None, at).await?,
            1 => conversations.set_member(manage, user, Some(MemberRole::Admin), at).await?,
            _ => {
                let add = grant(self.keeper, self.conversation, Action::AddMembers);
                return conversations.add_members(add, &[user], MemberRole::Member, Some(1_000), at).await;
            }
        };
        Ok(event.into_iter().collect())
    }

    async fn settings(&mut self) -> StoreResult<Vec<Event>> {
        let topic = Some(format!("topic {}", self.random.below(3))).filter(|_| !self.random.one_in(4)).or(Some(String::new()));
        let patch =
            ConversationPatch { topic, archived: self.random.one_in(3).then_some(self.random.one_in(2)), ..ConversationPatch::default() };
        let grant = grant(self.keeper, self.conversation, Action::Update);
        let event = self.world.store.conversations.update(grant, patch, self.world.tick()).await?;
        Ok(event.into_iter().collect())
    }
}
