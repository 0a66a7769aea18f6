//! Conversations and who is in them.

mod create;
pub(crate) mod members;
mod settings;
mod views;

use async_trait::async_trait;
use rusqlite::{Connection, Row};
use tertulia_domain::access::{Grant, WorkspaceGrant};
use tertulia_domain::conversation::{ConversationSettings, ConversationView, Member};
use tertulia_domain::{Conversation, ConversationId, ConversationType, Event, MemberRole, Timestamp, UserId, Visibility, WorkspaceRole};
use tertulia_ports::StoreResult;
use tertulia_ports::store::conversations::{ConversationPatch, Created, NewConversation, PreferencesPatch, StandingRow};
use tertulia_ports::store::log::Head;
use tertulia_ports::store::{Conversations, Page, PageRequest};

use crate::codes::Coded;
use crate::db::Db;
use crate::rows::{RowNo, count, id, maybe_id, maybe_time, seq, time, user_row};
use crate::sql::{Ran, all, one};
use crate::workspaces::role_of;

pub(crate) use settings::changeable;
pub(crate) use views::membership;

#[async_trait]
impl Conversations for Db {
    async fn create(&self, conversation: NewConversation) -> StoreResult<Created> {
        self.write(move |db| create::create(db, conversation)).await
    }

    async fn standing(&self, id: ConversationId, user: UserId) -> StoreResult<Option<StandingRow>> {
        self.read(move |db| standing(db, id, user)).await
    }

    async fn members(&self, grant: Grant, page: PageRequest) -> StoreResult<Page<Member>> {
        let cursors = self.cursors;
        self.read(move |db| members::list(db, cursors, grant, &page)).await
    }

    async fn member_ids(&self, ids: &[ConversationId], max: u64) -> StoreResult<Vec<(ConversationId, Vec<UserId>)>> {
        const SQL: &str = "SELECT u.id FROM conversations c JOIN members m ON m.conversation = c.row JOIN users u ON u.row = m.user
            WHERE c.id = ? AND c.member_count <= ?";
        let (ids, max) = (ids.to_owned(), i64::try_from(max).unwrap_or(i64::MAX));
        self.read(move |db| {
            let of = |conversation: ConversationId| {
                let members: Vec<UserId> = all(db, SQL, (conversation.as_bytes(), max), |row| id(row, 0))?;
                Ok((!members.is_empty()).then_some((conversation, members)))
            };
            ids.into_iter().filter_map(|id| of(id).transpose()).collect()
        })
        .await
    }

    async fn view(&self, viewer: UserId, ids: &[ConversationId]) -> StoreResult<Vec<ConversationView>> {
        let ids = ids.to_owned();
        self.read(move |db| views::of_ids(db, viewer, &ids)).await
    }

    async fn list(&self, viewer: UserId, page: PageRequest) -> StoreResult<Page<ConversationView>> {
        let cursors = self.cursors;
        self.read(move |db| views::list(db, cursors, viewer, &page)).await
    }

    async fn heads_of(&self, user: UserId, only: Option<ConversationId>) -> StoreResult<Vec<Head>> {
        const ALL: &str = "SELECT c.id, c.head, c.member_count FROM users u JOIN members m ON m.user = u.row
            JOIN conversations c ON c.row = m.conversation WHERE u.id = ?";
        const ONE: &str = "SELECT c.id, c.head, c.member_count FROM users u JOIN conversations c
            JOIN members m ON m.user = u.row AND m.conversation = c.row WHERE u.id = ? AND c.id = ?";
        let head = |row: &Row<'_>| Ok(Head { conversation_id: id(row, 0)?, seq: seq(row, 1)?, member_count: count(row, 2)? });
        self.read(move |db| match only {
            Some(only) => all(db, ONE, (user.as_bytes(), only.as_bytes()), head),
            None => all(db, ALL, [user.as_bytes()], head),
        })
        .await
    }

    async fn browse(&self, grant: WorkspaceGrant, query: &str, page: PageRequest) -> StoreResult<Page<ConversationView>> {
        let (cursors, query) = (self.cursors, query.to_lowercase());
        self.read(move |db| views::browse(db, cursors, grant, &query, &page)).await
    }

