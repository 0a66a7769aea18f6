//! After an absence, and when things happen at the same time.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tertulia_tests::{Client, Scene, Server, new_id, text};

/// Sends `count` messages, many at once, and waits for the acks.
async fn say_many(client: &Client, conversations: &[String], count: usize) {
    let paths: Vec<String> = conversations.iter().map(|id| format!("conversations/{id}/messages")).collect();
    let numbers: Vec<usize> = (0..count).collect();
    for chunk in numbers.chunks(50) {
        let send = |n: &usize| {
            let body = json!({ "messageId": new_id(), "content": text(&format!("message {n}")) });
            client.post(&paths[n % paths.len()], body)
        };
        for reply in join_all(chunk.iter().map(send)).await {
            reply.is(201);
        }
    }
}

fn by_id<'a>(answer: &'a Value, id: &str) -> &'a Value {
    answer["conversations"].as_array().unwrap().iter().find(|missed| missed["conversationId"] == *id).expect("in the answer")
}

#[tokio::test]
async fn what_was_missed_comes_back_edits_and_reactions_too() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let first = maya.say_id(&direct, "before").await;
    let view = omar.conversation(&direct).await;
    let position = json!({ "conversationId": direct, "lastSeq": view["head"], "epoch": view["epoch"] });

    maya.patch(&format!("messages/{first}"), json!({ "content": text("before, edited") })).await.ok();
    maya.post(&format!("messages/{first}/reactions"), json!({ "emoji": "👍" })).await.ok();
    let second = maya.say_id(&direct, "while you were away").await;
    let mut his = omar.socket().await;
    let answer = his.ok("sync.request", json!({ "conversations": [position.clone()] })).await;
    let missed = by_id(&answer, &direct);
    let kinds: Vec<&Value> = missed["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["message.updated", "message.reaction", "message.new"]);
    assert_eq!(missed["events"][2]["payload"]["message"]["id"], second);
    assert_eq!((&missed["hasMore"], &missed["tooLarge"], &missed["unreadCount"]), (&json!(false), &json!(false), &json!(2)));
    assert_eq!(missed["lastSeq"], missed["head"]);
    let over_rest = omar.post("sync", json!({ "conversations": [position] })).await.ok();
    assert_eq!(by_id(&over_rest, &direct)["events"], missed["events"], "REST and frame answer alike");
}

#[tokio::test]
async fn pages_of_an_answer_join_without_a_gap() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let channel = scene.channel(&[&maya]).await;
    say_many(&maya, std::slice::from_ref(&channel), 25).await;
    let (mut last, mut seen) = (0, Vec::new());
    loop {
        let answer =
            maya.post("sync", json!({ "conversations": [{ "conversationId": channel, "lastSeq": last }], "limit": 10 })).await.ok();
        let missed = by_id(&answer, &channel);
        seen.extend(missed["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()));
        last = missed["lastSeq"].as_u64().unwrap();
        if missed["hasMore"] == false {
            break;
        }
    }
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());
    assert_eq!(maya.conversation(&channel).await["head"], last);
}

#[tokio::test]
async fn who_is_too_far_behind_or_of_another_log_starts_over() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let channel = scene.channel(&[&maya]).await;
    say_many(&maya, std::slice::from_ref(&channel), 510).await;
    let head = maya.conversation(&channel).await["head"].as_u64().unwrap();
    let ask = async |last_seq: u64, epoch: Option<&str>| {
        let mut position = json!({ "conversationId": channel, "lastSeq": last_seq });
        if let Some(epoch) = epoch {
            position["epoch"] = epoch.into();
        }
        by_id(&maya.post("sync", json!({ "conversations": [position] })).await.ok(), &channel).clone()
    };
    let far = ask(head - 501, None).await;
    assert_eq!((&far["tooLarge"], &far["lastSeq"], &far["hasMore"]), (&json!(true), &json!(head), &json!(false)));
    assert_eq!((far["events"].as_array().unwrap().len(), far["messages"].as_array().unwrap().len()), (0, 50));
    assert_eq!(far["messages"][49]["seq"], head);
    assert_eq!(ask(head - 500, None).await["events"].as_array().unwrap().len(), 500);
    assert_eq!(ask(head, Some("another log")).await["tooLarge"], true);
    assert_eq!(ask(head + 1, None).await["tooLarge"], true, "a log that has not got there cannot be the same");
}

#[tokio::test]
async fn new_and_lost_conversations_are_told() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let lost = scene.channel(&[&maya]).await;
    scene.owner.delete(&format!("conversations/{lost}/members/{}", maya.id())).await.ok();
    let gained = scene.channel(&[&maya]).await;
    let nowhere = new_id();
    let positions: Vec<Value> = [&lost, &scene.general, &nowhere].map(|id| json!({ "conversationId": id, "lastSeq": 1 })).into();
    let answer = maya.post("sync", json!({ "conversations": positions })).await.ok();
    assert_eq!(answer["removed"], json!([lost, nowhere]), "lost and never existing look alike");
    assert_eq!(answer["added"][0]["id"], gained);
    assert_eq!(answer["added"].as_array().unwrap().len(), 1);
    by_id(&answer, &scene.general);
}

