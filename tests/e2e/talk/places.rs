//! Conversations of every type: made, joined, changed, left, archived.

use serde_json::{Value, json};
use tertulia_tests::{Client, Scene, Server};

#[tokio::test]
async fn a_direct_conversation_is_made_once_per_pair() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let body = |other: &Client| json!({ "type": "direct", "memberIds": [other.id()] });
    let (hers, his) = tokio::join!(maya.post("conversations", body(&omar)), omar.post("conversations", body(&maya)));
    assert_eq!(hers.ok()["id"], his.ok()["id"]);
    let mut statuses = [hers.status, his.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    let again = maya.post("conversations", body(&omar)).await.is(200);
    assert_eq!((&again["id"], &again["peerId"]), (&hers.ok()["id"], &json!(omar.id())));
    maya.post("conversations", body(&maya)).await.refused_field("memberIds");
    let stranger = Client::register(&server, "stranger").await;
    stranger.post("conversations", body(&maya)).await.refused("NOT_FOUND");
}

#[tokio::test]
async fn a_group_is_its_members() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar, ines, noor] = scene.members(["maya", "omar", "ines", "noor"]).await;
    let group = maya.post("groups", json!({ "name": "Trip", "memberIds": [omar.id()] })).await.is(201);
    assert_eq!((&group["type"], &group["visibility"], &group["memberCount"]), (&json!("group"), &json!("private"), &json!(2)));
    let path = format!("conversations/{}", group["id"].as_str().unwrap());
    assert_eq!(group["membership"]["role"], "admin");

    let added = omar.post(&format!("{path}/members"), json!({ "userIds": [ines.id()] })).await.ok();
    assert_eq!(added["items"][0]["user"]["id"], ines.id());
    maya.patch(&path, json!({ "settings": { "onlyAdminsCanPost": false, "allowMemberInvites": false } })).await.ok();
    omar.post(&format!("{path}/members"), json!({ "userIds": [noor.id()] })).await.refused("FORBIDDEN");
    omar.delete(&format!("{path}/members/{}", ines.id())).await.refused("FORBIDDEN");
    maya.patch(&format!("{path}/members/{}", omar.id()), json!({ "role": "admin" })).await.ok();
    omar.delete(&format!("{path}/members/{}", ines.id())).await.ok();
    ines.get(&path).await.refused("NOT_FOUND");
    omar.delete(&format!("{path}/members/{}", omar.id())).await.ok();
    omar.get(&path).await.refused("NOT_FOUND");

    let kinds: Vec<Value> = maya.log_of(group["id"].as_str().unwrap()).await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(
        kinds,
        ["member.joined", "member.joined", "member.joined", "conversation.updated", "member.updated", "member.left", "member.left"]
    );
}

#[tokio::test]
async fn a_public_channel_is_found_and_joined_a_private_one_is_not() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let mut live = maya.socket().await;
    let private = scene.channel(&[&maya]).await;
    let added = live.expect_where("conversation.added", |added| added["conversation"]["id"] == *private).await;
    assert_eq!(added["conversation"]["membership"]["role"], "member");
    let public = scene.conversation("channel", "public", &[]).await;
    let found = omar.get(&format!("workspaces/{}/channels", scene.workspace)).await.ok();
    let ids: Vec<&str> = found["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&public.as_str()) && !ids.contains(&private.as_str()));

    let look = omar.conversation(&public).await;
    assert!(look.get("membership").is_none());
    omar.get(&format!("conversations/{public}/messages")).await.refused("FORBIDDEN");
    omar.post(&format!("conversations/{public}/members"), json!({ "userIds": [omar.id()] })).await.ok();
    omar.say(&public, "hello").await;
    omar.post(&format!("conversations/{private}/members"), json!({ "userIds": [omar.id()] })).await.refused("NOT_FOUND");

    scene.owner.patch(&format!("conversations/{public}"), json!({ "topic": "All welcome", "visibility": "private" })).await.ok();
    assert_eq!(omar.conversation(&public).await["topic"], "All welcome");
    maya.get(&format!("conversations/{public}")).await.refused("NOT_FOUND");
}

