//! Pages of messages.

use futures_util::future::try_join3;
use tertulia_domain::access::Grant;
use tertulia_domain::message::MessageVersion;
use tertulia_domain::{ConversationId, Message, MessageId, Seq, Timestamp, UserId};
use tertulia_ports::store::messages::{Located, MessageWindow, Window};
use tertulia_ports::store::{Page, PageRequest};

use super::load::{self, BY_ID, COLUMNS, WITH_PARENTS, message};
use crate::rows::{Here, get, id, seq_of, stored_seq, time};
use crate::sql::{Ran, Tx, all, one, single};
use tertulia_ports::store::PageCursors;

pub(super) async fn find(db: Tx, id: MessageId, viewer: UserId) -> Ran<Option<Located>> {
    let sql = format!("SELECT {COLUMNS} {BY_ID} {WITH_PARENTS} WHERE i.id = $1");
    let found = one(&db, &sql, &[&id.0], message).await?;
    let mut messages = load::with_reactions(&db, found.into_iter().collect(), viewer).await?;
    Ok(messages.pop().map(|message| Located { conversation_id: message.conversation_id, message }))
}

const BEFORE: &str = "m.seq < $2 AND m.thread_root IS NULL ORDER BY m.seq DESC";
const FROM: &str = "m.seq >= $2 AND m.thread_root IS NULL ORDER BY m.seq";

pub(super) async fn window(db: Tx, grant: Grant, window: Window, limit: u32) -> Ran<MessageWindow> {
    let limit = limit.clamp(1, 200);
    let (before, from) = match window {
        Window::Latest => (Some((Seq::MAX, limit)), None),
        Window::Before(seq) => (Some((seq, limit)), None),
        Window::After(seq) => (None, Some((seq.saturating_add(1), limit))),
        Window::Around(seq) => (Some((seq, limit / 2)), Some((seq, limit - limit / 2))),
    };
    // Asked for or not, one row on each side tells whether there is more.
    let pivot_before = before.or(from.map(|(seq, _)| (seq, 0))).unwrap_or_default();
    let pivot_from = from.or(before.map(|(seq, _)| (seq, 0))).unwrap_or_default();
    let here = grant.conversation();
    let (here, (mut items, has_older), (newer, has_newer)) =
        try_join3(Here::look(&db, grant), side(&db, BEFORE, here, pivot_before), side(&db, FROM, here, pivot_from)).await?;
    items.reverse();
    items.extend(newer);
    let items = load::with_reactions(&db, items, here.actor).await?;
    Ok(MessageWindow { items, has_older, has_newer, head: here.seq()?, epoch: here.epoch })
}

/// Up to `limit` messages on one side of a `seq`, and whether there are more.
async fn side(db: &Tx, on: &str, conversation: ConversationId, (seq, limit): (Seq, u32)) -> Ran<(Vec<Message>, bool)> {
    // Which ones is found by an index alone; what they answer is joined to those few.
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT * FROM messages m WHERE m.conversation = $1 AND {on} LIMIT $3) m {WITH_PARENTS} ORDER BY m.seq {}",
        if on == BEFORE { "DESC" } else { "" }
    );
    let mut found = all(db, &sql, &[&conversation.0, &stored_seq(seq), &i64::from(limit + 1)], message).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}

/// By halves in the order of `seq`: where a clock went back, it is one of the places that the time could mean.
pub(super) async fn seq_at(db: Tx, grant: Grant, at: Timestamp) -> Ran<Option<Seq>> {
    const SQL: &str = "WITH RECURSIVE halves(low, high, found) AS (
            SELECT 1::bigint, $2::bigint, NULL::bigint
            UNION ALL
            SELECT CASE WHEN n.created_at < $3 THEN n.seq + 1 ELSE h.low END,
                CASE WHEN n.created_at < $3 THEN h.high ELSE h.low + (h.high - h.low) / 2 - 1 END,
                CASE WHEN n.created_at < $3 THEN h.found ELSE coalesce(n.seq, h.found) END
            FROM halves h LEFT JOIN LATERAL (SELECT m.seq, m.created_at FROM messages m
                WHERE m.conversation = $1 AND m.seq >= h.low + (h.high - h.low) / 2 AND m.thread_root IS NULL ORDER BY m.seq LIMIT 1) n ON true
            WHERE h.low <= h.high)
        SELECT found FROM halves WHERE low > high";
    let here = Here::look(&db, grant).await?;
    let found: Option<i64> = single(&db, SQL, &[&here.id.0, &here.head, &at.as_millis()], |row| get(row, 0)).await?;
    found.map(seq_of).transpose()
}

pub(super) async fn thread(db: Tx, cursors: PageCursors, grant: Grant, root: MessageId, page: &PageRequest) -> Ran<Page<Message>> {
    let here = Here::look(&db, grant).await?;
    let root_seq = load::target(&db, &here, root).await?.seq;
    let name = format!("thread {root}");
    let after: i64 = cursors.open(&name, page.cursor.as_deref())?.unwrap_or_default();
    let limit = page.limit.clamp(1, 200);
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT * FROM messages m WHERE m.conversation = $1 AND m.thread_root = $2 AND m.seq > $3 ORDER BY m.seq LIMIT $4) m
         {WITH_PARENTS} ORDER BY m.seq"
    );
    let found = all(&db, &sql, &[&here.id.0, &root_seq, &after, &i64::from(limit + 1)], |row| {
        let message = message(row)?;
        let place = stored_seq(message.seq);
        Ok((message, place))
    })
    .await?;
    let found = cursors.page(&name, found, limit)?;
    Ok(Page { items: load::with_reactions(&db, found.items, here.actor).await?, next_cursor: found.next_cursor })
}

pub(super) async fn pins(db: Tx, grant: Grant) -> Ran<Vec<Message>> {
    let here = Here::look(&db, grant).await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM messages m {WITH_PARENTS} WHERE m.conversation = $1 AND m.pinned_at IS NOT NULL
         ORDER BY m.pinned_at DESC, m.seq DESC"
    );
    let found = all(&db, &sql, &[&here.id.0], message).await?;
    load::with_reactions(&db, found, here.actor).await
}

pub(super) async fn versions(db: Tx, grant: Grant, id: MessageId) -> Ran<Vec<MessageVersion>> {
    const SQL: &str = "SELECT content, at FROM versions WHERE conversation = $1 AND seq = $2 ORDER BY number";
    let here = Here::look(&db, grant).await?;
    let seq = load::target(&db, &here, id).await?.seq;
    all(&db, SQL, &[&here.id.0, &seq], |row| Ok(MessageVersion { content: serde_json::from_str(get(row, 0)?)?, at: time(row, 1)? })).await
}

pub(super) async fn expired(db: Tx, now: Timestamp, limit: u32) -> Ran<Vec<(ConversationId, UserId, MessageId)>> {
    const SQL: &str =
        "SELECT conversation, sender, id FROM messages WHERE expires_at <= $1 AND deleted_at IS NULL ORDER BY expires_at LIMIT $2";
    all(&db, SQL, &[&now.as_millis(), &i64::from(limit)], |row| Ok((id(row, 0)?, id(row, 1)?, id(row, 2)?))).await
}
