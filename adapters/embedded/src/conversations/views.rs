//! Conversations as one person sees them.

use rusqlite::Connection;
use tertulia_domain::access::WorkspaceGrant;
use tertulia_domain::conversation::{ConversationView, Membership, NotificationLevel, Unread};
use tertulia_domain::{ConversationId, ConversationType, MemberRole, UserId, Visibility};
use tertulia_ports::store::{Page, PageRequest};

use super::{CONVERSATION, Stored, load, may_look, stored};
use crate::codes::Coded;
use crate::receipts::unread;
use crate::rows::{RowNo, id, maybe_time, need_user, seq, time, user_row};
use crate::sql::{Ran, all, one};
use crate::workspaces::{need_workspace, role_of};
use tertulia_ports::store::PageCursors;

pub(super) fn of_ids(db: &Connection, viewer: UserId, ids: &[ConversationId]) -> Ran<Vec<ConversationView>> {
    let Some(viewer) = user_row(db, viewer)? else { return Ok(Vec::new()) };
    let mut views = Vec::new();
    for &id in ids {
        if let Some(stored) = load(db, id)?
            && let Some(view) = readable(db, viewer, stored)?
        {
            views.push(view);
        }
    }
    Ok(views)
}

fn readable(db: &Connection, viewer: RowNo, stored: Stored) -> Ran<Option<ConversationView>> {
    let workspace = stored.workspace;
    let visibility = stored.conversation.visibility;
    let view = seen_by(db, viewer, stored)?;
    let role = match workspace {
        Some(workspace) => role_of(db, workspace, viewer)?,
        None => None,
    };
    let readable = view.membership.is_some() || may_look(role, visibility);
    Ok(readable.then_some(view))
}

fn seen_by(db: &Connection, viewer: RowNo, stored: Stored) -> Ran<ConversationView> {
    let membership = membership(db, stored.row, viewer)?;
    let unread = match &membership {
        Some(membership) => unread::count(db, stored.row, viewer, membership.read_seq)?,
        None => Unread::default(),
    };
    let is_direct = stored.conversation.conversation_type == ConversationType::Direct;
    let peer_id = if is_direct { peer(db, stored.row, viewer)? } else { None };
    Ok(ConversationView { conversation: stored.conversation, membership, peer_id, unread })
}

fn peer(db: &Connection, conversation: RowNo, viewer: RowNo) -> Ran<Option<UserId>> {
    const SQL: &str = "SELECT u.id FROM members m JOIN users u ON u.row = m.user WHERE m.conversation = ? AND m.user <> ?";
    one(db, SQL, (conversation, viewer), |row| id(row, 0))
}

const MEMBERSHIP: &str = "SELECT role, read_seq, delivered_seq, notification_level, muted_until, pinned, joined_at FROM members
    WHERE conversation = ? AND user = ?";

pub(crate) fn membership(db: &Connection, conversation: RowNo, user: RowNo) -> Ran<Option<Membership>> {
    one(db, MEMBERSHIP, (conversation, user), |row| {
        let role: Coded<MemberRole> = row.get(0)?;
        let level: Coded<NotificationLevel> = row.get(3)?;
        Ok(Membership {
            role: role.0,
            read_seq: seq(row, 1)?,
            delivered_seq: seq(row, 2)?,
            notification_level: level.0,
            muted_until: maybe_time(row, 4)?,
            pinned: row.get(5)?,
            joined_at: time(row, 6)?,
        })
    })
}

/// Sorts after all that is younger: archived ones last, then by the newest message, then by making.
type Place = (bool, i64, RowNo);

pub(super) fn list(db: &Connection, cursors: PageCursors, viewer: UserId, page: &PageRequest) -> Ran<Page<ConversationView>> {
    const PLACE: &str = "(c.archived_at IS NOT NULL, -coalesce(c.last_message_at, c.created_at), -c.row)";
    let name = format!("conversations {viewer}");
    let after: Place = cursors.open(&name, page.cursor.as_deref())?.unwrap_or((false, i64::MIN, 0));
    let viewer = need_user(db, viewer)?;
    let sql = format!(
        "{CONVERSATION} WHERE c.row IN (SELECT conversation FROM members WHERE user = ?) AND {PLACE} > (?, ?, ?)
         ORDER BY c.archived_at IS NOT NULL, -coalesce(c.last_message_at, c.created_at), -c.row LIMIT ?"
    );
    let limit = page.limit.clamp(1, 200);
    let found = all(db, &sql, (viewer, after.0, after.1, after.2, limit + 1), stored)?;
    let place = |stored: &Stored| -> Place {
        let conversation = &stored.conversation;
        let newest = conversation.last_message_at.unwrap_or(conversation.created_at);
        (conversation.archived_at.is_some(), -newest.as_millis(), -stored.row)
    };
    pages(db, cursors, &name, viewer, found, limit, place)
}

pub(super) fn browse(
    db: &Connection,
    cursors: PageCursors,
    grant: WorkspaceGrant,
    query: &str,
    page: &PageRequest,
) -> Ran<Page<ConversationView>> {
    let name = format!("channels {} {} {query}", grant.workspace(), grant.actor());
    let (after_name, after_row) = cursors.open::<(String, RowNo)>(&name, page.cursor.as_deref())?.unwrap_or_default();
    let (workspace, viewer) = (need_workspace(db, grant.workspace())?, need_user(db, grant.actor())?);
    let sql = format!(
        "{CONVERSATION} WHERE c.workspace = ? AND c.visibility = ? AND c.name_key IS NOT NULL AND instr(c.name_key, ?) > 0
         AND (c.name_key, c.row) > (?, ?) ORDER BY c.name_key, c.row LIMIT ?"
    );
    let limit = page.limit.clamp(1, 200);
    let found = all(db, &sql, (workspace, Coded(Visibility::Public), query, after_name, after_row, limit + 1), stored)?;
    let place = |stored: &Stored| (stored.conversation.name.as_deref().unwrap_or_default().to_lowercase(), stored.row);
    pages(db, cursors, &name, viewer, found, limit, place)
}

fn pages<P: serde::Serialize>(
    db: &Connection,
    cursors: PageCursors,
    name: &str,
    viewer: RowNo,
    found: Vec<Stored>,
    limit: u32,
    place: impl Fn(&Stored) -> P,
) -> Ran<Page<ConversationView>> {
    let placed: Vec<(Stored, P)> = found
        .into_iter()
        .map(|stored| {
            let at = place(&stored);
            (stored, at)
        })
        .collect();
    let page = cursors.page(name, placed, limit)?;
    let items = page.items.into_iter().map(|stored| seen_by(db, viewer, stored)).collect::<Ran<_>>()?;
    Ok(Page { items, next_cursor: page.next_cursor })
}
