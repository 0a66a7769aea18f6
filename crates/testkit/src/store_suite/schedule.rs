//! Messages to be written later.

use tertulia_domain::{Code, Content, ConversationId, UserId};
use tertulia_ports::store::messages::Draft;
use tertulia_ports::store::schedule::Scheduled;

use crate::World;
use crate::world::{code_of, may_read, may_send};

fn later(world: &World, conversation_id: ConversationId, sender_id: UserId, ms: i64) -> Scheduled {
    let draft = world.draft("later");
    let draft = Draft { at: draft.at.plus_millis(ms), mentions: vec![sender_id], ..draft };
    Scheduled { conversation_id, sender_id, draft, expires_in_ms: Some(60_000) }
}

pub async fn scheduled_messages_wait(world: &World) {
    let maya = world.user("maya").await;
    let group = world.group(maya, &[]).await;
    let schedule = &world.store.schedule;
    let (second, first) = (later(world, group, maya, 2_000), later(world, group, maya, 1_000));
    for scheduled in [&second, &first] {
        assert!(!schedule.put(may_send(maya, group), scheduled.clone()).await.unwrap());
    }
    assert!(schedule.due(world.tick(), 10).await.unwrap().is_empty());
    assert_eq!(schedule.due(first.draft.at, 10).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(schedule.due(second.draft.at, 10).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(schedule.due(second.draft.at, 1).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(schedule.list(may_read(maya, group)).await.unwrap(), [first.clone(), second]);
    world.append(group, maya, first.draft.clone()).await;
    assert_eq!(code_of(schedule.put(may_send(maya, group), later_again(&first)).await), Code::Conflict, "it is in the log");
    assert!(schedule.remove(maya, first.draft.id).await.unwrap());
    assert!(!schedule.remove(maya, first.draft.id).await.unwrap());
    assert_eq!(schedule.list(may_read(maya, group)).await.unwrap().len(), 1);
}

fn later_again(scheduled: &Scheduled) -> Scheduled {
    let draft = Draft { at: scheduled.draft.at.plus_millis(1), ..scheduled.draft.clone() };
    Scheduled { draft, ..scheduled.clone() }
}

pub async fn scheduling_is_idempotent(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    let schedule = &world.store.schedule;
    let scheduled = later(world, group, maya, 1_000);
    assert!(!schedule.put(may_send(maya, group), scheduled.clone()).await.unwrap());
    assert!(schedule.put(may_send(maya, group), scheduled.clone()).await.unwrap());
    let changed = Draft { content: Content::text("other"), ..scheduled.draft.clone() };
    assert_eq!(code_of(schedule.put(may_send(maya, group), Scheduled { draft: changed, ..scheduled.clone() }).await), Code::Conflict);
    let others = Scheduled { sender_id: marc, ..scheduled };
    assert_eq!(code_of(schedule.put(may_send(marc, group), others).await), Code::Conflict);
    assert_eq!(schedule.list(may_read(maya, group)).await.unwrap().len(), 1);
}

pub async fn scheduled_messages_are_ones_own(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let group = world.group(maya, &[marc]).await;
    let schedule = &world.store.schedule;
    let scheduled = later(world, group, maya, 1_000);
    schedule.put(may_send(maya, group), scheduled.clone()).await.unwrap();
    assert!(schedule.list(may_read(marc, group)).await.unwrap().is_empty());
    assert!(!schedule.remove(marc, scheduled.draft.id).await.unwrap());
    assert_eq!(schedule.list(may_read(maya, group)).await.unwrap(), [scheduled]);
}
