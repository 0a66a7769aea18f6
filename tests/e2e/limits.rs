//! Rows N1–N8: how often. N1 is R33 in `bad_rest`, N8 is W23 there; N2 is W18 and N6 is W19, in `bad_ws`. There is no search
//! (N5) and there are no uploads (N7) to limit yet.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tertulia_tests::{Options, Scene, Server, Socket, new_id, text};

#[tokio::test]
async fn n3_read_marks_are_gathered_past_the_limit_and_the_last_one_counts() {
    let server = Server::with(Options::limited());
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let direct = scene.direct(&maya, &omar).await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    let mut head = 0;
    for n in 0..18 {
        head = hers.say(&direct, &n.to_string()).await["seq"].as_u64().unwrap();
    }
    let mut asked = Vec::new();
    for seq in head - 17..=head {
        asked.push(his.send("receipt.read", json!({ "conversationId": direct, "seq": seq })).await);
    }
    for id in &asked {
        assert_eq!(his.ack(id).await["status"], "ok", "gathered, not refused");
    }
    hers.expect_where("receipt.read", |receipt| receipt["userId"] == omar.id() && receipt["seq"] == head).await;
    assert_eq!(omar.conversation(&direct).await["membership"]["readSeq"], head);
}

/// The statuses that `his` connection is shown within a time.
async fn statuses(his: &mut Socket, user: &str, within: Duration) -> Vec<String> {
    let frames = his.gather(within).await;
    let told = frames.iter().filter(|frame| frame["type"].as_str().unwrap_or_default().starts_with("presence."));
    let items = told.flat_map(|frame| {
        let single = std::slice::from_ref(&frame["payload"]);
        frame["payload"]["items"].as_array().map_or(single, Vec::as_slice).iter()
    });
    items.filter(|item| item["userId"] == *user).map(|item| item["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn n4_a_status_is_shown_once_in_ten_seconds_and_the_last_one_wins() {
    let server = Server::with(Options::limited());
    let scene = Scene::new(&server).await;
    let [maya, omar] = scene.members(["maya", "omar"]).await;
    let (mut hers, mut his) = (maya.socket().await, omar.socket().await);
    his.ok("presence.subscribe", json!({ "userIds": [maya.id()] })).await;
    let began = Instant::now();
    for status in ["dnd", "brb", "away", "online", "away"] {
        hers.ok("presence.update", json!({ "status": status, "text": status })).await;
    }
    assert_eq!(statuses(&mut his, maya.id(), Duration::from_secs(5)).await, ["dnd"], "the others wait");
    let later = statuses(&mut his, maya.id(), Duration::from_secs(7)).await;
    assert_eq!(later, ["away"], "after {:?}", began.elapsed());
}

#[tokio::test]
async fn an_operator_may_set_the_rates() {
    let set = ["limits.messages_per_second=2", "limits.messages_per_minute=6", "limits.changes_per_second=1", "limits.urgent_per_hour=1"];
    let more = set.iter().flat_map(|setting| ["--set".to_owned(), (*setting).to_owned()]).collect();
    let server = Server::with(Options { more, ..Options::limited() });
    let scene = Scene::new(&server).await;
    let maya = scene.member("maya").await;
    let path = format!("conversations/{}/messages", scene.general);
    let body = || json!({ "messageId": new_id(), "content": text("again") });
    let mut sent: Vec<Value> = Vec::new();
    let refused = loop {
        let answer = maya.post(&path, body()).await;
        if answer.status != 201 {
            break answer;
        }
        sent.push(answer.json());
    };
    assert!((4..=6).contains(&sent.len()), "four at once, then two a second, six a minute: {}", sent.len());
    refused.refused("RATE_LIMITED");
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    while maya.post(&path, body()).await.status == 201 {
        assert!(sent.len() < 7, "no more than six in a minute");
        sent.push(Value::Null);
    }
    assert!((6..=7).contains(&sent.len()), "{}", sent.len());
    // So that it is not refused for the second's sake.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let wait = maya.post(&path, body()).await.refused("RATE_LIMITED")["retryAfterMs"].as_u64().unwrap();
    assert!(wait > 5_000, "six a minute are one in ten seconds: {wait}");
}
