//! Rows R1–R33: what a REST client may get wrong, and the exact answer. After each the same client still works.

mod bodies;
mod fields;
mod http;
mod http2;
mod limits;
mod places;

use serde_json::{Value, json};
use tertulia_tests::{Client, Scene, Server, new_id, text};

/// Two people in a private channel, and how many messages they have written.
struct Room {
    scene: Scene,
    maya: Client,
    omar: Client,
    channel: String,
}

impl Room {
    async fn new(server: &Server) -> Self {
        let scene = Scene::new(server).await;
        let [maya, omar] = scene.members(["maya", "omar"]).await;
        let channel = scene.channel(&[&maya, &omar]).await;
        Self { scene, maya, omar, channel }
    }

    /// Where messages are posted.
    fn messages(&self) -> String {
        format!("conversations/{}/messages", self.channel)
    }

    async fn head(&self) -> u64 {
        self.scene.owner.conversation(&self.channel).await["head"].as_u64().unwrap()
    }

    /// Nothing was stored since `head`, and the next message is.
    async fn still_works(&self, head: u64) {
        assert_eq!(self.head().await, head, "something was stored");
        assert_eq!(self.maya.say(&self.channel, "still here").await["seq"], head + 1);
    }
}

/// A message's body with one field replaced; `null` takes it away.
fn message_with(path: &str, value: Value) -> Value {
    let mut body = json!({ "messageId": new_id(), "content": text("hello") });
    let mut place = &mut body;
    for name in path.split('.') {
        place = &mut place[name];
    }
    *place = value;
    body
}
