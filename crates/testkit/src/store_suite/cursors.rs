//! Promises of [`tertulia_ports::store::Cursors`].

use tertulia_ports::store::cursors::Behind;

use crate::world::{World, new_id};

pub async fn followers_go_on_where_they_were(world: &World) {
    let [maya, marc] = world.users(["maya", "marc"]).await;
    let (room, other) = (world.group(maya, &[marc]).await, world.group(maya, &[marc]).await);
    let cursors = &world.store.cursors;
    assert_eq!(cursors.cursor("mentions", room).await.unwrap(), None);
    assert_eq!(cursors.behind("mentions", 10).await.unwrap(), [], "who never began is not behind");
    cursors.advance("mentions", room, 1).await.unwrap();
    cursors.advance("mentions", other, 2).await.unwrap();
    cursors.advance("mentions", new_id(), 1).await.unwrap();
    cursors.advance("other", room, 2).await.unwrap();
    assert_eq!(cursors.cursor("mentions", room).await.unwrap(), Some(1));
    assert_eq!(cursors.behind("mentions", 10).await.unwrap(), [Behind { conversation_id: room, seq: 1, head: 2 }]);
    cursors.advance("mentions", room, 2).await.unwrap();
    cursors.advance("mentions", room, 1).await.unwrap();
    assert_eq!(cursors.cursor("mentions", room).await.unwrap(), Some(2), "it does not go back");
    assert_eq!(cursors.behind("mentions", 10).await.unwrap(), []);
}
