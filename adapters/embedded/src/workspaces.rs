//! Teams.

pub(crate) mod invites;
mod members;

use async_trait::async_trait;
use rusqlite::Connection;
use tertulia_domain::access::WorkspaceGrant;
use tertulia_domain::workspace::{Invite, WorkspaceMember};
use tertulia_domain::{Code, Event, InviteId, Refusal, Timestamp, UserId, Workspace, WorkspaceId, WorkspaceRole};
use tertulia_ports::StoreResult;
use tertulia_ports::store::workspaces::{NewInvite, NewWorkspace};
use tertulia_ports::store::{Page, PageRequest, Workspaces};

use crate::codes::Coded;
use crate::db::Db;
use crate::rows::{RowNo, count, first, id, missing, need_user, time};
use crate::sql::{Fault, Ran, all, exec, insert, one};

#[async_trait]
impl Workspaces for Db {
    async fn create(&self, workspace: NewWorkspace) -> StoreResult<Workspace> {
        self.write(move |db| create(db, workspace)).await
    }

    async fn get(&self, id: WorkspaceId, viewer: UserId) -> StoreResult<Option<Workspace>> {
        self.read(move |db| get(db, id, viewer)).await
    }

    async fn list(&self, viewer: UserId) -> StoreResult<Vec<Workspace>> {
        let sql = format!("{WORKSPACE} WHERE v.id = ? ORDER BY lower(w.name), w.row");
        self.read(move |db| all(db, &sql, [viewer.as_bytes()], workspace)).await
    }

    async fn all(&self) -> StoreResult<Vec<(Workspace, UserId)>> {
        self.read(owned).await
    }

    async fn rename(&self, grant: WorkspaceGrant, name: String) -> StoreResult<Workspace> {
        self.write(move |db| {
            exec(db, "UPDATE workspaces SET name = ? WHERE id = ?", (name, grant.workspace().as_bytes()))?;
            get(db, grant.workspace(), grant.actor())?.ok_or_else(missing)
        })
        .await
    }

    async fn members(&self, grant: WorkspaceGrant, page: PageRequest) -> StoreResult<Page<WorkspaceMember>> {
        let cursors = self.cursors;
        self.read(move |db| members::list(db, cursors, grant, &page)).await
    }

    async fn set_role(&self, grant: WorkspaceGrant, user: UserId, role: Option<WorkspaceRole>, at: Timestamp) -> StoreResult<Vec<Event>> {
        self.write(move |db| members::set_role(db, grant, user, role, at)).await
    }

    async fn create_invite(&self, grant: WorkspaceGrant, invite: NewInvite) -> StoreResult<Invite> {
        self.write(move |db| invites::create(db, grant, &invite)).await
    }

    async fn invites(&self, grant: WorkspaceGrant, now: Timestamp) -> StoreResult<Vec<Invite>> {
        self.read(move |db| invites::list(db, grant, now)).await
    }

    async fn revoke_invite(&self, grant: WorkspaceGrant, id: InviteId) -> StoreResult<bool> {
        const SQL: &str =
            "UPDATE invites SET revoked = 1 WHERE id = ? AND NOT revoked AND workspace = (SELECT row FROM workspaces WHERE id = ?)";
        self.write(move |db| Ok(exec(db, SQL, (id.as_bytes(), grant.workspace().as_bytes()))? > 0)).await
    }

    async fn find_invite(&self, token_hash: [u8; 32], now: Timestamp) -> StoreResult<(Invite, String)> {
        self.read(move |db| invites::usable(db, &token_hash, now).map(|found| (found.invite, found.workspace_name))).await
    }

    async fn accept_invite(&self, token_hash: [u8; 32], user: UserId, now: Timestamp) -> StoreResult<Workspace> {
        self.write(move |db| invites::accept(db, &token_hash, user, now)).await
    }

    async fn role(&self, id: WorkspaceId, user: UserId) -> StoreResult<Option<WorkspaceRole>> {
        self.read(move |db| {
            const SQL: &str = "SELECT m.role FROM workspaces w, users u JOIN workspace_members m ON m.workspace = w.row AND m.user = u.row
                WHERE w.id = ? AND u.id = ?";
            let role = one(db, SQL, (id.as_bytes(), user.as_bytes()), first::<Coded<WorkspaceRole>>)?;
            Ok(role.map(|coded| coded.0))
        })
        .await
    }
}

