//! A part is away: messaging goes on, and says so.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tertulia_testkit::Broker;
use tertulia_tests::{Client, Cluster, PATIENCE, Scene, Server};

async fn parts(server: &Server) -> Value {
    Client::new(server).get("/readyz").await.is(200)
}

async fn until(server: &Server, part: &str, state: &str) {
    let end = Instant::now() + PATIENCE;
    while parts(server).await["parts"][part] != *state {
        assert!(Instant::now() < end, "{part} never is {state}: {}", parts(server).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn without_bus_and_redis_messages_arrive_within_seconds() {
    let mut redis = Broker::redis(&[]);
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let cluster = Cluster::over(2, &url, &url);
    let [one, other] = &cluster.nodes[..] else { panic!() };
    let scene = Scene::new(one).await;
    let [maya, omar, ines] = scene.members(["maya", "omar", "ines"]).await;
    let omar = omar.on(other);
    let direct = scene.direct(&maya, &omar).await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    assert_eq!(parts(one).await["status"], "ok");
    redis.kill();
    for node in [one, other] {
        for part in ["bus", "presence"] {
            until(node, part, "degraded").await;
        }
        assert_eq!(parts(node).await["parts"]["store"], "ok");
    }
    his.expect_where("server.health", |health| health["away"] == json!(["bus", "presence"])).await;
    for n in 0..3 {
        let began = Instant::now();
        let said = hers.say(&direct, &format!("{n}")).await;
        his.expect_where("message.new", |event| event["seq"] == said["seq"]).await;
        assert!(began.elapsed() < Duration::from_millis(2_500), "{:?}", began.elapsed());
    }
    // Who comes in, who is put out, and whose session is over: that too comes without the bus.
    let channel = scene.channel(&[&maya]).await;
    scene.owner.post(&format!("conversations/{channel}/members"), json!({ "userIds": [omar.id()] })).await.ok();
    his.expect_where("conversation.added", |added| added["conversation"]["id"] == *channel).await;
    scene.owner.delete(&format!("conversations/{channel}/members/{}", omar.id())).await.is(204);
    his.expect_where("conversation.removed", |removed| removed["conversationId"] == *channel).await;
    let shown = his.ok("presence.subscribe", json!({ "userIds": [maya.id()] })).await;
    assert_eq!(shown["items"][0]["status"], "unknown", "she is on the other node");
    // New connections need tickets, which lie in the store meanwhile.
    let mut theirs = ines.on(other).socket().await;
    theirs.ok("heartbeat", json!({})).await;
    ines.post("auth/logout", json!({})).await.is(204);
    assert_eq!(theirs.closed_within(Duration::from_secs(30)).await.code, 4503);
    redis.start_again();
    for part in ["bus", "presence"] {
        until(one, part, "ok").await;
        until(other, part, "ok").await;
    }
    let said = hers.say(&direct, "back").await;
    his.expect_where("message.new", |event| event["seq"] == said["seq"]).await;
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let shown = his.ok("presence.subscribe", json!({ "userIds": [maya.id()] })).await;
        if shown["items"][0]["status"] == "online" {
            break;
        }
        assert!(Instant::now() < end, "{shown}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
