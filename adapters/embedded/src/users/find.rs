//! Who may know of whom.

use rusqlite::Connection;
use tertulia_domain::{ConversationId, User, UserId};

use crate::rows::{self, RowNo, USER_COLUMNS, first, id};
use crate::sql::{Ran, all, one};

pub(super) fn mentionable(db: &Connection, conversation: ConversationId, usernames: &[String]) -> Ran<Vec<UserId>> {
    const SQL: &str = "SELECT u.id FROM users u, conversations c WHERE u.username = ? AND c.id = ?
        AND (EXISTS (SELECT 1 FROM members m WHERE m.conversation = c.row AND m.user = u.row)
          OR EXISTS (SELECT 1 FROM workspace_members w WHERE w.workspace = c.workspace AND w.user = u.row))";
    let find = |name: &String| one(db, SQL, (name, conversation.as_bytes()), |row| id(row, 0)).transpose();
    usernames.iter().filter_map(find).collect()
}

pub(super) fn search(db: &Connection, viewer: UserId, query: &str, limit: u32) -> Ran<Vec<User>> {
    let sql = format!(
        "SELECT {USER_COLUMNS} FROM users u
         WHERE (substr(u.name_key, 1, length(?2)) = ?2 OR substr(u.username, 1, length(?2)) = ?2)
         AND u.row IN (
            SELECT b.user FROM users v JOIN workspace_members a ON a.user = v.row JOIN workspace_members b ON b.workspace = a.workspace WHERE v.id = ?1
            UNION
            SELECT b.user FROM users v JOIN members a ON a.user = v.row JOIN members b ON b.conversation = a.conversation WHERE v.id = ?1)
         ORDER BY u.name_key, u.username LIMIT ?3"
    );
    all(db, &sql, (viewer.as_bytes(), query, limit), |row| rows::user(row, 0))
}

pub(super) fn visible(db: &Connection, viewer: UserId, others: &[UserId]) -> Ran<Vec<UserId>> {
    let viewer_row = rows::user_row(db, viewer)?;
    let mut seen = Vec::new();
    for &other in others {
        let other_row = if other == viewer { viewer_row } else { rows::user_row(db, other)? };
        if let (Some(viewer_row), Some(other_row)) = (viewer_row, other_row)
            && (viewer_row == other_row || acquainted(db, viewer_row, other_row)?)
        {
            seen.push(other);
        }
    }
    Ok(seen)
}

fn acquainted(db: &Connection, one_row: RowNo, other_row: RowNo) -> Ran<bool> {
    const SQL: &str =
        "SELECT 1 FROM workspace_members a JOIN workspace_members b ON b.workspace = a.workspace AND b.user = ?2 WHERE a.user = ?1
        UNION ALL
        SELECT 1 FROM members a JOIN members b ON b.conversation = a.conversation AND b.user = ?2 WHERE a.user = ?1 LIMIT 1";
    Ok(one(db, SQL, (one_row, other_row), first::<i64>)?.is_some())
}

pub(super) fn profiles(db: &Connection, viewer: UserId, ids: &[UserId]) -> Ran<Vec<User>> {
    let sql = format!("SELECT {USER_COLUMNS}, u.row FROM users u WHERE u.id = ?");
    let viewer_row = rows::user_row(db, viewer)?;
    let mut readable = Vec::new();
    for id in ids {
        let found = one(db, &sql, [id.as_bytes()], |row| Ok((rows::user(row, 0)?, row.get("row")?)));
        if let (Some(viewer_row), Some((user, row))) = (viewer_row, found?)
            && (user.imported || row == viewer_row || acquainted(db, viewer_row, row)? || met_before(db, viewer_row, row)?)
        {
            readable.push(user);
        }
    }
    Ok(readable)
}

/// Whether the other was in one of the viewer's conversations once.
fn met_before(db: &Connection, viewer_row: RowNo, other_row: RowNo) -> Ran<bool> {
    const SQL: &str =
        "SELECT 1 FROM members a JOIN former_members b ON b.conversation = a.conversation AND b.user = ?2 WHERE a.user = ?1 LIMIT 1";
    Ok(one(db, SQL, (viewer_row, other_row), first::<i64>)?.is_some())
}