    async fn update(&self, grant: Grant, patch: ConversationPatch, at: Timestamp) -> StoreResult<Option<Event>> {
        self.write(move |db| settings::update(db, grant, patch, at)).await
    }

    async fn add_members(
        &self,
        grant: Grant,
        users: &[UserId],
        role: MemberRole,
        max: Option<usize>,
        at: Timestamp,
    ) -> StoreResult<Vec<Event>> {
        let users = users.to_owned();
        self.write(move |db| members::add_all(db, grant, &users, role, max, at)).await
    }

    async fn set_member(&self, grant: Grant, user: UserId, role: Option<MemberRole>, at: Timestamp) -> StoreResult<Option<Event>> {
        self.write(move |db| members::set(db, grant, user, role, at)).await
    }

    async fn set_preferences(&self, grant: Grant, patch: PreferencesPatch) -> StoreResult<()> {
        self.write(move |db| settings::set_preferences(db, grant, &patch)).await
    }
}

/// A conversation, and the numbers that its own queries go by.
pub(crate) struct Stored {
    pub(crate) row: RowNo,
    pub(crate) workspace: Option<RowNo>,
    pub(crate) conversation: Conversation,
}

pub(crate) const CONVERSATION: &str =
    "SELECT c.row, c.workspace, c.id, c.type, w.id, c.name, c.topic, c.avatar_url, c.visibility, c.member_count,
    c.head, c.epoch, c.last_message_at, c.settings, c.is_default, c.archived_at, u.id, c.created_at, c.updated_at
    FROM conversations c JOIN users u ON u.row = c.created_by LEFT JOIN workspaces w ON w.row = c.workspace";

pub(crate) fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let conversation_type: Coded<ConversationType> = row.get(3)?;
    let visibility: Coded<Visibility> = row.get(8)?;
    let conversation = Conversation {
        id: id(row, 2)?,
        conversation_type: conversation_type.0,
        workspace_id: maybe_id(row, 4)?,
        name: row.get(5)?,
        topic: row.get(6)?,
        avatar_url: row.get(7)?,
        visibility: visibility.0,
        member_count: count(row, 9)?,
        head: seq(row, 10)?,
        epoch: row.get(11)?,
        last_message_at: maybe_time(row, 12)?,
        settings: settings_of(row, 13)?,
        is_default: row.get(14)?,
        archived_at: maybe_time(row, 15)?,
        created_by: id(row, 16)?,
        created_at: time(row, 17)?,
        updated_at: time(row, 18)?,
    };
    Ok(Stored { row: row.get(0)?, workspace: row.get(1)?, conversation })
}

fn settings_of(row: &Row<'_>, column: usize) -> rusqlite::Result<ConversationSettings> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error)))
}

pub(crate) fn load(db: &Connection, id: ConversationId) -> Ran<Option<Stored>> {
    one(db, &format!("{CONVERSATION} WHERE c.id = ?"), [id.as_bytes()], stored)
}

fn standing(db: &Connection, id: ConversationId, user: UserId) -> Ran<Option<StandingRow>> {
    let Some(stored) = load(db, id)? else { return Ok(None) };
    let user = user_row(db, user)?;
    let workspace_role = match (stored.workspace, user) {
        (Some(workspace), Some(user)) => role_of(db, workspace, user)?,
        _ => None,
    };
    let member_role = match user {
        Some(user) => members::role(db, stored.row, user)?,
        None => None,
    };
    Ok(Some(StandingRow { conversation: stored.conversation, workspace_role, member_role }))
}

/// The key under which a name is taken; none where names need not differ.
fn name_key(conversation: &Conversation) -> Option<String> {
    let is_channel = matches!(conversation.conversation_type, ConversationType::Channel | ConversationType::Broadcast);
    let name = conversation.name.as_ref().filter(|_| is_channel && conversation.archived_at.is_none());
    name.map(|name| name.to_lowercase())
}

fn may_look(role: Option<WorkspaceRole>, visibility: Visibility) -> bool {
    visibility == Visibility::Public && role.is_some_and(|role| role >= WorkspaceRole::Member)
}
