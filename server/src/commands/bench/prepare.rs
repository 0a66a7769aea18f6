//! `tertulia bench prepare`: a server's worth of people, written straight into an empty store.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tertulia_domain::access::WorkspaceGrant;
use tertulia_domain::conversation::{ConversationSettings, ConversationType, Visibility};
use tertulia_domain::ids::InviteId;
use tertulia_domain::{ConversationId, Timestamp, UserId, WorkspaceId, WorkspaceRole};
use tertulia_load::accounts::{Accounts, Person, Room, RoomPlan};
use tertulia_load::progress::{Progress, each};
use tertulia_ports::store::conversations::NewConversation;
use tertulia_ports::store::users::NewUser;
use tertulia_ports::store::workspaces::{NewInvite, NewWorkspace};
use tertulia_services::Services;
use uuid::Uuid;

use crate::cli::Common;
use crate::exit::{Exit, Failure};
use crate::out;
use crate::wiring::House;

#[derive(Debug, Args)]
pub struct Prepare {
    #[command(flatten)]
    common: Common,
    /// How many users; the password of each is "measured, not guessed"
    #[arg(long, value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    users: u64,
    /// Conversations, as COUNTxSIZE: 1x5000 is one of 5,000 members; several with commas
    #[arg(long, value_name = "COUNTxSIZE,…")]
    rooms: RoomPlan,
    /// Where the access tokens go, for --accounts of the scenarios; they work for a day
    #[arg(long, value_name = "FILE", default_value = "bench-accounts.json")]
    accounts: PathBuf,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

const PASSWORD: &str = "measured, not guessed";
/// Written side by side, so that they share commits.
const AT_ONCE: usize = 512;

impl Prepare {
    pub async fn run(self) -> Result<(), Failure> {
        let a_day = ("accounts.access_token_minutes".to_owned(), (24 * 60).to_string());
        let config = self.common.load([a_day])?;
        if config.server.data.join("tertulia.db").exists() {
            let message = format!("{}: there is a store already; prepare fills an empty folder", config.server.data.display());
            return Err(Failure::new(Exit::Unavailable, message));
        }
        let seats = self.rooms.seat(self.users as usize).map_err(|why| Failure::new(Exit::Usage, why))?;
        let house = House::open(&config).await?;
        let made = fill(&house.services, self.users as usize, seats).await;
        house.close().await;
        let accounts = made?;
        accounts.write(&self.accounts)?;
        let (people, rooms) = (accounts.people.len(), accounts.rooms.len());
        if self.json {
            out::json(&json!({ "users": people, "rooms": rooms, "accounts": self.accounts }))?;
        } else {
            out::line(format_args!("{people} users and {rooms} conversations; their tokens are in {}", self.accounts.display()))?;
        }
        Ok(())
    }
}

async fn fill(services: &Services, users: usize, seats: Vec<Vec<usize>>) -> Result<Accounts, Failure> {
    let ids = people(services, users).await?;
    let workspace = workspace(services, &ids).await?;
    let people = sign_in(services, &ids).await?;
    let progress = Progress::new("making conversations");
    let at = services.spine.clock.now();
    let numbered = seats.into_iter().enumerate().map(|(number, members)| {
        let users: Vec<UserId> = members.iter().filter_map(|member| ids.get(*member).copied()).collect();
        (conversation(workspace, number, &users, at), members)
    });
    let store = services.spine.store.clone();
    let rooms = each(numbered.collect(), AT_ONCE, &progress, move |(new, members): (Option<NewConversation>, Vec<usize>)| {
        let store = store.clone();
        async move {
            let new = new.ok_or_else(|| Failure::failed("a conversation without people"))?;
            let created = store.conversations.create(new).await?;
            Ok::<_, Failure>(Room { id: created.conversation.id, members })
        }
    });
    Ok(Accounts { people, rooms: rooms.await? })
}

/// The first has a password that was hashed; the others share it, for that is what takes the time.
async fn people(services: &Services, count: usize) -> Result<Vec<UserId>, Failure> {
    let store = &services.spine.store;
    let first = services.auth.add_user("bench-0", PASSWORD, None).await?;
    let password_hash = store.users.credentials(first).await?.and_then(|known| known.password_hash);
    let at = services.spine.clock.now();
    let others = (1..count).map(|n| NewUser {
        id: UserId(Uuid::now_v7()),
        username: format!("bench-{n}"),
        display_name: format!("Bench {n}"),
        email: None,
        password_hash: password_hash.clone(),
        at,
    });
    let mut ids = vec![first];
    ids.extend(store.users.import(others.collect()).await?);
    Ok(ids)
}

async fn workspace(services: &Services, people: &[UserId]) -> Result<WorkspaceId, Failure> {
    let store = services.spine.store.clone();
    let at = services.spine.clock.now();
    let owner = *people.first().ok_or_else(|| Failure::failed("nobody"))?;
    let id = WorkspaceId(Uuid::now_v7());
    let new = NewWorkspace { id, name: "Bench".into(), slug: "bench".into(), slug_exact: false, owner, at };
    store.workspaces.create(new).await?;
    let mut token_hash = [0; 32];
    for (byte, random) in token_hash.iter_mut().zip(Uuid::new_v4().into_bytes().into_iter().chain(Uuid::new_v4().into_bytes())) {
        *byte = random;
    }
    let expires_at = at.plus_millis(24 * 3_600_000);
    let invite = NewInvite { id: InviteId(Uuid::now_v7()), token_hash, role: WorkspaceRole::Member, max_uses: None, at, expires_at };
    let grant = WorkspaceGrant::system(owner, id);
    store.workspaces.create_invite(grant, invite.clone()).await?;
    let progress = Progress::new("joining the workspace");
    let joining = store.clone();
    each(people.iter().skip(1).copied().collect(), AT_ONCE, &progress, move |person| {
        let store = joining.clone();
        async move { store.workspaces.accept_invite(token_hash, person, at).await.map(drop) }
    })
    .await?;
    store.workspaces.revoke_invite(grant, invite.id).await?;
    Ok(id)
}

async fn sign_in(services: &Services, people: &[UserId]) -> Result<Vec<Person>, Failure> {
    let progress = Progress::new("signing in");
    let auth = services.auth.clone();
    each(people.to_vec(), AT_ONCE, &progress, move |id| {
        let auth = auth.clone();
        async move {
            let signed_in = auth.open_session(id, "bench").await?;
            Ok::<_, Failure>(Person { id, username: signed_in.user.username, access_token: signed_in.access_token })
        }
    })
    .await
}

fn conversation(workspace: WorkspaceId, number: usize, people: &[UserId], at: Timestamp) -> Option<NewConversation> {
    let (creator, members) = people.split_first()?;
    Some(NewConversation {
        id: ConversationId(Uuid::now_v7()),
        conversation_type: ConversationType::Channel,
        workspace_id: Some(workspace),
        name: Some(format!("room-{number}")),
        topic: None,
        visibility: Visibility::Private,
        settings: ConversationSettings::default(),
        is_default: false,
        creator: *creator,
        members: members.to_owned(),
        at,
    })
}
