//! All is well: clients on different nodes notice nothing of it.

use std::time::Duration;

use serde_json::{Value, json};
use tertulia_tests::{Bus, Client, Cluster, Options, PATIENCE, Scene, Socket, new_id, text};

async fn presence(socket: &mut Socket, user: &Client, status: &str) {
    socket.expect_presence(user, |presence| presence["status"] == *status).await;
}

#[tokio::test]
async fn people_on_two_nodes_talk_over_redis() {
    people_on_two_nodes_talk(Bus::Redis).await;
}

#[tokio::test]
async fn people_on_two_nodes_talk_over_nats() {
    people_on_two_nodes_talk(Bus::Nats).await;
}

async fn people_on_two_nodes_talk(bus: Bus) {
    let cluster = Cluster::start(2, bus);
    let [one, other] = &cluster.nodes[..] else { panic!() };
    let scene = Scene::new(one).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let omar = omar.on(other);
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    let direct = scene.direct(&maya, &omar).await;
    his.expect_where("conversation.added", |added| added["conversation"]["id"] == *direct).await;
    for n in 0..20 {
        let said = hers.say(&direct, &format!("to you {n}")).await;
        his.expect_where("message.new", |event| event["seq"] == said["seq"]).await;
        let said = his.say(&direct, &format!("to me {n}")).await;
        hers.expect_where("message.new", |event| event["seq"] == said["seq"]).await;
    }
    hers.ok("typing.start", json!({ "conversationId": direct })).await;
    his.expect_where("typing.indicator", |typing| typing["userId"] == maya.id() && typing["active"] == true).await;
    let head = maya.conversation(&direct).await["head"].as_u64().unwrap();
    his.ok("receipt.read", json!({ "conversationId": direct, "seq": head })).await;
    hers.expect_where("receipt.read", |receipt| receipt["userId"] == omar.id() && receipt["seq"] == head).await;
    hers.say(&direct, "unread").await;
    his.expect_where("notification.badge", |badge| badge["conversationId"] == *direct && badge["unreadCount"] == 1).await;
    // What is read on one device is read on the others, on whatever node.
    let mut second = omar.on(one).socket().await;
    his.ok("receipt.read", json!({ "conversationId": direct, "seq": head + 1 })).await;
    second.expect_where("notification.badge", |badge| badge["conversationId"] == *direct && badge["unreadCount"] == 0).await;
}

#[tokio::test]
async fn presence_is_one_over_all_nodes() {
    let cluster = Cluster::start(2, Bus::Redis);
    let [one, other] = &cluster.nodes[..] else { panic!() };
    let scene = Scene::new(one).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let mut his = omar.on(other).socket().await;
    let shown = his.ok("presence.subscribe", json!({ "userIds": [maya.id()] })).await;
    assert_eq!(shown["items"][0]["status"], "offline");
    let mut hers = maya.socket().await;
    presence(&mut his, &maya, "online").await;
    let second = maya.on(other).socket().await;
    hers.ok("presence.update", json!({ "status": "dnd", "text": "writing" })).await;
    presence(&mut his, &maya, "dnd").await;
    hers.close().await;
    // She is still there, on the other node, and what she chose there counts everywhere.
    let shown = his.ok("presence.subscribe", json!({ "userIds": [maya.id()] })).await;
    assert_eq!((&shown["items"][0]["status"], &shown["items"][0]["text"]), (&json!("dnd"), &json!("writing")));
    second.close().await;
    presence(&mut his, &maya, "offline").await;
}

#[tokio::test]
async fn who_is_put_out_on_one_node_hears_nothing_more_on_another() {
    let cluster = Cluster::start(2, Bus::Redis);
    let [one, other] = &cluster.nodes[..] else { panic!() };
    let scene = Scene::new(one).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let omar = omar.on(other);
    for round in 0..5 {
        let channel = scene.channel(&[&maya, &omar]).await;
        let mut his = omar.socket().await;
        let mut owners = scene.owner.socket().await;
        // He has just spoken there: the node knows what he may.
        his.say(&channel, "here").await;
        scene.owner.delete(&format!("conversations/{channel}/members/{}", omar.id())).await.is(204);
        for n in 0..20 {
            owners.say(&channel, &format!("secret {round} {n}")).await;
        }
        his.expect_where("conversation.removed", |removed| removed["conversationId"] == *channel).await;
        let leaked: Vec<Value> = his.gather(Duration::from_millis(300)).await;
        assert!(leaked.iter().all(|frame| !frame.to_string().contains("secret")), "{leaked:?}");
        let words = json!({ "messageId": new_id(), "conversationId": channel, "content": text("still here?") });
        assert_eq!(his.refused("message.send", words).await, "NOT_FOUND");
    }
}

