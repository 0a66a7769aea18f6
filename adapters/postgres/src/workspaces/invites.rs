//! Invitations into a workspace.

use tertulia_domain::access::{WorkspaceAction, WorkspaceGrant, authorize_workspace};
use tertulia_domain::workspace::Invite;
use tertulia_domain::{Code, Refusal, Timestamp, UserId, Workspace, WorkspaceId, WorkspaceRole};
use tertulia_ports::store::workspaces::NewInvite;
use tokio_postgres::Row;

use super::{get, lock, members, need_workspace, role_of};
use crate::codes::Coded;
use crate::rows::{self, count, id, missing, need_user, time};
use crate::sql::{Fault, Ran, Tx, all, exec, one};

/// With the role that its maker has now.
const INVITE: &str =
    "SELECT i.id, i.workspace, i.role, i.created_by, i.max_uses, i.uses, i.expires_at, i.created_at, i.revoked, w.name, m.role
    FROM invites i JOIN workspaces w ON w.id = i.workspace
    LEFT JOIN workspace_members m ON m.workspace = i.workspace AND m.user_id = i.created_by";

/// An invitation with what deciding about it takes.
pub(crate) struct Found {
    pub(crate) invite: Invite,
    pub(crate) workspace_name: String,
    revoked: bool,
    creator_role: Option<WorkspaceRole>,
}

fn found(row: &Row) -> Ran<Found> {
    let creator_role: Option<Coded<WorkspaceRole>> = rows::get(row, 10)?;
    Ok(Found {
        invite: invite(row)?,
        revoked: rows::get(row, 8)?,
        workspace_name: rows::get(row, 9)?,
        creator_role: creator_role.map(|coded| coded.0),
    })
}

fn invite(row: &Row) -> Ran<Invite> {
    let role: Coded<WorkspaceRole> = rows::get(row, 2)?;
    let max_uses: Option<i64> = rows::get(row, 4)?;
    Ok(Invite {
        id: id(row, 0)?,
        workspace_id: id(row, 1)?,
        role: role.0,
        created_by: id(row, 3)?,
        max_uses: max_uses.and_then(|max| u32::try_from(max).ok()),
        uses: count(row, 5)?,
        expires_at: time(row, 6)?,
        created_at: time(row, 7)?,
    })
}

impl Found {
    /// Spent, withdrawn, late, or made by somebody who could not make it any more.
    fn is_over(&self, now: Timestamp) -> bool {
        let invite = &self.invite;
        let may_invite = authorize_workspace(WorkspaceAction::Invite, invite.created_by, self.creator_role, invite.workspace_id).is_ok();
        let spent = invite.max_uses.is_some_and(|max| invite.uses >= max);
        self.revoked || spent || invite.expires_at <= now || !may_invite || self.creator_role < Some(invite.role)
    }
}

pub(super) async fn create(db: Tx, grant: WorkspaceGrant, new: &NewInvite) -> Ran<Invite> {
    const SQL: &str = "INSERT INTO invites (id, workspace, token_hash, role, created_by, max_uses, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    need_workspace(&db, grant.workspace()).await?;
    need_user(&db, grant.actor()).await?;
    let (workspace, creator, hash) = (grant.workspace().0, grant.actor().0, new.token_hash.as_slice());
    let (role, max_uses) = (Coded(new.role), new.max_uses.map(i64::from));
    let (at, expires_at) = (new.at.as_millis(), new.expires_at.as_millis());
    exec(&db, SQL, &[&new.id.0, &workspace, &hash, &role, &creator, &max_uses, &at, &expires_at]).await?;
    let made = one(&db, &format!("{INVITE} WHERE i.id = $1"), &[&new.id.0], invite).await?;
    made.ok_or_else(|| Fault::Broken("an invitation vanished".into()))
}

pub(super) async fn list(db: Tx, grant: WorkspaceGrant, now: Timestamp) -> Ran<Vec<Invite>> {
    let sql = format!("{INVITE} WHERE i.workspace = $1 ORDER BY i.number DESC");
    let invites = all(&db, &sql, &[&grant.workspace().0], found).await?;
    Ok(invites.into_iter().filter(|found| !found.is_over(now)).map(|found| found.invite).collect())
}

/// `lock`: nobody else uses it until the transaction ends.
async fn find(db: &Tx, token_hash: &[u8; 32], lock: bool) -> Ran<Found> {
    let sql = format!("{INVITE} WHERE i.token_hash = $1{}", if lock { " FOR UPDATE OF i" } else { "" });
    one(db, &sql, &[&token_hash.as_slice()], found).await?.ok_or_else(missing)
}

/// Unknown: `NOT_FOUND`; over: `GONE`.
pub(crate) async fn usable(db: &Tx, token_hash: &[u8; 32], now: Timestamp, lock: bool) -> Ran<Found> {
    let found = find(db, token_hash, lock).await?;
    if found.is_over(now) {
        return Err(Refusal::new(Code::Gone, "the invitation is over").into());
    }
    Ok(found)
}

/// Lets somebody in who is not a member yet.
pub(crate) async fn spend(db: &Tx, found: &Found, user: UserId, at: Timestamp) -> Ran<(WorkspaceId, WorkspaceRole)> {
    let invite = &found.invite;
    exec(db, "UPDATE invites SET uses = uses + 1 WHERE id = $1", &[&invite.id.0]).await?;
    members::add(db, invite.workspace_id, user, invite.role, at).await?;
    Ok((invite.workspace_id, invite.role))
}

/// Who is a member already gets their workspace even by a link that is over: it is often they who used it up.
pub(super) async fn accept(db: Tx, token_hash: [u8; 32], user: UserId, now: Timestamp) -> Ran<Workspace> {
    need_user(&db, user).await?;
    let workspace = find(&db, &token_hash, false).await?.invite.workspace_id;
    lock(&db, workspace).await?;
    if role_of(&db, workspace, user).await?.is_none() {
        let found = usable(&db, &token_hash, now, true).await?;
        spend(&db, &found, user, now).await?;
    }
    get(&db, workspace, user).await?.ok_or_else(missing)
}
