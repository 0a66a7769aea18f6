//! New conversations.

use rusqlite::Connection;
use tertulia_domain::{Code, Conversation, ConversationType, MemberRole, Refusal, UserId};
use tertulia_ports::store::conversations::{Created, NewConversation};
use uuid::Uuid;

use super::{CONVERSATION, load, members, name_key, stored};
use crate::codes::Coded;
use crate::rows::{Here, RowNo, first, missing, need_user};
use crate::sql::{Ran, exec, insert, one};
use crate::workspaces::{need_workspace, role_of};

pub(super) fn create(db: &Connection, new: NewConversation) -> Ran<Created> {
    let pair = pair(&new)?;
    if let Some(pair) = &pair
        && let Some(stored) = one(db, &format!("{CONVERSATION} WHERE c.pair = ?"), [pair], stored)?
    {
        return Ok(Created { conversation: stored.conversation, events: Vec::new(), existed: true });
    }
    let workspace = new.workspace_id.map(|id| need_workspace(db, id)).transpose()?;
    let people = people(db, &new, workspace)?;
    if load(db, new.id)?.is_some() {
        return Err(Refusal::new(Code::Conflict, "the conversation exists already").into());
    }
    let conversation = described(&new);
    check_name_free(db, workspace, name_key(&conversation).as_deref())?;
    let creator = need_user(db, new.creator)?;
    let row = add(db, &conversation, workspace, creator, pair)?;
    let mut here = Here { row, id: new.id, head: 0, epoch: conversation.epoch.clone(), actor: creator, actor_id: new.creator };
    let mut events = Vec::new();
    for (user, user_row) in people {
        let is_admin = user_row == creator && new.conversation_type != ConversationType::Direct;
        let role = if is_admin { MemberRole::Admin } else { MemberRole::Member };
        events.push(members::add(db, &mut here, (user, user_row), role, new.at)?);
    }
    // Nobody has anything to read before the first message.
    exec(db, "UPDATE members SET read_seq = ?2, delivered_seq = ?2 WHERE conversation = ?1", (row, here.head))?;
    let conversation = load(db, new.id)?.ok_or_else(missing)?.conversation;
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
fn people(db: &Connection, new: &NewConversation, workspace: Option<RowNo>) -> Ran<Vec<(UserId, RowNo)>> {
    let mut people: Vec<(UserId, RowNo)> = Vec::new();
    for &user in std::iter::once(&new.creator).chain(&new.members) {
        if !people.iter().any(|(known, _)| *known == user) {
            people.push((user, eligible(db, user, workspace)?));
        }
    }
    Ok(people)
}

/// Unknown, or not in the workspace: `NOT_FOUND`.
pub(super) fn eligible(db: &Connection, user: UserId, workspace: Option<RowNo>) -> Ran<RowNo> {
    let row = need_user(db, user)?;
    match workspace {
        Some(workspace) if role_of(db, workspace, row)?.is_none() => Err(missing()),
        _ => Ok(row),
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
pub(super) fn check_name_free(db: &Connection, workspace: Option<RowNo>, name_key: Option<&str>) -> Ran<()> {
    let (Some(workspace), Some(name_key)) = (workspace, name_key) else { return Ok(()) };
    let taken = one(db, "SELECT row FROM conversations WHERE workspace = ? AND name_key = ?", (workspace, name_key), first::<RowNo>)?;
    match taken {
        Some(_) => Err(Refusal::new(Code::Conflict, "a channel of this name exists in the workspace").into()),
        None => Ok(()),
    }
}

fn add(db: &Connection, conversation: &Conversation, workspace: Option<RowNo>, creator: RowNo, pair: Option<Vec<u8>>) -> Ran<RowNo> {
    // A name without a workspace is no channel's, and taken by nobody.
    let name_key = name_key(conversation).filter(|_| workspace.is_some());
    let settings = serde_json::to_string(&conversation.settings)?;
    let at = conversation.created_at.as_millis();
    insert(
        db,
        "INSERT INTO conversations (id, type, workspace, name, name_key, topic, visibility, settings, is_default, pair, epoch,
         created_by, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            conversation.id.as_bytes(),
            Coded(conversation.conversation_type),
            workspace,
            &conversation.name,
            name_key,
            &conversation.topic,
            Coded(conversation.visibility),
            settings,
            conversation.is_default,
            pair,
            &conversation.epoch,
            creator,
            at,
            at,
        ),
    )
}
