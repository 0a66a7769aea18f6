//! Conversations as one person sees them.

use tertulia_domain::access::WorkspaceGrant;
use tertulia_domain::conversation::{ConversationView, Membership, NotificationLevel, Unread};
use tertulia_domain::{Conversation, ConversationId, MemberRole, UserId, Visibility, WorkspaceRole};
use tertulia_ports::store::{Page, PageRequest};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{COLUMNS, WIDTH, conversation, may_look};
use crate::codes::Coded;
use crate::receipts::unread;
use crate::rows::{get, maybe_id, maybe_time, need_user, seq, time};
use crate::sql::{Ran, Tx, all};
use crate::workspaces::need_workspace;
use tertulia_ports::store::PageCursors;

/// A conversation with how the viewer, `$1`, stands to it; after [`COLUMNS`], [`MEMBERSHIP`] begins.
fn view_sql() -> String {
    format!(
        "SELECT {COLUMNS}, {MEMBERSHIP}, w.role,
            CASE WHEN c.type = 0 THEN (SELECT o.user_id FROM members o WHERE o.conversation = c.id AND o.user_id <> $1 LIMIT 1) END
         FROM conversations c LEFT JOIN members m ON m.conversation = c.id AND m.user_id = $1
         LEFT JOIN workspace_members w ON w.workspace = c.workspace AND w.user_id = $1"
    )
}

const MEMBERSHIP: &str = "m.role, m.read_seq, m.delivered_seq, m.notification_level, m.muted_until, m.pinned, m.joined_at";

/// From [`MEMBERSHIP`], beginning at column `at`; none where there is none.
pub(crate) fn membership(row: &Row, at: usize) -> Ran<Option<Membership>> {
    let Some(role) = get::<Option<Coded<MemberRole>>>(row, at)? else { return Ok(None) };
    let level: Coded<NotificationLevel> = get(row, at + 3)?;
    Ok(Some(Membership {
        role: role.0,
        read_seq: seq(row, at + 1)?,
        delivered_seq: seq(row, at + 2)?,
        notification_level: level.0,
        muted_until: maybe_time(row, at + 4)?,
        pinned: get(row, at + 5)?,
        joined_at: time(row, at + 6)?,
    }))
}

/// Unread counts are still missing.
fn view(row: &Row) -> Ran<(ConversationView, Option<WorkspaceRole>)> {
    let role: Option<Coded<WorkspaceRole>> = get(row, WIDTH + 7)?;
    let view = ConversationView {
        conversation: conversation(row)?,
        membership: membership(row, WIDTH)?,
        peer_id: maybe_id(row, WIDTH + 8)?,
        unread: Unread::default(),
    };
    Ok((view, role.map(|coded| coded.0)))
}

pub(super) async fn of_ids(db: Tx, viewer: UserId, ids: &[ConversationId]) -> Ran<Vec<ConversationView>> {
    let sql = format!("{} JOIN unnest($2::uuid[]) WITH ORDINALITY AS asked(id, n) ON asked.id = c.id ORDER BY asked.n", view_sql());
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let found = all(&db, &sql, &[&viewer.0, &ids], view).await?;
    let is_readable = |(view, role): &(ConversationView, _)| view.membership.is_some() || may_look(*role, view.conversation.visibility);
    let mut views: Vec<ConversationView> = found.into_iter().filter(is_readable).map(|(view, _)| view).collect();
    count_unread(&db, viewer, &mut views).await?;
    Ok(views)
}

async fn count_unread(db: &Tx, viewer: UserId, views: &mut [ConversationView]) -> Ran<()> {
    let behind = |view: &&mut ConversationView| view.membership.as_ref().is_some_and(|it| it.read_seq < view.conversation.head);
    let mut behind: Vec<&mut ConversationView> = views.iter_mut().filter(behind).collect();
    let asked: Vec<_> = behind.iter().filter_map(|view| Some((view.conversation.id, viewer, view.membership.as_ref()?.read_seq))).collect();
    for (view, unread) in behind.iter_mut().zip(unread::counts(db, &asked).await?) {
        view.unread = unread;
    }
    Ok(())
}

/// Sorts after all that is younger: archived ones last, then by the newest message, then by id.
type Place = (bool, i64, Uuid);

fn place(conversation: &Conversation) -> Place {
    let newest = conversation.last_message_at.unwrap_or(conversation.created_at);
    (conversation.archived_at.is_some(), -newest.as_millis(), conversation.id.0)
}

pub(super) async fn list(db: Tx, cursors: PageCursors, viewer: UserId, page: &PageRequest) -> Ran<Page<ConversationView>> {
    const PLACE: &str = "c.archived_at IS NOT NULL, -coalesce(c.last_message_at, c.created_at)";
    let name = format!("conversations {viewer}");
    let after: Place = cursors.open(&name, page.cursor.as_deref())?.unwrap_or((false, i64::MIN, Uuid::max()));
    need_user(&db, viewer).await?;
    // Of those with the same time, the one made last comes first.
    let sql = format!(
        "{} WHERE m.user_id = $1 AND (({PLACE}) > ($2, $3) OR (({PLACE}) = ($2, $3) AND c.id < $4)) ORDER BY {PLACE}, c.id DESC LIMIT $5",
        view_sql()
    );
    let limit = page.limit.clamp(1, 200);
    let found = all(&db, &sql, &[&viewer.0, &after.0, &after.1, &after.2, &i64::from(limit + 1)], |row| {
        let (view, _) = view(row)?;
        let place = place(&view.conversation);
        Ok((view, place))
    })
    .await?;
    let mut page = cursors.page(&name, found, limit)?;
    count_unread(&db, viewer, &mut page.items).await?;
    Ok(page)
}

pub(super) async fn browse(
    db: Tx,
    cursors: PageCursors,
    grant: WorkspaceGrant,
    query: &str,
    page: &PageRequest,
) -> Ran<Page<ConversationView>> {
    let name = format!("channels {} {} {query}", grant.workspace(), grant.actor());
    let (after_name, after_id) = cursors.open::<(String, Uuid)>(&name, page.cursor.as_deref())?.unwrap_or_default();
    need_workspace(&db, grant.workspace()).await?;
    need_user(&db, grant.actor()).await?;
    let sql = format!(
        "{} WHERE c.workspace = $2 AND c.visibility = $3 AND c.name_key IS NOT NULL AND strpos(c.name_key, $4) > 0
         AND (c.name_key, c.id) > ($5, $6) ORDER BY c.name_key, c.id LIMIT $7",
        view_sql()
    );
    let limit = page.limit.clamp(1, 200);
    let (viewer, workspace, public) = (grant.actor(), grant.workspace().0, Coded(Visibility::Public));
    let found = all(&db, &sql, &[&viewer.0, &workspace, &public, &query, &after_name, &after_id, &i64::from(limit + 1)], |row| {
        let (view, _) = view(row)?;
        let place = (view.conversation.name.as_deref().unwrap_or_default().to_lowercase(), view.conversation.id.0);
        Ok((view, place))
    })
    .await?;
    let mut page = cursors.page(&name, found, limit)?;
    count_unread(&db, viewer, &mut page.items).await?;
    Ok(page)
}
