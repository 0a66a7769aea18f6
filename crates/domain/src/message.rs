//! Messages, and the rules of writing them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::content::Content;
use crate::error::Refusal;
use crate::ids::{ConversationId, MessageId, Seq, UserId};
use crate::time::Timestamp;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum Priority {
    #[default]
    Normal,
    Urgent,
}

/// A mention of more than named people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum MentionScope {
    /// `@here`: members who are online.
    Here,
    /// `@channel`: every member.
    Channel,
}

/// One emoji under a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Reaction {
    pub emoji: String,
    pub count: u32,
    /// Whether the caller is among them.
    pub me: bool,
    /// The first [`REACTION_NAMES_MAX`] who reacted, oldest first.
    pub user_ids: Vec<UserId>,
}

pub const REACTION_NAMES_MAX: usize = 20;
pub const REACTIONS_PER_MESSAGE_MAX: usize = 50;
pub const EMOJI_CHARS_MAX: usize = 50;

/// A message as the caller sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    /// That of the event which made it.
    pub seq: Seq,
    pub sender_id: UserId,
    /// A tombstone's content has no text.
    pub content: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The message whose thread this one is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_root: Option<MessageId>,
    /// Replies in its thread that are not deleted. In events: always 0, later events count it up.
    #[serde(default)]
    pub thread_count: u32,
    /// When the newest reply was written, deleted ones included: `createdAt` of the last one in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reply_at: Option<Timestamp>,
    /// People named with `@`, at most [`crate::mention::MENTIONS_MAX`].
    pub mentions: Vec<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mention_scope: Option<MentionScope>,
    /// In events: always empty, later events add them.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    pub priority: Priority,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<Timestamp>,
}

/// What a message said before an edit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct MessageVersion {
    pub content: Content,
    /// When this wording was written.
    pub at: Timestamp,
}

/// Whether something is put on or taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum Toggle {
    Add,
    Remove,
}

/// Lifetimes of messages that expire: one second to a year.
pub const EXPIRES_IN_MS: std::ops::RangeInclusive<u64> = 1_000..=31_536_000_000;
/// How far ahead a message may be scheduled.
pub const SCHEDULE_AHEAD_MS_MAX: i64 = 31_536_000_000;

/// An emoji or a `:shortcode:`, 1–50 characters, without white space or controls.
pub fn check_emoji(emoji: &str) -> Result<(), Refusal> {
    let visible = emoji.chars().any(|c| !crate::content::is_invisible(c));
    let clean = emoji.chars().all(|c| !c.is_whitespace() && !c.is_control());
    let short = emoji.chars().count() <= EMOJI_CHARS_MAX;
    let shortcode = emoji.len() > 2
        && emoji
            .strip_prefix(':')
            .and_then(|rest| rest.strip_suffix(':'))
            .is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+')));
    let pictograph = !emoji.is_ascii() && !emoji.chars().any(|c| c.is_alphabetic());
    let keycap = emoji.ends_with('\u{20e3}');
    if visible && clean && short && (shortcode || pictograph || keycap) {
        Ok(())
    } else {
        Err(Refusal::field("emoji", "one emoji or :shortcode:, at most 50 characters"))
    }
}

/// The moment at which a message sent `now` expires.
pub fn check_expiry(expires_in_ms: Option<u64>, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    match expires_in_ms {
        None => Ok(None),
        Some(ms) if EXPIRES_IN_MS.contains(&ms) => Ok(Some(now.plus_millis(i64::try_from(ms).unwrap_or(i64::MAX)))),
        Some(_) => Err(Refusal::field("expiresInMs", "one second to one year")),
    }
}

/// A message can be scheduled up to a year ahead, not into the past.
pub fn check_schedule(at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let ahead = at.millis_since(now);
    if (1..=SCHEDULE_AHEAD_MS_MAX).contains(&ahead) {
        Ok(())
    } else {
        Err(Refusal::field("scheduledAt", "lies in the past or more than a year ahead"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_pictures_or_shortcodes() {
        for good in ["👍", "👩‍👩‍👧‍👦", "🇪🇸", "❤️", "1️⃣", ":party-parrot:", "©"] {
            assert_eq!(check_emoji(good), Ok(()), "{good}");
        }
        for bad in ["", "a", "::", ":a b:", "👍 👍", "\u{200d}", "<b>", "é", &"👍".repeat(51)] {
            assert!(check_emoji(bad).is_err(), "{bad}");
        }
    }
}
