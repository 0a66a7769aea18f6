//! Sessions.

use tertulia_domain::{SessionId, Timestamp, UserId};
use tertulia_ports::store::sessions::{NewSession, Rotation};

use crate::World;
use crate::world::new_id;

const GRACE_MS: i64 = 10_000;
const WEEK_MS: i64 = 7 * 24 * 3_600_000;

async fn session(world: &World, user_id: UserId, hash: u8) -> SessionId {
    let at = world.tick();
    let id = new_id();
    let new =
        NewSession { id, user_id, device_name: Some("laptop".into()), refresh_hash: [hash; 32], at, expires_at: at.plus_millis(WEEK_MS) };
    world.store.sessions.create(new).await.unwrap();
    id
}

async fn rotate(world: &World, used: u8, successor: u8, now: Timestamp) -> Rotation {
    world.store.sessions.rotate([used; 32], [successor; 32], now, now.plus_millis(WEEK_MS), GRACE_MS).await.unwrap()
}

pub async fn tokens_rotate(world: &World) {
    let user_id = world.user("maya").await;
    let session_id = session(world, user_id, 1).await;
    let now = world.tick();
    assert_eq!(rotate(world, 1, 2, now).await, Rotation::Rotated { session_id, user_id });
    let later = now.plus_millis(WEEK_MS - 1);
    assert_eq!(rotate(world, 2, 3, later).await, Rotation::Rotated { session_id, user_id });
    assert_eq!(rotate(world, 9, 4, later).await, Rotation::Unknown);
    assert_eq!(rotate(world, 3, 4, later.plus_millis(WEEK_MS)).await, Rotation::Unknown, "expired");
}

pub async fn a_lost_answer_can_be_asked_for_again(world: &World) {
    let user_id = world.user("maya").await;
    let session_id = session(world, user_id, 1).await;
    let now = world.tick();
    let rotated = Rotation::Rotated { session_id, user_id };
    assert_eq!(rotate(world, 1, 2, now).await, rotated);
    assert_eq!(rotate(world, 1, 2, now.plus_millis(GRACE_MS)).await, rotated);
    assert_eq!(rotate(world, 2, 3, now.plus_millis(GRACE_MS)).await, rotated);
    assert!(world.store.sessions.is_live(user_id, session_id).await.unwrap());
}

pub async fn a_token_used_twice_ends_the_session(world: &World) {
    let user_id = world.user("maya").await;
    let (stolen, other) = (session(world, user_id, 1).await, session(world, user_id, 11).await);
    let now = world.tick();
    rotate(world, 1, 2, now).await;
    let late = now.plus_millis(GRACE_MS + 1);
    assert_eq!(rotate(world, 1, 2, late).await, Rotation::Reused { session_id: stolen, user_id });
    assert_eq!(rotate(world, 2, 3, late).await, Rotation::Unknown, "the successor counts no more");
    assert!(!world.store.sessions.is_live(user_id, stolen).await.unwrap());
    assert!(world.store.sessions.is_live(user_id, other).await.unwrap());
}

pub async fn sessions_end(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let (one, two, three) = (session(world, maya, 1).await, session(world, maya, 2).await, session(world, maya, 3).await);
    let sessions = &world.store.sessions;
    rotate(world, 1, 11, world.tick()).await;
    let list = sessions.list(maya, world.tick()).await.unwrap();
    assert_eq!(list.iter().map(|session| session.id).collect::<Vec<_>>(), [one, three, two], "newest use first");
    assert!(list.iter().all(|session| !session.current && session.device_name.as_deref() == Some("laptop")));
    assert!(sessions.list(maya, world.tick().plus_millis(2 * WEEK_MS)).await.unwrap().is_empty());
    assert!(!sessions.revoke(marc, one).await.unwrap(), "another's");
    assert!(sessions.revoke(maya, one).await.unwrap());
    assert!(!sessions.revoke(maya, one).await.unwrap());
    assert_eq!(rotate(world, 11, 12, world.tick()).await, Rotation::Unknown);
    assert_eq!(sessions.revoke_all(maya, Some(three)).await.unwrap(), [two]);
    assert_eq!(sessions.list(maya, world.tick()).await.unwrap().len(), 1);
    assert!(!sessions.is_live(marc, three).await.unwrap(), "another's");
    let asked = [(maya, one), (maya, three), (marc, three), (maya, new_id())];
    assert_eq!(sessions.live(&asked).await.unwrap(), [(maya, three)]);
    world.store.users.set_disabled(maya, true).await.unwrap();
    assert!(!sessions.is_live(maya, three).await.unwrap());
    assert_eq!(sessions.live(&asked).await.unwrap(), []);
}

pub async fn secrets_are_made_once(world: &World) {
    let sessions = &world.store.sessions;
    assert_eq!(sessions.secret("signing", vec![1, 2, 3]).await.unwrap(), [1, 2, 3]);
    assert_eq!(sessions.secret("signing", vec![4]).await.unwrap(), [1, 2, 3]);
    assert_eq!(sessions.secret("tickets", vec![4]).await.unwrap(), [4]);
}
