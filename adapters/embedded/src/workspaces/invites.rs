//! Invitations into a workspace.

use rusqlite::{Connection, Row};
use tertulia_domain::access::{WorkspaceAction, WorkspaceGrant, authorize_workspace};
use tertulia_domain::workspace::Invite;
use tertulia_domain::{Code, Refusal, Timestamp, UserId, Workspace, WorkspaceId, WorkspaceRole};
use tertulia_ports::store::workspaces::NewInvite;

use super::{broken, get, members, need_workspace, role_of};
use crate::codes::Coded;
use crate::rows::{RowNo, count, id, missing, need_user, time};
use crate::sql::{Ran, all, exec, insert, one};

const INVITE: &str =
    "SELECT i.id, w.id, i.role, u.id, i.max_uses, i.uses, i.expires_at, i.created_at, i.row, w.row, w.name, u.row, i.revoked
    FROM invites i JOIN workspaces w ON w.row = i.workspace JOIN users u ON u.row = i.created_by";

/// An invitation with what deciding about it takes.
pub(crate) struct Found {
    pub(crate) invite: Invite,
    pub(crate) workspace_name: String,
    row: RowNo,
    workspace: RowNo,
    creator: RowNo,
    revoked: bool,
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        invite: invite(row)?,
        row: row.get(8)?,
        workspace: row.get(9)?,
        workspace_name: row.get(10)?,
        creator: row.get(11)?,
        revoked: row.get(12)?,
    })
}

fn invite(row: &Row<'_>) -> rusqlite::Result<Invite> {
    let role: Coded<WorkspaceRole> = row.get(2)?;
    Ok(Invite {
        id: id(row, 0)?,
        workspace_id: id(row, 1)?,
        role: role.0,
        created_by: id(row, 3)?,
        max_uses: row.get(4)?,
        uses: count(row, 5)?,
        expires_at: time(row, 6)?,
        created_at: time(row, 7)?,
    })
}

impl Found {
    /// Spent, withdrawn, late, or made by somebody who could not make it any more.
    fn is_over(&self, db: &Connection, now: Timestamp) -> Ran<bool> {
        let invite = &self.invite;
        let creator_role = role_of(db, self.workspace, self.creator)?;
        let may_invite = authorize_workspace(WorkspaceAction::Invite, invite.created_by, creator_role, invite.workspace_id).is_ok();
        let spent = invite.max_uses.is_some_and(|max| invite.uses >= max);
        Ok(self.revoked || spent || invite.expires_at <= now || !may_invite || creator_role < Some(invite.role))
    }
}

pub(super) fn create(db: &Connection, grant: WorkspaceGrant, new: &NewInvite) -> Ran<Invite> {
    let workspace = need_workspace(db, grant.workspace())?;
    let creator = need_user(db, grant.actor())?;
    let role = Coded(new.role);
    insert(
        db,
        "INSERT INTO invites (id, workspace, token_hash, role, created_by, max_uses, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (new.id.as_bytes(), workspace, new.token_hash, role, creator, new.max_uses, new.at.as_millis(), new.expires_at.as_millis()),
    )?;
    one(db, &format!("{INVITE} WHERE i.id = ?"), [new.id.as_bytes()], invite)?.ok_or_else(|| broken("an invitation vanished"))
}

pub(super) fn list(db: &Connection, grant: WorkspaceGrant, now: Timestamp) -> Ran<Vec<Invite>> {
    let sql = format!("{INVITE} WHERE w.id = ? ORDER BY i.row DESC");
    let mut usable = Vec::new();
    for found in all(db, &sql, [grant.workspace().as_bytes()], found)? {
        if !found.is_over(db, now)? {
            usable.push(found.invite);
        }
    }
    Ok(usable)
}

fn find(db: &Connection, token_hash: &[u8; 32]) -> Ran<Found> {
    one(db, &format!("{INVITE} WHERE i.token_hash = ?"), [token_hash], found)?.ok_or_else(missing)
}

/// Unknown: `NOT_FOUND`; over: `GONE`.
pub(crate) fn usable(db: &Connection, token_hash: &[u8; 32], now: Timestamp) -> Ran<Found> {
    let found = find(db, token_hash)?;
    if found.is_over(db, now)? {
        return Err(Refusal::new(Code::Gone, "the invitation is over").into());
    }
    Ok(found)
}

/// Lets somebody in who is not a member yet.
pub(crate) fn spend(db: &Connection, found: &Found, user: RowNo, at: Timestamp) -> Ran<(WorkspaceId, WorkspaceRole)> {
    exec(db, "UPDATE invites SET uses = uses + 1 WHERE row = ?", [found.row])?;
    members::add(db, found.workspace, user, found.invite.role, at)?;
    Ok((found.invite.workspace_id, found.invite.role))
}

/// Who is a member already gets their workspace even by a link that is over: it is often they who used it up.
pub(super) fn accept(db: &Connection, token_hash: &[u8; 32], user: UserId, now: Timestamp) -> Ran<Workspace> {
    let user_row = need_user(db, user)?;
    let found = find(db, token_hash)?;
    if role_of(db, found.workspace, user_row)?.is_none() {
        let found = usable(db, token_hash, now)?;
        spend(db, &found, user_row, now)?;
    }
    get(db, found.invite.workspace_id, user)?.ok_or_else(missing)
}