#[tokio::test]
async fn in_a_broadcast_admins_speak_and_members_listen() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let news = scene.conversation("broadcast", "public", &[&maya]).await;
    let mut live = maya.socket().await;
    let id = scene.owner.say_id(&news, "Launch is on Friday").await;
    assert_eq!(live.expect("message.new").await["message"]["id"], *id);
    let message = json!({ "messageId": tertulia_tests::new_id(), "content": tertulia_tests::text("no!") });
    maya.post(&format!("conversations/{news}/messages"), message).await.refused("FORBIDDEN");
    live.ok("message.react", json!({ "messageId": id, "emoji": "🎉", "action": "add" })).await;
    assert_eq!(live.refused("typing.start", json!({ "conversationId": news })).await, "FORBIDDEN");
    maya.post("conversations", json!({ "type": "broadcast", "workspaceId": scene.workspace, "name": "mine" })).await.refused("FORBIDDEN");
}

#[tokio::test]
async fn an_archived_conversation_is_read_and_nothing_else() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let channel = scene.channel(&[&maya]).await;
    let path = format!("conversations/{channel}");
    maya.say(&channel, "before").await;
    maya.patch(&path, json!({ "archived": true })).await.refused("FORBIDDEN");
    let mut live = maya.socket().await;
    let archived = scene.owner.patch(&path, json!({ "archived": true })).await.ok();
    assert!(archived["archivedAt"].is_string());
    assert!(live.expect("conversation.updated").await["archivedAt"].is_string());
    let message = json!({ "messageId": tertulia_tests::new_id(), "content": tertulia_tests::text("after") });
    maya.post(&format!("{path}/messages"), message).await.refused("CONVERSATION_ARCHIVED");
    assert_eq!(maya.get(&format!("{path}/messages")).await.ok()["items"].as_array().unwrap().len(), 1);
    scene.owner.patch(&path, json!({ "archived": false })).await.ok();
    maya.say(&channel, "after").await;
}

#[tokio::test]
async fn who_leaves_hears_nothing_more_and_the_others_hear_that() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let channel = scene.channel(&[&maya, &omar]).await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    omar.delete(&format!("conversations/{channel}/members/{}", omar.id())).await.ok();
    let left = hers.expect("member.left").await;
    assert_eq!((&left["userId"], &left["actorId"]), (&json!(omar.id()), &json!(omar.id())));
    his.expect_where("conversation.removed", |gone| gone["conversationId"] == *channel).await;
    maya.say(&channel, "now we can talk").await;
    his.settle().await;
    his.expect_none("message.new", std::time::Duration::ZERO).await;
    let direct = scene.direct(&maya, &omar).await;
    maya.delete(&format!("conversations/{direct}/members/{}", maya.id())).await.refused("FORBIDDEN");
}

#[tokio::test]
async fn preferences_are_ones_own() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let channel = scene.channel(&[&maya, &omar]).await;
    let wish = json!({ "notificationLevel": "mentions", "mutedUntil": "2099-01-01T00:00:00Z", "pinned": true });
    maya.patch(&format!("conversations/{channel}/preferences"), wish).await.ok();
    let membership = maya.conversation(&channel).await["membership"].clone();
    assert_eq!((&membership["notificationLevel"], &membership["pinned"]), (&json!("mentions"), &json!(true)));
    assert_eq!(membership["mutedUntil"], "2099-01-01T00:00:00.000Z");
    assert_eq!(omar.conversation(&channel).await["membership"]["notificationLevel"], "all");
    assert_eq!(omar.conversation(&channel).await["head"], maya.conversation(&channel).await["head"], "no event came of it");
}

#[tokio::test]
async fn the_list_pages_through_all_of_ones_conversations() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let mut expected = vec![scene.general.clone()];
    for _ in 0..6 {
        expected.push(scene.channel(&[&maya]).await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = maya.get(&format!("conversations?limit=3{cursor}")).await.ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}