#[tokio::test]
async fn what_one_may_changes_on_all_nodes_within_a_second() {
    let cluster = Cluster::start(2, Bus::Redis);
    let [one, other] = &cluster.nodes[..] else { panic!() };
    let scene = Scene::new(one).await;
    let omar = scene.member("omar").await.on(other);
    let channel = scene.channel(&[&omar]).await;
    let mut his = omar.socket().await;
    his.say(&channel, "may I?").await;
    scene.owner.patch(&format!("conversations/{channel}"), json!({ "archived": true })).await.ok();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let words = json!({ "messageId": new_id(), "conversationId": channel, "content": text("still?") });
    assert_eq!(his.refused("message.send", words).await, "CONVERSATION_ARCHIVED");
}

#[tokio::test]
async fn a_session_that_is_over_ends_on_all_nodes() {
    let cluster = Cluster::start(2, Bus::Redis);
    let [one, other] = &cluster.nodes[..] else { panic!() };
    let scene = Scene::new(one).await;
    let maya = scene.member("maya").await;
    let (here, there) = (maya.socket().await, maya.on(other).socket().await);
    maya.on(other).get("users/me").await.ok();
    maya.post("auth/logout", json!({})).await.is(204);
    for mut socket in [here, there] {
        assert_eq!(socket.closed().await.code, 4503);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    maya.on(other).get("users/me").await.refused("SESSION_REVOKED");
}

#[tokio::test]
async fn tickets_and_connections_go_from_node_to_node() {
    let cluster = Cluster::start(2, Bus::Redis);
    let [one, other] = &cluster.nodes[..] else { panic!() };
    let scene = Scene::new(one).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let ticket = omar.ticket().await;
    let mut his = Socket::with(&omar.on(other), &format!("?ticket={ticket}"), &[]).await;
    assert!(Socket::try_with(&omar, &format!("?ticket={ticket}"), &[]).await.is_none(), "a ticket opens one connection");
    let mut hers = maya.socket().await;
    let said = hers.say(&direct, "before").await;
    his.expect_where("message.new", |event| event["seq"] == said["seq"]).await;
    while hers.ok("presence.subscribe", json!({ "userIds": [omar.id()] })).await["items"][0]["status"] != "online" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let token = his.connected["resumeToken"].as_str().unwrap().to_owned();
    drop(his);
    presence(&mut hers, &omar, "offline").await;
    let said = hers.say(&direct, "while he was away").await;
    let bearer = format!("Bearer {}", omar.access_token());
    let mut his = Socket::with(&omar, &format!("?resume={token}"), &[("authorization", &bearer)]).await;
    assert_eq!(his.connected["resumed"], true, "on a node that never saw this connection");
    his.expect_where("message.new", |event| event["seq"] == said["seq"]).await;
}

#[tokio::test]
async fn rates_are_counted_over_all_nodes() {
    let cluster = Cluster::start(0, Bus::Redis);
    let nodes = [0, 1].map(|_| cluster.another_with(Options::limited(), &[]));
    let scene = Scene::new(&nodes[0]).await;
    let maya = scene.member("maya").await;
    let direct = scene.direct(&maya, &scene.owner).await;
    let mut sockets = [maya.socket().await, maya.on(&nodes[1]).socket().await];
    // Twenty at once, then ten a second: 20 s of trying on both are some 220, where two nodes by themselves would give 440.
    let mut passed = 0;
    let end = tokio::time::Instant::now() + Duration::from_secs(5);
    while tokio::time::Instant::now() < end {
        for socket in &mut sockets {
            let words = json!({ "messageId": new_id(), "conversationId": direct, "content": text("x") });
            passed += u32::from(socket.ask("message.send", words).await["status"] == "ok");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!((60..=95).contains(&passed), "{passed} passed");
}

#[tokio::test]
async fn a_node_comes_and_goes_without_a_loss() {
    let mut cluster = Cluster::start(2, Bus::Nats);
    let scene = Scene::new(&cluster.nodes[0]).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let mut his = omar.on(&cluster.nodes[1]).socket().await;
    let mut hers = maya.socket().await;
    let said = hers.say(&direct, "one").await;
    his.expect_where("message.new", |event| event["seq"] == said["seq"]).await;
    cluster.nodes[0].kill9();
    cluster.nodes[0].restart();
    let mut hers = maya.reconnected().on(&cluster.nodes[0]).socket().await;
    let said = hers.say(&direct, "two").await;
    his.expect_where("message.new", |event| event["seq"] == said["seq"]).await;
    assert!(cluster.nodes[1].terminate().success());
    let said = hers.say(&direct, "three").await;
    let log = tokio::time::timeout(PATIENCE, omar.reconnected().on(&cluster.nodes[0]).log_of(&direct)).await.unwrap();
    assert_eq!(log.last().unwrap()["seq"], said["seq"]);
}
