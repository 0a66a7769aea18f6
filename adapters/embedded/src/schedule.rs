//! Messages to be written later.

use async_trait::async_trait;
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};
use tertulia_domain::access::Grant;
use tertulia_domain::message::{MentionScope, Priority};
use tertulia_domain::{Content, MessageId, Timestamp, UserId};
use tertulia_ports::StoreResult;
use tertulia_ports::store::Schedule;
use tertulia_ports::store::messages::Draft;
use tertulia_ports::store::schedule::Scheduled;

use crate::db::Db;
use crate::messages::append::{fingerprint, taken};
use crate::rows::{Here, first, id, time};
use crate::sql::{Ran, all, exec, insert, one};

#[async_trait]
impl Schedule for Db {
    async fn put(&self, grant: Grant, scheduled: Scheduled) -> StoreResult<bool> {
        self.write(move |db| put(db, grant, scheduled)).await
    }

    async fn due(&self, now: Timestamp, limit: u32) -> StoreResult<Vec<Scheduled>> {
        let sql = format!("{SCHEDULED} WHERE s.at <= ? ORDER BY s.at, s.row LIMIT ?");
        self.read(move |db| read(all(db, &sql, (now.as_millis(), limit), row_of)?)).await
    }

    async fn list(&self, grant: Grant) -> StoreResult<Vec<Scheduled>> {
        let sql = format!("{SCHEDULED} WHERE s.conversation = ? AND s.sender = ? ORDER BY s.at, s.row");
        self.read(move |db| {
            let here = Here::enter(db, grant)?;
            read(all(db, &sql, (here.row, here.actor), row_of)?)
        })
        .await
    }

    async fn remove(&self, sender: UserId, id: MessageId) -> StoreResult<bool> {
        const SQL: &str = "DELETE FROM schedule WHERE id = ? AND sender = (SELECT row FROM users WHERE id = ?)";
        self.write(move |db| Ok(exec(db, SQL, (id.as_bytes(), sender.as_bytes()))? > 0)).await
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

fn put(db: &Connection, grant: Grant, scheduled: Scheduled) -> Ran<bool> {
    let here = Here::enter(db, grant)?;
    let Scheduled { draft, expires_in_ms, .. } = scheduled;
    let fingerprint = fingerprint(&draft)?;
    if one(db, "SELECT 1 FROM messages WHERE id = ?", [draft.id.as_bytes()], first::<i64>)?.is_some() {
        return Err(taken().into());
    }
    const KNOWN: &str = "SELECT conversation = ? AND sender = ? AND fingerprint = ? FROM schedule WHERE id = ?";
    match one(db, KNOWN, (here.row, here.actor, fingerprint, draft.id.as_bytes()), first::<bool>)? {
        Some(true) => return Ok(true),
        Some(false) => return Err(taken().into()),
        None => {}
    }
    let (id, at) = (draft.id, draft.at);
    let stored = StoredDraft {
        content: draft.content,
        reply_to: draft.reply_to,
        thread_root: draft.thread_root,
        mentions: draft.mentions,
        mention_scope: draft.mention_scope,
        priority: draft.priority,
        expires_at: draft.expires_at,
        expires_in_ms,
    };
    insert(
        db,
        "INSERT INTO schedule (id, conversation, sender, at, fingerprint, draft) VALUES (?, ?, ?, ?, ?, ?)",
        (id.as_bytes(), here.row, here.actor, at.as_millis(), fingerprint, serde_json::to_string(&stored)?),
    )?;
    Ok(false)
}

const SCHEDULED: &str = "SELECT s.id, c.id, u.id, s.at, s.draft FROM schedule s
    JOIN conversations c ON c.row = s.conversation JOIN users u ON u.row = s.sender";

/// With an empty draft, and the stored one beside it.
fn row_of(row: &Row<'_>) -> rusqlite::Result<(Scheduled, String)> {
    let draft = Draft {
        id: id(row, 0)?,
        content: Content::tombstone(),
        reply_to: None,
        thread_root: None,
        mentions: Vec::new(),
        mention_scope: None,
        priority: Priority::Normal,
        at: time(row, 3)?,
        expires_at: None,
    };
    Ok((Scheduled { conversation_id: id(row, 1)?, sender_id: id(row, 2)?, draft, expires_in_ms: None }, row.get(4)?))
}

fn read(rows: Vec<(Scheduled, String)>) -> Ran<Vec<Scheduled>> {
    let fill = |(empty, stored): (Scheduled, String)| {
        let stored: StoredDraft = serde_json::from_str(&stored)?;
        let draft = Draft {
            content: stored.content,
            reply_to: stored.reply_to,
            thread_root: stored.thread_root,
            mentions: stored.mentions,
            mention_scope: stored.mention_scope,
            priority: stored.priority,
            expires_at: stored.expires_at,
            ..empty.draft
        };
        Ok(Scheduled { draft, expires_in_ms: stored.expires_in_ms, ..empty })
    };
    rows.into_iter().map(fill).collect()
}
