//! Unread counts, badges, watermarks.

use serde_json::json;
use tertulia_tests::{Scene, Server, new_id, text};

#[tokio::test]
async fn unread_is_what_others_wrote_after_ones_watermark() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let channel = scene.channel(&[&maya, &omar]).await;
    let mut his = omar.socket().await;
    let first = maya.say(&channel, "one").await;
    let second = maya.say_id(&channel, &format!("two, @{}", omar.username())).await;
    let root = first["messageId"].as_str().unwrap();
    let in_thread = json!({ "messageId": new_id(), "content": text("in the thread"), "threadRoot": root });
    maya.post(&format!("conversations/{channel}/messages"), in_thread).await.is(201);
    let view = omar.conversation(&channel).await;
    assert_eq!((&view["unreadCount"], &view["mentionCount"]), (&json!(2), &json!(1)), "threads don't count");
    assert_eq!(maya.conversation(&channel).await["unreadCount"], 0, "ones own don't count");
    let badge = his.expect_where("notification.badge", |badge| badge["conversationId"] == *channel && badge["unreadCount"] == 2).await;
    assert_eq!((&badge["mentionCount"], &badge["totalUnread"]), (&json!(1), &json!(2)));

    let marked = his.ok("receipt.read", json!({ "conversationId": channel, "seq": first["seq"] })).await;
    assert_eq!((&marked["seq"], &marked["unreadCount"], &marked["mentionCount"]), (&first["seq"], &json!(1), &json!(1)));
    maya.delete(&format!("messages/{second}")).await.ok();
    assert_eq!(omar.conversation(&channel).await["unreadCount"], 0, "deleted ones don't count");
    let back = his.ok("receipt.unread", json!({ "conversationId": channel, "seq": first["seq"].as_u64().unwrap() - 1 })).await;
    assert_eq!(back["unreadCount"], 1);
}

#[tokio::test]
async fn watermarks_move_forward_and_are_seen() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    let mut other_device = omar.login_again().await.socket().await;
    let sent = hers.say(&direct, "seen?").await;
    let mark = |seq: u64| json!({ "conversationId": direct, "seq": seq });
    let seq = sent["seq"].as_u64().unwrap();
    his.ok("receipt.delivered", mark(seq)).await;
    let delivered = hers.expect("receipt.delivered").await;
    assert_eq!((&delivered["userId"], &delivered["seq"]), (&json!(omar.id()), &json!(seq)));
    assert_eq!(his.ok("receipt.read", mark(seq + 1_000)).await["seq"], seq, "clamped to the head");
    assert_eq!(hers.expect("receipt.read").await["seq"], seq);
    let badge = other_device.expect_where("notification.badge", |badge| badge["readSeq"] == seq).await;
    assert_eq!(badge["unreadCount"], 0, "the other device knows");
    assert_eq!(his.ok("receipt.read", mark(1)).await["seq"], seq, "never back by itself");
    let receipts = maya.get(&format!("conversations/{direct}/receipts")).await.ok();
    let his_own = receipts["items"].as_array().unwrap().iter().find(|receipt| receipt["userId"] == omar.id()).unwrap();
    assert_eq!((&his_own["readSeq"], &his_own["deliveredSeq"]), (&json!(seq), &json!(seq)));
}
