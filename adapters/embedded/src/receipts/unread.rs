//! Counts derived from log and watermark, by indexes alone.

use rusqlite::Connection;
use tertulia_domain::conversation::{UNREAD_MAX, Unread};
use tertulia_domain::{Seq, Timestamp};

use crate::rows::{self, RowNo, seq, stored_seq};
use crate::sql::{Ran, all, single};

const MESSAGES: &str = "SELECT count(*) FROM (SELECT 1 FROM messages INDEXED BY messages_by_seq
    WHERE conversation = ?1 AND seq > ?2 AND thread_root IS NULL AND sender <> ?3 AND deleted_at IS NULL LIMIT ?4)";

// A message that names somebody and @channel as well counts once.
const MENTIONS: &str = "SELECT count(*) FROM (
    SELECT seq FROM mentions WHERE user = ?3 AND conversation = ?1 AND seq > ?2
    UNION
    SELECT seq FROM messages INDEXED BY scope_mentions WHERE conversation = ?1 AND seq > ?2 AND sender <> ?3 AND mention_scope IS NOT NULL
    LIMIT ?4)";

/// For one member of a conversation.
pub(crate) fn count(db: &Connection, conversation: RowNo, user: RowNo, read: Seq) -> Ran<Unread> {
    let scope = (conversation, stored_seq(read), user, UNREAD_MAX);
    Ok(Unread {
        unread_count: single(db, MESSAGES, scope, |row| rows::count(row, 0))?,
        mention_count: single(db, MENTIONS, scope, |row| rows::count(row, 0))?,
    })
}

/// Unread messages over all conversations of somebody that are not muted.
pub(crate) fn total(db: &Connection, user: RowNo, now: Timestamp) -> Ran<u32> {
    const SQL: &str = "SELECT c.row, m.read_seq FROM members m JOIN conversations c ON c.row = m.conversation
        WHERE m.user = ? AND c.head > m.read_seq AND coalesce(m.muted_until, 0) <= ?";
    let mut total = 0_u32;
    for (conversation, read) in all(db, SQL, (user, now.as_millis()), |row| Ok((row.get::<_, RowNo>(0)?, seq(row, 1)?)))? {
        let unread: u32 = single(db, MESSAGES, (conversation, stored_seq(read), user, UNREAD_MAX), |row| rows::count(row, 0))?;
        total = total.saturating_add(unread);
    }
    Ok(total)
}
