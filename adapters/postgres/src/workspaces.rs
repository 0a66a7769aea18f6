//! Teams.

pub(crate) mod invites;
mod members;

use async_trait::async_trait;
use tertulia_domain::access::WorkspaceGrant;
use tertulia_domain::workspace::{Invite, WorkspaceMember};
use tertulia_domain::{Code, Event, InviteId, Refusal, Timestamp, UserId, Workspace, WorkspaceId, WorkspaceRole};
use tertulia_ports::StoreResult;
use tertulia_ports::store::workspaces::{NewInvite, NewWorkspace};
use tertulia_ports::store::{Page, PageRequest, Workspaces};
use tokio_postgres::Row;

use crate::codes::Coded;
use crate::db::Db;
use crate::rows::{self, count, id, missing, need_user, time};
use crate::sql::{Ran, Tx, all, exec, is_there, one};

#[async_trait]
impl Workspaces for Db {
    async fn create(&self, workspace: NewWorkspace) -> StoreResult<Workspace> {
        self.write(|db| create(db, &workspace)).await
    }

    async fn get(&self, id: WorkspaceId, viewer: UserId) -> StoreResult<Option<Workspace>> {
        self.glance(async |db| get(&db, id, viewer).await).await
    }

    async fn list(&self, viewer: UserId) -> StoreResult<Vec<Workspace>> {
        let sql = format!("{WORKSPACE} WHERE m.user_id = $1 ORDER BY lower(w.name), w.created_at, w.id");
        self.glance(async |db| all(&db, &sql, &[&viewer.0], workspace).await).await
    }

    async fn all(&self) -> StoreResult<Vec<(Workspace, UserId)>> {
        let sql = format!(
            "{WORKSPACE} WHERE m.user_id = (SELECT user_id FROM workspace_members o WHERE o.workspace = w.id AND o.role = $1
             ORDER BY o.joined_at, o.user_id LIMIT 1) ORDER BY w.slug"
        );
        let owner = Coded(WorkspaceRole::Owner);
        self.glance(async |db| all(&db, &sql, &[&owner], |row| Ok((workspace(row)?, id(row, 6)?))).await).await
    }

    async fn rename(&self, grant: WorkspaceGrant, name: String) -> StoreResult<Workspace> {
        self.write(async |db| {
            exec(&db, "UPDATE workspaces SET name = $1 WHERE id = $2", &[&name, &grant.workspace().0]).await?;
            get(&db, grant.workspace(), grant.actor()).await?.ok_or_else(missing)
        })
        .await
    }

    async fn members(&self, grant: WorkspaceGrant, page: PageRequest) -> StoreResult<Page<WorkspaceMember>> {
        self.read(|db| members::list(db, self.cursors, grant, &page)).await
    }

    async fn set_role(&self, grant: WorkspaceGrant, user: UserId, role: Option<WorkspaceRole>, at: Timestamp) -> StoreResult<Vec<Event>> {
        self.write_log(at, |db| members::set_role(db, grant, user, role, at)).await
    }

    async fn create_invite(&self, grant: WorkspaceGrant, invite: NewInvite) -> StoreResult<Invite> {
        self.write(|db| invites::create(db, grant, &invite)).await
    }

    async fn invites(&self, grant: WorkspaceGrant, now: Timestamp) -> StoreResult<Vec<Invite>> {
        self.glance(|db| invites::list(db, grant, now)).await
    }

    async fn revoke_invite(&self, grant: WorkspaceGrant, id: InviteId) -> StoreResult<bool> {
        const SQL: &str = "UPDATE invites SET revoked = true WHERE id = $1 AND NOT revoked AND workspace = $2";
        self.write(async |db| Ok(exec(&db, SQL, &[&id.0, &grant.workspace().0]).await? > 0)).await
    }

    async fn find_invite(&self, token_hash: [u8; 32], now: Timestamp) -> StoreResult<(Invite, String)> {
        let found = self.glance(async |db| invites::usable(&db, &token_hash, now, false).await).await?;
        Ok((found.invite, found.workspace_name))
    }

    async fn accept_invite(&self, token_hash: [u8; 32], user: UserId, now: Timestamp) -> StoreResult<Workspace> {
        self.write(|db| invites::accept(db, token_hash, user, now)).await
    }

    async fn role(&self, id: WorkspaceId, user: UserId) -> StoreResult<Option<WorkspaceRole>> {
        self.glance(async |db| role_of(&db, id, user).await).await
    }
}

