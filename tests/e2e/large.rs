//! Large conversations and storms: who looks gets everything, the others a hint (O1, O3, O6).

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tertulia_tests::{Options, Scene, Server, new_id, text};

#[tokio::test]
async fn a_large_conversation_is_pushed_in_full_to_who_looks() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let stems: Vec<String> = (0..98).map(|n| format!("member{n}")).collect();
    for stems in stems.chunks(16) {
        join_all(stems.iter().map(|stem| scene.member(stem))).await;
    }
    let general = &scene.general;
    assert_eq!(maya.conversation(general).await["memberCount"], 101);
    let (mut looks, mut looks_away, mut writes) = (maya.socket().await, omar.socket().await, scene.owner.socket().await);
    looks.ok("conversation.focus", json!({ "conversationId": general })).await;
    let first = writes.say(general, "one").await;
    let second = writes.say(general, "two").await;
    for said in [&first, &second] {
        looks.expect_where("message.new", |event| event["seq"] == said["seq"]).await;
    }
    let mut hinted = 0;
    let mut last = Value::Null;
    while last != second["seq"] {
        let hint = looks_away.expect_where("conversation.activity", |hint| hint["conversationId"] == *general).await;
        hinted += hint["newMessages"].as_u64().unwrap();
        last = hint["lastSeq"].clone();
    }
    assert_eq!(hinted, 2);
    looks_away.expect_none("message.new", Duration::from_millis(200)).await;
    // What one looks at now comes in full from now on, and the rest is there for the asking.
    looks_away.ok("conversation.focus", json!({ "conversationId": general })).await;
    let third = writes.say(general, "three").await;
    looks_away.expect_where("message.new", |event| event["seq"] == third["seq"]).await;
    let missed = omar.get(&format!("conversations/{general}/events?after={}", first["seq"].as_u64().unwrap() - 1)).await.ok();
    assert_eq!(missed["items"].as_array().unwrap().len(), 3);
    looks_away.ok("conversation.focus", json!({ "conversationId": null })).await;
    let fourth = writes.say(general, "four").await;
    looks_away.expect_where("conversation.activity", |hint| hint["lastSeq"] == fourth["seq"]).await;
    looks.expect_where("message.new", |event| event["seq"] == fourth["seq"]).await;
    // Who is named is told how much is new, wherever they look: that is workers' work.
    for (words, mentions) in [(format!("@{}", omar.username()), 1), ("@channel".to_owned(), 2)] {
        writes.say(general, &words).await;
        let of = |badge: &Value| badge["conversationId"] == *general && badge["mentionCount"] == mentions;
        looks_away.expect_where("notification.badge", of).await;
    }
}

#[tokio::test]
async fn a_storm_is_summed_up_and_loses_nothing() {
    let server = Server::with(Options::limited());
    let scene = Scene::new(&server).await;
    let people = join_all((0..9).map(|n| {
        let scene = &scene;
        async move { scene.member(&format!("m{n}")).await }
    }))
    .await;
    let everybody: Vec<_> = people.iter().collect();
    let channel = scene.channel(&everybody).await;
    let mut reader = people[0].socket().await;
    let before = people[0].conversation(&channel).await["head"].as_u64().unwrap();
    let sent: usize = join_all(people[1..].iter().map(|person| {
        let channel = &channel;
        async move {
            let mut socket = person.socket().await;
            let mut asked = Vec::new();
            for n in 0..20 {
                let body = json!({ "messageId": new_id(), "conversationId": channel, "content": text(&format!("{n}")) });
                asked.push(socket.send("message.send", body).await);
            }
            for id in &asked {
                assert_eq!(socket.ack(id).await["status"], "ok");
            }
            asked.len()
        }
    }))
    .await
    .into_iter()
    .sum();
    let head = before + sent as u64;
    let frames = reader.gather(Duration::from_millis(2_500)).await;
    let in_full = frames.iter().filter(|frame| frame["type"] == "message.new").count();
    let hints: Vec<&Value> = frames.iter().filter(|frame| frame["type"] == "conversation.activity").collect();
    assert!(in_full < sent && !hints.is_empty(), "{in_full} in full of {sent}, {} hints", hints.len());
    assert_eq!(hints.last().unwrap()["payload"]["lastSeq"], head, "the last hint tells of the end");
    let hinted: u64 = hints.iter().map(|hint| hint["payload"]["newMessages"].as_u64().unwrap()).sum();
    assert_eq!(in_full as u64 + hinted, sent as u64);
    assert_eq!(people[0].log_of(&channel).await.len() as u64, head);
    // It passes: then everything comes in full again.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let calm = people[0].say(&channel, "calm again").await;
    reader.expect_where("message.new", |event| event["seq"] == calm["seq"]).await;
}
