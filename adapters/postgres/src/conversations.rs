//! Conversations and who is in them.

mod create;
pub(crate) mod members;
mod settings;
mod views;

use async_trait::async_trait;
use tertulia_domain::access::{Grant, WorkspaceGrant};
use tertulia_domain::conversation::{ConversationView, Member};
use tertulia_domain::{Conversation, ConversationId, ConversationType, Event, MemberRole, Timestamp, UserId, Visibility, WorkspaceRole};
use tertulia_ports::StoreResult;
use tertulia_ports::store::conversations::{ConversationPatch, Created, NewConversation, PreferencesPatch, StandingRow};
use tertulia_ports::store::log::Head;
use tertulia_ports::store::{Conversations, Page, PageRequest};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::codes::Coded;
use crate::db::Db;
use crate::rows::{count, get, id, maybe_id, maybe_time, seq, time};
use crate::sql::{Ran, Tx, all, one};

pub(crate) use settings::changeable;
pub(crate) use views::membership;

#[async_trait]
impl Conversations for Db {
    async fn create(&self, conversation: NewConversation) -> StoreResult<Created> {
        self.write_log(conversation.at, |db| create::create(db, &conversation)).await
    }

    async fn standing(&self, id: ConversationId, user: UserId) -> StoreResult<Option<StandingRow>> {
        self.glance(|db| standing(db, id, user)).await
    }

    async fn members(&self, grant: Grant, page: PageRequest) -> StoreResult<Page<Member>> {
        self.read(|db| members::list(db, self.cursors, grant, &page)).await
    }

    async fn member_ids(&self, ids: &[ConversationId], max: u64) -> StoreResult<Vec<(ConversationId, Vec<UserId>)>> {
        const SQL: &str = "SELECT c.id, (SELECT array_agg(m.user_id) FROM members m WHERE m.conversation = c.id)
            FROM unnest($1::uuid[]) WITH ORDINALITY AS asked(id, n) JOIN conversations c ON c.id = asked.id
            WHERE c.member_count BETWEEN 1 AND $2 ORDER BY asked.n";
        let (ids, max): (Vec<Uuid>, _) = (ids.iter().map(|id| id.0).collect(), i64::try_from(max).unwrap_or(i64::MAX));
        self.glance(async |db| {
            all(&db, SQL, &[&ids, &max], |row| {
                let members: Option<Vec<Uuid>> = get(row, 1)?;
                Ok((id(row, 0)?, members.unwrap_or_default().into_iter().map(UserId).collect()))
            })
            .await
        })
        .await
    }

    async fn view(&self, viewer: UserId, ids: &[ConversationId]) -> StoreResult<Vec<ConversationView>> {
        self.read(|db| views::of_ids(db, viewer, ids)).await
    }

    async fn list(&self, viewer: UserId, page: PageRequest) -> StoreResult<Page<ConversationView>> {
        self.read(|db| views::list(db, self.cursors, viewer, &page)).await
    }

    async fn heads_of(&self, user: UserId, only: Option<ConversationId>) -> StoreResult<Vec<Head>> {
        const ALL: &str =
            "SELECT c.id, c.head, c.member_count FROM members m JOIN conversations c ON c.id = m.conversation WHERE m.user_id = $1";
        const ONE: &str = "SELECT c.id, c.head, c.member_count FROM members m JOIN conversations c ON c.id = m.conversation
            WHERE m.user_id = $1 AND m.conversation = $2";
        self.glance(async |db| match only {
            Some(only) => all(&db, ONE, &[&user.0, &only.0], head).await,
            None => all(&db, ALL, &[&user.0], head).await,
        })
        .await
    }

    async fn browse(&self, grant: WorkspaceGrant, query: &str, page: PageRequest) -> StoreResult<Page<ConversationView>> {
        let query = query.to_lowercase();
        self.read_stale(|db| views::browse(db, self.cursors, grant, &query, &page)).await
    }

    async fn update(&self, grant: Grant, patch: ConversationPatch, at: Timestamp) -> StoreResult<Option<Event>> {
        self.write_log(at, |db| settings::update(db, grant, patch.clone(), at)).await
    }

    async fn add_members(
        &self,
        grant: Grant,
        users: &[UserId],
        role: MemberRole,
        max: Option<usize>,
        at: Timestamp,
    ) -> StoreResult<Vec<Event>> {
        self.write_log(at, |db| members::add_all(db, grant, users, role, max, at)).await
    }

    async fn set_member(&self, grant: Grant, user: UserId, role: Option<MemberRole>, at: Timestamp) -> StoreResult<Option<Event>> {
        self.write_log(at, |db| members::set(db, grant, user, role, at)).await
    }

    async fn set_preferences(&self, grant: Grant, patch: PreferencesPatch) -> StoreResult<()> {
        self.write(|db| settings::set_preferences(db, grant, &patch)).await
    }
}

pub(crate) fn head(row: &Row) -> Ran<Head> {
    Ok(Head { conversation_id: id(row, 0)?, seq: seq(row, 1)?, member_count: count(row, 2)? })
}

pub(crate) const COLUMNS: &str = "c.id, c.type, c.workspace, c.name, c.topic, c.avatar_url, c.visibility, c.member_count, c.head, c.epoch,
    c.last_message_at, c.settings, c.is_default, c.archived_at, c.created_by, c.created_at, c.updated_at";

/// How many [`COLUMNS`] there are.
const WIDTH: usize = 17;

/// From [`COLUMNS`], which come first.
pub(crate) fn conversation(row: &Row) -> Ran<Conversation> {
    let conversation_type: Coded<ConversationType> = get(row, 1)?;
    let visibility: Coded<Visibility> = get(row, 6)?;
    Ok(Conversation {
        id: id(row, 0)?,
        conversation_type: conversation_type.0,
        workspace_id: maybe_id(row, 2)?,
        name: get(row, 3)?,
        topic: get(row, 4)?,
        avatar_url: get(row, 5)?,
        visibility: visibility.0,
        member_count: count(row, 7)?,
        head: seq(row, 8)?,
        epoch: get(row, 9)?,
        last_message_at: maybe_time(row, 10)?,
        settings: serde_json::from_str(get(row, 11)?)?,
        is_default: get(row, 12)?,
        archived_at: maybe_time(row, 13)?,
        created_by: id(row, 14)?,
        created_at: time(row, 15)?,
        updated_at: time(row, 16)?,
    })
}

pub(crate) async fn load(db: &Tx, id: ConversationId) -> Ran<Option<Conversation>> {
    one(db, &format!("SELECT {COLUMNS} FROM conversations c WHERE c.id = $1"), &[&id.0], conversation).await
}

async fn standing(db: Tx, id: ConversationId, user: UserId) -> Ran<Option<StandingRow>> {
    let sql = format!(
        "SELECT {COLUMNS}, w.role, m.role FROM conversations c
         LEFT JOIN workspace_members w ON w.workspace = c.workspace AND w.user_id = $2
         LEFT JOIN members m ON m.conversation = c.id AND m.user_id = $2 WHERE c.id = $1"
    );
    one(&db, &sql, &[&id.0, &user.0], |row| {
        let workspace_role: Option<Coded<WorkspaceRole>> = get(row, WIDTH)?;
        let member_role: Option<Coded<MemberRole>> = get(row, WIDTH + 1)?;
        Ok(StandingRow {
            conversation: conversation(row)?,
            workspace_role: workspace_role.map(|coded| coded.0),
            member_role: member_role.map(|coded| coded.0),
        })
    })
    .await
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