/// As its member `v` sees it.
const WORKSPACE: &str =
    "SELECT w.id, w.name, w.slug, m.role, (SELECT count(*) FROM workspace_members WHERE workspace = w.row), w.created_at
    FROM users v JOIN workspace_members m ON m.user = v.row JOIN workspaces w ON w.row = m.workspace";

fn workspace(row: &rusqlite::Row<'_>) -> rusqlite::Result<Workspace> {
    let role: Coded<WorkspaceRole> = row.get(3)?;
    Ok(Workspace {
        id: id(row, 0)?,
        name: row.get(1)?,
        slug: row.get(2)?,
        role: role.0,
        member_count: count(row, 4)?,
        created_at: time(row, 5)?,
    })
}

/// Each with its earliest owner.
fn owned(db: &Connection) -> Ran<Vec<(Workspace, UserId)>> {
    const OWNERS: &str = "SELECT w.id, u.id FROM workspaces w JOIN users u ON u.row =
        (SELECT user FROM workspace_members WHERE workspace = w.row AND role = ? ORDER BY joined_at, user LIMIT 1) ORDER BY w.slug";
    let owners = all(db, OWNERS, [Coded(WorkspaceRole::Owner)], |row| Ok((id(row, 0)?, id(row, 1)?)))?;
    owners.into_iter().filter_map(|(id, owner)| get(db, id, owner).map(|found| found.map(|found| (found, owner))).transpose()).collect()
}

fn get(db: &Connection, id: WorkspaceId, viewer: UserId) -> Ran<Option<Workspace>> {
    one(db, &format!("{WORKSPACE} WHERE v.id = ? AND w.id = ?"), (viewer.as_bytes(), id.as_bytes()), workspace)
}

fn create(db: &Connection, new: NewWorkspace) -> Ran<Workspace> {
    let owner = need_user(db, new.owner)?;
    if workspace_row(db, new.id)?.is_some() {
        return Err(Refusal::new(Code::Conflict, "the workspace exists already").into());
    }
    let slug = free_slug(db, new.slug, new.slug_exact)?;
    let fields = (new.id.as_bytes(), &new.name, &slug, new.at.as_millis());
    let row = insert(db, "INSERT INTO workspaces (id, name, slug, created_at) VALUES (?, ?, ?, ?)", fields)?;
    members::add(db, row, owner, WorkspaceRole::Owner, new.at)?;
    get(db, new.id, new.owner)?.ok_or_else(missing)
}

fn free_slug(db: &Connection, wanted: String, exact: bool) -> Ran<String> {
    let taken = |slug: &str| one(db, "SELECT 1 FROM workspaces WHERE slug = ?", [slug], first::<i64>).map(|found| found.is_some());
    if !taken(&wanted)? {
        return Ok(wanted);
    }
    if exact {
        return Err(Refusal::new(Code::Conflict, "the slug is taken").into());
    }
    let mut number = 2;
    loop {
        let slug = format!("{wanted}-{number}");
        if !taken(&slug)? {
            return Ok(slug);
        }
        number += 1;
    }
}

pub(crate) fn workspace_row(db: &Connection, id: WorkspaceId) -> Ran<Option<RowNo>> {
    one(db, "SELECT row FROM workspaces WHERE id = ?", [id.as_bytes()], first)
}

/// `NOT_FOUND` where there is none.
pub(crate) fn need_workspace(db: &Connection, id: WorkspaceId) -> Ran<RowNo> {
    workspace_row(db, id)?.ok_or_else(missing)
}

pub(crate) fn role_of(db: &Connection, workspace: RowNo, user: RowNo) -> Ran<Option<WorkspaceRole>> {
    let role =
        one(db, "SELECT role FROM workspace_members WHERE workspace = ? AND user = ?", (workspace, user), first::<Coded<WorkspaceRole>>)?;
    Ok(role.map(|coded| coded.0))
}

fn broken(what: &str) -> Fault {
    Fault::Broken(what.to_owned())
}
