//! Who may know of whom.

use tertulia_domain::{ConversationId, User, UserId};
use uuid::Uuid;

use crate::rows::{self, USER_COLUMNS, id};
use crate::sql::{Ran, Tx, all};

pub(super) async fn mentionable(db: Tx, conversation: ConversationId, usernames: &[String]) -> Ran<Vec<UserId>> {
    const SQL: &str = "SELECT u.id FROM unnest($1::text[]) WITH ORDINALITY AS asked(name, n)
        JOIN users u ON u.username = asked.name JOIN conversations c ON c.id = $2
        WHERE EXISTS (SELECT 1 FROM members m WHERE m.conversation = c.id AND m.user_id = u.id)
          OR EXISTS (SELECT 1 FROM workspace_members w WHERE w.workspace = c.workspace AND w.user_id = u.id) ORDER BY asked.n";
    all(&db, SQL, &[&usernames, &conversation.0], |row| id(row, 0)).await
}

pub(super) async fn search(db: Tx, viewer: UserId, query: &str, limit: u32) -> Ran<Vec<User>> {
    let sql = format!(
        "SELECT {USER_COLUMNS} FROM users u WHERE (starts_with(u.name_key, $2) OR starts_with(u.username, $2)) AND u.id IN (
            SELECT b.user_id FROM workspace_members a JOIN workspace_members b ON b.workspace = a.workspace WHERE a.user_id = $1
            UNION
            SELECT b.user_id FROM members a JOIN members b ON b.conversation = a.conversation WHERE a.user_id = $1)
         ORDER BY u.name_key, u.username LIMIT $3"
    );
    all(&db, &sql, &[&viewer.0, &query, &i64::from(limit)], |row| rows::user(row, 0)).await
}

/// Whether `$1` and `u` share a workspace or a conversation, or are the same.
const ACQUAINTED: &str = "(u.id = $1
    OR EXISTS (SELECT 1 FROM workspace_members a JOIN workspace_members b ON b.workspace = a.workspace WHERE a.user_id = $1 AND b.user_id = u.id)
    OR EXISTS (SELECT 1 FROM members a JOIN members b ON b.conversation = a.conversation WHERE a.user_id = $1 AND b.user_id = u.id))";

pub(super) async fn visible(db: Tx, viewer: UserId, others: &[UserId]) -> Ran<Vec<UserId>> {
    let sql = format!(
        "SELECT u.id FROM unnest($2::uuid[]) WITH ORDINALITY AS asked(id, n) JOIN users u ON u.id = asked.id
         WHERE EXISTS (SELECT 1 FROM users WHERE id = $1) AND {ACQUAINTED} ORDER BY asked.n"
    );
    let others: Vec<Uuid> = others.iter().map(|other| other.0).collect();
    all(&db, &sql, &[&viewer.0, &others], |row| id(row, 0)).await
}

/// Besides those whom the viewer may know of: who was in one of the viewer's conversations once, and imported authors.
pub(super) async fn profiles(db: Tx, viewer: UserId, ids: &[UserId]) -> Ran<Vec<User>> {
    let sql = format!(
        "SELECT {USER_COLUMNS} FROM users u WHERE u.id = ANY($2) AND EXISTS (SELECT 1 FROM users WHERE id = $1)
         AND (u.password_hash IS NULL OR {ACQUAINTED} OR EXISTS (SELECT 1 FROM members a
            JOIN former_members b ON b.conversation = a.conversation WHERE a.user_id = $1 AND b.user_id = u.id))"
    );
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    all(&db, &sql, &[&viewer.0, &ids], |row| rows::user(row, 0)).await
}
