//! Two weeks of a small company, written into an empty store.

use std::collections::HashMap;
use std::sync::Arc;

use tertulia_domain::access::{Action, Grant, WorkspaceGrant};
use tertulia_domain::conversation::{ConversationSettings, ConversationType, Visibility};
use tertulia_domain::ids::InviteId;
use tertulia_domain::mention::parse_mentions;
use tertulia_domain::message::{Priority, Toggle};
use tertulia_domain::{Content, ConversationId, MemberRole, MessageId, Seq, Timestamp, UserId, WorkspaceId, WorkspaceRole};
use tertulia_ports::ReceiptKind;
use tertulia_ports::store::Store;
use tertulia_ports::store::conversations::NewConversation;
use tertulia_ports::store::messages::Draft;
use tertulia_ports::store::workspaces::{NewInvite, NewWorkspace};
use tertulia_services::Services;
use uuid::Uuid;

use super::content::{self, Cast, Place, Said, wrong};
use crate::exit::Failure;

const WEEK_MS: i64 = 7 * 24 * 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// What everything is written with.
struct Author {
    store: Store,
    workspace: WorkspaceId,
    people: HashMap<String, UserId>,
    now: Timestamp,
    began: Timestamp,
}

/// Makes people, workspace and conversations. Those run side by side, so that they share commits.
pub async fn fill(services: &Services, cast: &Cast) -> Result<(), Failure> {
    let author = Arc::new(found(services, cast).await?);
    let mut writing = Vec::new();
    for place in content::places()? {
        let author = author.clone();
        writing.push(services.spine.tasks.run(async move { author.write(place).await }));
    }
    for place in writing {
        place.await.map_err(|error| Failure::failed(error.to_string()))??;
    }
    Ok(())
}

/// The people and their workspace.
async fn found(services: &Services, cast: &Cast) -> Result<Author, Failure> {
    let store = services.spine.store.clone();
    let now = services.spine.clock.now();
    let began = now.plus_millis(-3 * WEEK_MS);
    let mut people = HashMap::new();
    for person in &cast.people {
        let id = services.auth.add_user(&person.username, &cast.password, Some(person.display_name.clone())).await?;
        people.insert(person.username.clone(), id);
    }
    let first = cast.people.first().and_then(|person| people.get(&person.username));
    let owner = *first.ok_or_else(|| wrong("nobody in it"))?;
    let workspace = NewWorkspace {
        id: WorkspaceId(Uuid::now_v7()),
        name: cast.workspace.clone(),
        slug: tertulia_domain::workspace::slug_of(&cast.workspace),
        slug_exact: false,
        owner,
        at: began,
    };
    let workspace = store.workspaces.create(workspace).await?.id;
    let author = Author { store, workspace, people, now, began };
    for person in cast.people.iter().skip(1) {
        author.let_in(owner, author.id(&person.username)?, person.role).await?;
    }
    Ok(author)
}

impl Author {
    fn id(&self, name: &str) -> Result<UserId, Failure> {
        self.people.get(name).copied().ok_or_else(|| wrong("somebody unknown"))
    }

    async fn let_in(&self, owner: UserId, user: UserId, role: WorkspaceRole) -> Result<(), Failure> {
        let mut token_hash = [0; 32];
        for (byte, random) in token_hash.iter_mut().zip(Uuid::new_v4().into_bytes().into_iter().chain(Uuid::new_v4().into_bytes())) {
            *byte = random;
        }
        let id = InviteId(Uuid::now_v7());
        let expires_at = self.began.plus_millis(WEEK_MS);
        let invite = NewInvite { id, token_hash, role, max_uses: Some(1), at: self.began, expires_at };
        self.store.workspaces.create_invite(WorkspaceGrant::system(owner, self.workspace), invite).await?;
        self.store.workspaces.accept_invite(token_hash, user, self.began).await?;
        Ok(())
    }

    async fn write(&self, place: Place) -> Result<(), Failure> {
        let id = self.make(&place).await?;
        let mut all = Vec::new();
        for said in &place.messages {
            self.flatten(said, None, &mut all)?;
        }
        // Stable: what was said in the same minute stays in the order of the file.
        all.sort_by_key(|line| line.at);
        let drafts = all.iter().map(|line| self.draft(line)).collect::<Result<Vec<_>, _>>()?;
        let by = self.id(place.members.first().ok_or_else(|| wrong("an empty place"))?)?;
        let appended = self.store.messages.append_all(Grant::system(by, id, Action::Send), drafts).await?;
        let seqs: Vec<(bool, Seq)> = all.iter().zip(&appended).map(|(line, appended)| (line.answers.is_none(), appended.seq)).collect();
        for line in &all {
            self.embellish(id, line).await?;
        }
        self.mark(id, &place, &seqs).await
    }

