//! Messages that end by themselves, and messages that wait.

use std::time::Duration;

use serde_json::json;
use tertulia_tests::{Scene, Server, new_id, text};

/// RFC 3339, from now on.
fn in_ms(ms: u64) -> String {
    let now: i64 = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis().try_into().unwrap();
    tertulia_domain::Timestamp::from_millis(now).unwrap().plus_millis(ms.try_into().unwrap()).to_string()
}

#[tokio::test]
async fn a_message_with_a_lifetime_really_expires() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let mut his = omar.socket().await;
    let id = new_id();
    let body = json!({ "messageId": id, "content": text("burn after reading"), "expiresInMs": 1_000 });
    maya.post(&format!("conversations/{direct}/messages"), body).await.is(201);
    let new = his.expect("message.new").await;
    assert!(new["message"]["expiresAt"].is_string());
    let gone = his.expect("message.deleted").await;
    assert_eq!((&gone["messageId"], &gone["reason"]), (&json!(id), &json!("expired")));
    assert!(omar.get(&format!("messages/{id}")).await.ok()["content"]["text"].is_null());
    let log = serde_json::to_string(&omar.log_of(&direct).await).unwrap();
    assert!(!log.contains("burn"), "the words are gone from the log too");
    for (field, value) in [("expiresInMs", json!(999)), ("expiresInMs", json!(31_536_000_001_u64)), ("scheduledAt", json!(in_ms(0)))] {
        let mut body = json!({ "messageId": new_id(), "content": text("x") });
        body[field] = value;
        maya.post(&format!("conversations/{direct}/messages"), body).await.refused_field(field);
    }
}

#[tokio::test]
async fn a_scheduled_message_waits_and_can_be_taken_back() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let mut his = omar.socket().await;
    let path = format!("conversations/{direct}/messages");
    let (kept, taken_back) = (new_id(), new_id());
    let later = |id: &str, at: String| json!({ "messageId": id, "content": text("good morning"), "scheduledAt": at });
    let answer = maya.post(&path, later(&kept, in_ms(1_200))).await.is(201);
    assert!(answer.get("seq").is_none() && answer["scheduledAt"].is_string());
    maya.post(&path, later(&taken_back, in_ms(1_300))).await.is(201);
    let waiting = maya.get(&format!("conversations/{direct}/scheduled")).await.ok();
    assert_eq!(waiting["items"].as_array().unwrap().len(), 2);
    assert!(omar.get(&format!("conversations/{direct}/scheduled")).await.ok()["items"].as_array().unwrap().is_empty());
    omar.delete(&format!("scheduled/{taken_back}")).await.refused("NOT_FOUND");
    maya.delete(&format!("scheduled/{taken_back}")).await.ok();
    assert_eq!(his.expect("message.new").await["message"]["id"], kept);
    his.expect_none("message.new", Duration::from_millis(1_500)).await;
    assert_eq!(maya.post(&path, later(&kept, in_ms(0))).await.is(201)["duplicate"], true, "a retry after its time");
    assert!(maya.get(&format!("conversations/{direct}/scheduled")).await.ok()["items"].as_array().unwrap().is_empty());
}
