//! Who is there.

use serde_json::{Value, json};
use tertulia_tests::{Client, Scene, Server, Socket};

/// The user's next presence that has this status.
async fn becomes(socket: &mut Socket, user: &Client, status: &str) -> Value {
    socket.expect_presence(user, |presence| presence["status"] == *status).await
}

#[tokio::test]
async fn subscribers_see_who_comes_goes_and_what_they_chose() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let stranger = Client::register(&server, "stranger").await;
    let mut his = omar.socket().await;
    let state = his.ok("presence.subscribe", json!({ "userIds": [maya.id(), stranger.id(), tertulia_tests::new_id()] })).await;
    let items = state["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "strangers and unknown ids are absent alike: {items:?}");
    assert_eq!((&items[0]["userId"], &items[0]["status"]), (&json!(maya.id()), &json!("offline")));

    let mut hers = maya.socket().await;
    becomes(&mut his, &maya, "online").await;
    hers.ok("presence.update", json!({ "status": "dnd", "text": "writing", "emoji": "✍️" })).await;
    let dnd = becomes(&mut his, &maya, "dnd").await;
    assert_eq!((&dnd["text"], &dnd["emoji"]), (&json!("writing"), &json!("✍️")));
    for status in ["brb", "online"] {
        hers.ok("presence.update", json!({ "status": status })).await;
        becomes(&mut his, &maya, status).await;
    }
    hers.ok("presence.update", json!({ "status": "offline", "text": "hidden" })).await;
    let hidden = becomes(&mut his, &maya, "offline").await;
    assert!(hidden.get("text").is_none(), "who appears offline shows nothing: {hidden}");
    hers.ok("presence.update", json!({ "status": "online" })).await;
    becomes(&mut his, &maya, "online").await;
    hers.close().await;
    let gone = becomes(&mut his, &maya, "offline").await;
    assert!(gone["lastSeenAt"].is_string());

    his.ok("presence.unsubscribe", json!({ "userIds": [maya.id()] })).await;
    his.gather(std::time::Duration::from_millis(10)).await;
    let _again = maya.socket().await;
    let frames = his.gather(std::time::Duration::from_millis(2_300)).await;
    assert!(!frames.iter().any(|frame| frame["type"].as_str().unwrap().starts_with("presence.")), "{frames:?}");
}
