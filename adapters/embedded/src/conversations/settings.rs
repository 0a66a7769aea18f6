//! What admins, and each member for themselves, decide.

use rusqlite::Connection;
use tertulia_domain::access::Grant;
use tertulia_domain::event::{ConversationUpdated, EventBody};
use tertulia_domain::{Conversation, Event, Timestamp};
use tertulia_ports::store::conversations::{ConversationPatch, PreferencesPatch};

use super::create::check_name_free;
use super::{load, name_key};
use crate::codes::Coded;
use crate::rows::{Here, missing, nonempty};
use crate::sql::{Ran, exec};

pub(super) fn update(db: &Connection, grant: Grant, patch: ConversationPatch, at: Timestamp) -> Ran<Option<Event>> {
    let mut here = Here::enter(db, grant)?;
    let stored = load(db, here.id)?.ok_or_else(missing)?;
    let old = stored.conversation;
    let new = patched(old.clone(), patch, at);
    if new == old {
        return Ok(None);
    }
    let key = name_key(&new);
    if key != name_key(&old) {
        check_name_free(db, stored.workspace, key.as_deref())?;
    }
    exec(
        db,
        "UPDATE conversations SET name = ?, name_key = ?, topic = ?, avatar_url = ?, visibility = ?, settings = ?,
         archived_at = ?, updated_at = ? WHERE row = ?",
        (
            &new.name,
            key.filter(|_| stored.workspace.is_some()),
            &new.topic,
            &new.avatar_url,
            Coded(new.visibility),
            serde_json::to_string(&new.settings)?,
            new.archived_at.map(Timestamp::as_millis),
            at.as_millis(),
            here.row,
        ),
    )?;
    here.record(db, None, at, EventBody::ConversationUpdated(changeable(new))).map(Some)
}

fn patched(mut conversation: Conversation, patch: ConversationPatch, at: Timestamp) -> Conversation {
    if let Some(name) = patch.name {
        conversation.name = nonempty(name);
    }
    if let Some(topic) = patch.topic {
        conversation.topic = nonempty(topic);
    }
    if let Some(avatar_url) = patch.avatar_url {
        conversation.avatar_url = nonempty(avatar_url);
    }
    conversation.visibility = patch.visibility.unwrap_or(conversation.visibility);
    conversation.settings = patch.settings.unwrap_or(conversation.settings);
    conversation.archived_at = match patch.archived {
        Some(true) => conversation.archived_at.or(Some(at)),
        Some(false) => None,
        None => conversation.archived_at,
    };
    conversation
}

pub(crate) fn changeable(conversation: Conversation) -> ConversationUpdated {
    ConversationUpdated {
        name: conversation.name,
        topic: conversation.topic,
        avatar_url: conversation.avatar_url,
        visibility: conversation.visibility,
        settings: conversation.settings,
        archived_at: conversation.archived_at,
    }
}

pub(super) fn set_preferences(db: &Connection, grant: Grant, patch: &PreferencesPatch) -> Ran<()> {
    let here = Here::enter(db, grant)?;
    let changed = exec(
        db,
        "UPDATE members SET notification_level = coalesce(?, notification_level), muted_until = coalesce(?, muted_until), pinned = coalesce(?, pinned)
         WHERE conversation = ? AND user = ?",
        (patch.notification_level.map(Coded), patch.muted_until.map(Timestamp::as_millis), patch.pinned, here.row, here.actor),
    )?;
    if changed == 0 { Err(missing()) } else { Ok(()) }
}
