//! Counts derived from log and watermark, by indexes alone, for many at once.

use tertulia_domain::conversation::{UNREAD_MAX, Unread};
use tertulia_domain::{ConversationId, Seq, Timestamp, UserId};
use uuid::Uuid;

use crate::rows::{count, stored_seq};
use crate::sql::{Ran, Tx, all};

/// Of one user in one conversation, after a `seq`: messages, of which counting more than `$4` of them would tell nobody anything.
const MESSAGES: &str = "(SELECT count(*) FROM (SELECT 1 FROM messages m WHERE m.conversation = w.conversation AND m.seq > w.read_seq
    AND m.thread_root IS NULL AND m.sender <> w.user_id AND m.deleted_at IS NULL ORDER BY m.seq LIMIT $4) AS counted)";

// A message that names somebody and @channel as well counts once.
const MENTIONS: &str = "(SELECT count(*) FROM (
    SELECT n.seq FROM mentions n WHERE n.user_id = w.user_id AND n.conversation = w.conversation AND n.seq > w.read_seq
    UNION
    SELECT s.seq FROM messages s WHERE s.conversation = w.conversation AND s.seq > w.read_seq AND s.sender <> w.user_id
        AND s.mention_scope IS NOT NULL
    LIMIT $4) AS counted)";

/// For each user in each conversation, after the `seq` read, in the order asked.
pub(crate) async fn counts(db: &Tx, asked: &[(ConversationId, UserId, Seq)]) -> Ran<Vec<Unread>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {MESSAGES}, {MENTIONS} FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) WITH ORDINALITY AS w(conversation, user_id, read_seq, n)
         ORDER BY w.n"
    );
    let conversations: Vec<Uuid> = asked.iter().map(|(conversation, _, _)| conversation.0).collect();
    let users: Vec<Uuid> = asked.iter().map(|(_, user, _)| user.0).collect();
    let read: Vec<i64> = asked.iter().map(|(_, _, read)| stored_seq(*read)).collect();
    all(db, &sql, &[&conversations, &users, &read, &i64::from(UNREAD_MAX)], |row| {
        Ok(Unread { unread_count: count(row, 0)?, mention_count: count(row, 1)? })
    })
    .await
}

/// Unread messages of each user over all conversations that are not muted, in the order asked.
pub(crate) async fn totals(db: &Tx, users: &[UserId], now: Timestamp) -> Ran<Vec<u32>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT coalesce((SELECT sum({MESSAGES}) FROM (
            SELECT m.conversation, m.user_id, m.read_seq FROM members m JOIN conversations c ON c.id = m.conversation
            WHERE m.user_id = u.id AND c.head > m.read_seq AND coalesce(m.muted_until, 0) <= $2) AS w), 0)::bigint
         FROM unnest($1::uuid[]) WITH ORDINALITY AS u(id, n) WHERE $3::bigint IS NULL ORDER BY u.n"
    );
    let users: Vec<Uuid> = users.iter().map(|user| user.0).collect();
    all(db, &sql, &[&users, &now.as_millis(), &None::<i64>, &i64::from(UNREAD_MAX)], |row| {
        Ok(count::<u64>(row, 0)?.try_into().unwrap_or(u32::MAX))
    })
    .await
}
