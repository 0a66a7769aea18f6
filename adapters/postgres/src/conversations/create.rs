//! New conversations.

use tertulia_domain::{Code, Conversation, ConversationType, MemberRole, Refusal, UserId, WorkspaceId};
use tertulia_ports::store::conversations::{Created, NewConversation};
use uuid::Uuid;

use super::{COLUMNS, conversation, load, members, name_key};
use crate::codes::Coded;
use crate::rows::{Here, missing, need_user};
use crate::sql::{Ran, Tx, exec, is_there, one};
use crate::workspaces::{has_member, need_workspace};

pub(super) async fn create(db: Tx, new: &NewConversation) -> Ran<Created> {
    let pair = pair(new)?;
    if let Some(pair) = &pair {
        let sql = format!("SELECT {COLUMNS} FROM conversations c WHERE c.pair = $1");
        if let Some(conversation) = one(&db, &sql, &[pair], conversation).await? {
            return Ok(Created { conversation, events: Vec::new(), existed: true });
        }
    }
    if let Some(workspace) = new.workspace_id {
        need_workspace(&db, workspace).await?;
    }
    let people = people(&db, new).await?;
    if load(&db, new.id).await?.is_some() {
        return Err(Refusal::new(Code::Conflict, "the conversation exists already").into());
    }
    let conversation = described(new);
    check_name_free(&db, new.workspace_id, name_key(&conversation).as_deref()).await?;
    add(&db, &conversation, pair).await?;
    let mut here = Here { id: new.id, head: 0, epoch: conversation.epoch.clone(), actor: new.creator };
    let mut events = Vec::new();
    for user in people {
        let is_admin = user == new.creator && new.conversation_type != ConversationType::Direct;
        let role = if is_admin { MemberRole::Admin } else { MemberRole::Member };
        events.push(members::add(&db, &mut here, user, role, new.at).await?);
    }
    // Nobody has anything to read before the first message.
    exec(&db, "UPDATE members SET read_seq = $2, delivered_seq = $2 WHERE conversation = $1", &[&new.id.0, &here.head]).await?;
    let conversation = load(&db, new.id).await?.ok_or_else(missing)?;
    Ok(Created { conversation, events, existed: false })
}

/// The key of a direct conversation: both ids, the smaller first.
fn pair(new: &NewConversation) -> Result<Option<Vec<u8>>, Refusal> {
    if new.conversation_type != ConversationType::Direct {
        return Ok(None);
    }
    match new.members.as_slice() {
        [other] if *other != new.creator => {
            let (low, high) = (new.creator.min(*other), new.creator.max(*other));
            Ok(Some([low.as_bytes().as_slice(), high.as_bytes()].concat()))
        }
        _ => Err(Refusal::field("memberIds", "a direct conversation has exactly one other person")),
    }
}

/// Everybody who begins in it, each once, the creator first.
async fn people(db: &Tx, new: &NewConversation) -> Ran<Vec<UserId>> {
    let mut people: Vec<UserId> = Vec::new();
    for &user in std::iter::once(&new.creator).chain(&new.members) {
        if !people.contains(&user) {
            check_eligible(db, user, new.workspace_id).await?;
            people.push(user);
        }
    }
    Ok(people)
}

/// Unknown, or not in the workspace: `NOT_FOUND`.
pub(super) async fn check_eligible(db: &Tx, user: UserId, workspace: Option<WorkspaceId>) -> Ran<()> {
    match workspace {
        Some(workspace) if !has_member(db, workspace, user).await? => Err(missing()),
        _ => need_user(db, user).await,
    }
}

fn described(new: &NewConversation) -> Conversation {
    Conversation {
        id: new.id,
        conversation_type: new.conversation_type,
        workspace_id: new.workspace_id,
        name: new.name.clone(),
        topic: new.topic.clone(),
        avatar_url: None,
        visibility: new.visibility,
        member_count: 0,
        head: 0,
        epoch: Uuid::new_v4().simple().to_string().chars().take(8).collect(),
        last_message_at: None,
        settings: new.settings,
        is_default: new.is_default,
        archived_at: None,
        created_by: new.creator,
        created_at: new.at,
        updated_at: new.at,
    }
}

/// Taken: `CONFLICT`.
pub(super) async fn check_name_free(db: &Tx, workspace: Option<WorkspaceId>, name_key: Option<&str>) -> Ran<()> {
    const SQL: &str = "SELECT 1 FROM conversations WHERE workspace = $1 AND name_key = $2";
    let (Some(workspace), Some(name_key)) = (workspace, name_key) else { return Ok(()) };
    if is_there(db, SQL, &[&workspace.0, &name_key]).await? {
        return Err(Refusal::new(Code::Conflict, "a channel of this name exists in the workspace").into());
    }
    Ok(())
}

async fn add(db: &Tx, conversation: &Conversation, pair: Option<Vec<u8>>) -> Ran<()> {
    const SQL: &str =
        "INSERT INTO conversations (id, type, workspace, name, name_key, topic, visibility, settings, is_default, pair, epoch,
        created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)";
    // A name without a workspace is no channel's, and taken by nobody.
    let name_key = name_key(conversation).filter(|_| conversation.workspace_id.is_some());
    exec(
        db,
        SQL,
        &[
            &conversation.id.0,
            &Coded(conversation.conversation_type),
            &conversation.workspace_id.map(|id| id.0),
            &conversation.name,
            &name_key,
            &conversation.topic,
            &Coded(conversation.visibility),
            &serde_json::to_string(&conversation.settings)?,
            &conversation.is_default,
            &pair,
            &conversation.epoch,
            &conversation.created_by.0,
            &conversation.created_at.as_millis(),
        ],
    )
    .await?;
    Ok(())
}
