//! R11, R12, R21, R25: others' conversations, archived ones, last owners.

use serde_json::{Value, json};
use tertulia_tests::{Scene, Server, new_id};

use super::{Room, message_with};

#[tokio::test]
async fn r11_others_conversations_answer_like_none() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let stranger = Scene::new(&server).await.owner;
    let message = room.maya.say_id(&room.channel, "private").await;
    let without_id = |body: &str| body.split("\"requestId\"").next().unwrap().to_owned();
    let places = [
        (format!("conversations/{}", room.channel), format!("conversations/{}", new_id())),
        (room.messages(), format!("conversations/{}/messages", new_id())),
        (format!("conversations/{}/events", room.channel), format!("conversations/{}/events", new_id())),
        (format!("conversations/{}/members", room.channel), format!("conversations/{}/members", new_id())),
        (format!("conversations/{}/receipts", room.channel), format!("conversations/{}/receipts", new_id())),
        (format!("conversations/{}/pins", room.channel), format!("conversations/{}/pins", new_id())),
        (format!("conversations/{}/threads/{message}", room.channel), format!("conversations/{}/threads/{}", new_id(), new_id())),
        (format!("messages/{message}"), format!("messages/{}", new_id())),
        (format!("messages/{message}/versions"), format!("messages/{}/versions", new_id())),
        (format!("workspaces/{}", room.scene.workspace), format!("workspaces/{}", new_id())),
        (format!("workspaces/{}/members", room.scene.workspace), format!("workspaces/{}/members", new_id())),
        (format!("users/{}", room.maya.id()), format!("users/{}", new_id())),
    ];
    for (existing, nowhere) in places {
        let (there, not) = (stranger.get(&existing).await, stranger.get(&nowhere).await);
        there.refused("NOT_FOUND");
        assert_eq!((there.status, without_id(&there.body)), (not.status, without_id(&not.body)), "{existing}");
        let names = |reply: &tertulia_tests::Reply| -> Vec<String> { reply.headers.keys().map(ToString::to_string).collect() };
        assert_eq!(names(&there), names(&not), "{existing}");
    }
}

#[tokio::test]
async fn r12_a_message_of_another_conversation_is_not_found_here() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let elsewhere = room.maya.say_id(&room.scene.general, "in general").await;
    room.maya.get(&format!("conversations/{}/threads/{elsewhere}", room.channel)).await.refused("NOT_FOUND");
    let hidden = room.scene.channel(&[]).await;
    let secret = room.scene.owner.say_id(&hidden, "not yours").await;
    for (method, path, body) in [
        (reqwest::Method::PATCH, format!("messages/{secret}"), json!({ "content": tertulia_tests::text("x") })),
        (reqwest::Method::DELETE, format!("messages/{secret}"), Value::Null),
        (reqwest::Method::POST, format!("messages/{secret}/reactions"), json!({ "emoji": "👍" })),
    ] {
        room.maya.call(method, &path, Some(&body)).await.refused("NOT_FOUND");
    }
}

#[tokio::test]
async fn r21_an_archived_channel_takes_nothing() {
    let server = Server::shared();
    let room = Room::new(&server).await;
    let id = room.maya.say_id(&room.channel, "before").await;
    let path = format!("conversations/{}", room.channel);
    room.scene.owner.patch(&path, json!({ "archived": true })).await.ok();
    let head = room.head().await;
    let maya = &room.maya;
    let new = || message_with("priority", json!("normal"));
    maya.post(&room.messages(), new()).await.refused("CONVERSATION_ARCHIVED");
    maya.post(&room.messages(), message_with("threadRoot", json!(id))).await.refused("CONVERSATION_ARCHIVED");
    maya.post(&room.messages(), message_with("scheduledAt", json!("2026-12-24T18:00:00Z"))).await.refused("CONVERSATION_ARCHIVED");
    maya.patch(&format!("messages/{id}"), json!({ "content": tertulia_tests::text("x") })).await.refused("CONVERSATION_ARCHIVED");
    maya.delete(&format!("messages/{id}")).await.refused("CONVERSATION_ARCHIVED");
    maya.post(&format!("messages/{id}/reactions"), json!({ "emoji": "👍" })).await.refused("CONVERSATION_ARCHIVED");
    maya.post(&format!("{path}/members"), json!({ "userIds": [room.omar.id()] })).await.refused("CONVERSATION_ARCHIVED");
    room.scene.owner.patch(&path, json!({ "topic": "x" })).await.refused("CONVERSATION_ARCHIVED");
    let mut live = maya.socket().await;
    let mut frame = new();
    frame["conversationId"] = room.channel.as_str().into();
    let message = json!({ "messageId": id });
    let frames = [
        ("message.send", frame),
        ("message.edit", json!({ "messageId": id, "content": tertulia_tests::text("x") })),
        ("message.delete", message.clone()),
        ("message.react", json!({ "messageId": id, "emoji": "👍", "action": "add" })),
        ("message.pin", json!({ "messageId": id, "action": "add" })),
        ("typing.start", json!({ "conversationId": room.channel })),
    ];
    for (kind, payload) in frames {
        assert_eq!(live.refused(kind, payload).await, "CONVERSATION_ARCHIVED", "{kind}");
    }
    assert_eq!(room.head().await, head);
    live.ok("receipt.read", json!({ "conversationId": room.channel, "seq": head })).await;
}

#[tokio::test]
async fn r25_the_last_owner_stays() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let member = |user: &str| format!("workspaces/{}/members/{user}", scene.workspace);
    let owner = &scene.owner;
    owner.delete(&member(owner.id())).await.refused("LAST_OWNER");
    owner.patch(&member(owner.id()), json!({ "role": "member" })).await.refused("LAST_OWNER");
    let maya = scene.member("maya").await;
    maya.patch(&member(owner.id()), json!({ "role": "member" })).await.refused("FORBIDDEN");
    owner.patch(&member(maya.id()), json!({ "role": "owner" })).await.ok();
    owner.patch(&member(owner.id()), json!({ "role": "admin" })).await.ok();
    owner.patch(&member(maya.id()), json!({ "role": "member" })).await.refused("FORBIDDEN");
    let other = Scene::new(&server).await.owner;
    other.patch(&member(maya.id()), json!({ "role": "member" })).await.refused("NOT_FOUND");
    owner.patch(&member(other.id()), json!({ "role": "member" })).await.refused("NOT_FOUND");
}
