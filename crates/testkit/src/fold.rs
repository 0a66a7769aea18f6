//! What a client makes of events: the state before plus the events must be what a fresh read shows.

use std::collections::BTreeMap;

use tertulia_domain::conversation::{Conversation, Member};
use tertulia_domain::event::{Event, EventBody, MessageReaction};
use tertulia_domain::message::{REACTION_NAMES_MAX, Reaction, Toggle};
use tertulia_domain::{Content, Message, MessageId, Timestamp, UserId};

/// A conversation as its events tell it.
#[derive(Debug, Clone)]
pub struct Folded {
    pub conversation: Conversation,
    pub members: BTreeMap<UserId, Member>,
    /// Reactions name everybody who reacted, and are nobody's own.
    pub messages: BTreeMap<MessageId, Message>,
}

impl Folded {
    /// Before the first event. What events do not change is taken from `conversation`.
    pub fn new(conversation: Conversation) -> Self {
        let conversation =
            Conversation { head: 0, member_count: 0, last_message_at: None, updated_at: conversation.created_at, ..conversation };
        Self { conversation, members: BTreeMap::new(), messages: BTreeMap::new() }
    }

    pub fn apply_all<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        events.into_iter().for_each(|event| self.apply(event));
    }

    /// `event` is the next one.
    pub fn apply(&mut self, event: &Event) {
        assert_eq!(event.seq, self.conversation.head + 1, "a gap before {}", event.body.kind());
        self.conversation.head = event.seq;
        match &event.body {
            EventBody::MessageNew(new) => self.add(&new.message),
            EventBody::MessageUpdated(updated) => {
                let message = self.message(updated.message_id);
                message.content = updated.content.clone();
                message.mentions = updated.mentions.clone();
                message.mention_scope = updated.mention_scope;
                message.edited_at = Some(updated.edited_at);
            }
            EventBody::MessageDeleted(deleted) => self.delete(deleted.message_id, deleted.deleted_at),
            EventBody::MessageReaction(reaction) => react(self.message(reaction.message_id), event.actor_id, reaction),
            EventBody::MessagePinned(pin) => self.message(pin.message_id).pinned_at = (pin.action == Toggle::Add).then_some(event.at),
            EventBody::MemberJoined(joined) => self.set_member(&joined.member),
            EventBody::MemberUpdated(updated) => self.set_member(&updated.member),
            EventBody::MemberLeft(left) => {
                self.members.remove(&left.user_id);
                self.conversation.member_count -= 1;
            }
            EventBody::ConversationUpdated(updated) => {
                let conversation = &mut self.conversation;
                conversation.name.clone_from(&updated.name);
                conversation.topic.clone_from(&updated.topic);
                conversation.avatar_url.clone_from(&updated.avatar_url);
                conversation.visibility = updated.visibility;
                conversation.settings = updated.settings;
                conversation.archived_at = updated.archived_at;
                conversation.updated_at = event.at;
            }
        }
    }

    fn message(&mut self, id: MessageId) -> &mut Message {
        self.messages.get_mut(&id).expect("an event about an unknown message")
    }

    fn add(&mut self, message: &Message) {
        if let Some(root) = message.thread_root {
            let root = self.message(root);
            root.thread_count += 1;
            root.last_reply_at = Some(message.created_at);
        }
        self.conversation.last_message_at = self.conversation.last_message_at.max(Some(message.created_at));
        self.messages.insert(message.id, message.clone());
    }

    fn delete(&mut self, id: MessageId, at: Timestamp) {
        let message = self.message(id);
        message.content = Content::tombstone();
        message.mentions.clear();
        message.mention_scope = None;
        message.reactions.clear();
        message.pinned_at = None;
        message.deleted_at = Some(at);
        if let Some(root) = message.thread_root {
            self.message(root).thread_count -= 1;
        }
    }

    fn set_member(&mut self, member: &Member) {
        if self.members.insert(member.user_id, member.clone()).is_none() {
            self.conversation.member_count += 1;
        }
    }

    /// The messages as `viewer` reads them, by `seq`.
    pub fn messages_for(&self, viewer: UserId) -> Vec<Message> {
        let mut messages: Vec<Message> = self.messages.values().cloned().collect();
        for reaction in messages.iter_mut().flat_map(|message| &mut message.reactions) {
            reaction.me = reaction.user_ids.contains(&viewer);
            reaction.user_ids.truncate(REACTION_NAMES_MAX);
        }
        messages.sort_by_key(|message| message.seq);
        messages
    }
}

fn react(message: &mut Message, actor: UserId, event: &MessageReaction) {
    let place = message.reactions.iter().position(|reaction| reaction.emoji == event.emoji).unwrap_or_else(|| {
        message.reactions.push(Reaction { emoji: event.emoji.clone(), count: 0, me: false, user_ids: Vec::new() });
        message.reactions.len() - 1
    });
    let reaction = &mut message.reactions[place];
    match event.action {
        Toggle::Add => reaction.user_ids.push(actor),
        Toggle::Remove => reaction.user_ids.retain(|user| *user != actor),
    }
    reaction.count = event.count;
    assert_eq!(reaction.user_ids.len(), event.count as usize, "the count of a reaction");
    message.reactions.retain(|reaction| reaction.count > 0);
}
