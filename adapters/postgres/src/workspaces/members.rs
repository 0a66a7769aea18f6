//! People of a workspace.

use tertulia_domain::access::WorkspaceGrant;
use tertulia_domain::workspace::WorkspaceMember;
use tertulia_domain::{Code, Event, Refusal, Timestamp, UserId, WorkspaceId, WorkspaceRole};
use tertulia_ports::store::{Page, PageRequest};
use uuid::Uuid;

use super::{lock, need_workspace, role_of};
use crate::codes::Coded;
use crate::conversations::members::take_out;
use crate::rows::{self, Here, USER_COLUMNS, count, get, id, missing, need_user, time};
use crate::sql::{Ran, Tx, all, exec, single};
use tertulia_ports::store::PageCursors;

pub(super) async fn add(db: &Tx, workspace: WorkspaceId, user: UserId, role: WorkspaceRole, at: Timestamp) -> Ran<()> {
    const SQL: &str = "INSERT INTO workspace_members (workspace, user_id, role, joined_at) VALUES ($1, $2, $3, $4)";
    exec(db, SQL, &[&workspace.0, &user.0, &Coded(role), &at.as_millis()]).await?;
    Ok(())
}

pub(super) async fn list(db: Tx, cursors: PageCursors, grant: WorkspaceGrant, page: &PageRequest) -> Ran<Page<WorkspaceMember>> {
    need_workspace(&db, grant.workspace()).await?;
    let name = format!("workspace members {}", grant.workspace());
    let (after_name, after_id) = cursors.open::<(String, Uuid)>(&name, page.cursor.as_deref())?.unwrap_or_default();
    let sql = format!(
        "SELECT {USER_COLUMNS}, m.role, m.joined_at, u.name_key FROM workspace_members m JOIN users u ON u.id = m.user_id
         WHERE m.workspace = $1 AND (u.name_key, u.id) > ($2, $3) ORDER BY u.name_key, u.id LIMIT $4"
    );
    let limit = page.limit.clamp(1, 200);
    let found = all(&db, &sql, &[&grant.workspace().0, &after_name, &after_id, &i64::from(limit + 1)], |row| {
        let role: Coded<WorkspaceRole> = get(row, 6)?;
        let user = rows::user(row, 0)?;
        let position: (String, Uuid) = (get(row, 8)?, user.id.0);
        Ok((WorkspaceMember { user, role: role.0, joined_at: time(row, 7)? }, position))
    })
    .await?;
    Ok(cursors.page(&name, found, limit)?)
}

pub(super) async fn set_role(db: Tx, grant: WorkspaceGrant, user: UserId, role: Option<WorkspaceRole>, at: Timestamp) -> Ran<Vec<Event>> {
    let workspace = grant.workspace();
    lock(&db, workspace).await?;
    need_user(&db, user).await?;
    let old = role_of(&db, workspace, user).await?.ok_or_else(missing)?;
    if old == WorkspaceRole::Owner && role != Some(WorkspaceRole::Owner) && owners(&db, workspace).await? == 1 {
        return Err(Refusal::new(Code::LastOwner, "a workspace keeps at least one owner").into());
    }
    if let Some(role) = role {
        let sql = "UPDATE workspace_members SET role = $1 WHERE workspace = $2 AND user_id = $3";
        exec(&db, sql, &[&Coded(role), &workspace.0, &user.0]).await?;
        return Ok(Vec::new());
    }
    exec(&db, "DELETE FROM workspace_members WHERE workspace = $1 AND user_id = $2", &[&workspace.0, &user.0]).await?;
    take_out_of_all(&db, workspace, grant.actor(), user, at).await
}

async fn owners(db: &Tx, workspace: WorkspaceId) -> Ran<u64> {
    const SQL: &str = "SELECT count(*) FROM workspace_members WHERE workspace = $1 AND role = $2";
    single(db, SQL, &[&workspace.0, &Coded(WorkspaceRole::Owner)], |row| count(row, 0)).await
}

/// In the order of ids, in which all do who lock several.
async fn take_out_of_all(db: &Tx, workspace: WorkspaceId, actor: UserId, user: UserId, at: Timestamp) -> Ran<Vec<Event>> {
    const SQL: &str = "SELECT c.id FROM members m JOIN conversations c ON c.id = m.conversation
        WHERE m.user_id = $1 AND c.workspace = $2 ORDER BY c.id";
    let mut events = Vec::new();
    for conversation in all(db, SQL, &[&user.0, &workspace.0], |row| id(row, 0)).await? {
        let mut here = Here::lock(db, conversation, actor, false).await?.ok_or_else(missing)?;
        // They may have left it since the list was read.
        if let Some(event) = take_out(db, &mut here, user, at).await? {
            events.push(event);
        }
    }
    Ok(events)
}
