//! Promises of [`tertulia_ports::store::Resumes`].

use tertulia_domain::ids::ConnectionId;
use tertulia_ports::store::resumes::Resume;

use crate::world::{World, new_id};

pub async fn a_connection_is_taken_up_once(world: &World) {
    let resumes = &world.store.resumes;
    let (one, other) = (new_id::<ConnectionId>(), new_id::<ConnectionId>());
    let now = world.tick();
    let kept = [one, other].map(|id| Resume { id, state: id.as_bytes().to_vec(), expires_at: now.plus_millis(1_000) });
    resumes.keep(kept.to_vec(), now).await.unwrap();
    assert_eq!(resumes.take(new_id(), now).await.unwrap(), None);
    assert_eq!(resumes.take(one, now).await.unwrap(), Some(one.as_bytes().to_vec()));
    assert_eq!(resumes.take(one, now).await.unwrap(), None, "a second time");
    assert_eq!(resumes.take(other, now.plus_millis(1_000)).await.unwrap(), None, "too late");
}
