//! What all clients of a run share, and how a server is populated for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tertulia_domain::ids::{ConversationId, UserId};

use crate::dice::Dice;
use crate::findings::Findings;
use crate::history::{Nanos, now};
use crate::ledger::Ledger;
use crate::record::id;
use crate::rest::{Failed, Rest};

/// From so many members on, connections that don't look at a conversation hear of it in summary.
pub const LARGE: usize = 100;
/// Members of the largest conversation, in a run long enough to be worth so many accounts.
const CROWD: usize = 130;
const CROWD_FROM_SECONDS: u64 = 30;
/// Accounts made at once.
const AT_ONCE: usize = 8;

/// A conversation as it began.
#[derive(Debug, Clone)]
pub struct Place {
    pub conversation: ConversationId,
    /// Whether members are put out and come back.
    pub restless: bool,
    pub public: bool,
    /// Clients (by their index) in it at the start.
    pub clients: Vec<usize>,
    pub members: usize,
}

/// Counts for the report.
#[derive(Debug, Default)]
pub struct Tally {
    pub acked: AtomicU64,
    pub deliveries: AtomicU64,
    pub connections: AtomicU64,
    pub resumed: AtomicU64,
    pub gaps: AtomicU64,
    pub cuts: AtomicU64,
    pub duplicates: AtomicU64,
    /// Where a push left out what comes before it.
    pub skipped: Mutex<Vec<String>>,
    pub closes: Mutex<HashMap<u16, u64>>,
}

impl Tally {
    pub fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

/// Whether anything keeps the server from answering.
#[derive(Debug, Default)]
pub struct Weather {
    /// `Nanos::MAX` while a fault lasts; else when the last one ended.
    clear_since: AtomicU64,
}

impl Weather {
    pub fn worsen(&self) {
        self.clear_since.store(Nanos::MAX, Ordering::Relaxed);
    }

    pub fn clear(&self) {
        self.clear_since.store(now(), Ordering::Relaxed);
    }

    pub fn is_clear_since(&self, then: Nanos) -> bool {
        self.clear_since.load(Ordering::Relaxed) <= then
    }
}

pub struct World {
    pub seed: u64,
    pub places: Vec<Place>,
    /// The first account: in every conversation but the direct ones, and never put out.
    pub owner: Rest,
    pub clients: Vec<Rest>,
    pub findings: Arc<Findings>,
    pub ledger: Ledger,
    pub weather: Weather,
    pub tally: Tally,
}

impl World {
    pub fn place(&self, conversation: ConversationId) -> Option<&Place> {
        self.places.iter().find(|place| place.conversation == conversation)
    }

    /// Who can read a conversation from its beginning to its end.
    pub fn reader(&self, place: &Place) -> &Rest {
        let direct = place.members == 2;
        place.clients.first().filter(|_| direct).and_then(|client| self.clients.get(*client)).unwrap_or(&self.owner)
    }

    /// Makes accounts and conversations.
    pub async fn populate(nobody: &Rest, findings: Arc<Findings>, seed: u64, clients: usize, seconds: u64) -> Result<Self, Failed> {
        // Names of different runs against one server must differ.
        let run = format!("t{:x}", uuid::Uuid::new_v4().as_u128() >> 96);
        let owner = nobody.register(&format!("{run}-owner"), None).await?;
        let workspace = owner.post("workspaces", json!({ "name": format!("Torture {run}") })).await?;
        let workspace = workspace.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let invite = owner.post(&format!("workspaces/{workspace}/invites"), json!({})).await?;
        let invite = invite.get("token").and_then(Value::as_str).unwrap_or_default().to_owned();
        let accounts = if seconds < CROWD_FROM_SECONDS { clients } else { clients.max(CROWD - 1) };
        let joining = stream::iter(0..accounts).map(|n| {
            let (run, invite) = (&run, &invite);
            async move { nobody.register(&format!("{run}-{n}"), Some(invite)).await }
        });
        let mut people: Vec<Rest> = joining.buffered(AT_ONCE).try_collect().await?;
        let crowd: Vec<UserId> = people.iter().map(|person| person.user).collect();
        people.truncate(clients);
        let mut world = Self {
            seed,
            places: Vec::new(),
            owner,
            clients: people,
            findings,
            ledger: Ledger::default(),
            weather: Weather::default(),
            tally: Tally::default(),
        };
        world.furnish(&workspace, &crowd).await?;
        world.owner.prepared();
        world.clients.iter_mut().for_each(Rest::prepared);
        Ok(world)
    }

    /// The most used first: a lobby for all, the crowd, then smaller and smaller ones.
    async fn furnish(&mut self, workspace: &str, crowd: &[UserId]) -> Result<(), Failed> {
        let all: Vec<usize> = (0..self.clients.len()).collect();
        let mut dice = Dice::new(self.seed, 1);
        self.make(workspace, "lobby", true, false, all.clone(), &[]).await?;
        let half = |dice: &mut Dice, share: usize| {
            let mut some = all.clone();
            dice.shuffle(&mut some);
            some.truncate((all.len() / share).max(2));
            some
        };
        for n in 0..4 {
            let some = half(&mut dice, 2);
            self.make(workspace, &format!("team {n}"), n % 2 == 0, true, some, &[]).await?;
        }
        self.make(workspace, "crowd", false, false, all.clone(), crowd).await?;
        for n in 0..4 {
            let some = half(&mut dice, 5);
            self.make(workspace, &format!("room {n}"), false, true, some, &[]).await?;
        }
        for _ in 0..all.len() / 2 {
            let mut pair = half(&mut dice, all.len());
            pair.truncate(2);
            self.make_direct(pair).await?;
        }
        Ok(())
    }

    async fn make(
        &mut self,
        workspace: &str,
        name: &str,
        public: bool,
        restless: bool,
        clients: Vec<usize>,
        more: &[UserId],
    ) -> Result<(), Failed> {
        let mut members: Vec<UserId> = clients.iter().filter_map(|client| Some(self.clients.get(*client)?.user)).collect();
        members.extend(more.iter().filter(|user| !members.contains(user)).copied().collect::<Vec<_>>());
        let visibility = if public { "public" } else { "private" };
        let body = json!({ "type": "channel", "workspaceId": workspace, "name": name, "visibility": visibility, "memberIds": members });
        let made = self.owner.post("conversations", body).await?;
        self.keep(&made, Place { conversation: ConversationId(uuid::Uuid::nil()), restless, public, clients, members: members.len() + 1 })
    }

    async fn make_direct(&mut self, pair: Vec<usize>) -> Result<(), Failed> {
        let [one, other] = pair.as_slice() else { return Ok(()) };
        let (Some(one), Some(other)) = (self.clients.get(*one), self.clients.get(*other)) else { return Ok(()) };
        let made = one.post("conversations", json!({ "type": "direct", "memberIds": [other.user] })).await?;
        let place =
            Place { conversation: ConversationId(uuid::Uuid::nil()), restless: false, public: false, clients: pair.clone(), members: 2 };
        self.keep(&made, place)
    }

    fn keep(&mut self, made: &Value, place: Place) -> Result<(), Failed> {
        let conversation = id(made.get("id")).ok_or_else(|| Failed::Lost("a conversation without an id".into()))?;
        if self.place(conversation).is_none() {
            self.places.push(Place { conversation, ..place });
        }
        Ok(())
    }
}