    async fn make(&self, place: &Place) -> Result<ConversationId, Failure> {
        let members = place.members.iter().map(|name| self.id(name)).collect::<Result<Vec<_>, _>>()?;
        let (creator, others) = members.split_first().ok_or_else(|| wrong("an empty place"))?;
        let in_workspace = matches!(place.kind, ConversationType::Channel | ConversationType::Broadcast);
        let new = NewConversation {
            id: ConversationId(Uuid::now_v7()),
            conversation_type: place.kind,
            workspace_id: in_workspace.then_some(self.workspace),
            name: place.name.clone(),
            topic: place.topic.clone(),
            visibility: if in_workspace && !place.private { Visibility::Public } else { Visibility::Private },
            settings: ConversationSettings::default(),
            is_default: place.default,
            creator: *creator,
            members: others.to_owned(),
            at: self.began,
        };
        let id = self.store.conversations.create(new).await?.conversation.id;
        for admin in &place.admins {
            let grant = Grant::system(*creator, id, Action::SetMemberRole);
            self.store.conversations.set_member(grant, self.id(admin)?, Some(MemberRole::Admin), self.began).await?;
        }
        Ok(id)
    }

    fn flatten<'p>(&self, said: &'p Said, answers: Option<MessageId>, all: &mut Vec<Line<'p>>) -> Result<(), Failure> {
        let at = said.at(self.now).ok_or_else(|| wrong("a time"))?;
        let id = MessageId(Uuid::now_v7());
        all.push(Line { id, at, answers, said });
        said.replies.iter().try_for_each(|reply| self.flatten(reply, Some(id), all))
    }

    fn draft(&self, line: &Line<'_>) -> Result<(UserId, Draft), Failure> {
        let text = line.said.was.as_ref().unwrap_or(&line.said.text);
        let (mentions, mention_scope) = self.mentions(text);
        let draft = Draft {
            id: line.id,
            content: Content::text(text),
            reply_to: None,
            thread_root: line.answers,
            mentions,
            mention_scope,
            priority: Priority::Normal,
            at: line.at,
            expires_at: None,
        };
        Ok((self.id(&line.said.by)?, draft))
    }

    fn mentions(&self, text: &str) -> (Vec<UserId>, Option<tertulia_domain::message::MentionScope>) {
        let called = parse_mentions(text);
        (called.usernames.iter().filter_map(|name| self.people.get(name).copied()).collect(), called.scope)
    }

    /// What happened to a message after it was written.
    async fn embellish(&self, place: ConversationId, line: &Line<'_>) -> Result<(), Failure> {
        let messages = &self.store.messages;
        let later = line.at.plus_millis(2 * MINUTE_MS);
        if line.said.was.is_some() {
            let (mentions, scope) = self.mentions(&line.said.text);
            let grant = Grant::system(self.id(&line.said.by)?, place, Action::Edit { own: true });
            messages.edit(grant, line.id, Content::text(&line.said.text), mentions, scope, later).await?;
        }
        for (emoji, people) in &line.said.reactions {
            for name in people {
                let grant = Grant::system(self.id(name)?, place, Action::React);
                messages.react(grant, line.id, emoji.clone(), Toggle::Add, later).await?;
            }
        }
        if let Some(name) = &line.said.pin {
            messages.pin(Grant::system(self.id(name)?, place, Action::Pin), line.id, Toggle::Add, later).await?;
        }
        Ok(())
    }

    /// How far everybody has read. `seqs`: outside a thread or in one, and its `seq`, by time.
    async fn mark(&self, place: ConversationId, content: &Place, seqs: &[(bool, Seq)]) -> Result<(), Failure> {
        for name in &content.members {
            let user = self.id(name)?;
            let unread = content.unread.get(name).copied().unwrap_or_default();
            let first_unread = seqs.iter().rev().filter(|(outside_threads, _)| *outside_threads).nth(unread.saturating_sub(1));
            let read = match first_unread {
                Some((_, seq)) if unread > 0 => seq.saturating_sub(1),
                _ => Seq::MAX,
            };
            let grant = Grant::system(user, place, Action::MarkRead);
            self.store.receipts.mark(grant, ReceiptKind::Read, read, self.now).await?;
        }
        Ok(())
    }
}

/// A message on its way into the log.
struct Line<'p> {
    id: MessageId,
    at: Timestamp,
    /// The message whose thread it is in.
    answers: Option<MessageId>,
    said: &'p Said,
}
