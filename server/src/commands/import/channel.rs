//! One channel that is imported into.

use std::collections::{HashMap, VecDeque};

use tertulia_domain::access::{Action, Grant, WorkspaceGrant};
use tertulia_domain::conversation::{ConversationSettings, ConversationType, Visibility};
use tertulia_domain::message::Priority;
use tertulia_domain::{ConversationId, MessageId, Seq, UserId, Workspace, WorkspaceId, WorkspaceRole};
use tertulia_ports::ReceiptKind;
use tertulia_ports::store::conversations::NewConversation;
use tertulia_ports::store::messages::Draft;
use tertulia_ports::store::{PageRequest, StoreError};
use tertulia_services::Services;
use uuid::Uuid;

use super::line::Line;
use super::people::People;
use super::summary::Summary;
use crate::exit::Failure;

const PAGE: u32 = 200;

/// A message with all but its sender's id.
struct Waiting {
    number: u64,
    nick: String,
    draft: Draft,
}

pub struct Channel {
    pub id: ConversationId,
    /// By this import.
    pub made: bool,
    owner: UserId,
    workspace: WorkspaceId,
    /// Every message of this run, and the thread that it is in.
    threads: HashMap<MessageId, Option<MessageId>>,
    waiting: Vec<Waiting>,
    /// The newest message written in this run.
    newest: Option<Seq>,
}

impl Channel {
    /// The channel of that name, or a new one with everybody of the workspace in it.
    pub async fn find_or_make(services: &Services, workspace: &Workspace, owner: UserId, first: &Line) -> Result<Self, Failure> {
        let found = find(services, workspace.id, owner, &first.channel).await?;
        let (id, made) = match found {
            Some(id) => (id, false),
            None => (make(services, workspace.id, owner, first).await?, true),
        };
        Ok(Self { id, made, owner, workspace: workspace.id, threads: HashMap::new(), waiting: Vec::new(), newest: None })
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Keeps a line until the next [`Channel::write`].
    pub fn put(&mut self, line: Line, summary: &mut Summary) {
        let id = line.key.message_id(self.id);
        let answered = line.reply_to.map(|key| key.message_id(self.id));
        let reply_to = answered.filter(|answered| *answered != id && self.threads.contains_key(answered));
        let thread_root = reply_to.map(|answered| self.threads.get(&answered).copied().flatten().unwrap_or(answered));
        summary.replies += u64::from(reply_to.is_some());
        summary.lost_replies += u64::from(answered.is_some() && reply_to.is_none());
        self.threads.entry(id).or_insert(thread_root);
        let draft = Draft {
            id,
            content: line.content,
            reply_to,
            thread_root,
            mentions: Vec::new(),
            mention_scope: None,
            priority: Priority::Normal,
            at: line.at,
            expires_at: None,
        };
        self.waiting.push(Waiting { number: line.number, nick: line.nick, draft });
    }

    /// Writes what waits, in one commit. Where the store refuses a message, all but that one.
    pub async fn write(&mut self, services: &Services, people: &mut People<'_>, summary: &mut Summary) -> Result<(), Failure> {
        let Some(first) = self.waiting.first() else { return Ok(()) };
        people.meet(self.waiting.iter().map(|waiting| waiting.nick.as_str()), first.draft.at).await?;
        let mut batches = VecDeque::from([std::mem::take(&mut self.waiting)]);
        while let Some(mut batch) = batches.pop_front() {
            let drafts = batch.iter().filter_map(|waiting| Some((people.id(&waiting.nick)?, waiting.draft.clone()))).collect();
            let grant = Grant::system(self.owner, self.id, Action::Send);
            match services.spine.store.messages.append_all(grant, drafts).await {
                Ok(appended) => {
                    let duplicates = appended.iter().filter(|appended| appended.duplicate).count();
                    summary.duplicates += duplicates as u64;
                    summary.written += (appended.len() - duplicates) as u64;
                    self.newest =
                        appended.iter().filter(|appended| !appended.duplicate).map(|appended| appended.seq).max().max(self.newest);
                }
                Err(StoreError::Refused(refusal)) if batch.len() == 1 => {
                    for waiting in batch {
                        summary.refused(waiting.number, refusal.code);
                    }
                }
                Err(StoreError::Refused(_)) => {
                    let second = batch.split_off(batch.len() / 2);
                    batches.push_front(second);
                    batches.push_front(batch);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Who is in the channel has read what was imported: a history is no news.
    pub async fn mark_read(&self, services: &Services) -> Result<(), Failure> {
        let Some(newest) = self.newest else { return Ok(()) };
        let store = &services.spine.store;
        let at = services.spine.clock.now();
        for user in store.conversations.member_ids(&[self.id], u64::MAX).await?.into_iter().flat_map(|(_, members)| members) {
            let grant = Grant::system(user, self.id, Action::MarkRead);
            store.receipts.mark(grant, ReceiptKind::Read, newest, at).await?;
        }
        tracing::debug!(conversation = %self.id, workspace = %self.workspace, newest, "imported");
        Ok(())
    }
}

/// Public ones, and those of the owner's.
async fn find(services: &Services, workspace: WorkspaceId, owner: UserId, name: &str) -> Result<Option<ConversationId>, Failure> {
    let store = &services.spine.store;
    let wanted = name.to_lowercase();
    let is_it = |found: Option<&String>| found.is_some_and(|found| found.to_lowercase() == wanted);
    let grant = WorkspaceGrant::system(owner, workspace);
    let mut request = PageRequest { cursor: None, limit: PAGE };
    loop {
        let page = store.conversations.browse(grant, name, request.clone()).await?;
        if let Some(found) = page.items.iter().find(|view| is_it(view.conversation.name.as_ref())) {
            return Ok(Some(found.conversation.id));
        }
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => break,
        }
    }
    request.cursor = None;
    loop {
        let page = store.conversations.list(owner, request.clone()).await?;
        let here = |view: &&tertulia_domain::conversation::ConversationView| {
            view.conversation.workspace_id == Some(workspace) && view.conversation.archived_at.is_none()
        };
        if let Some(found) = page.items.iter().filter(here).find(|view| is_it(view.conversation.name.as_ref())) {
            return Ok(Some(found.conversation.id));
        }
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => return Ok(None),
        }
    }
}

async fn make(services: &Services, workspace: WorkspaceId, owner: UserId, first: &Line) -> Result<ConversationId, Failure> {
    let new = NewConversation {
        id: ConversationId(Uuid::now_v7()),
        conversation_type: ConversationType::Channel,
        workspace_id: Some(workspace),
        name: Some(first.channel.clone()),
        topic: None,
        visibility: Visibility::Public,
        settings: ConversationSettings::default(),
        is_default: false,
        creator: owner,
        members: members(services, workspace, owner).await?,
        // Its log begins before its first message.
        at: first.at,
    };
    Ok(services.spine.store.conversations.create(new).await?.conversation.id)
}

/// Everybody of the workspace but guests and the owner.
async fn members(services: &Services, workspace: WorkspaceId, owner: UserId) -> Result<Vec<UserId>, Failure> {
    let grant = WorkspaceGrant::system(owner, workspace);
    let mut request = PageRequest { cursor: None, limit: PAGE };
    let mut members = Vec::new();
    loop {
        let page = services.spine.store.workspaces.members(grant, request.clone()).await?;
        let full = page.items.iter().filter(|member| member.role >= WorkspaceRole::Member && member.user.id != owner);
        members.extend(full.map(|member| member.user.id));
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => return Ok(members),
        }
    }
}
