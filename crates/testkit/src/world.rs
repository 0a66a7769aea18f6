//! People and places for tests, made through the ports.

use std::time::Duration;

use tertulia_domain::access::{Action, Grant, Standing, Subject, WorkspaceGrant, authorize};
use tertulia_domain::conversation::ConversationSettings;
use tertulia_domain::message::Priority;
use tertulia_domain::{
    Code, Content, ConversationId, ConversationType, Event, MemberRole, MessageId, Seq, Timestamp, UserId, Visibility, WorkspaceId,
    WorkspaceRole,
};
use tertulia_ports::store::PageRequest;
use tertulia_ports::store::conversations::{Created, NewConversation};
use tertulia_ports::store::log::Tail;
use tertulia_ports::store::messages::{Appended, Draft};
use tertulia_ports::store::users::{Admission, NewUser};
use tertulia_ports::store::workspaces::{NewInvite, NewWorkspace};
use tertulia_ports::{Clock, Store, StoreError};
use uuid::Uuid;

use crate::ManualClock;

/// A store, and a clock that ticks with everything that is done.
pub struct World {
    pub store: Store,
    pub clock: ManualClock,
}

/// A fresh id of any kind.
pub fn new_id<T: From<Uuid>>() -> T {
    Uuid::now_v7().into()
}

/// As a person's right: the store has to find them among the members.
pub fn grant(actor: UserId, conversation: ConversationId, action: Action) -> Grant {
    let who = Standing { user_id: actor, workspace_role: None, member_role: Some(MemberRole::Admin) };
    let settings = ConversationSettings::default();
    let what = Subject {
        id: conversation,
        conversation_type: ConversationType::Group,
        visibility: Visibility::Private,
        settings,
        archived: false,
    };
    authorize(action, who, what).unwrap()
}

pub fn may_read(actor: UserId, conversation: ConversationId) -> Grant {
    grant(actor, conversation, Action::Read)
}

pub fn may_send(actor: UserId, conversation: ConversationId) -> Grant {
    grant(actor, conversation, Action::Send)
}

/// Everything, as the server itself.
pub fn system(actor: UserId, conversation: ConversationId) -> Grant {
    Grant::system(actor, conversation, Action::Update)
}

pub fn page(limit: u32) -> PageRequest {
    PageRequest { cursor: None, limit }
}

/// The code of a refusal; anything else fails the test.
pub fn code_of<T>(outcome: Result<T, StoreError>) -> Code {
    match outcome {
        Err(StoreError::Refused(refusal)) => refusal.code,
        Err(other) => panic!("not refused but {other}"),
        Ok(_) => panic!("not refused"),
    }
}

impl World {
    pub fn new(store: Store) -> Self {
        Self { store, clock: ManualClock::default() }
    }

    /// A moment later than all before.
    pub fn tick(&self) -> Timestamp {
        self.clock.advance(Duration::from_millis(1));
        self.clock.now()
    }

    pub fn new_user(&self, name: &str) -> NewUser {
        NewUser {
            id: new_id(),
            username: name.to_lowercase(),
            display_name: name.to_owned(),
            email: None,
            password_hash: Some("$argon2id$…".into()),
            at: self.tick(),
        }
    }

    pub async fn user(&self, name: &str) -> UserId {
        self.store.users.register(self.new_user(name), Admission::Open).await.unwrap().user.id
    }

    pub async fn users<const N: usize>(&self, names: [&str; N]) -> [UserId; N] {
        let mut users = Vec::new();
        for name in names {
            users.push(self.user(name).await);
        }
        users.try_into().unwrap()
    }

    /// Its slug is its name.
    pub async fn workspace(&self, owner: UserId, name: &str) -> WorkspaceId {
        let workspace = NewWorkspace { id: new_id(), name: name.into(), slug: name.into(), slug_exact: false, owner, at: self.tick() };
        self.store.workspaces.create(workspace).await.unwrap().id
    }

    pub async fn join_workspace(&self, workspace: WorkspaceId, owner: UserId, user: UserId, role: WorkspaceRole) {
        let token_hash = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat().try_into().unwrap();
        let at = self.tick();
        let invite = NewInvite { id: new_id(), token_hash, role, max_uses: Some(1), at, expires_at: at.plus_millis(60_000) };
        self.store.workspaces.create_invite(WorkspaceGrant::system(owner, workspace), invite).await.unwrap();
        self.store.workspaces.accept_invite(token_hash, user, at).await.unwrap();
    }

    /// To be changed where a test needs another one.
    pub fn new_conversation(&self, conversation_type: ConversationType, creator: UserId, members: &[UserId]) -> NewConversation {
        NewConversation {
            id: new_id(),
            conversation_type,
            workspace_id: None,
            name: None,
            topic: None,
            visibility: Visibility::Private,
            settings: ConversationSettings::default(),
            is_default: false,
            creator,
            members: members.to_owned(),
            at: self.tick(),
        }
    }

    pub async fn group(&self, creator: UserId, members: &[UserId]) -> ConversationId {
        let group = self.new_conversation(ConversationType::Group, creator, members);
        self.store.conversations.create(group).await.unwrap().conversation.id
    }

    pub fn new_channel(&self, workspace: WorkspaceId, creator: UserId, name: &str) -> NewConversation {
        let channel = self.new_conversation(ConversationType::Channel, creator, &[]);
        NewConversation { workspace_id: Some(workspace), name: Some(name.into()), visibility: Visibility::Public, ..channel }
    }

    pub async fn channel(&self, workspace: WorkspaceId, creator: UserId, name: &str) -> Created {
        self.store.conversations.create(self.new_channel(workspace, creator, name)).await.unwrap()
    }

    pub fn draft(&self, text: &str) -> Draft {
        Draft {
            id: new_id(),
            content: Content::text(text),
            reply_to: None,
            thread_root: None,
            mentions: Vec::new(),
            mention_scope: None,
            priority: Priority::Normal,
            at: self.tick(),
            expires_at: None,
        }
    }

    pub async fn append(&self, conversation: ConversationId, sender: UserId, draft: Draft) -> Appended {
        self.store.messages.append(may_send(sender, conversation), draft).await.unwrap()
    }

    pub async fn send(&self, conversation: ConversationId, sender: UserId, text: &str) -> MessageId {
        let draft = self.draft(text);
        let id = draft.id;
        self.append(conversation, sender, draft).await;
        id
    }

    /// The whole log, in pages.
    pub async fn log_of(&self, conversation: ConversationId) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after: Seq = events.last().map_or(0, |event| event.seq);
            let Tail { events: more, .. } = self.store.log.repair(conversation, after, 500).await.unwrap();
            if more.is_empty() {
                return events;
            }
            events.extend(more);
        }
    }

    pub async fn head(&self, conversation: ConversationId) -> Seq {
        self.store.log.heads(&[conversation]).await.unwrap()[0].seq
    }

    /// Fails with what the store's own check finds.
    pub async fn assert_sound(&self) {
        let report = self.store.log.check(Box::new(|_, _| {})).await.unwrap();
        assert!(report.drifts.is_empty(), "{:#?}", report.drifts);
    }
}
