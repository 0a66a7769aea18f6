//! R33, W23: too much.

use futures_util::future::join_all;
use serde_json::json;
use tertulia_tests::{Options, Scene, Server, new_id, text};

#[tokio::test]
async fn r33_messages_are_limited_per_person_not_per_connection() {
    let server = Server::with(Options::limited());
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let phone = maya.login_again().await;
    let path = format!("conversations/{}/messages", scene.general);
    let body = || json!({ "messageId": new_id(), "content": text("again and again") });
    let answers = join_all((0..40).map(|n| if n % 2 == 0 { maya.post(&path, body()) } else { phone.post(&path, body()) })).await;
    let sent = answers.iter().filter(|answer| answer.status == 201).count();
    assert!((20..=30).contains(&sent), "a burst of 20, then 10/s: {sent}");
    let refused = answers.iter().find(|answer| answer.status != 201).unwrap();
    let error = refused.refused("RATE_LIMITED");
    assert!(error["retryAfterMs"].as_u64().unwrap() >= 1 && refused.header("retry-after").is_some());
    scene.owner.post(&path, body()).await.is(201);
    let stored = scene
        .owner
        .log_of(&scene.general)
        .await
        .iter()
        .filter(|event| event["actorId"] == maya.id() && event["type"] == "message.new")
        .count();
    assert_eq!(stored, sent, "what was refused was not written");
}

#[tokio::test]
async fn w23_urgent_messages_are_rare_and_not_for_guests() {
    let server = Server::with(Options::limited());
    let scene = Scene::new(&server).await;
    let (maya, guest) = (scene.member("maya").await, scene.join("guest", "guest").await);
    let channel = scene.channel(&[&maya, &guest]).await;
    let path = format!("conversations/{channel}/messages");
    let urgent = || json!({ "messageId": new_id(), "content": text("now!"), "priority": "urgent" });
    guest.post(&path, urgent()).await.refused("FORBIDDEN");
    for _ in 0..3 {
        maya.post(&path, urgent()).await.is(201);
    }
    maya.post(&path, urgent()).await.refused("RATE_LIMITED");
    maya.say(&channel, "calmly").await;
}