#[tokio::test]
async fn a_thousand_missed_over_twenty_conversations() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let mut channels = Vec::new();
    for _ in 0..20 {
        channels.push(scene.channel(&[&maya]).await);
    }
    let positions: Vec<Value> = channels.iter().map(|id| json!({ "conversationId": id, "lastSeq": 2 })).collect();
    say_many(&scene.owner, &channels, 1_000).await;
    let started = Instant::now();
    let answer = maya.socket().await.ok("sync.request", json!({ "conversations": positions })).await;
    let took = started.elapsed();
    let events: usize = channels.iter().map(|id| by_id(&answer, id)["events"].as_array().unwrap().len()).sum();
    assert_eq!(events, 1_000);
    assert!(took.as_secs() < 5, "{took:?}, even unoptimised");
}

#[tokio::test]
async fn a_heartbeat_reveals_what_moved() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let mut his = omar.socket().await;
    his.settle().await;
    let sent = maya.say(&direct, "hi").await;
    his.expect("message.new").await;
    let beat = his.ok("heartbeat", json!({})).await;
    assert_eq!(beat["heads"][&direct], sent["seq"]);
    assert!(beat["serverTime"].is_string());
}

#[tokio::test]
async fn the_same_message_fifty_times_at_once_is_one() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let path = format!("conversations/{direct}/messages");
    let body = json!({ "messageId": new_id(), "content": text("once") });
    let answers = join_all((0..50).map(|_| maya.post(&path, body.clone()))).await;
    let seq = answers[0].ok()["seq"].clone();
    assert!(answers.iter().all(|answer| answer.ok()["seq"] == seq && answer.ok()["createdAt"] == answers[0].ok()["createdAt"]));
    assert_eq!(answers.iter().filter(|answer| answer.ok()["duplicate"] == false).count(), 1);
    assert_eq!(maya.log_of(&direct).await.iter().filter(|event| event["type"] == "message.new").count(), 1);

    let mut other_words = body.clone();
    other_words["content"] = text("twice");
    maya.post(&path, other_words).await.refused("CONFLICT");
    omar.post(&path, body.clone()).await.refused("CONFLICT");
    let mut live = maya.socket().await;
    let mut frame = body.clone();
    frame["conversationId"] = direct.as_str().into();
    let again = live.ok("message.send", frame).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&seq, &json!(true)), "by frame as by REST");
    maya.delete(&format!("messages/{}", body["messageId"].as_str().unwrap())).await.ok();
    assert_eq!(maya.post(&path, body).await.ok()["seq"], seq, "even when it is deleted");
}

#[tokio::test]
async fn after_a_removal_nothing_is_delivered() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    for _ in 0..5 {
        let [maya, omar] = scene.members(["maya", "omar"]).await;
        let channel = scene.channel(&[&maya, &omar]).await;
        let mut his = omar.socket().await;
        let remove = format!("conversations/{channel}/members/{}", omar.id());
        let (_, removed) = tokio::join!(say_many(&maya, std::slice::from_ref(&channel), 40), scene.owner.delete(&remove));
        removed.ok();
        let log = maya.log_of(&channel).await;
        let left = log.iter().find(|event| event["type"] == "member.left").unwrap()["seq"].as_u64().unwrap();
        his.expect_where("conversation.removed", |gone| gone["conversationId"] == *channel).await;
        his.settle().await;
        let frames = his.gather(std::time::Duration::from_millis(50)).await;
        let last =
            frames.iter().filter(|frame| frame["type"] == "message.new").map(|frame| frame["payload"]["seq"].as_u64().unwrap()).max();
        assert!(last.is_none_or(|last| last < left), "got {last:?}, removed at {left}");
        let late = json!({ "messageId": new_id(), "conversationId": channel, "content": text("let me in") });
        assert_eq!(his.refused("message.send", late).await, "NOT_FOUND", "W14");
    }
}

#[tokio::test]
async fn the_epoch_outlives_a_restart() {
    let mut server = Server::start();
    let scene = Scene::new(&server).await;
    let before = scene.owner.conversation(&scene.general).await;
    let sent = scene.owner.say(&scene.general, "still here?").await;
    server.restart();
    let after = scene.owner.reconnected().conversation(&scene.general).await;
    assert_eq!((&after["epoch"], &after["head"]), (&before["epoch"], &sent["seq"]));
    assert!(server.terminate().success(), "SIGTERM drains and ends well");
    server.check();
}
