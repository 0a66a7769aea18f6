//! Messages to be written later.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tertulia_domain::access::Grant;
use tertulia_domain::message::{MentionScope, Priority};
use tertulia_domain::{Content, MessageId, Timestamp, UserId};
use tertulia_ports::StoreResult;
use tertulia_ports::store::Schedule;
use tertulia_ports::store::messages::Draft;
use tertulia_ports::store::schedule::Scheduled;
use tokio_postgres::Row;

use crate::db::Db;
use crate::messages::append::taken;
use crate::rows::{Here, get, id, time};
use crate::sql::{Ran, Tx, all, exec, is_there, one};
use tertulia_ports::store::messages::fingerprint_of;

#[async_trait]
impl Schedule for Db {
    async fn put(&self, grant: Grant, scheduled: Scheduled) -> StoreResult<bool> {
        self.write(|db| put(db, grant, &scheduled)).await
    }

    async fn due(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Scheduled>> {
        let sql = format!("{SCHEDULED} WHERE at <= $1 ORDER BY at, number LIMIT $2");
        self.glance(async |db| all(&db, &sql, &[&now.as_millis(), &i64::from(limit)], read).await).await
    }

    async fn list(&self, grant: Grant) -> StoreResult<Vec<Scheduled>> {
        let sql = format!("{SCHEDULED} WHERE conversation = $1 AND sender = $2 ORDER BY at, number");
        self.read(async |db| {
            let here = Here::look(&db, grant).await?;
            all(&db, &sql, &[&here.id.0, &here.actor.0], read).await
        })
        .await
    }

    async fn remove(&self, sender: UserId, id: MessageId) -> StoreResult<bool> {
        const SQL: &str = "DELETE FROM schedule WHERE id = $1 AND sender = $2";
        self.write(async |db| Ok(exec(&db, SQL, &[&id.0, &sender.0]).await? > 0)).await
    }
}

/// A draft as it is stored: without id and time, which are columns.
#[derive(Serialize, Deserialize)]
struct StoredDraft {
    content: Content,
    reply_to: Option<MessageId>,
    thread_root: Option<MessageId>,
    mentions: Vec<UserId>,
    mention_scope: Option<MentionScope>,
    priority: Priority,
    expires_at: Option<Timestamp>,
    expires_in_ms: Option<u64>,
}

async fn put(db: Tx, grant: Grant, scheduled: &Scheduled) -> Ran<bool> {
    const KNOWN: &str = "SELECT conversation = $2 AND sender = $3 AND fingerprint = $4 FROM schedule WHERE id = $1";
    const SQL: &str = "INSERT INTO schedule (id, conversation, sender, at, fingerprint, draft) VALUES ($1, $2, $3, $4, $5, $6)";
    let here = Here::enter(&db, grant).await?;
    let draft = &scheduled.draft;
    let print = fingerprint_of([draft.reply_to, draft.thread_root], &serde_json::to_vec(&draft.content)?);
    let (id, print) = (draft.id.0, print.as_slice());
    if is_there(&db, "SELECT 1 FROM message_ids WHERE id = $1", &[&id]).await? {
        return Err(taken().into());
    }
    match one(&db, KNOWN, &[&id, &here.id.0, &here.actor.0, &print], |row| get::<bool>(row, 0)).await? {
        Some(true) => return Ok(true),
        Some(false) => return Err(taken().into()),
        None => {}
    }
    let stored = serde_json::to_string(&StoredDraft {
        content: draft.content.clone(),
        reply_to: draft.reply_to,
        thread_root: draft.thread_root,
        mentions: draft.mentions.clone(),
        mention_scope: draft.mention_scope,
        priority: draft.priority,
        expires_at: draft.expires_at,
        expires_in_ms: scheduled.expires_in_ms,
    })?;
    exec(&db, SQL, &[&id, &here.id.0, &here.actor.0, &draft.at.as_millis(), &print, &stored]).await?;
    Ok(false)
}

const SCHEDULED: &str = "SELECT id, conversation, sender, at, draft FROM schedule";

fn read(row: &Row) -> Ran<Scheduled> {
    let stored: StoredDraft = serde_json::from_str(get(row, 4)?)?;
    let draft = Draft {
        id: id(row, 0)?,
        content: stored.content,
        reply_to: stored.reply_to,
        thread_root: stored.thread_root,
        mentions: stored.mentions,
        mention_scope: stored.mention_scope,
        priority: stored.priority,
        at: time(row, 3)?,
        expires_at: stored.expires_at,
    };
    Ok(Scheduled { conversation_id: id(row, 1)?, sender_id: id(row, 2)?, draft, expires_in_ms: stored.expires_in_ms })
}
