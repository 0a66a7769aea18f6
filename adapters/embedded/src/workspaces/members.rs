//! People of a workspace.

use rusqlite::Connection;
use tertulia_domain::access::WorkspaceGrant;
use tertulia_domain::workspace::WorkspaceMember;
use tertulia_domain::{Code, Event, Refusal, Timestamp, UserId, WorkspaceRole};
use tertulia_ports::store::{Page, PageRequest};

use super::{need_workspace, role_of};
use crate::codes::Coded;
use crate::conversations::members::take_out;
use crate::rows::{self, Here, RowNo, USER_COLUMNS, first, id, missing, need_user, time};
use crate::sql::{Ran, all, exec, single};
use tertulia_ports::store::PageCursors;

pub(super) fn add(db: &Connection, workspace: RowNo, user: RowNo, role: WorkspaceRole, at: Timestamp) -> Ran<()> {
    let fields = (workspace, user, Coded(role), at.as_millis());
    exec(db, "INSERT INTO workspace_members (workspace, user, role, joined_at) VALUES (?, ?, ?, ?)", fields)?;
    Ok(())
}

pub(super) fn list(db: &Connection, cursors: PageCursors, grant: WorkspaceGrant, page: &PageRequest) -> Ran<Page<WorkspaceMember>> {
    let workspace = need_workspace(db, grant.workspace())?;
    let name = format!("workspace members {}", grant.workspace());
    let (after_name, after_row) = cursors.open::<(String, RowNo)>(&name, page.cursor.as_deref())?.unwrap_or_default();
    let sql = format!(
        "SELECT {USER_COLUMNS}, m.role, m.joined_at, u.name_key, u.row FROM workspace_members m JOIN users u ON u.row = m.user
         WHERE m.workspace = ? AND (u.name_key, u.row) > (?, ?) ORDER BY u.name_key, u.row LIMIT ?"
    );
    let limit = page.limit.clamp(1, 200);
    let found = all(db, &sql, (workspace, after_name, after_row, limit + 1), |row| {
        let role: Coded<WorkspaceRole> = row.get(6)?;
        let position: (String, RowNo) = (row.get(8)?, row.get(9)?);
        Ok((WorkspaceMember { user: rows::user(row, 0)?, role: role.0, joined_at: time(row, 7)? }, position))
    })?;
    Ok(cursors.page(&name, found, limit)?)
}

pub(super) fn set_role(
    db: &Connection,
    grant: WorkspaceGrant,
    user: UserId,
    role: Option<WorkspaceRole>,
    at: Timestamp,
) -> Ran<Vec<Event>> {
    let workspace = need_workspace(db, grant.workspace())?;
    let user_row = need_user(db, user)?;
    let old = role_of(db, workspace, user_row)?.ok_or_else(missing)?;
    if old == WorkspaceRole::Owner && role != Some(WorkspaceRole::Owner) && owners(db, workspace)? == 1 {
        return Err(Refusal::new(Code::LastOwner, "a workspace keeps at least one owner").into());
    }
    if let Some(role) = role {
        let change = (Coded(role), workspace, user_row);
        exec(db, "UPDATE workspace_members SET role = ? WHERE workspace = ? AND user = ?", change)?;
        return Ok(Vec::new());
    }
    exec(db, "DELETE FROM workspace_members WHERE workspace = ? AND user = ?", (workspace, user_row))?;
    take_out_of_all(db, workspace, grant.actor(), (user, user_row), at)
}

fn owners(db: &Connection, workspace: RowNo) -> Ran<i64> {
    let owner = Coded(WorkspaceRole::Owner);
    single(db, "SELECT count(*) FROM workspace_members WHERE workspace = ? AND role = ?", (workspace, owner), first)
}

fn take_out_of_all(db: &Connection, workspace: RowNo, actor: UserId, user: (UserId, RowNo), at: Timestamp) -> Ran<Vec<Event>> {
    const SQL: &str =
        "SELECT c.id FROM members m JOIN conversations c ON c.row = m.conversation WHERE m.user = ? AND c.workspace = ? ORDER BY c.row";
    let mut events = Vec::new();
    for conversation in all(db, SQL, (user.1, workspace), |row| id(row, 0))? {
        let mut here = Here::load(db, conversation, actor, false)?.ok_or_else(missing)?;
        events.push(take_out(db, &mut here, user.0, user.1, at)?);
    }
    Ok(events)
}
