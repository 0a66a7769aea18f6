//! What admins, and each member for themselves, decide.

use tertulia_domain::access::Grant;
use tertulia_domain::event::{ConversationUpdated, EventBody};
use tertulia_domain::{Conversation, Event, Timestamp};
use tertulia_ports::store::conversations::{ConversationPatch, PreferencesPatch};

use super::create::check_name_free;
use super::{load, name_key};
use crate::codes::Coded;
use crate::rows::{Here, missing, nonempty};
use crate::sql::{Ran, Tx, exec};

pub(super) async fn update(db: Tx, grant: Grant, patch: ConversationPatch, at: Timestamp) -> Ran<Option<Event>> {
    const SQL: &str = "UPDATE conversations SET name = $2, name_key = $3, topic = $4, avatar_url = $5, visibility = $6, settings = $7,
        archived_at = $8, updated_at = $9 WHERE id = $1";
    let mut here = Here::enter(&db, grant).await?;
    let old = load(&db, here.id).await?.ok_or_else(missing)?;
    let new = patched(old.clone(), patch, at);
    if new == old {
        return Ok(None);
    }
    let key = name_key(&new);
    if key != name_key(&old) {
        check_name_free(&db, new.workspace_id, key.as_deref()).await?;
    }
    exec(
        &db,
        SQL,
        &[
            &here.id.0,
            &new.name,
            &key.filter(|_| new.workspace_id.is_some()),
            &new.topic,
            &new.avatar_url,
            &Coded(new.visibility),
            &serde_json::to_string(&new.settings)?,
            &new.archived_at.map(Timestamp::as_millis),
            &at.as_millis(),
        ],
    )
    .await?;
    here.record(&db, None, at, EventBody::ConversationUpdated(changeable(new))).await.map(Some)
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

pub(super) async fn set_preferences(db: Tx, grant: Grant, patch: &PreferencesPatch) -> Ran<()> {
    const SQL: &str = "UPDATE members SET notification_level = coalesce($3, notification_level), muted_until = coalesce($4, muted_until),
        pinned = coalesce($5, pinned) WHERE conversation = $1 AND user_id = $2";
    let (level, until) = (patch.notification_level.map(Coded), patch.muted_until.map(Timestamp::as_millis));
    let changed = exec(&db, SQL, &[&grant.conversation().0, &grant.actor().0, &level, &until, &patch.pinned]).await?;
    if changed == 0 { Err(missing()) } else { Ok(()) }
}