/// As its member `m` sees it.
const WORKSPACE: &str =
    "SELECT w.id, w.name, w.slug, m.role, (SELECT count(*) FROM workspace_members WHERE workspace = w.id), w.created_at, m.user_id
    FROM workspaces w JOIN workspace_members m ON m.workspace = w.id";

fn workspace(row: &Row) -> Ran<Workspace> {
    let role: Coded<WorkspaceRole> = rows::get(row, 3)?;
    Ok(Workspace {
        id: id(row, 0)?,
        name: rows::get(row, 1)?,
        slug: rows::get(row, 2)?,
        role: role.0,
        member_count: count(row, 4)?,
        created_at: time(row, 5)?,
    })
}

async fn get(db: &Tx, id: WorkspaceId, viewer: UserId) -> Ran<Option<Workspace>> {
    one(db, &format!("{WORKSPACE} WHERE m.user_id = $1 AND w.id = $2"), &[&viewer.0, &id.0], workspace).await
}

async fn create(db: Tx, new: &NewWorkspace) -> Ran<Workspace> {
    need_user(&db, new.owner).await?;
    if is_there(&db, "SELECT 1 FROM workspaces WHERE id = $1", &[&new.id.0]).await? {
        return Err(Refusal::new(Code::Conflict, "the workspace exists already").into());
    }
    let slug = free_slug(&db, &new.slug, new.slug_exact).await?;
    let sql = "INSERT INTO workspaces (id, name, slug, created_at) VALUES ($1, $2, $3, $4)";
    exec(&db, sql, &[&new.id.0, &new.name, &slug, &new.at.as_millis()]).await?;
    members::add(&db, new.id, new.owner, WorkspaceRole::Owner, new.at).await?;
    get(&db, new.id, new.owner).await?.ok_or_else(missing)
}

async fn free_slug(db: &Tx, wanted: &str, exact: bool) -> Ran<String> {
    const TAKEN: &str = "SELECT 1 FROM workspaces WHERE slug = $1";
    if !is_there(db, TAKEN, &[&wanted]).await? {
        return Ok(wanted.to_owned());
    }
    if exact {
        return Err(Refusal::new(Code::Conflict, "the slug is taken").into());
    }
    let mut number = 2;
    loop {
        let slug = format!("{wanted}-{number}");
        if !is_there(db, TAKEN, &[&slug]).await? {
            return Ok(slug);
        }
        number += 1;
    }
}

/// `NOT_FOUND` where there is none.
pub(crate) async fn need_workspace(db: &Tx, id: WorkspaceId) -> Ran<()> {
    if is_there(db, "SELECT 1 FROM workspaces WHERE id = $1", &[&id.0]).await? { Ok(()) } else { Err(missing()) }
}

/// As [`need_workspace`], and keeps other changes of who is in it out until the transaction ends.
async fn lock(db: &Tx, id: WorkspaceId) -> Ran<()> {
    if is_there(db, "SELECT 1 FROM workspaces WHERE id = $1 FOR UPDATE", &[&id.0]).await? { Ok(()) } else { Err(missing()) }
}

pub(crate) async fn role_of(db: &Tx, workspace: WorkspaceId, user: UserId) -> Ran<Option<WorkspaceRole>> {
    const SQL: &str = "SELECT role FROM workspace_members WHERE workspace = $1 AND user_id = $2";
    one(db, SQL, &[&workspace.0, &user.0], |row| rows::get::<Coded<WorkspaceRole>>(row, 0).map(|coded| coded.0)).await
}

/// Whether somebody is in it; until the transaction ends they stay.
pub(crate) async fn has_member(db: &Tx, workspace: WorkspaceId, user: UserId) -> Ran<bool> {
    const SQL: &str = "SELECT 1 FROM workspace_members WHERE workspace = $1 AND user_id = $2 FOR KEY SHARE";
    is_there(db, SQL, &[&workspace.0, &user.0]).await
}
