//! State before + events = fresh state, over seeded random plans. To replay one: `PLAN_SEED=… cargo test`.

use tertulia_domain::message::Message;
use tertulia_domain::{ConversationId, UserId};
use tertulia_ports::store::messages::Window;

use crate::plan::Plan;
use crate::world::{may_read, page, system};
use crate::{Folded, World};

const STEPS: usize = 400;
const CHECK_EVERY: usize = 20;

fn seed() -> u64 {
    // Tests have no configuration of their own.
    #[allow(clippy::disallowed_methods)]
    let seed = std::env::var("PLAN_SEED").ok().and_then(|seed| seed.parse().ok());
    seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0 >> 32)
}

async fn stage(world: &World) -> (ConversationId, UserId, Vec<UserId>) {
    let keeper = world.user("keeper").await;
    let others = world.users(["maya", "marc", "moss", "mona"]).await;
    (world.group(keeper, &others[..2]).await, keeper, others.to_vec())
}

/// Each step's events, applied to what was known before it, give what a fresh read shows.
pub async fn state_plus_events_is_the_fresh_state(world: &World) {
    let seed = seed();
    println!("PLAN_SEED={seed}");
    let (group, keeper, others) = stage(world).await;
    let row = world.store.conversations.standing(group, keeper).await.unwrap().unwrap();
    let mut known = Folded::new(row.conversation);
    known.apply_all(&world.log_of(group).await);
    let mut plan = Plan::new(world, group, keeper, others, seed);
    for step in 1..=STEPS {
        known.apply_all(&plan.step().await);
        if step % CHECK_EVERY == 0 {
            compare(world, &known, group, keeper, seed).await;
            world.assert_sound().await;
        }
    }
}

/// The log, read from its beginning afterwards, gives the same, with content that is gone gone.
pub async fn the_log_tells_the_state(world: &World) {
    let seed = seed();
    println!("PLAN_SEED={seed}");
    let (group, keeper, others) = stage(world).await;
    let mut plan = Plan::new(world, group, keeper, others, seed);
    for _ in 0..STEPS {
        plan.step().await;
    }
    let row = world.store.conversations.standing(group, keeper).await.unwrap().unwrap();
    let mut told = Folded::new(row.conversation);
    told.apply_all(&world.log_of(group).await);
    compare(world, &told, group, keeper, seed).await;
}

async fn compare(world: &World, known: &Folded, group: ConversationId, viewer: UserId, seed: u64) {
    let fresh = world.store.conversations.standing(group, viewer).await.unwrap().unwrap().conversation;
    assert_eq!(known.conversation, fresh, "PLAN_SEED={seed}");
    let mut members = world.store.conversations.members(may_read(viewer, group), page(200)).await.unwrap().items;
    members.sort_by_key(|member| member.user_id);
    assert_eq!(known.members.values().cloned().collect::<Vec<_>>(), members, "PLAN_SEED={seed}");
    let (expected, found) = (known.messages_for(viewer), all_messages(world, group, viewer).await);
    assert_eq!(expected.len(), found.len(), "PLAN_SEED={seed}");
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(expected, found, "PLAN_SEED={seed}");
    }
    let mut pinned: Vec<&Message> = expected.iter().filter(|message| message.pinned_at.is_some()).collect();
    pinned.sort_by_key(|message| std::cmp::Reverse((message.pinned_at, message.seq)));
    let pins = world.store.messages.pins(system(viewer, group)).await.unwrap();
    assert_eq!(pinned, pins.iter().collect::<Vec<_>>(), "PLAN_SEED={seed}");
}

/// By pages of the window and of each thread.
async fn all_messages(world: &World, group: ConversationId, viewer: UserId) -> Vec<Message> {
    let mut all: Vec<Message> = Vec::new();
    let mut after = 0;
    loop {
        let window = world.store.messages.window(may_read(viewer, group), Window::After(after), 7).await.unwrap();
        after = window.items.last().map_or(after, |message| message.seq);
        all.extend(window.items);
        if !window.has_newer {
            break;
        }
    }
    let mut replies = Vec::new();
    for root in &all {
        replies.extend(world.store.messages.thread(may_read(viewer, group), root.id, page(200)).await.unwrap().items);
    }
    all.extend(replies);
    all.sort_by_key(|message| message.seq);
    all
}
