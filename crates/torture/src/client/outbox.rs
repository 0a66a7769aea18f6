//! What a client has written: on its way, and acknowledged.

use tertulia_domain::ids::{ConversationId, MessageId, Seq};

use crate::dice::Dice;

/// Acknowledged messages that a client remembers, to edit, delete and replay them.
const REMEMBERED: usize = 2_000;

/// A message as it is sent, and sent again.
#[derive(Debug, Clone)]
pub struct Unsent {
    pub conversation: ConversationId,
    pub message: MessageId,
    pub text: String,
}

/// A message that was acknowledged.
#[derive(Debug, Clone)]
pub struct Sent {
    pub unsent: Unsent,
    pub seq: Seq,
    pub edits: u32,
    pub deleted: bool,
}

/// A reaction of this client.
#[derive(Debug, Clone)]
pub struct Reaction {
    pub conversation: ConversationId,
    pub message: MessageId,
    pub emoji: &'static str,
}

#[derive(Debug, Default)]
pub struct Outbox {
    /// To be sent again: the outcome is unknown, or it was refused for now.
    pub waiting: Vec<Unsent>,
    sent: Vec<Sent>,
    /// Acknowledged, to be taken back some time.
    pub reactions: Vec<Reaction>,
    /// Others' messages, lately.
    seen: Vec<(ConversationId, MessageId)>,
}

impl Outbox {
    pub fn sent(&mut self, unsent: Unsent, seq: Seq, dice: &mut Dice) {
        let sent = Sent { unsent, seq, edits: 0, deleted: false };
        if self.sent.len() < REMEMBERED {
            self.sent.push(sent);
        } else if let Some(place) = {
            let at = dice.below(REMEMBERED);
            self.sent.get_mut(at)
        } {
            // Any of them may go: some stay for the whole run.
            *place = sent;
        }
    }

    pub fn any_sent(&mut self, dice: &mut Dice) -> Option<&mut Sent> {
        let place = dice.below(self.sent.len());
        self.sent.get_mut(place)
    }

    pub fn saw(&mut self, conversation: ConversationId, message: MessageId) {
        if self.seen.len() >= 64 {
            self.seen.remove(0);
        }
        self.seen.push((conversation, message));
    }

    pub fn any_seen(&self, dice: &mut Dice) -> Option<(ConversationId, MessageId)> {
        dice.pick(&self.seen).copied()
    }
}
