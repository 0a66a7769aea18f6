//! Joining, leaving, roles.

use futures_util::future::try_join;
use tertulia_domain::access::Grant;
use tertulia_domain::conversation::Member;
use tertulia_domain::event::{EventBody, MemberJoined, MemberLeft, MemberUpdated};
use tertulia_domain::{Event, MemberRole, Refusal, Timestamp, UserId, WorkspaceId};
use tertulia_ports::store::{Page, PageRequest};
use uuid::Uuid;

use super::create::check_eligible;
use crate::codes::Coded;
use crate::rows::{Here, count, get, id, maybe_id, missing, time};
use crate::sql::{Ran, Tx, all, exec, is_there, one, single};
use tertulia_ports::store::PageCursors;

pub(super) async fn list(db: Tx, cursors: PageCursors, grant: Grant, page: &PageRequest) -> Ran<Page<Member>> {
    const SQL: &str = "SELECT user_id, role, joined_at, joined_seq FROM members
        WHERE conversation = $1 AND joined_seq > $2 ORDER BY joined_seq LIMIT $3";
    let here = Here::look(&db, grant).await?;
    let name = format!("members {}", here.id);
    let after: i64 = cursors.open(&name, page.cursor.as_deref())?.unwrap_or_default();
    let limit = page.limit.clamp(1, 200);
    let found = all(&db, SQL, &[&here.id.0, &after, &i64::from(limit + 1)], |row| {
        let role: Coded<MemberRole> = get(row, 1)?;
        Ok((Member { user_id: id(row, 0)?, role: role.0, joined_at: time(row, 2)? }, get::<i64>(row, 3)?))
    })
    .await?;
    Ok(cursors.page(&name, found, limit)?)
}

pub(super) async fn add_all(
    db: Tx,
    grant: Grant,
    users: &[UserId],
    role: MemberRole,
    max: Option<usize>,
    at: Timestamp,
) -> Ran<Vec<Event>> {
    let mut here = Here::enter(&db, grant).await?;
    let place = "SELECT workspace, member_count FROM conversations WHERE id = $1";
    let (workspace, members): (Option<WorkspaceId>, u64) =
        single(&db, place, &[&here.id.0], |row| Ok((maybe_id(row, 0)?, count(row, 1)?))).await?;
    let mut joining: Vec<UserId> = Vec::new();
    for &user in users {
        check_eligible(&db, user, workspace).await?;
        if !joining.contains(&user) && !is_member(&db, &here, user).await? {
            joining.push(user);
        }
    }
    check_room(members, joining.len(), max)?;
    let mut events = Vec::new();
    for &user in &joining {
        events.push(add(&db, &mut here, user, role, at).await?);
    }
    let joining: Vec<Uuid> = joining.iter().map(|user| user.0).collect();
    let read = "UPDATE members SET read_seq = $3, delivered_seq = $3 WHERE conversation = $1 AND user_id = ANY($2)";
    exec(&db, read, &[&here.id.0, &joining, &here.head]).await?;
    Ok(events)
}

async fn is_member(db: &Tx, here: &Here, user: UserId) -> Ran<bool> {
    is_there(db, "SELECT 1 FROM members WHERE conversation = $1 AND user_id = $2", &[&here.id.0, &user.0]).await
}

fn check_room(members: u64, joining: usize, max: Option<usize>) -> Result<(), Refusal> {
    let Some(max) = max.and_then(|max| u64::try_from(max).ok()) else { return Ok(()) };
    let after = members.saturating_add(u64::try_from(joining).unwrap_or(u64::MAX));
    if joining > 0 && after > max { Err(Refusal::limit(max, format!("at most {max} members"))) } else { Ok(()) }
}

/// Lets in somebody who is not in it.
pub(super) async fn add(db: &Tx, here: &mut Here, user: UserId, role: MemberRole, at: Timestamp) -> Ran<Event> {
    const ROW: &str = "INSERT INTO members (conversation, user_id, role, joined_at, joined_seq, read_seq, delivered_seq)
        VALUES ($1, $2, $3, $4, $5, $5, $5)";
    const COUNT: &str = "UPDATE conversations SET member_count = member_count + 1 WHERE id = $1";
    let member = Member { user_id: user, role, joined_at: at };
    let event = here.record(db, None, at, EventBody::MemberJoined(MemberJoined { member })).await?;
    let (row, count) = (db.prepare_cached(ROW).await?, db.prepare_cached(COUNT).await?);
    let (coded, ms) = (Coded(role), at.as_millis());
    try_join(db.execute(&row, &[&here.id.0, &user.0, &coded, &ms, &here.head]), db.execute(&count, &[&here.id.0])).await?;
    Ok(event)
}

/// Puts somebody out; none where they are not in it.
pub(crate) async fn take_out(db: &Tx, here: &mut Here, user: UserId, at: Timestamp) -> Ran<Option<Event>> {
    let place = (here.id.0, user.0);
    if exec(db, "DELETE FROM members WHERE conversation = $1 AND user_id = $2", &[&place.0, &place.1]).await? == 0 {
        return Ok(None);
    }
    let former = "INSERT INTO former_members (conversation, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    exec(db, former, &[&place.0, &place.1]).await?;
    exec(db, "UPDATE conversations SET member_count = member_count - 1 WHERE id = $1", &[&place.0]).await?;
    here.record(db, None, at, EventBody::MemberLeft(MemberLeft { user_id: user })).await.map(Some)
}

pub(super) async fn set(db: Tx, grant: Grant, user: UserId, new_role: Option<MemberRole>, at: Timestamp) -> Ran<Option<Event>> {
    const OLD: &str = "SELECT role, joined_at FROM members WHERE conversation = $1 AND user_id = $2";
    const ROLE: &str = "UPDATE members SET role = $3 WHERE conversation = $1 AND user_id = $2";
    let mut here = Here::enter(&db, grant).await?;
    let old = one(&db, OLD, &[&here.id.0, &user.0], |row| Ok((get::<Coded<MemberRole>>(row, 0)?.0, time(row, 1)?))).await?;
    let (old_role, joined_at) = old.ok_or_else(missing)?;
    let Some(new_role) = new_role else { return take_out(&db, &mut here, user, at).await };
    if new_role == old_role {
        return Ok(None);
    }
    exec(&db, ROLE, &[&here.id.0, &user.0, &Coded(new_role)]).await?;
    let member = Member { user_id: user, role: new_role, joined_at };
    here.record(&db, None, at, EventBody::MemberUpdated(MemberUpdated { member })).await.map(Some)
}
