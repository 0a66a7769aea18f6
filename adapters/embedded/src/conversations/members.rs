//! Joining, leaving, roles.

use rusqlite::Connection;
use tertulia_domain::access::Grant;
use tertulia_domain::conversation::Member;
use tertulia_domain::event::{EventBody, MemberJoined, MemberLeft, MemberUpdated};
use tertulia_domain::{Event, MemberRole, Refusal, Timestamp, UserId};
use tertulia_ports::store::{Page, PageRequest};

use super::create::eligible;
use crate::codes::Coded;
use crate::rows::{Here, RowNo, first, id, missing, need_user, time};
use crate::sql::{Ran, all, exec, one, single};
use tertulia_ports::store::PageCursors;

pub(crate) fn role(db: &Connection, conversation: RowNo, user: RowNo) -> Ran<Option<MemberRole>> {
    let role = one(db, "SELECT role FROM members WHERE conversation = ? AND user = ?", (conversation, user), first::<Coded<MemberRole>>)?;
    Ok(role.map(|coded| coded.0))
}

pub(super) fn list(db: &Connection, cursors: PageCursors, grant: Grant, page: &PageRequest) -> Ran<Page<Member>> {
    const SQL: &str = "SELECT u.id, m.role, m.joined_at, m.joined_seq FROM members m JOIN users u ON u.row = m.user
        WHERE m.conversation = ? AND m.joined_seq > ? ORDER BY m.joined_seq LIMIT ?";
    let here = Here::enter(db, grant)?;
    let name = format!("members {}", here.id);
    let after: i64 = cursors.open(&name, page.cursor.as_deref())?.unwrap_or_default();
    let limit = page.limit.clamp(1, 200);
    let found = all(db, SQL, (here.row, after, limit + 1), |row| {
        let role: Coded<MemberRole> = row.get(1)?;
        Ok((Member { user_id: id(row, 0)?, role: role.0, joined_at: time(row, 2)? }, row.get::<_, i64>(3)?))
    })?;
    Ok(cursors.page(&name, found, limit)?)
}

pub(super) fn add_all(
    db: &Connection,
    grant: Grant,
    users: &[UserId],
    role: MemberRole,
    max: Option<usize>,
    at: Timestamp,
) -> Ran<Vec<Event>> {
    let mut here = Here::enter(db, grant)?;
    let workspace: Option<RowNo> = single(db, "SELECT workspace FROM conversations WHERE row = ?", [here.row], first)?;
    let mut joining: Vec<(UserId, RowNo)> = Vec::new();
    for &user in users {
        let row = eligible(db, user, workspace)?;
        if !here.has_member(db, row)? && !joining.iter().any(|(known, _)| *known == user) {
            joining.push((user, row));
        }
    }
    check_room(db, &here, joining.len(), max)?;
    let events = joining.iter().map(|&user| add(db, &mut here, user, role, at)).collect::<Ran<Vec<_>>>()?;
    for (_, row) in joining {
        exec(db, "UPDATE members SET read_seq = ?3, delivered_seq = ?3 WHERE conversation = ?1 AND user = ?2", (here.row, row, here.head))?;
    }
    Ok(events)
}

fn check_room(db: &Connection, here: &Here, joining: usize, max: Option<usize>) -> Ran<()> {
    let Some(max) = max.and_then(|max| u64::try_from(max).ok()) else { return Ok(()) };
    let members: u64 = single(db, "SELECT member_count FROM conversations WHERE row = ?", [here.row], |row| crate::rows::count(row, 0))?;
    let after = members.saturating_add(u64::try_from(joining).unwrap_or(u64::MAX));
    if joining > 0 && after > max { Err(Refusal::limit(max, format!("at most {max} members")).into()) } else { Ok(()) }
}

/// Lets in somebody who is not in it.
pub(super) fn add(db: &Connection, here: &mut Here, user: (UserId, RowNo), role: MemberRole, at: Timestamp) -> Ran<Event> {
    let member = Member { user_id: user.0, role, joined_at: at };
    let event = here.record(db, None, at, EventBody::MemberJoined(MemberJoined { member }))?;
    exec(
        db,
        "INSERT INTO members (conversation, user, role, joined_at, joined_seq, read_seq, delivered_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5)",
        (here.row, user.1, Coded(role), at.as_millis(), here.head),
    )?;
    exec(db, "UPDATE conversations SET member_count = member_count + 1 WHERE row = ?", [here.row])?;
    Ok(event)
}

/// Puts out somebody who is in it.
pub(crate) fn take_out(db: &Connection, here: &mut Here, user: UserId, user_row: RowNo, at: Timestamp) -> Ran<Event> {
    exec(db, "DELETE FROM members WHERE conversation = ? AND user = ?", (here.row, user_row))?;
    exec(db, "INSERT OR IGNORE INTO former_members (conversation, user) VALUES (?, ?)", (here.row, user_row))?;
    exec(db, "UPDATE conversations SET member_count = member_count - 1 WHERE row = ?", [here.row])?;
    here.record(db, None, at, EventBody::MemberLeft(MemberLeft { user_id: user }))
}

pub(super) fn set(db: &Connection, grant: Grant, user: UserId, new_role: Option<MemberRole>, at: Timestamp) -> Ran<Option<Event>> {
    const SQL: &str = "SELECT joined_at FROM members WHERE conversation = ? AND user = ?";
    let mut here = Here::enter(db, grant)?;
    let user_row = need_user(db, user)?;
    let old_role = role(db, here.row, user_row)?.ok_or_else(missing)?;
    let Some(new_role) = new_role else { return take_out(db, &mut here, user, user_row, at).map(Some) };
    if new_role == old_role {
        return Ok(None);
    }
    exec(db, "UPDATE members SET role = ? WHERE conversation = ? AND user = ?", (Coded(new_role), here.row, user_row))?;
    let joined_at = single(db, SQL, (here.row, user_row), |row| time(row, 0))?;
    let member = Member { user_id: user, role: new_role, joined_at };
    here.record(db, None, at, EventBody::MemberUpdated(MemberUpdated { member })).map(Some)
}
