//! Editing and pinning.

use tertulia_domain::access::Grant;
use tertulia_domain::event::{EventBody, MessagePinned, MessageUpdated};
use tertulia_domain::message::{MentionScope, Toggle};
use tertulia_domain::{Content, Event, MessageId, Timestamp, UserId};

use super::load::Target;
use super::{load, mentions};
use crate::codes::Coded;
use crate::rows::Here;
use crate::sql::{Ran, Tx, exec};

/// What a message is to say.
pub(super) struct Wording {
    pub(super) content: Content,
    pub(super) mentions: Vec<UserId>,
    pub(super) scope: Option<MentionScope>,
}

pub(super) async fn edit(db: Tx, grant: Grant, id: MessageId, new: &Wording, at: Timestamp) -> Ran<Option<Event>> {
    const SQL: &str = "UPDATE messages SET content = $4, mentions = $5, mention_scope = $6, edited_at = $7
        WHERE conversation = $1 AND seq = $2 AND created_at = $3";
    let mut here = Here::enter(&db, grant).await?;
    let target = load::live_target(&db, &here, id).await?;
    let old = &target.message;
    if old.content == new.content && old.mentions == new.mentions && old.mention_scope == new.scope {
        return Ok(None);
    }
    if old.content != new.content {
        keep_version(&db, &here, &target).await?;
    }
    mentions::remove(&db, &here, &target).await?;
    mentions::add(&db, &here, &target, &new.mentions).await?;
    let (content, packed) = (serde_json::to_string(&new.content)?, mentions::pack(&new.mentions));
    let (scope, ms) = (new.scope.map(Coded), at.as_millis());
    exec(&db, SQL, &[&here.id.0, &target.seq, &target.created_at, &content, &packed, &scope, &ms]).await?;
    let updated = MessageUpdated {
        message_id: id,
        content: new.content.clone(),
        mentions: new.mentions.clone(),
        mention_scope: new.scope,
        edited_at: at,
    };
    here.record(&db, Some(target.seq), at, EventBody::MessageUpdated(updated)).await.map(Some)
}

async fn keep_version(db: &Tx, here: &Here, target: &Target) -> Ran<()> {
    const SQL: &str = "INSERT INTO versions (conversation, seq, number, at, content)
        SELECT conversation, seq, (SELECT count(*) FROM versions WHERE conversation = $1 AND seq = $2), coalesce(edited_at, created_at), content
        FROM messages WHERE conversation = $1 AND seq = $2 AND created_at = $3";
    exec(db, SQL, &[&here.id.0, &target.seq, &target.created_at]).await?;
    Ok(())
}

pub(super) async fn pin(db: Tx, grant: Grant, id: MessageId, action: Toggle, at: Timestamp) -> Ran<Option<Event>> {
    const SQL: &str = "UPDATE messages SET pinned_at = $4
        WHERE conversation = $1 AND seq = $2 AND created_at = $3 AND (pinned_at IS NULL) <> ($4::bigint IS NULL)";
    let mut here = Here::enter(&db, grant).await?;
    let target = load::live_target(&db, &here, id).await?;
    let pinned_at = (action == Toggle::Add).then_some(at.as_millis());
    if exec(&db, SQL, &[&here.id.0, &target.seq, &target.created_at, &pinned_at]).await? == 0 {
        return Ok(None);
    }
    here.record(&db, Some(target.seq), at, EventBody::MessagePinned(MessagePinned { message_id: id, action })).await.map(Some)
}
